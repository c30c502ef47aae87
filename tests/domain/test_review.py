"""Whether a change needs review: an ordered table; the first rule that fits decides."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.review import ALWAYS, NEVER, Merger, Requirement, Rule, Rules, Subject, review

CHANGE = Subject("Acme/Shop", "blue", is_from_fork=False, replicas=2, memory=2**30)
REMOVAL = replace(CHANGE, is_removal=True, replicas=0, memory=0)

SUBJECTS = st.builds(
    Subject,
    repository=st.sampled_from(["acme/shop", "Acme/Docs", "other/shop"]),
    cluster=st.sampled_from(["blue", "green"]),
    is_from_fork=st.booleans(),
    is_removal=st.booleans(),
    replicas=st.integers(0, 4),
    memory=st.integers(0, 4),
)
RULES = st.lists(
    st.builds(
        Rule,
        name=st.text(max_size=3),
        is_review_required=st.booleans(),
        merged_by=st.sampled_from(Merger),
        repositories=st.sampled_from([(), ("acme/*",), ("*/docs", "x/y")]),
        clusters=st.sampled_from([(), ("blue",), ("green", "red")]),
        forks=st.sampled_from([None, True, False]),
        replicas_above=st.none() | st.integers(0, 4),
        memory_above=st.none() | st.integers(0, 4),
    ),
    max_size=4,
).map(tuple)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("r"), "it has no conditions"),
        (Rule("r", repositories=("other/x", "acme/*")), "Acme/Shop is one of other/x, acme/*"),
        (Rule("r", clusters=("blue",)), "cluster blue is one of blue"),
        (Rule("r", forks=False), "it comes from the repository itself"),
        (Rule("r", replicas_above=1), "2 replicas, above 1"),
        (Rule("r", memory_above=2**29), "1024 MiB, above 512 MiB"),
        (Rule("r", forks=False, replicas_above=1), "it comes from the repository itself; 2 replicas, above 1"),
    ],
)
def test_rule_fits_where_all_of_its_conditions_hold(rule: Rule, why: str) -> None:
    (result,) = review(Rules((rule,)), CHANGE).results
    assert (result.fits, result.why) == (True, why)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("r", repositories=("acme/docs",)), "Acme/Shop is not one of acme/docs"),
        (Rule("r", clusters=("green",)), "cluster blue is not one of green"),
        (Rule("r", forks=True), "it comes from the repository itself"),
        (Rule("r", replicas_above=2), "2 replicas, not above 2"),
        (Rule("r", memory_above=2**30), "1024 MiB, not above 1024 MiB"),
        (Rule("r", forks=False, replicas_above=2), "2 replicas, not above 2"),
    ],
)
def test_rule_that_does_not_fit_says_which_condition_fails(rule: Rule, why: str) -> None:
    requirement = review(Rules((rule,)), CHANGE)
    assert [(result.fits, result.why) for result in requirement.results] == [(False, why)]
    assert (requirement.is_required, requirement.rule) == (False, None)


def test_order_matters() -> None:
    free, strict = Rule("free", is_review_required=False), Rule("strict", merged_by=Merger.EPHEMERA)
    first = review(Rules((free, strict)), CHANGE)
    assert (first.is_required, first.rule) == (False, "free")
    second = review(Rules((strict, free)), CHANGE)
    assert (second.is_required, second.rule, second.merged_by) == (True, "strict", Merger.EPHEMERA)
    assert first.rules_digest != second.rules_digest


def test_removal_is_reviewed_only_where_the_rules_say_so_and_whatever_its_size_was() -> None:
    large = (Rule("large", replicas_above=4),)
    assert review(Rules(large), REMOVAL) == Requirement(False, Merger.PEOPLE, None, (), Rules(large).digest)
    asked = review(Rules(large, reviews_removals=True), REMOVAL)
    assert (asked.is_required, asked.rule) == (True, "large")


@given(rules=RULES, subject=SUBJECTS, reviews_removals=st.booleans())
def test_the_first_fitting_rule_decides_and_every_rule_says_why(
    rules: tuple[Rule, ...], subject: Subject, reviews_removals: bool
) -> None:
    held = Rules(rules, reviews_removals)
    found = review(held, subject)
    if subject.is_removal and not reviews_removals:
        assert (found.is_required, found.results) == (False, ())
        return
    assert len(found.results) == len(rules)
    assert all(result.why for result in found.results)
    fitting = [rule for rule, result in zip(rules, found.results, strict=True) if result.fits]
    assert found.is_required == bool(fitting and fitting[0].is_review_required)
    assert found.rule == (fitting[0].name if fitting else None)
    alone = [review(Rules((rule,), reviews_removals), subject).results[0] for rule in rules]
    assert tuple(alone) == found.results
    assert Requirement.from_json(found.to_json()) == found


@given(rules=RULES, subject=SUBJECTS)
def test_rule_that_is_added_at_the_end_changes_nothing_that_was_decided(
    rules: tuple[Rule, ...], subject: Subject
) -> None:
    before, after = review(Rules(rules), subject), review(Rules((*rules, Rule("last"))), subject)
    if before.rule is not None and any(result.fits for result in before.results):
        assert (after.is_required, after.rule, after.merged_by) == (before.is_required, before.rule, before.merged_by)


@given(subject=SUBJECTS)
def test_never_reviews_nothing_and_always_everything_but_removals(subject: Subject) -> None:
    assert not review(NEVER, subject).is_required
    assert review(ALWAYS, subject).is_required is not subject.is_removal
