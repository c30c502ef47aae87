"""Messages that stay the same while nothing changes."""

import pytest

from app.cluster.wording import steady


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("x. Retrying attempt #1 at 2031-01-01T00:00:00Z.", "x. Retrying attempt #2 at 2031-01-01T00:01:00Z.", "x"),
        ("x (retried 1 times).", "x (retried 5 times)", "x"),
        (
            "health check failed after 30.1s: y",
            "health check failed after 1m0.03s: y",
            "health check failed in time: y",
        ),
        ("Source artifact not found, retrying in 30s", "Source artifact not found", "Source artifact not found"),
        (
            "kustomization path not found: stat /tmp/kustomization-1234/a: no such file",
            "kustomization path not found: stat /var/tmp/x/kustomization-99/a: no such file",
            "kustomization path not found: stat a: no such file",
        ),
        ('error when patching "/dev/shm/228": x', 'error when patching "/dev/shm/9": x', "error when patching: x"),
        ("Manifest generation error (cached): bad YAML", "bad YAML", "bad YAML"),
        ("read tcp 10.0.0.1:43210->10.0.0.2:443: reset", "read tcp 10.0.0.1:1->10.0.0.2:443: reset", None),
    ],
)
def test_what_changes_from_one_try_to_the_next_is_taken_out(first: str, second: str, kept: str | None) -> None:
    assert steady(first) == steady(second)
    assert kept in (None, steady(first))


def test_message_is_one_line_of_at_most_500_characters() -> None:
    assert steady("a\nb\x1b[31m") == "a b [31m"
    assert len(steady("é" * 600)) == 500
