"""Every text of every state, kept word for word: rewritten only by `pytest --update-goldens`, and read aloud then."""

from pathlib import Path

import pytest

from app.domain.report import MAX_COMMENT, MAX_DESCRIPTION, MAX_SUMMARY, Telling, digest
from app.texts.preview import preview
from app.texts.report import report
from app.texts.samples import NOW, samples
from tests.command import ephemera
from tests.texts.markdown import left_open

GOLDEN = Path(__file__).parent / "golden"
STATES = list(samples())
TELLING = Telling(status_context="ephemera/environment")


@pytest.mark.parametrize("state", STATES)
def test_texts_read_as_they_were_approved(state: str, updates_goldens: bool) -> None:
    text, path = preview(state), GOLDEN / f"{state}.md"
    if updates_goldens:
        path.write_text(text)
    assert text == path.read_text()


def test_no_golden_is_left_of_a_state_that_is_gone() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(STATES)


@pytest.mark.parametrize("state", STATES)
def test_nobody_is_mentioned_and_nothing_is_left_open(state: str) -> None:
    text = (GOLDEN / f"{state}.md").read_text()
    assert "@" not in text
    assert left_open(text) == []


@pytest.mark.parametrize("state", STATES)
def test_limits_of_github_are_kept(state: str) -> None:
    said = report(samples()[state], NOW, TELLING)
    assert said.check is not None
    assert said.status is not None
    assert len(said.check.summary.encode()) <= MAX_SUMMARY
    assert len((said.comment or "").encode()) <= MAX_COMMENT
    assert len(said.status.description) <= MAX_DESCRIPTION
    assert said.deployment is None or len(said.deployment.description) <= MAX_DESCRIPTION
    assert len(said.check.buttons) <= 3
    for button in said.check.buttons:
        assert len(button.identifier) <= 20
        assert len(button.label) <= 20
        assert len(button.description) <= 40


def test_every_state_reads_differently() -> None:
    assert len({digest(report(row, NOW)) for row in samples().values()}) == len(STATES)


def test_command_prints_one_state_or_all_without_any_setting() -> None:
    assert printed("--state", "ready") == (GOLDEN / "ready.md").read_text()
    everything = printed()
    assert all(f"# {state}\n" in everything for state in STATES)


def printed(*arguments: str) -> str:
    """Run the command with no settings at all."""
    done = ephemera("preview-texts", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout
