"""`ephemera bootstrap`: the manifests that connect a cluster: what Ephemera may do there, what its syncer follows.

And for the environments repository, where changes are reviewed: who approves, and what nobody passes by.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.domain.cluster import Cluster, SyncerKind
from app.domain.markdown import code
from app.domain.report import CHECK_NAME
from app.errors import Stalled
from app.settings import Settings
from gitops.change import AUTHOR, Change
from gitops.check import KINDS
from gitops.naming import BOOTSTRAP_ROOT, FOLDER_ROOT
from gitops.publish import publish
from gitops.quoting import yaml_scalar
from gitops.repository import Repository
from gitops.syncs import SYNCS_ROOT

AUDIT = "audit"
"""What is printed for the environments repository, and the folder below `bootstrap/` that it is committed to."""

_CHECK = f"{CHECK_NAME} / proposal"
"""The check run on a proposal."""
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


def audit_files(settings: Settings) -> dict[str, bytes]:
    """{file name: text} for an environments repository where changes are reviewed: an example of `CODEOWNERS`, the body
    of `POST /repos/{owner}/{repo}/rulesets`, and what each entry protects against.

    Raises Stalled where the repository has no name on GitHub, or the App is not given by its number.
    """
    repository, app_id = settings.environments_name, settings.github_app_id
    if repository is None:
        raise Stalled(
            f"EPHEMERA_ENVIRONMENTS_REPOSITORY is {settings.environments_repository}, which has no pull requests on "
            "GitHub: make it end with /owner/name.git"
        )
    if not app_id.isdecimal():
        raise Stalled(f"EPHEMERA_GITHUB_APP_ID is {app_id}: a ruleset names an App by its number; see the App's page")
    values = {
        "repository": repository,
        "owner": repository.partition("/")[0],
        "branch": code(settings.environments_branch),
        "clusters": [cluster.name for cluster in settings.declared_clusters],
        "app_id": app_id,
        "check": _CHECK,
        "folder": AUDIT,
    }
    # Text, not a page: what goes in has been checked to be plain, or is a code span.
    jinja = Environment(  # noqa: S701
        loader=FileSystemLoader(_MANIFESTS),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    ruleset = json.dumps(_ruleset(settings.environments_branch, int(app_id)), indent=2) + "\n"
    return {
        "CODEOWNERS": jinja.get_template("CODEOWNERS.j2").render(values).encode(),
        "README.md": jinja.get_template("audit.md.j2").render(values).encode(),
        "ruleset.json": ruleset.encode(),
    }


def commit(repository: Repository, cluster: Cluster, files: Mapping[str, bytes]) -> str:
    """Have the environments repository hold the manifests under `bootstrap/<cluster>/`; says where they are.

    Raises as `gitops.publish` does.
    """
    return _commit(repository, cluster.name, files, f"Bootstrap cluster {cluster.name}")


def commit_audit(repository: Repository, clusters: Sequence[Cluster], files: Mapping[str, bytes]) -> str:
    """As `commit`, under `bootstrap/audit/`. Raises Stalled where that is a cluster's folder."""
    if any(cluster.name == AUDIT for cluster in clusters):
        raise Stalled(
            f"{BOOTSTRAP_ROOT}/{AUDIT} is the folder of cluster {AUDIT}: print the files, and keep them by hand"
        )
    return _commit(repository, AUDIT, files, "Show how to have changes reviewed")


def _commit(repository: Repository, name: str, files: Mapping[str, bytes], subject: str) -> str:
    folder = f"{BOOTSTRAP_ROOT}/{name}"
    change = Change(folder, files, subject, (("Reason", "bootstrap"),), AUTHOR)
    (published,) = publish(repository, lambda: [change], lambda: None)
    return f"{folder} is at commit {published.commit}" + ("" if published.changed else ", unchanged")


def _ruleset(branch: str, app_id: int) -> dict[str, Any]:
    """https://docs.github.com/en/rest/repos/rules#create-a-repository-ruleset."""
    review = {
        "required_approving_review_count": 1,
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": True,
        "require_last_push_approval": True,
        "required_review_thread_resolution": False,
    }
    checks = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": _CHECK, "integration_id": app_id}],
    }
    return {
        "name": "Ephemera: review of environments",
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [{"actor_id": app_id, "actor_type": "Integration", "bypass_mode": "always"}],
        "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
        "rules": [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {"type": "pull_request", "parameters": review},
            {"type": "required_status_checks", "parameters": checks},
        ],
    }
