"""The file of review rules: what it declares, and every mistake at once."""

from pathlib import Path

import pytest

from app.domain.review import Merger, Rule, Rules
from app.review_rules import Declared, quantity, read_rules

WHOLE = """
removals: review
merge_method: squash
rules:
  - name: docs never wait
    review: never
    repositories: [acme/docs]
  - name: strangers
    when: {forks: true, repositories: ["*"], clusters: [blue]}
  - name: large
    when: {replicas_above: 4, memory_above: 4Gi}
    merge_by: ephemera
  - name: everything else
"""


def read(tmp_path: Path, text: str) -> Declared:
    """What a file with that text declares."""
    path = tmp_path / "review.yaml"
    path.write_text(text)
    return read_rules(path)


def test_rules_are_what_the_file_says_in_its_order(tmp_path: Path) -> None:
    rules = (
        Rule("docs never wait", is_review_required=False, repositories=("acme/docs",)),
        Rule("strangers", forks=True, repositories=("*",), clusters=("blue",)),
        Rule("large", merged_by=Merger.EPHEMERA, replicas_above=4, memory_above=4 * 2**30),
        Rule("everything else"),
    )
    assert read(tmp_path, WHOLE) == Declared(Rules(rules, reviews_removals=True), "squash")


def test_removals_go_directly_and_merges_are_merges_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, "rules: [{name: all}]") == Declared(Rules((Rule("all"),)), "merge")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["the file is None"]),
        ("rules: []", ["rules is []: Tuple should have at least 1 item"]),
        ("rules: [{review: never}]", ["rules.0.name: Field required"]),
        (
            "{removals: no, merge_method: octopus, rules: [{name: a, reviews: never, merge_by: me}]}",
            ["removals is False", "merge_method is 'octopus'", "rules.0.reviews", "rules.0.merge_by is 'me'"],
        ),
        (
            "rules: [{name: a, when: {forks: perhaps, replicas_above: -1, memory_above: much, size: 1}}]",
            ["when.forks is 'perhaps'", "when.replicas_above is -1", "such as 512Mi", "when.size"],
        ),
        ("rules: [{name: a, forks: true, when: {forks: false}}]", ["forks stands beside `when` and in it"]),
        ("rules: [{name: a, when: {repositories: []}}]", ["when.repositories is []: Tuple should have at least 1"]),
        ("rules: [{name: a, when: {repositories: [docs]}}]", ["repositories.0 is 'docs': make it owner/name"]),
        ("rules: [{name: a, when: {clusters: [Prod]}}]", ["clusters.0 is 'Prod': make it a DNS label"]),
        ("rules: [{name: a}, {name: a}]", ["two of its rules have one name"]),
        ('rules: [{name: "a\\nb"}]', ["give it a name of one line"]),
        ("rules: [", ["it is not YAML"]),
    ],
)
def test_mistakes_are_told_together_and_in_words(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read(tmp_path, text)
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (1024, 1024),
        ("128", 128),
        ("1k", 1000),
        ("1Ki", 1024),
        ("512Mi", 2**29),
        ("4Gi", 2**32),
        ("2T", 2 * 10**12),
    ],
)
def test_memory_is_read_as_kubernetes_reads_it(value: object, size: int) -> None:
    assert quantity(value) == size


@pytest.mark.parametrize("value", [True, -1, 1.5, "1.5Gi", "4GB", "4 Gi", "", "m", None, [], "9" * 19])
def test_odd_memory_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="such as 512Mi"):
        quantity(value)
