"""Reads Markdown as GitHub does, as far as the tests need it: what lies outside code, and what is left open."""


def outside_code(markdown: str) -> str:
    """What is interpreted: everything but fenced blocks and code spans, whose fences may be of any length."""
    outside, _ = _divided(markdown)
    return "\n".join(outside)


def left_open(markdown: str) -> list[str]:
    """What does not end: a fence, folds, code spans."""
    outside, fence = _divided(markdown)
    folds = sum(line.count("<details>") - line.count("</details>") for line in outside)
    open_folds = ["<details>"] * folds if folds >= 0 else ["</details>"]
    return [*([fence] if fence else []), *open_folds, *(line for line in outside if "`" in line)]


def _divided(markdown: str) -> tuple[list[str], str]:
    outside: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        run = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(run) >= 3 and (run == line or line[len(run) :].isalpha()):
            fence = run
        else:
            outside.append(_outside_spans(line))
    return outside, fence


def _outside_spans(line: str) -> str:
    kept = ""
    while (start := line.find("`")) >= 0:
        run = len(line[start:]) - len(line[start:].lstrip("`"))
        end = _closing(line, start + run, run)
        if end < 0:
            break
        kept, line = kept + line[:start], line[end + run :]
    return kept + line


def _closing(line: str, start: int, run: int) -> int:
    """Where a run of exactly so many backticks begins; -1 where none does."""
    while (at := line.find("`", start)) >= 0:
        length = len(line[at:]) - len(line[at:].lstrip("`"))
        if length == run:
            return at
        start = at + length
    return -1
