"""A file of settings such as `.env`: which are set in it, and setting some without touching the rest."""

import os
import re
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from app.errors import Stalled

_MODE = 0o600
_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")


def already_set(file: Path, names: Collection[str]) -> list[str]:
    """Those that have a value in the file, sorted; none where there is no file. Raises Stalled where it cannot be
    read."""
    found = (_LINE.match(line) for line in _text(file).splitlines())
    return sorted({match["name"] for match in found if match and match["name"] in names and _is_value(match["value"])})


def require_writable(file: Path) -> None:
    """Raise Stalled unless `write` can be expected to succeed."""
    folder = file.resolve().parent
    if not os.access(folder, os.W_OK):
        raise Stalled(f"writing {file}: {folder} is not there, or this user may not write to it")


def write(file: Path, values: Mapping[str, str]) -> None:
    """Have the file hold these settings, each where it stood before or at the end, and let only its owner read it.

    The file is replaced as a whole: whoever reads it meanwhile, or after a crash, sees the old one or the new one.
    Raises Stalled; then nothing has changed.
    """
    target = file.resolve()  # Replacing a symbolic link would leave what it points at as it was.
    content = "\n".join(_merged(_text(file).splitlines(), values)) + "\n"
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as temporary:
                os.fchmod(temporary.fileno(), _MODE)
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Stalled(f"writing {file}: {error.strerror}") from error


def _merged(lines: list[str], values: Mapping[str, str]) -> list[str]:
    left, merged, position = dict(values), list[str](), 0
    while position < len(lines):
        line = lines[position]
        match = _LINE.match(line)
        if match is None or match["name"] not in values:
            merged.append(line)
            position += 1
            continue
        position = _end(lines, position, match["value"])
        if match["name"] in left:
            merged.append(_assignment(match["name"], left.pop(match["name"])))
    return [*merged, *(_assignment(name, value) for name, value in left.items())]


def _end(lines: list[str], position: int, value: str) -> int:
    """The line after an assignment; a quoted value may go over several."""
    quote = value[:1]
    if quote not in ("'", '"') or quote in value[1:]:
        return position + 1
    return next((at + 1 for at in range(position + 1, len(lines)) if quote in lines[at]), position + 1)


def _assignment(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{name}="{escaped}"'


def _is_value(text: str) -> bool:
    return text.strip() not in ("", "''", '""') and not text.startswith("#")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise Stalled(f"reading {file}: {error}") from error
