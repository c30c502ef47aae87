"""What a commit changed in the manifests."""

from app.domain.changes import Changes, between


def test_changes_name_what_came_what_differs_and_what_went() -> None:
    before = {"Deployment/web": "a", "Service/web": "b", "ConfigMap/old": "c"}
    after = {"Service/web": "b", "Deployment/web": "d", "Job/migrate": "e", "Ingress/web": "f"}
    assert between(before, after) == Changes(
        added=("Ingress/web", "Job/migrate"), changed=("Deployment/web",), removed=("ConfigMap/old",)
    )


def test_nothing_changed_is_no_change() -> None:
    assert not between({"Service/web": "b"}, {"Service/web": "b"})
    assert between({}, {"Service/web": "b"})


def test_changes_are_the_same_when_they_come_back_from_the_row() -> None:
    changes = Changes(("A/a",), ("B/b", "C/c"), ())
    assert Changes.from_json(changes.to_json()) == changes
    assert Changes.from_json({}) == Changes()
