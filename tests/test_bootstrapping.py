"""`ephemera bootstrap`: what connects a cluster, as YAML that is read back; and its commit to a real Git server."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app import bootstrapping
from app.cluster.resources import WATCHED, synced_by
from app.demo.git_host import GitHost
from app.domain.cluster import Cluster, SyncerKind
from app.errors import Stalled
from app.settings import Settings
from gitops.check import KINDS
from gitops.remote import Credentials, Remote
from gitops.repository import Repository
from tests.command import ephemera
from tests.test_cli import PEM

ARGOCD = Cluster("blue", "preview.test", SyncerKind.ARGOCD, "argocd")
FLUX = Cluster("green", "preview.test", SyncerKind.FLUX, "flux-system")
NONE = Cluster("red", "preview.test", SyncerKind.NONE, "")
REPOSITORY = "https://git.test/acme/environments"
HOSTILE = "https://git.test/a\"b'c: #{x}\\n-1\n- kind: Secret"
SYNCED = pytest.mark.parametrize("cluster", [ARGOCD, FLUX], ids=["argocd", "flux"])


def settings(**changes: Any) -> Settings:
    """Settings that name nothing that exists."""
    usual = {
        "database_url": "postgresql://db/x",
        "redis_url": "redis://redis",
        "github_app_id": "1",
        "github_private_key": PEM,
        "github_webhook_secrets": "s",
        "environments_repository": REPOSITORY,
        "preview_domain": "preview.test",
    }
    return Settings.model_validate({**usual, **changes})


def documents(cluster: Cluster, **changes: Any) -> list[dict[str, Any]]:
    """The manifests, read back; every file together."""
    files = bootstrapping.manifests(settings(**changes), cluster)
    assert list(files) == ["rights.yaml", f"{cluster.syncer}.yaml"]
    return [document for content in files.values() for document in yaml.safe_load_all(content)]


def only(found: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The one object of a kind."""
    (document,) = (document for document in found if document["kind"] == kind)
    return document


# Which cluster


@pytest.mark.parametrize(("syncer", "wanted"), [(SyncerKind.ARGOCD, ARGOCD), (SyncerKind.FLUX, FLUX)])
def test_only_cluster_with_that_syncer_is_meant(syncer: SyncerKind, wanted: Cluster) -> None:
    assert bootstrapping.chosen([ARGOCD, FLUX, NONE], syncer, None) is wanted


def test_one_of_several_is_named() -> None:
    other = Cluster("other", "preview.test")
    assert bootstrapping.chosen([ARGOCD, other], SyncerKind.ARGOCD, "other") is other


@pytest.mark.parametrize(
    ("clusters", "name", "words"),
    [
        ([FLUX], None, r"0 of the declared clusters are with argocd; declared are green \(flux\)"),
        ([ARGOCD, Cluster("b", "p.test")], None, r"2 of the declared clusters are with argocd.*--cluster"),
        ([ARGOCD], "green", "0 of the declared clusters are named green with argocd"),
        ([ARGOCD, FLUX], "green", "0 of the declared clusters are named green with argocd"),
    ],
    ids=["none", "several", "unknown name", "another syncer's"],
)
def test_cluster_that_cannot_be_told_is_asked_for(clusters: list[Cluster], name: str | None, words: str) -> None:
    with pytest.raises(Stalled, match=words):
        bootstrapping.chosen(clusters, SyncerKind.ARGOCD, name)


def test_cluster_without_syncer_has_nothing_to_be_connected_to() -> None:
    with pytest.raises(Stalled, match="cluster red has no syncer"):
        bootstrapping.manifests(settings(), NONE)


# Argo CD


def test_project_lets_environments_into_namespaces_of_their_own_and_nowhere_else() -> None:
    project = only(documents(ARGOCD), "AppProject")["spec"]
    assert project["sourceRepos"] == [REPOSITORY]
    assert project["destinations"] == [{"server": "https://kubernetes.default.svc", "namespace": "pr-*"}]
    assert project["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace", "name": "pr-*"}]


def test_project_knows_every_kind_that_an_environment_may_have_and_no_other() -> None:
    listed = only(documents(ARGOCD), "AppProject")["spec"]["namespaceResourceWhitelist"]
    groups = {kind: version.rpartition("/")[0] for kind, version in KINDS.items() if kind != "Namespace"}
    assert {entry["kind"]: entry["group"] for entry in listed} == groups
    assert len(listed) == len(groups)


def test_application_follows_its_environment_s_folder_at_its_own_ref() -> None:
    found = only(documents(ARGOCD, environments_branch="live"), "ApplicationSet")["spec"]
    generator = found["generators"][0]["git"]
    assert (generator["repoURL"], generator["revision"]) == (REPOSITORY, "live")
    assert generator["directories"] == [{"path": "environments/blue/*/*/*"}]
    spec = found["template"]["spec"]
    assert spec["project"] == "ephemera"
    assert spec["source"] == {
        "repoURL": REPOSITORY,
        "targetRevision": "refs/environments/{{.path.basename}}",
        "path": "{{.path.path}}",
    }
    assert spec["destination"] == {"server": "https://kubernetes.default.svc", "namespace": "{{.path.basename}}"}


def test_application_syncs_by_itself_heals_and_takes_all_along_when_it_goes() -> None:
    template = only(documents(ARGOCD), "ApplicationSet")["spec"]["template"]
    policy = template["spec"]["syncPolicy"]
    assert policy["automated"] == {"prune": True, "selfHeal": True}
    assert policy["retry"]["limit"] > 0
    assert template["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]


@pytest.mark.parametrize("refs", ["refs/environments/", "refs/heads/environments/"])
def test_refs_are_those_that_are_set(refs: str) -> None:
    found = only(documents(ARGOCD, environment_refs=refs), "ApplicationSet")
    assert found["spec"]["template"]["spec"]["source"]["targetRevision"] == f"{refs}{{{{.path.basename}}}}"


# Flux


def test_root_of_flux_follows_the_files_beside_the_folders() -> None:
    found = documents(FLUX, environments_branch="live")
    source, root = only(found, "GitRepository"), only(found, "Kustomization")
    assert source["metadata"] == root["metadata"] == {"name": "ephemera", "namespace": "flux-system"}
    assert (source["spec"]["url"], source["spec"]["ref"]) == (REPOSITORY, {"branch": "live"})
    assert source["spec"]["sparseCheckout"] == ["syncs/green"]
    assert root["spec"]["path"] == "./syncs/green"
    assert root["spec"]["sourceRef"] == {"kind": "GitRepository", "name": "ephemera"}
    assert (root["spec"]["prune"], root["spec"]["wait"]) == (True, False)


@pytest.mark.parametrize("secret", [None, "environments"])
def test_flux_signs_in_where_a_secret_is_named(secret: str | None) -> None:
    cluster = Cluster("green", "preview.test", SyncerKind.FLUX, "flux-system", repository_secret=secret)
    source = only(documents(cluster), "GitRepository")
    assert source["spec"].get("secretRef") == (None if secret is None else {"name": secret})


# Rights


@SYNCED
def test_rights_are_exactly_those_that_are_used(cluster: Cluster) -> None:
    found = documents(cluster)
    everywhere = _granted(only(found, "ClusterRole"))
    assert everywhere == {resource.name: {"list", "watch"} for resource in WATCHED} | {
        # For a log: the pod tells which of its variables come from Secrets.
        "pods": {"get", "list", "watch"},
        "pods/log": {"get"},
    }
    role = only(found, "Role")
    assert role["metadata"]["namespace"] == cluster.syncer_namespace
    watched = {resource.name: {"list", "watch", "patch"} for resource in synced_by(cluster.syncer)}
    roots = {"applicationsets.argoproj.io": {"list", "patch"}} if cluster is ARGOCD else {}
    assert _granted(role) == watched | roots


def _granted(role: Mapping[str, Any]) -> dict[str, set[str]]:
    """{resource as RBAC and kubectl name it: verbs}."""
    granted: dict[str, set[str]] = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                granted.setdefault(f"{resource}.{group}".rstrip("."), set()).update(rule["verbs"])
    return granted


@SYNCED
def test_rights_are_given_to_ephemera_alone_and_bounded_by_a_policy(cluster: Cluster) -> None:
    found = documents(cluster)
    account = {"kind": "ServiceAccount", "name": "ephemera", "namespace": "ephemera"}
    for binding, role in (("ClusterRoleBinding", "ClusterRole"), ("RoleBinding", "Role")):
        document = only(found, binding)
        assert document["subjects"] == [account]
        assert (document["roleRef"]["kind"], document["roleRef"]["name"]) == (role, "ephemera")
    policy, bound = only(found, "ValidatingAdmissionPolicy"), only(found, "ValidatingAdmissionPolicyBinding")
    assert policy["spec"]["failurePolicy"] == "Fail"
    assert "system:serviceaccount:ephemera:ephemera" in policy["spec"]["matchConditions"][0]["expression"]
    assert bound["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}


@SYNCED
def test_kubernetes_takes_the_rights(cluster: Cluster) -> None:
    for document in yaml.safe_load_all(bootstrapping.manifests(settings(), cluster)["rights.yaml"]):
        kubernetes_validate.validate(document, "1.37", strict=True)


# Settings with anything in them


@SYNCED
def test_settings_come_out_as_the_text_that_they_are(cluster: Cluster) -> None:
    usual, hostile = documents(cluster), documents(cluster, environments_repository=HOSTILE, environments_branch="no")
    assert [document["kind"] for document in hostile] == [document["kind"] for document in usual]
    if cluster is ARGOCD:
        assert only(hostile, "AppProject")["spec"]["sourceRepos"] == [HOSTILE]
        generator = only(hostile, "ApplicationSet")["spec"]["generators"][0]["git"]
        assert (generator["repoURL"], generator["revision"]) == (HOSTILE, "no")
    else:
        spec = only(hostile, "GitRepository")["spec"]
        assert (spec["url"], spec["ref"]["branch"]) == (HOSTILE, "no")


@SYNCED
def test_the_same_settings_give_the_same_bytes(cluster: Cluster) -> None:
    assert bootstrapping.manifests(settings(), cluster) == bootstrapping.manifests(settings(), cluster)


# Review in the environments repository


def audit(**changes: Any) -> dict[str, str]:
    """The files for the environments repository."""
    return {name: content.decode() for name, content in bootstrapping.audit_files(settings(**changes)).items()}


def test_ruleset_lets_nobody_but_the_app_push_past_review() -> None:
    ruleset = json.loads(audit(github_app_id="4711", environments_branch="live")["ruleset.json"])
    assert ruleset["enforcement"] == "active"
    assert ruleset["conditions"]["ref_name"]["include"] == ["refs/heads/live"]
    assert ruleset["bypass_actors"] == [{"actor_id": 4711, "actor_type": "Integration", "bypass_mode": "always"}]
    rules = {rule["type"]: rule.get("parameters") for rule in ruleset["rules"]}
    assert rules.keys() == {"deletion", "non_fast_forward", "pull_request", "required_status_checks"}
    assert rules["pull_request"]["required_approving_review_count"] == 1
    assert rules["pull_request"]["require_code_owner_review"] is True
    assert rules["required_status_checks"]["required_status_checks"] == [
        {"context": "ephemera / proposal", "integration_id": 4711}
    ]


def test_every_entry_of_the_ruleset_is_explained() -> None:
    files = audit()
    ruleset = json.loads(files["ruleset.json"])
    entries = {"bypass_actors", "conditions"} | {rule["type"] for rule in ruleset["rules"]}
    switched_on = {
        name
        for rule in ruleset["rules"]
        for name, value in rule.get("parameters", {}).items()
        if value not in (False, [])
    }
    told = {line.split("`")[1] for line in files["README.md"].splitlines() if line.startswith("| `")}
    assert told == (entries | switched_on)


def test_every_cluster_and_what_guards_the_rest_has_owners() -> None:
    declared = [
        line.split() for line in audit(cluster_name="blue")["CODEOWNERS"].splitlines() if line[:1] in ("*", "/")
    ]
    owners = {pattern: who for pattern, *who in declared}
    assert owners.pop("/environments/blue/") == owners.pop("/syncs/blue/") == ["@acme/blue"]
    assert owners.keys() == {"*", "/bootstrap/", "/.github/", "/CODEOWNERS", "/docs/CODEOWNERS"}
    assert {owner for who in owners.values() for owner in who} == {"@acme/platform"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"environments_repository": "https://git.test/environments"}, "end with /owner/name.git"),
        ({"github_app_id": "Iv1.0123456789abcdef"}, "names an App by its number"),
    ],
)
def test_what_a_ruleset_cannot_name_is_told(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Stalled, match=words):
        audit(**changes)


def test_branch_with_anything_in_its_name_stays_in_its_place() -> None:
    files = audit(environments_branch='x`| @all\n"]')
    assert json.loads(files["ruleset.json"])["conditions"]["ref_name"]["include"] == ['refs/heads/x`| @all\n"]']
    assert len(files["README.md"].splitlines()) == len(audit()["README.md"].splitlines())


def test_audit_is_committed_beside_the_clusters_unless_one_is_called_so(
    environments_repository: str, git_server: GitHost, tmp_path: Path
) -> None:
    login = Credentials(git_server.username, git_server.password)
    repository = Repository(Remote(environments_repository, "main", lambda: login), tmp_path / "cache")
    files = bootstrapping.audit_files(settings())
    assert bootstrapping.commit_audit(repository, [FLUX], files).startswith("bootstrap/audit is at commit ")
    assert bootstrapping.commit_audit(repository, [FLUX], files).endswith(", unchanged")
    with pytest.raises(Stalled, match="bootstrap/audit is the folder of cluster audit"):
        bootstrapping.commit_audit(repository, [Cluster("audit", "preview.test")], files)


# The command


@pytest.fixture
def variables(git_server: GitHost, environments_repository: str, tmp_path: Path) -> dict[str, str]:
    """Give settings for a real environments repository; nothing else of them exists."""
    return {
        "EPHEMERA_DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "EPHEMERA_REDIS_URL": "redis://127.0.0.1:1/0",
        "EPHEMERA_GITHUB_APP_ID": "1",
        "EPHEMERA_GITHUB_PRIVATE_KEY": PEM,
        "EPHEMERA_GITHUB_WEBHOOK_SECRETS": "s",
        "EPHEMERA_ENVIRONMENTS_REPOSITORY": environments_repository,
        "EPHEMERA_GIT_USERNAME": git_server.username,
        "EPHEMERA_GIT_PASSWORD": git_server.password,
        "EPHEMERA_PREVIEW_DOMAIN": "preview.test",
        "EPHEMERA_CLUSTER_NAME": "green",
        "EPHEMERA_SYNCER": "flux",
        "EPHEMERA_CACHE_DIRECTORY": str(tmp_path / "cache"),
    }


def test_command_prints_what_kubectl_applies(variables: dict[str, str]) -> None:
    done = ephemera("bootstrap", "flux", **variables)
    assert done.returncode == 0, done.stderr
    printed = list(yaml.safe_load_all(done.stdout))
    assert [document["kind"] for document in printed] == [document["kind"] for document in documents(FLUX)]


def test_command_says_in_one_line_that_no_such_cluster_is_declared(variables: dict[str, str]) -> None:
    done = ephemera("bootstrap", "argocd", **variables)
    assert done.returncode == 1
    assert done.stderr.startswith("ephemera: 0 of the declared clusters are with argocd")
    assert "Traceback" not in done.stderr


def test_manifests_are_committed_once(
    git_server: GitHost, environments_repository: str, variables: dict[str, str], tmp_path: Path
) -> None:
    first = ephemera("bootstrap", "flux", "--commit", **variables)
    assert first.returncode == 0, first.stderr
    again = ephemera("bootstrap", "flux", "--commit", **variables)
    assert again.stdout == f"{first.stdout.strip()}, unchanged\n"
    clone = tmp_path / "clone"
    _git(git_server, "clone", "--quiet", environments_repository, str(clone))
    subjects = _git(git_server, "-C", str(clone), "log", "--format=%s %(trailers:key=Reason,valueonly)").split("\n")
    assert [line for line in subjects if "Bootstrap" in line] == ["Bootstrap cluster green bootstrap"]
    assert sorted(path.name for path in (clone / "bootstrap" / "green").iterdir()) == ["flux.yaml", "rights.yaml"]
    head = _git(git_server, "-C", str(clone), "rev-parse", "HEAD").strip()
    assert first.stdout.strip() == f"bootstrap/green is at commit {head}"


def _git(host: GitHost, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], **host.client_environment()}
    done = subprocess.run(["git", *arguments], env=environment, capture_output=True, check=True, text=True)
    return done.stdout
