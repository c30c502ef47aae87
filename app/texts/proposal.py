"""The words of a proposal: the pull request on the environments repository, and the check run of its commit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.evidence import Evidence
from app.domain.lines import MAX_DIFF
from app.domain.manifests import UNKNOWN_MEMORY, UNKNOWN_REPLICAS, Change, ObjectChange
from app.domain.markdown import Markdown, block, code, cut, shorten, tagged
from app.domain.report import CHECK_NAME, MAX_COMMENT, MAX_SUMMARY, CheckRun, CheckStatus, Conclusion
from app.domain.review import Merger
from app.texts.rendering import render
from app.texts.times import spoken_time

CHECK = f"{CHECK_NAME} / proposal"
"""The check run's name: what the branch's rules ask for."""
MAX_TITLE = 100
"""Characters, so that lists show it whole."""

_OBJECTS, _RULES, _IMAGES, _QUOTAS, _PROBLEMS = 100, 30, 20, 30, 50
_NAME = 100
"""So many of each are shown, and so many bytes of a name: then all but the diffs always fits."""
_LEAST = 8
"""Bytes that are left of every diff."""
_LONGEST_RUN = 8
_RUN = re.compile(rf"`{{{_LONGEST_RUN + 1},}}")


@dataclass(frozen=True, slots=True)
class _Shown:
    """An object of the list."""

    summary: Markdown
    diff: Markdown
    length: int
    """Bytes of the whole diff."""
    is_cut: bool


def labels(evidence: Evidence) -> tuple[str, ...]:
    """What it is found by in lists."""
    kinds = (("ephemera/fork", evidence.is_from_fork), ("ephemera/removal", evidence.is_removal))
    return ("ephemera", *(name for name, holds in kinds if holds), f"ephemera/cluster:{evidence.cluster}")


def proposal_title(evidence: Evidence) -> str:
    """`Deploy acme/shop#42 at 1a2b3c4`, or `Remove acme/shop#42`; of at most `MAX_TITLE` characters."""
    verb, at = ("Remove", "") if evidence.is_removal else ("Deploy", f" at {(evidence.head_sha or 'unknown')[:7]}")
    number = f"#{evidence.number}"
    return f"{verb} {cut(evidence.repository, MAX_TITLE - len(f'{verb} {number}{at}'))}{number}{at}"


def proposal_body(evidence: Evidence, full_url: str | None) -> str:
    """All that a reviewer needs, as GitHub takes it; `full_url`: where the evidence can be read as a whole.

    What does not fit is cut from the longest diffs; all else always fits.
    """
    lengths = [_length(each) for each in evidence.objects[:_OBJECTS]]
    least = len(_body(evidence, full_url, _LEAST).encode()) + 2 * _LONGEST_RUN * len(lengths)
    return shorten(_body(evidence, full_url, _most(lengths, MAX_COMMENT - least)), MAX_COMMENT)


def proposal_check(evidence: Evidence, head_sha: str, environment_id: int, problems: Sequence[str]) -> CheckRun:
    """The check run of the branch's commit: it may be merged, or every problem of what a person pushed there."""
    count = len(problems)
    allowed = "Checked, allowed" if evidence.is_removal else "Rendered, checked, allowed"
    return CheckRun(
        head_sha=head_sha,
        external_id=str(environment_id),
        status=CheckStatus.COMPLETED,
        conclusion=Conclusion.FAILURE if problems else Conclusion.SUCCESS,
        title=_problems(count) if problems else allowed,
        summary=shorten(
            render(
                "proposal_check",
                evidence=evidence,
                problems=problems[:_PROBLEMS],
                more_problems=max(count - _PROBLEMS, 0),
            ),
            MAX_SUMMARY,
        ),
        details_url=None,
        name=CHECK,
    )


def _problems(count: int) -> str:
    return f"It must not be merged: {count} problem{'s' if count > 1 else ''}"


def _body(evidence: Evidence, full_url: str | None, diff_bytes: int) -> str:
    marker = f"<!-- ephemera:proposal={evidence.environment_id}:{evidence.generation} -->"
    text = render(
        "proposal",
        evidence=evidence,
        source=_source(evidence),
        runs=_runs(evidence),
        expires=spoken_time(evidence.expires_at) if evidence.expires_at else None,
        merges_itself=evidence.requirement.merged_by is Merger.EPHEMERA,
        size=_words(evidence),
        full=Markdown(full_url) if full_url else None,
        objects=[_shown(each, diff_bytes) for each in evidence.objects[:_OBJECTS]],
        name_bytes=_NAME,
        more_objects=max(len(evidence.objects) - _OBJECTS, 0),
        rules=evidence.requirement.results[:_RULES],
        more_rules=max(len(evidence.requirement.results) - _RULES, 0),
        images=evidence.images[:_IMAGES],
        more_images=max(len(evidence.images) - _IMAGES, 0),
        quotas=evidence.quotas[:_QUOTAS],
        more_quotas=max(len(evidence.quotas) - _QUOTAS, 0),
    )
    return f"{marker}\n{text}"


def _source(evidence: Evidence) -> Markdown:
    name = code(evidence.key, 300)
    return Markdown(f"[{name}]({evidence.web_url})") if evidence.web_url else name


def _runs(evidence: Evidence) -> Markdown:
    if evidence.previous_sha is not None:
        return code(evidence.previous_sha)
    is_first = all(each.change is Change.ADDED for each in evidence.objects)
    return Markdown("nothing" if evidence.is_compared and is_first else "a commit that is not known")


def _words(evidence: Evidence) -> Markdown:
    """`2 replicas; at most 512 MiB of memory for all pods together`."""
    count = "an unknown number of" if evidence.replicas >= UNKNOWN_REPLICAS else evidence.replicas
    memory = "no known limit" if evidence.memory >= UNKNOWN_MEMORY else f"at most {-(-evidence.memory // 2**20)} MiB"
    return Markdown(f"{count} replica{'' if evidence.replicas == 1 else 's'}; {memory} of memory for all pods together")


def _shown(each: ObjectChange, diff_bytes: int) -> _Shown:
    lines = each.diff.split("\n")
    added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    length = _length(each)
    return _Shown(
        summary=Markdown(f"{tagged(each.name, _NAME)} {each.change}: +{added} -{removed}"),
        diff=block(cut(_fenceable(each), diff_bytes), diff_bytes, "diff"),
        length=length,
        is_cut=length > diff_bytes,
    )


def _length(each: ObjectChange) -> int:
    """Bytes of the diff as it is shown, fences left aside."""
    fence, _, rest = block(_fenceable(each), 4 * MAX_DIFF).partition("\n")
    return len(rest.encode()) - len(fence) - 1


def _fenceable(each: ObjectChange) -> str:
    """The diff without long runs of backticks: its fences have to be longer."""
    return _RUN.sub("`" * _LONGEST_RUN + "…", each.diff)


def _most(lengths: Sequence[int], room: int) -> int:
    """How long a diff may be, so that all of them fit into so many bytes: only the longest are cut."""
    left = max(room, 0)
    for index, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - index)
        if length > share:
            return max(share, _LEAST)
        left -= length
    return 4 * MAX_DIFF
