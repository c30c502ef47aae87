"""Branch protection where a push meets it: a hook in the bare repository, and the file that the hook reads."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from app.demo.github.records import Protection

HOOK = "update"
# Of the 65,516 that a packet of a side band may hold.
PACKET_BYTES = 65_000
_FILE = "protected"
# githooks(5), update: the ref, its old and its new object. The refusal's words are GitHub's
# (https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches).
_SCRIPT = """\
#!/bin/sh
file="${GIT_DIR:-.}/protected"
[ -f "$file" ] || exit 0
while IFS="\t" read -r ref who why; do
    [ "$ref" = "$1" ] || continue
    case " $who " in *" $REMOTE_USER "*) exit 0 ;; esac
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: $why" >&2
    exit 1
done < "$file"
exit 0
"""
# `git receive-pack` says of any hook `hook declined`; GitHub says which.
DECLINED = (b"hook declined", b"protected branch hook declined")


def install_hook(path: Path) -> None:
    """Put the hook into a bare repository, and hide what GitHub keeps for itself from pushes."""
    hook = path / "hooks" / HOOK
    hook.write_text(_SCRIPT, "utf-8")
    hook.chmod(0o755)
    # Published for fetching, refused to pushes with "deny updating a hidden ref", as on GitHub.
    with (path / "config").open("a", encoding="utf-8") as config:
        config.write("[receive]\n\thideRefs = refs/pull\n")


def write_protections(path: Path, protections: Iterable[Protection]) -> None:
    """Tell the hook which branches are protected, and who may push to them all the same."""
    lines = [f"refs/heads/{one.branch}\t- {' '.join(one.bypass)}\t{_reason(one)}\n" for one in protections]
    making = path / f"{_FILE}.making"
    making.write_text("".join(lines), "utf-8")
    making.rename(path / _FILE)


def with_githubs_words(answer: Sequence[bytes]) -> bytes:
    """Return the answer to a push with GitHub's reason instead of Git's, where the hook refused.

    The answer is `git receive-pack`'s: packets of a side band, and in the first band packets again, one for each ref
    (gitprotocol-pack(5), gitprotocol-common(5)).
    """
    whole = b"".join(answer)
    if b" " + DECLINED[0] not in whole:
        return whole
    report = b"".join(packet[1:] for packet in _packets(whole) if packet[:1] == b"\1")
    rest = [packet for packet in _packets(whole) if packet[:1] != b"\1"]
    lines = [packet.replace(b" " + DECLINED[0], b" " + DECLINED[1]) for packet in _packets(report)]
    told = b"".join(map(_packet, lines)) + b"0000"
    pieces = [b"\1" + told[start : start + PACKET_BYTES] for start in range(0, len(told), PACKET_BYTES)]
    return b"".join(map(_packet, [*rest, *pieces])) + b"0000"


def _reason(protection: Protection) -> str:
    if protection.approvals:
        return "Changes must be made through a pull request."
    checks = [f'Required status check "{name}" is expected.' for name in protection.checks]
    return checks[0] if len(checks) == 1 else "Cannot update this protected ref."


def _packets(stream: bytes) -> list[bytes]:
    found, place = [], 0
    while place < len(stream):
        size = int(stream[place : place + 4], 16)
        if size >= 4:
            found.append(stream[place + 4 : place + size])
        place += max(size, 4)
    return found


def _packet(payload: bytes) -> bytes:
    return b"%04x%b" % (len(payload) + 4, payload)
