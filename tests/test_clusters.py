"""The file of clusters: what it declares, where environments go, and every mistake at once."""

from pathlib import Path

import pytest

from app.clusters import read_clusters
from app.domain.cluster import Cluster, SyncerKind, cluster_for

WHOLE = """
clusters:
  - name: shop
    api_url: https://shop.example.com:6443/
    credentials: file:/var/run/secrets/shop
    ca_file: /etc/shop.pem
    syncer: flux
    repository_secret: environments
    syncer_url: https://sync.example.com/
    preview_domain: Shop.Preview.Example.com
    repositories: [acme/shop, "acme/shop-*"]
  - {name: rest, preview_domain: preview.example.com}
"""


def read(tmp_path: Path, text: str) -> tuple[Cluster, ...]:
    path = tmp_path / "clusters.yaml"
    path.write_text(text)
    return read_clusters(path)


def test_clusters_are_what_the_file_says_and_usual_values_else(tmp_path: Path) -> None:
    shop, rest = read(tmp_path, WHOLE)
    assert shop == Cluster(
        name="shop",
        preview_domain="shop.preview.example.com",
        syncer=SyncerKind.FLUX,
        syncer_namespace="flux-system",
        api_url="https://shop.example.com:6443",
        credentials="file:/var/run/secrets/shop",
        ca_file="/etc/shop.pem",
        repository_secret="environments",
        syncer_url="https://sync.example.com",
        repositories=("acme/shop", "acme/shop-*"),
    )
    assert rest == Cluster("rest", "preview.example.com")


@pytest.mark.parametrize(
    ("repository", "name"), [("acme/shop", "shop"), ("Acme/Shop-Admin", "shop"), ("acme/blog", "rest")]
)
def test_new_environment_goes_to_the_first_cluster_that_takes_its_repository(
    tmp_path: Path, repository: str, name: str
) -> None:
    assert cluster_for(read(tmp_path, WHOLE), repository).name == name


def test_repository_that_no_cluster_takes_goes_to_the_last_one() -> None:
    clusters = tuple(Cluster(name, "p.test", repositories=("acme/*",)) for name in ("a", "b"))
    assert cluster_for(clusters, "other/shop").name == "b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["the file is None"]),
        ("clusters: []", ["clusters is []: Tuple should have at least 1 item"]),
        ("clusters: [{name: a}]", ["clusters.0.preview_domain: Field required"]),
        (
            "clusters: [{name: A, preview_domain: x_y, syncer: helm, api_url: ftp://x, kind: y}]",
            [
                "0.name is 'A': make it a DNS label",
                "0.preview_domain is 'x_y'",
                "'argocd', 'flux' or 'none'",
                "https://",
            ],
        ),
        ("clusters: [{name: a, preview_domain: x.y, credentials: s3cret}]", ["never the token itself"]),
        ("clusters: [{name: a, preview_domain: x.y}, {name: a, preview_domain: x.z}]", ["two of its clusters"]),
        ("clusters: [", ["it is not YAML"]),
    ],
)
def test_mistakes_are_told_together_and_in_words(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read(tmp_path, text)
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_clusters(tmp_path / "none.yaml")
