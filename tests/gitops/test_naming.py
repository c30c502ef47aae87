"""Names: what they look like, and that two environments never share one."""

import re
from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.naming import folder_path, host_name, label_value, namespace_name, slug

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")


def name_of(
    repository: str, number: int = 7, *, repository_id: int = 1, installation_id: int = 1, taken: Collection[str] = ()
) -> str:
    """The namespace of a pull request."""
    return namespace_name(
        number,
        repository,
        installation_id=installation_id,
        repository_id=repository_id,
        taken=taken.__contains__,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("shop", "shop"),
        ("Shop", "shop"),
        ("x.y", "x-y"),
        ("x_y", "x-y"),
        ("--x..__y--", "x-y"),
        (".github", "github"),
        ("İstanbul", "i-stanbul"),
        ("straße", "stra-e"),
        ("日本", ""),
        ("", ""),
        ('zzz";echo${IFS}"hello";#', "zzz-echo-ifs-hello"),
        ("../../etc", "etc"),
        ("a\nb", "a-b"),
        ("\ud800", ""),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name) == expected


@pytest.mark.parametrize(
    ("repository", "pattern"),
    [
        ("shop", r"pr-7-shop"),
        ("a" * 58, r"pr-7-a{58}"),
        ("a" * 59, r"pr-7-a{49}-[a-z2-7]{8}"),
        ("a" * 48 + "-" * 20 + "b", r"pr-7-a{48}-b"),
        ("a" * 49 + "-" + "b" * 20, r"pr-7-a{49}-[a-z2-7]{8}"),
        ("日本", r"pr-7-[a-z2-7]{8}"),
        ("_", r"pr-7-[a-z2-7]{8}"),
    ],
)
def test_namespace_is_number_and_slug_with_a_hash_when_cut_or_empty(repository: str, pattern: str) -> None:
    assert re.fullmatch(pattern, name_of(repository))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("x.y", 1), ("x_y", 2)),
        (("Shop", 1), ("shop", 2)),
        (("a" * 80, 1), ("a" * 80 + "b", 2)),
        (("日本", 1), ("中国", 2)),
        (("shop", 1), ("shop", 2)),
    ],
)
def test_repositories_of_one_slug_get_two_names(first: tuple[str, int], second: tuple[str, int]) -> None:
    taken = name_of(first[0], repository_id=first[1])
    assert name_of(second[0], repository_id=second[1], taken={taken}) != taken


def test_owner_and_repository_cannot_be_shifted_into_each_other() -> None:
    assert name_of("bar-baz") != name_of("baz")
    assert folder_path("main", "foo", "bar-baz", name_of("bar-baz")) != folder_path(
        "main", "foo-bar", "baz", name_of("baz")
    )


def test_name_is_found_even_when_the_hashed_one_is_taken_too() -> None:
    taken: set[str] = set()
    for _ in range(5):
        taken.add(name_of("shop", taken=taken))
    assert len(taken) == 5
    assert all(DNS_LABEL.fullmatch(name) for name in taken)


@given(
    repository=st.text(max_size=120),
    number=st.integers(1, 2**31 - 1),
    repository_id=st.integers(1, 2**63),
    is_taken=st.booleans(),
)
def test_namespace_is_a_free_dns_label_that_tells_the_number_and_is_always_the_same(
    repository: str, number: int, repository_id: int, is_taken: bool
) -> None:
    taken = {name_of(repository, number, repository_id=repository_id)} if is_taken else set()
    name = name_of(repository, number, repository_id=repository_id, taken=taken)
    assert DNS_LABEL.fullmatch(name)
    assert name not in taken
    assert name.startswith(f"pr-{number}-")
    assert name == name_of(repository, number, repository_id=repository_id, taken=taken)


@pytest.mark.parametrize(
    ("namespace", "domain", "pattern"),
    [
        ("pr-7-shop", "preview.example.com", r"pr-7-shop\.preview\.example\.com"),
        ("p" * 42, "preview.example.com", r"p{42}\.preview\.example\.com"),
        ("p" * 43, "preview.example.com", r"p{33}-[a-z2-7]{8}\.preview\.example\.com"),
        ("pr-7-" + "p" * 58, "x.io", r"pr-7-p{43}-[a-z2-7]{8}\.x\.io"),
        ("pr-7-shop-of-acme", "d" * 50, r"pr-[a-z2-7]{8}\.d{50}"),
    ],
)
def test_host_is_one_label_under_the_domain(namespace: str, domain: str, pattern: str) -> None:
    assert re.fullmatch(pattern, host_name(namespace, domain))


@given(
    name=st.from_regex(DNS_LABEL, fullmatch=True),
    other=st.from_regex(DNS_LABEL, fullmatch=True),
    domain=st.from_regex(r"[a-z]{1,20}\.[a-z]{1,20}", fullmatch=True),
)
def test_hosts_fit_and_differ_where_namespaces_do(name: str, other: str, domain: str) -> None:
    host = host_name(name, domain)
    label, _, rest = host.partition(".")
    assert len(host) <= 62
    assert DNS_LABEL.fullmatch(label)
    assert rest == domain
    assert (host == host_name(other, domain)) == (name == other)


def test_domain_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="use one of at most 50"):
        host_name("pr-7-shop-of-acme", "d" * 51)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("acme.shop", r"acme\.shop"),
        ("acme/shop", r"acme\.shop"),
        ("-acme-", "acme"),
        ("İstanbul", "stanbul"),
        ("日本", ""),
        ("a" * 63, "a{63}"),
        ("a" * 64, "a{54}-[a-z2-7]{8}"),
    ],
)
def test_label_value(text: str, pattern: str) -> None:
    assert re.fullmatch(pattern, label_value(text))


@given(st.text(max_size=200))
def test_label_value_is_always_one(text: str) -> None:
    assert LABEL_VALUE.fullmatch(label_value(text))


@given(st.text("abc", min_size=64, max_size=80), st.text("abc", min_size=64, max_size=80))
def test_long_label_values_differ_where_texts_do(text: str, other: str) -> None:
    assert (label_value(text) == label_value(other)) == (text == other)
