"""The file by which Flux follows one environment: a GitRepository at the environment's own ref, and a Kustomization.

The environment's Namespace is in it too, not in its folder: Flux keeps a list of what a Kustomization made only once
all of it was applied, so the namespace of an environment that never was would stay when its Kustomization goes.

It lies beside the environments' folders, in a folder that a root Kustomization of the cluster applies, so that no
environment wakes or holds up another. It is made with the environment and removed with it, and never changed between:
everything in it was allocated once. Fields: https://fluxcd.io/flux/components/source/gitrepositories/ and
https://fluxcd.io/flux/components/kustomize/kustomizations/.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gitops import fields
from gitops.errors import SpecError
from gitops.labels import ENVIRONMENT, MANAGED_BY, MANAGER, PULL_REQUEST, REPOSITORY
from gitops.parse import parse_object
from gitops.quoting import quoted
from gitops.text import shown

SYNCS_ROOT = "syncs"
_NAMESPACE_FILE = "namespace.yaml"


def sync_path(folder: str) -> str:
    """`syncs/<cluster>/<namespace>.yaml`: the file beside an environment's folder."""
    _, cluster, _, _, namespace = folder.split("/")
    return f"{SYNCS_ROOT}/{cluster}/{namespace}.yaml"


def keep_path(folder: str) -> str:
    """`syncs/<cluster>/ephemera.yaml`: what keeps the folder of these files in being when the last environment goes."""
    return f"{SYNCS_ROOT}/{folder.split('/')[1]}/ephemera.yaml"


def keep_file(flux_namespace: str) -> bytes:
    """An object that does nothing. Flux fails, and removes nothing, where the folder that it follows is gone."""
    lines = [
        f"apiVersion: {quoted('v1')}",
        f"kind: {quoted('ConfigMap')}",
        "metadata:",
        f"  name: {quoted('ephemera')}",
        f"  namespace: {quoted(flux_namespace)}",
        "  labels:",
        f"    {MANAGED_BY}: {quoted(MANAGER)}",
        "data:",
        f"  purpose: {quoted('Keeps this folder in Git while there is no environment.')}",
    ]
    return "\n".join([*lines, ""]).encode()


def divided(files: Mapping[str, bytes]) -> tuple[bytes, dict[str, bytes]]:
    """The manifest of the Namespace, for the file beside; and the others, for the folder. They have passed `check`."""
    name = next(name for name, content in files.items() if parse_object(content)["kind"] == "Namespace")
    return files[name], {other: content for other, content in files.items() if other != name}


def joined(files: Mapping[str, bytes], sync: bytes | None) -> dict[str, bytes]:
    """All of an environment's manifests: those of its folder, and the Namespace that `divided` put into the file
    beside it. Raises SpecError where that file holds none."""
    if sync is None:
        return dict(files)
    namespace = sync.rpartition(b"\n---\n")[2]
    if not namespace:
        raise SpecError("a file beside an environment's folder", ["it holds no Namespace"])
    return {**files, _NAMESPACE_FILE: namespace}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """How Flux follows one environment. Raises SpecError for unusable values."""

    folder: str
    """`environments/<cluster>/<owner>/<repository>/<namespace>`: all names are taken from it, for it is never changed
    when the repository is renamed."""
    number: int
    """The pull request."""
    url: str
    """The environments repository."""
    ref: str
    """The environment's own ref, in full."""
    flux_namespace: str = "flux-system"
    secret: str | None = None
    """The Secret, in Flux's namespace, by which Flux logs in; None: it need not."""
    interval: str = "10m"
    """How often Flux looks by itself; pushes are told to it."""

    def __post_init__(self) -> None:
        wanted = {
            "folder": fields.folder(self.folder),
            "number": fields.number(self.number),
            "flux_namespace": fields.dns_label(self.flux_namespace),
            "secret": None if self.secret is None else fields.dns_label(self.secret),
            "interval": fields.interval(self.interval),
        }
        broken = {name: words for name, words in wanted.items() if words is not None}
        if problems := [f"{name} is {shown(getattr(self, name))}; make it {broken[name]}" for name in broken]:
            raise SpecError(f"Flux's file of {shown(self.folder)}", problems)

    def render(self, namespace: bytes) -> bytes:
        """The file, with the manifest of the environment's Namespace. The same values give the same bytes."""
        return "\n".join(["---", *self._source(), "---", *self._kustomization(), "---", ""]).encode() + namespace

    def _source(self) -> list[str]:
        return [
            *self._head("source.toolkit.fluxcd.io/v1", "GitRepository"),
            f"  url: {quoted(self.url)}",
            "  ref:",
            f"    name: {quoted(self.ref)}",
            f"  sparseCheckout: [{quoted(self.folder)}]",
            f"  interval: {quoted(self.interval)}",
            *(["  secretRef:", f"    name: {quoted(self.secret)}"] if self.secret else []),
        ]

    def _kustomization(self) -> list[str]:
        return [
            *self._head("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
            "  sourceRef:",
            '    kind: "GitRepository"',
            f"    name: {quoted(self._namespace)}",
            f"  path: {quoted(f'./{self.folder}')}",
            f"  interval: {quoted(self.interval)}",
            '  retryInterval: "15s"',
            '  timeout: "1m"',
            "  prune: true",
            # Whether it runs is judged on the workloads; waiting would hold up the next commit.
            "  wait: false",
            # Else the namespace may still be there when the Kustomization, by which its end is seen, is gone.
            '  deletionPolicy: "WaitForTermination"',
        ]

    def _head(self, version: str, kind: str) -> list[str]:
        _, _, owner, repository, namespace = self.folder.split("/")
        return [
            f"apiVersion: {quoted(version)}",
            f"kind: {quoted(kind)}",
            "metadata:",
            f"  name: {quoted(namespace)}",
            f"  namespace: {quoted(self.flux_namespace)}",
            "  labels:",
            f"    {MANAGED_BY}: {quoted(MANAGER)}",
            f"    {ENVIRONMENT}: {quoted(namespace)}",
            "  annotations:",
            f"    {REPOSITORY}: {quoted(f'{owner}/{repository}')}",
            f"    {PULL_REQUEST}: {quoted(str(self.number))}",
            "spec:",
        ]

    @property
    def _namespace(self) -> str:
        return self.folder.rpartition("/")[2]
