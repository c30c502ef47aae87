"""What Argo CD and Flux are given: commands, settings, credentials."""

import base64
import shlex
from pathlib import Path

import pytest
import yaml

from app.demo.git_host import GitHost
from app.demo.real import argocd, flux
from app.demo.real.layout import Layout
from app.demo.real.tools import Tools

GIT = GitHost("http://127.0.0.1:1", "ephemera", "secret")
CONFIG = {
    "argocd-cm.yaml": {"kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": {"kept": "yes"}},
    "argocd-rbac-cm.yaml": {"kind": "ConfigMap", "metadata": {"name": "argocd-rbac-cm"}},
    "argocd-secret.yaml": {"kind": "Secret", "metadata": {"name": "argocd-secret"}},
    "kustomization.yaml": {"kind": "Kustomization"},
}


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    """Give tools whose files hold what the stack reads, in small."""
    files = tmp_path / "files"
    config = files / "manifests" / "base" / "config"
    config.mkdir(parents=True)
    for name, document in CONFIG.items():
        (config / name).write_text(yaml.safe_dump(document))
    (files / "hack").mkdir()
    (files / "hack" / "git-verify-wrapper.sh").write_text("#!/bin/sh\n")
    (files / "hack" / "git-verify-wrapper.sh").chmod(0o444)
    names = ("argocd", *flux.COMPONENTS)
    return Tools({name: tmp_path / name for name in names}, {"argocd": files})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Give the folders of a stack."""
    return Layout.make(tmp_path / "stack")


def test_settings_join_those_of_the_module(tools: Tools) -> None:
    documents = {
        document["metadata"]["name"]: document
        for document in argocd.configuration(tools, {"timeout.reconciliation": "60s"})
    }
    assert documents["argocd-cm"]["data"] == {"kept": "yes", "timeout.reconciliation": "60s"}
    assert documents.keys() == {"argocd", "argocd-cm", "argocd-rbac-cm", "argocd-secret"}
    assert documents["argocd-rbac-cm"]["metadata"]["namespace"] == "argocd"


def test_argocd_is_given_a_key_so_that_the_webhook_is_served(tools: Tools) -> None:
    secret = next(document for document in argocd.configuration(tools, {}) if document["kind"] == "Secret")
    assert len(base64.b64decode(base64.b64decode(secret["data"]["server.secretkey"]))) == 32


def test_a_component_of_argocd_is_called_by_its_name(tools: Tools, layout: Layout) -> None:
    components = argocd.argocd(tools, layout, redis_port=6379)
    assert [component.program for component in components] == [layout.bin / name for name in argocd.COMPONENTS]
    assert all(component.program.readlink() == tools.binaries["argocd"] for component in components)


def test_what_git_calls_can_be_run(tools: Tools, layout: Layout) -> None:
    argocd.argocd(tools, layout, redis_port=6379)
    assert (layout.bin / "git-verify-wrapper.sh").stat().st_mode & 0o111
    assert (layout.bin / "argocd").readlink() == tools.binaries["argocd"]


def test_the_password_of_redis_is_in_the_environment_and_not_among_the_arguments(tools: Tools, layout: Layout) -> None:
    components = argocd.argocd(tools, layout, redis_port=6379)
    assert argocd.environment(layout, "redis-password", {})["REDIS_PASSWORD"] == "redis-password"
    assert not [component for component in components if "redis-password" in component.command]


def test_how_often_argo_cd_looks_by_itself_is_handed_over_as_its_manifests_do(layout: Layout) -> None:
    assert "ARGOCD_RECONCILIATION_TIMEOUT" not in argocd.environment(layout, "x", {})
    handed = argocd.environment(layout, "x", {"timeout.reconciliation": "1h"})
    assert handed["ARGOCD_RECONCILIATION_TIMEOUT"] == "1h"


def test_flux_stays_on_loopback_and_reports_to_nobody(tools: Tools, layout: Layout) -> None:
    for component in flux.flux(tools, layout):
        arguments = shlex.split(component.command)
        addresses = [argument.partition("=")[2] for argument in arguments if "-addr=" in argument]
        assert {address.partition(":")[0] for address in addresses} == {"", "0", "127.0.0.1"}


def test_credentials_are_where_each_syncer_looks_for_them() -> None:
    for_argocd = argocd.repository_secret("environments", "http://127.0.0.1:1/acme/environments.git", GIT)
    for_flux = flux.repository_secret("environments", GIT)
    assert for_argocd["metadata"]["labels"] == {"argocd.argoproj.io/secret-type": "repository"}
    assert for_argocd["stringData"]["url"] == "http://127.0.0.1:1/acme/environments.git"
    assert for_flux["stringData"] == {"username": "ephemera", "password": "secret"}
    assert (for_argocd["metadata"]["namespace"], for_flux["metadata"]["namespace"]) == ("argocd", "flux-system")
