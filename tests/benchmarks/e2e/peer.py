"""The peer: Argo CD's own pull request generator on the same cluster, with the same objects and the same GitHub.

Its webhook goes straight to the ApplicationSet controller; nothing is committed anywhere. Its client insists on a path
`/api/v3` before GitHub's, which a forwarder takes away.
https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Pull-Request/.
"""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import requests
import yaml

from app.demo.github.readings import PullRequest
from app.demo.github.sender import Sending
from app.demo.outside import APP_ID
from app.settings import Settings
from gitops.render import Templates
from gitops.spec import Spec
from tests.benchmarks.e2e.timeline import Timeline
from tests.e2e.realm import Realm

_OWNER, _NAME = "peer", "app"
_REPOSITORY = f"{_OWNER}/{_NAME}"
_MANIFESTS = "acme/peer-manifests"
_NOBODY = Sending(is_suppressed=True)
_SHA, _NAMESPACE, _NUMBER = "0" * 40, "pr-999999-app", 999999
_JSONNET = f"""
local put(text) = std.strReplace(std.strReplace(text, '{_SHA}', std.extVar('sha')), '{_NAMESPACE}', std.extVar('ns'));
local walk(value) =
  if std.isString(value) then put(value)
  else if std.isArray(value) then [walk(each) for each in value]
  else if std.isObject(value) then {{ [put(key)]: walk(value[key]) for key in std.objectFields(value) }}
  else value;
walk(import 'objects.libsonnet')
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """The generator, following pull requests of a repository that Ephemera is not told of."""

    realm: Realm
    timeline: Timeline

    def opened(self) -> tuple[PullRequest, float]:
        """Open a pull request; returns it with the seconds until its commit ran."""
        pull = self.realm.world.github.open_pull_request(_REPOSITORY, sending=_NOBODY)
        return pull, self._told(pull, "opened")

    def pushed(self, pull: PullRequest) -> float:
        """Push to it; the seconds until that commit ran."""
        pull = self.realm.world.github.push(_REPOSITORY, pull.number, sending=_NOBODY)
        return self._told(pull, "synchronize")

    def closed(self, pull: PullRequest) -> None:
        """Close it, and remove the namespace, which the generator would leave for ever."""
        self.realm.world.github.close_pull_request(_REPOSITORY, pull.number, sending=_NOBODY)
        self._send(pull, "closed")
        name = _application(pull)
        self.realm.api.wait("argoproj.io/v1alpha1", "Application", ("argocd", name), lambda it: it is None, 60)
        self.realm.api.delete("v1", "Namespace", name)

    def many(self, count: int, seconds: float) -> float:
        """Open so many at once; the seconds until all of them ran."""
        github, began = self.realm.world.github, time.time()
        pulls = [github.open_pull_request(_REPOSITORY, sending=_NOBODY) for _ in range(count)]
        for pull in pulls:
            self._send(pull, "opened")
        return max(self.timeline.await_ready(_application(pull), pull.head_sha, seconds) for pull in pulls) - began

    def _told(self, pull: PullRequest, action: str) -> float:
        began = time.time()
        self._send(pull, action)
        return self.timeline.await_ready(_application(pull), pull.head_sha, 120) - began

    def _send(self, pull: PullRequest, action: str) -> None:
        headers = {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": f"{pull.number}-{action}-{pull.head_sha}"}
        url = self.realm.stack.applicationset_webhook_url
        _ask("POST", url, json=_payload(self.realm, pull, action), headers=headers).raise_for_status()


@contextmanager
def running(realm: Realm, timeline: Timeline) -> Iterator[Peer]:
    """Set the generator up; at the end it is gone."""
    realm.world.github.install(_OWNER, sending=_NOBODY)
    realm.world.github.create_repository(_REPOSITORY, sending=_NOBODY)
    manifests = _publish_manifests(realm)
    with _forwarder(realm.world.github.url, _token(realm)) as url:
        realm.api.apply(_objects(realm, manifests, url))
        try:
            yield Peer(realm, timeline)
        finally:
            realm.api.delete("argoproj.io/v1alpha1", "ApplicationSet", "peer", "argocd")


def _application(pull: PullRequest) -> str:
    return f"peer-{pull.number}"


def _payload(realm: Realm, pull: PullRequest, action: str) -> dict[str, Any]:
    url, headers = realm.world.github.url, {"Authorization": f"Bearer {_token(realm)}"}
    found = _ask("GET", f"{url}/repos/{_REPOSITORY}/pulls/{pull.number}", headers=headers).json()
    return {"action": action, "number": pull.number, "pull_request": found, "repository": found["base"]["repo"]}


def _token(realm: Realm) -> str:
    """A token of the App's installation at the peer's account."""
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + 300, "iss": str(APP_ID)}
    key = (realm.world.outside.directory / "app.pem").read_text()
    headers = {"Authorization": f"Bearer {jwt.encode(claims, key, algorithm='RS256')}"}
    url = realm.world.github.url
    installed = _ask("GET", f"{url}/app/installations", headers=headers).json()
    number = next(each["id"] for each in installed if each["account"]["login"] == _OWNER)
    return str(_ask("POST", f"{url}/app/installations/{number}/access_tokens", headers=headers).json()["token"])


def _publish_manifests(realm: Realm) -> str:
    """Put the objects of an environment, as a Jsonnet program over name and commit, into a repository of its own."""
    git, folder = realm.world.outside.git, realm.world.outside.directory / "peer"
    url = git.create(_MANIFESTS, readme=True)
    environment = {"PATH": realm.world.outside.settings()["PATH"], **git.client_environment()}
    subprocess.run(["git", "clone", "--quiet", url, str(folder)], env=environment, check=True)
    (folder / "environment").mkdir()
    (folder / "environment" / "objects.libsonnet").write_text(json.dumps(_rendered()))
    (folder / "environment" / "main.jsonnet").write_text(_JSONNET)
    author = ("-c", "user.name=Peer", "-c", "user.email=peer@localhost")
    for command in (["add", "."], [*author, "commit", "--quiet", "-m", "Add the environment"], ["push", "--quiet"]):
        subprocess.run(["git", "-C", str(folder), *command], env=environment, check=True)
    return url


def _rendered() -> list[Any]:
    folder = f"environments/default/{_OWNER}/{_NAME}/{_NAMESPACE}"
    host = f"{_NAMESPACE}.preview.example.com"
    spec = Spec(
        cluster="default",
        namespace=_NAMESPACE,
        folder=folder,
        owner=_OWNER,
        repository=_NAME,
        number=_NUMBER,
        head_sha=_SHA,
        image=f"ghcr.io/peer/app:{_SHA}",
        port=8080,
        host=host,
    )
    templates = Templates.load(Path(str(Settings.model_fields["templates"].default)))
    return [yaml.safe_load(content) for content in templates.render(spec).values()]


def _objects(realm: Realm, manifests: str, github: str) -> list[dict[str, Any]]:
    git = realm.world.outside.git
    name = {"namespace": "argocd", "name": "peer"}
    repository = {"type": "git", "url": manifests, "username": git.username, "password": git.password}
    generator = {
        "owner": _OWNER,
        "repo": _NAME,
        "api": github,
        "tokenRef": {"secretName": "peer-github", "key": "token"},
    }
    variables = [{"name": "sha", "value": "{{head_sha}}"}, {"name": "ns", "value": "peer-{{number}}"}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {**name, "labels": {"argocd.argoproj.io/secret-type": "repository"}},
            "stringData": repository,
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": "argocd", "name": "peer-github"},
            "stringData": {"token": _token(realm)},
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "ApplicationSet",
            "metadata": name,
            "spec": {
                "generators": [{"pullRequest": {"github": generator, "requeueAfterSeconds": 1800}}],
                "template": {
                    "metadata": {
                        "name": "peer-{{number}}",
                        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
                    },
                    "spec": {
                        "project": "default",
                        "source": {
                            "repoURL": manifests,
                            "targetRevision": "main",
                            "path": "environment",
                            "directory": {"jsonnet": {"extVars": variables}},
                        },
                        "destination": {"server": "https://kubernetes.default.svc", "namespace": "peer-{{number}}"},
                        "syncPolicy": {
                            "automated": {"prune": True, "selfHeal": True},
                            "syncOptions": ["CreateNamespace=true", "ApplyOutOfSyncOnly=true"],
                        },
                    },
                },
            },
        },
    ]


@contextmanager
def _forwarder(target: str, token: str) -> Iterator[str]:
    """Serve GitHub's API below `/api/v3`, as its enterprise edition does."""

    class Forwarding(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/api/v3")
            answer = _ask("GET", f"{target}{path}", headers={"Authorization": f"Bearer {token}"})
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            # By it the next page of a list is found.
            self.send_header("Link", answer.headers.get("Link", ""))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarding)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def _ask(method: str, url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=30, **options)
