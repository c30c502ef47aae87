"""`ephemera bootstrap`: the manifests that connect a cluster: what Ephemera may do there, what its syncer follows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.domain.cluster import Cluster, SyncerKind
from app.errors import Stalled
from app.settings import Settings
from gitops.change import AUTHOR, Change
from gitops.check import KINDS
from gitops.naming import BOOTSTRAP_ROOT, FOLDER_ROOT
from gitops.publish import publish
from gitops.quoting import yaml_scalar
from gitops.repository import Repository
from gitops.syncs import SYNCS_ROOT

_MANIFESTS = Path(__file__).parent.parent / "deploy" / "bootstrap"


def chosen(clusters: Sequence[Cluster], syncer: SyncerKind, name: str | None) -> Cluster:
    """The declared cluster that is meant. Raises Stalled where none is, or several could be."""
    found = [cluster for cluster in clusters if cluster.syncer is syncer and name in (None, cluster.name)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{cluster.name} ({cluster.syncer})" for cluster in clusters)
    wanted = f"named {name} with {syncer}" if name else f"with {syncer}"
    raise Stalled(
        f"{len(found)} of the declared clusters are {wanted}; declared are {known}: set EPHEMERA_SYNCER, "
        "or name one with --cluster"
    )


def manifests(settings: Settings, cluster: Cluster, *, is_dedicated: bool = False) -> dict[str, bytes]:
    """{file name: YAML documents} for a declared cluster, by its syncer. Raises Stalled where it has none.

    `is_dedicated`: with settings that suit an Argo CD which serves nothing else.
    """
    if cluster.syncer is SyncerKind.NONE:
        raise Stalled(f"cluster {cluster.name} has no syncer: declare argocd or flux")
    values = {
        "cluster": asdict(cluster),
        "repository": settings.environments_repository,
        "branch": settings.environments_branch,
        "refs": settings.environment_refs,
        "folders": f"{FOLDER_ROOT}/{cluster.name}/*/*/*",
        "syncs": f"{SYNCS_ROOT}/{cluster.name}",
        "web_url": settings.web_url,
        # The group is what stands before the slash of an apiVersion; the core group has none.
        "kinds": sorted((version.rpartition("/")[0], kind) for kind, version in KINDS.items() if kind != "Namespace"),
    }
    # No page, no autoescape: every expression comes out as a quoted YAML string.
    jinja = Environment(  # noqa: S701
        loader=FileSystemLoader(_MANIFESTS),
        undefined=StrictUndefined,
        finalize=yaml_scalar,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = ["rights.yaml", f"{cluster.syncer.value}.yaml"]
    if is_dedicated and cluster.syncer is SyncerKind.ARGOCD:
        names.append("argocd-dedicated.yaml")
    return {name: jinja.get_template(f"{name}.j2").render(values).encode() for name in names}


def commit(repository: Repository, cluster: Cluster, files: Mapping[str, bytes]) -> str:
    """Have the environments repository hold the manifests under `bootstrap/<cluster>/`; says where they are.

    Raises as `gitops.publish` does.
    """
    folder = f"{BOOTSTRAP_ROOT}/{cluster.name}"
    change = Change(folder, files, f"Bootstrap cluster {cluster.name}", (("Reason", "bootstrap"),), AUTHOR)
    (published,) = publish(repository, lambda: [change], lambda: None)
    return f"{folder} is at commit {published.commit}" + ("" if published.changed else ", unchanged")
