"""The teardown receipt, and what is said of a removal that is stuck: the reason, and one command."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.environment import Environment
from app.domain.health import Health, Holding, Phase
from app.domain.receipt import receipt, spoken, stuck
from tests.domain.builders import NOW, environment, removed, teardown, torn_down

SINCE = "2026-11-24T11:48:00Z"
PATCH = '--type=merge -p \'{"metadata":{"finalizers":null}}\''
LIST = (
    "kubectl api-resources --verbs=list --namespaced -o name"
    " | xargs -n 1 kubectl -n pr-42-shop get --show-kind --ignore-not-found"
)


def held(*holding: Holding, notes: tuple[str, ...] = ()) -> Environment:
    """An environment that has been going for too long."""
    health = Health(Phase.TERMINATING, notes=notes, holding=holding)
    left = teardown("Namespace/pr-42-shop", "Application/pr-42-shop")
    return removed(health=health, desired_at=NOW - timedelta(minutes=11), teardown=left)


def holding(name: str, *finalizers: str) -> Holding:
    """An object that cannot go."""
    return Holding(name, finalizers or ("acme.com/lock",), SINCE)


def test_receipt_tells_what_existed_what_went_when_and_by_which_commits() -> None:
    assert receipt(removed(teardown=torn_down())).splitlines() == [
        "<details><summary>Receipt: gone 6 seconds after its folder left Git, having lived for 2 hours</summary>",
        "",
        "Its namespace held `Deployment/web`, `Service/web`. All of it went with the namespace.",
        "",
        "| Removed | Confirmed gone |",
        "|---|---|",
        "| `Application/pr-42-shop` | 24 November 2026 at 11:59:06 UTC |",
        "| `Namespace/pr-42-shop` | 24 November 2026 at 11:59:06 UTC |",
        "",
        "Commit `cccccccccc` made it. Commit `dddddddddd` of the environments repository removed it.",
        "",
        "</details>",
    ]


def test_receipt_of_an_environment_from_before_receipts_tells_what_is_known() -> None:
    known = replace(torn_down(), made_commit=None, made_at=None, objects=())
    text = receipt(removed(teardown=known))
    assert "having lived" not in text
    assert "made it" not in text
    assert "`dddddddddd` of the environments repository removed it" in text


@pytest.mark.parametrize(
    "row", [environment(), removed(), removed(teardown=replace(torn_down(), removed_commit=None, made_commit=None))]
)
def test_what_is_not_gone_or_never_was_has_no_receipt(row: Environment) -> None:
    assert receipt(row) == ""


@pytest.mark.parametrize(
    ("holdings", "command"),
    [
        ((holding("ConfigMap/lock"),), f"kubectl -n pr-42-shop patch configmap lock {PATCH}"),
        (
            (holding("Namespace/pr-42-shop", "kubernetes"), holding("ConfigMap/lock")),
            f"kubectl -n pr-42-shop patch configmap lock {PATCH}",
        ),
        ((holding("Pod/web-1", "foregroundDeletion"),), "kubectl -n pr-42-shop describe pod web-1"),
        (
            (holding("Deployment/web", "acme.com/lock", "foregroundDeletion"),),
            "kubectl -n pr-42-shop patch deployment web --type=merge"
            ' -p \'{"metadata":{"finalizers":["foregroundDeletion"]}}\'',
        ),
        (
            (holding("PersistentVolumeClaim/data", "kubernetes.io/pvc-protection"),),
            "kubectl -n pr-42-shop describe persistentvolumeclaim data",
        ),
        (
            (holding("PersistentVolume/pvc-1", "external-provisioner.volume.kubernetes.io/finalizer"),),
            "kubectl describe persistentvolume pvc-1",
        ),
        ((holding("Namespace/pr-42-shop", "kubernetes"),), LIST),
        (
            (holding("Application/pr-42-shop", "resources-finalizer.argocd.argoproj.io"),),
            "kubectl get applications.argoproj.io -A --field-selector metadata.name=pr-42-shop -o yaml",
        ),
        (
            (holding("Kustomization/pr-42-shop", "finalizers.fluxcd.io"),),
            "kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A"
            " --field-selector metadata.name=pr-42-shop -o yaml",
        ),
        ((holding("Role/x; reboot"),), LIST),
        ((holding("ConfigMap/`x`"),), LIST),
        ((), "kubectl get applications.argoproj.io -A --field-selector metadata.name=pr-42-shop -o yaml"),
    ],
)
def test_stuck_removal_names_one_command_that_helps(holdings: tuple[Holding, ...], command: str) -> None:
    assert stuck(held(*holdings)).endswith(f"\n```\n{command}\n```")


def test_stuck_removal_says_which_object_waits_for_which_finalizer_since_when() -> None:
    text = stuck(held(holding("ConfigMap/lock"), notes=("Some content has finalizers remaining",)))
    assert text.startswith(
        "`ConfigMap/lock` has been waiting for its finalizer `acme.com/lock` since 24 November 2026 at 11:48:00 UTC."
    )
    assert "```\nSome content has finalizers remaining\n```" in text


def test_stuck_removal_without_a_reason_says_what_is_left() -> None:
    text = stuck(held())
    assert "Still there: `Application/pr-42-shop`, `Namespace/pr-42-shop`." in text


def test_stuck_removal_that_nobody_can_see_says_so() -> None:
    blind = replace(held(), unseen=("listing namespaces: forbidden.",))
    text = stuck(blind)
    assert text.startswith("Not all of the cluster can be seen at present")
    assert "listing namespaces: forbidden." in text
    assert text.endswith("```\nephemera check\n```")
    seen_before = stuck(replace(held(holding("ConfigMap/lock")), unseen=blind.unseen))
    assert "listing namespaces: forbidden." in seen_before
    assert "`ConfigMap/lock` has been waiting" in seen_before


def test_removal_whose_folder_never_left_git_is_sent_to_the_check() -> None:
    row = removed(published=environment().published, desired_at=NOW - timedelta(minutes=11))
    assert "still in the environments repository" in stuck(row)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "less than a second"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (7200, "2 hours"),
        (90_061, "1 day 1 hour"),
        (-5, "less than a second"),
    ],
)
def test_lengths_of_time_are_read_aloud(seconds: float, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words
