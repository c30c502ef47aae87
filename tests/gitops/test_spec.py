"""Reading a spec: what is accepted, and what is said about the rest."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gitops.errors import SpecError
from gitops.spec import Spec


def problems_of(value: object) -> tuple[str, ...]:
    """What is said about a mapping."""
    with pytest.raises(SpecError) as caught:
        Spec.from_mapping(value)
    return caught.value.problems


def test_spec_survives_json(spec: Spec) -> None:
    assert Spec.from_mapping(json.loads(json.dumps(spec.to_mapping()))) == spec


def test_defaults_may_be_left_out(spec: Spec) -> None:
    mapping = spec.to_mapping()
    for name in ("generation", "ingress_namespace", "sets"):
        del mapping[name]
    assert Spec.from_mapping(mapping) == spec


def test_everything_wrong_is_told_at_once(spec: Spec) -> None:
    mapping = spec.to_mapping() | {"port": "8080", "number": True, "colour": "red"}
    del mapping["image"]
    assert problems_of(mapping) == (
        "'colour' is not a field of a spec; remove it or use one of cluster, namespace, folder, owner, repository, "
        "number, head_sha, image, port, host, generation, ingress_namespace, web_url, sets",
        "image is missing; add it",
        "number is True; make it an integer from 1 to 2147483647",
        "port is '8080'; make it an integer from 1 to 65535",
    )


def test_foreign_value_is_cut(spec: Spec) -> None:
    (problem,) = problems_of(spec.to_mapping() | {"image": "x" * 70_000})
    assert len(problem) < 400


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_is_no_mapping_is_refused(value: object) -> None:
    assert "make it a mapping" in problems_of(value)[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cluster", "Main"),
        ("cluster", ""),
        ("namespace", "kube_system"),
        ("namespace", "a" * 64),
        ("namespace", "-a"),
        ("namespace", "a\n"),
        ("folder", "../../apps/prod"),
        ("folder", "environments/main/acme/shop"),
        ("folder", "environments/main/acme/shop/pr-7-shop/"),
        ("folder", "environments/main/acme/.git/pr-7-shop"),
        ("folder", "environments/main/acme/.GiT/pr-7-shop"),
        ("folder", "environments/main/acme/../pr-7-shop"),
        ("folder", "environments/main/acme/sh\nop/pr-7-shop"),
        ("folder", "environments/main/acme/" + "a" * 256 + "/pr-7-shop"),
        ("folder", "environments/elsewhere/acme/shop/pr-7-shop"),
        ("folder", "environments/main/acme/shop/pr-8-shop"),
        ("owner", "ac/me"),
        ("owner", "-acme"),
        ("owner", "acme\u202e"),
        ("repository", ".git"),
        ("repository", ".."),
        ("repository", "İstanbul"),
        ("repository", "a" * 101),
        ("number", 0),
        ("number", 1.0),
        ("number", "7"),
        ("head_sha", "0" * 39),
        ("head_sha", "0" * 41),
        ("head_sha", "G" * 40),
        ("head_sha", "A" * 40),
        ("head_sha", 1234567),
        ("image", "ghcr.io/Acme/shop:1"),
        ("image", "ghcr.io/acme/shop:1 --privileged"),
        ("image", "ghcr.io/acme/shop:"),
        ("image", ""),
        ("image", 'x"\n  labels: {pwn: "1"}'),
        ("port", 0),
        ("port", 65536),
        ("port", True),
        ("host", "*"),
        ("host", "localhost"),
        ("host", "Shop.example.com"),
        ("host", "shop..example.com"),
        ("host", "a" * 59 + ".com"),
        ("generation", -1),
        ("ingress_namespace", "ingress nginx"),
        ("sets", []),
        ("sets", ["web", "web"]),
        ("sets", ["../web"]),
        ("sets", "web"),
        ("sets", [7]),
    ],
)
def test_unusable_value_is_refused_by_its_field(spec: Spec, field: str, value: object) -> None:
    (problem,) = problems_of(spec.to_mapping() | {field: value})
    assert problem.startswith(f"{field} is ")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("owner", "acme_corp"),
        ("repository", ".github"),
        ("repository", "x_y.z"),
        ("head_sha", "0" * 64),
        ("image", "shop"),
        ("image", "localhost:5000/a/b_c/d--e:v1.0"),
        ("image", "ghcr.io/acme/shop@sha256:" + "0" * 64),
        ("port", 65535),
        ("host", "a" * 58 + ".com"),
        ("generation", 3),
    ],
)
def test_usable_value_is_kept(spec: Spec, field: str, value: Any) -> None:
    assert getattr(Spec.from_mapping(spec.to_mapping() | {field: value}), field) == value


def test_renamed_repository_keeps_its_folder(spec: Spec) -> None:
    assert replace(spec, repository="store", owner="emca").folder == spec.folder
