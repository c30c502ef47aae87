"""The ApplicationSet controller with the Git directories generator: an Application for each folder.

It looks at the repository when its time has come and when it is poked by the annotation
`argocd.argoproj.io/application-set-refresh`. A repository that cannot be read deletes nothing.
"""

import time
from collections.abc import Mapping

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import APPLICATION, APPLICATION_SET, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.gotemplate import TemplateError, fill
from app.demo.kubernetes.syncers.mirror import GitError, Mirrors
from app.demo.kubernetes.syncers.settings import Switch, SyncerSettings
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import condition, drop_annotation, is_going, owner_reference, with_conditions

ARGOCD = "argocd"
"""The namespace of Argo CD's own objects."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
_REFRESH = "argocd.argoproj.io/application-set-refresh"
_RETRY_SECONDS = 2.0


class ApplicationSets:
    """The controller; it keeps the ApplicationSet it made at the start."""

    def __init__(self, verbs: Verbs, mirrors: Mirrors, settings: SyncerSettings, switch: Switch) -> None:
        self._verbs = verbs
        self._mirrors = mirrors
        self._settings = settings
        self._switch = switch
        self._next_poll: dict[Key, float] = {}

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {APPLICATION_SET: itself})

    def create(self, name: str) -> None:
        """Makes the ApplicationSet that a platform team would have committed."""
        self._verbs.create(Target(APPLICATION_SET, ARGOCD), _application_set(name, self._settings))

    def _reconcile(self, key: Key) -> float | None:
        record = self._verbs.get(Target(APPLICATION_SET, key.namespace, key.name))
        if self._switch.is_paused:
            return None
        now = time.monotonic()
        is_poked = _REFRESH in (record.body["metadata"].get("annotations") or {})
        if not is_poked and now < self._next_poll.get(key, 0.0):
            return self._next_poll[key] - now
        try:
            self._generate(record, record.stored_at if is_poked else now)
        except (GitError, TemplateError) as error:
            self._write(record, str(error), is_poked=False)
            return _RETRY_SECONDS
        self._next_poll[key] = now + self._settings.poll_seconds
        self._write(record, "", is_poked=is_poked)
        return self._settings.poll_seconds

    def _generate(self, record: Record, asked_at: float) -> None:
        generator = record.body["spec"]["generators"][0]["git"]
        mirror = self._mirrors.of(generator["repoURL"])
        mirror.fetch(asked_at)
        commit = mirror.commit(generator["revision"])
        folders = mirror.folders(commit, generator["directories"][0]["path"])
        bodies = [_application(record, path) for path in folders]
        wanted = {str(body["metadata"]["name"]): body for body in bodies}
        present = {
            application.name: application
            for application in self._verbs.store.all(APPLICATION, record.namespace)
            if _belongs_to(application, record)
        }
        self._create_missing(record, wanted, present)
        self._change_others(wanted, present)
        for name in sorted(present.keys() - wanted.keys()):
            if not is_going(present[name]):
                self._verbs.delete(Target(APPLICATION, record.namespace, name))

    def _create_missing(self, record: Record, wanted: Mapping[str, Json], present: Mapping[str, Record]) -> None:
        for name in sorted(wanted.keys() - present.keys()):
            try:
                self._verbs.create(Target(APPLICATION, record.namespace), wanted[name])
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise

    def _change_others(self, wanted: Mapping[str, Json], present: Mapping[str, Record]) -> None:
        """Those that are not as the template says any more: it, or somebody, has changed them."""
        for name in sorted(wanted.keys() & present.keys()):
            spec = wanted[name]["spec"]
            if present[name].body["spec"] != spec and not is_going(present[name]):
                target = Target(APPLICATION, present[name].namespace, name)
                self._verbs.change(target, lambda body, spec=spec: body | {"spec": spec})  # type: ignore[misc]

    def _write(self, record: Record, trouble: str, *, is_poked: bool) -> None:
        if is_poked:
            self._verbs.change(Target(APPLICATION_SET, record.namespace, record.name), _without_poke)
        conditions = _conditions(trouble)

        def written(body: Json) -> Json:
            old = body.get("status", {}).get("conditions", ())
            return body | {"status": {"conditions": with_conditions(old, conditions)}}

        self._verbs.change(Target(APPLICATION_SET, record.namespace, record.name, "status"), written)


def _application_set(name: str, settings: SyncerSettings) -> Json:
    generator = {
        "repoURL": settings.repository,
        "revision": settings.branch,
        "directories": [{"path": settings.path}],
        "requeueAfterSeconds": int(settings.poll_seconds),
    }
    source = {"repoURL": settings.repository, "targetRevision": settings.branch, "path": "{{.path.path}}"}
    template = {
        "metadata": {"name": "{{.path.basename}}", "finalizers": [FINALIZER]},
        "spec": {
            "project": "ephemera",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "{{.path.basename}}"},
            # A commit that has failed is not tried again: what tests of a failure wait for.
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {"limit": 0}},
        },
    }
    spec = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"git": generator}],
        "template": template,
        "syncPolicy": {"preserveResourcesOnDeletion": False},
    }
    return {"metadata": {"name": name, "namespace": ARGOCD}, "spec": spec}


def _application(record: Record, path: str) -> Json:
    """The Application of a folder, as the set's template makes it."""
    body: Json = fill(record.body["spec"]["template"], path)
    metadata = {**body["metadata"], "ownerReferences": [owner_reference(record)]}
    return {"metadata": metadata, "spec": body["spec"]}


def _belongs_to(application: Record, record: Record) -> bool:
    uid = record.body["metadata"]["uid"]
    return any(owner["uid"] == uid for owner in application.body["metadata"].get("ownerReferences") or ())


def _without_poke(body: Json) -> Json:
    drop_annotation(body, _REFRESH)
    return body


def _conditions(trouble: str) -> list[Json]:
    if trouble:
        return [
            condition("ErrorOccurred", "True", "ApplicationGenerationFromParamsError", trouble),
            condition("ParametersGenerated", "False", "ErrorOccurred", trouble),
            condition("ResourcesUpToDate", "False", "ApplicationGenerationFromParamsError", trouble),
        ]
    generated = "All parameters have been generated successfully"
    done = "All applications have been generated successfully"
    return [
        condition("ErrorOccurred", "False", "ApplicationSetUpToDate", done),
        condition("ParametersGenerated", "True", "ParametersGenerated", generated),
        condition("ResourcesUpToDate", "True", "ApplicationSetUpToDate", done),
    ]
