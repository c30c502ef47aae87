"""One environment of a test: it is opened, changed and closed as Ephemera does it, by commits and pokes."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import Place, deployment
from tests.contract.kubernetes.syncers.follower import Follower
from tests.contract.kubernetes.syncers.repository import Repository

_POKE_AGAIN_SECONDS = 8
_PATIENCE = 5


@dataclass(slots=True)
class Story:
    """The environment, which bears one name everywhere."""

    api: Api
    follower: Follower
    repository: Repository
    name: str
    is_open: bool = False

    @property
    def place(self) -> Place:
        """Its namespace."""
        return Place(self.api, self.name)

    @property
    def path(self) -> str:
        """The path of the object that stands for it with the syncer."""
        return self.follower.path(self.name)

    def namespace(self) -> Json:
        """Return its Namespace."""
        waves = {"argocd.argoproj.io/sync-wave": "-40"}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name, "annotations": waves}}

    def config_map(self, name: str, **data: str) -> Json:
        """Return a ConfigMap in it."""
        metadata = {"name": name, "namespace": self.name}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}

    def refused(self) -> Json:
        """Return a Deployment that the API server refuses."""
        made = self.deployment()
        made["spec"]["selector"]["matchLabels"] = {"another": "app"}
        return made

    def unreadable(self) -> Json:
        """Return a ConfigMap with a number where a text has to be."""
        made = self.config_map("numbered")
        made["metadata"]["labels"] = {"example.org/sha": 1234567}
        return made

    def deployment(self) -> Json:
        """Return a Deployment in it."""
        made = deployment("web")
        made["metadata"]["namespace"] = self.name
        return made

    def commit(self, *objects: Json) -> str:
        """Have these be all that it has, tell the syncer, and return the commit."""
        self.repository.put(self.name, objects)
        is_new, self.is_open = not self.is_open, True
        if is_new:
            self.follower.add(self.repository, self.name)
        commit = self.repository.push(self.name)
        if is_new:
            self.follower.poke_root()
        else:
            self.follower.poke(self.name)
        return commit

    def open(self, *objects: Json) -> Json:
        """Commit its Namespace and these objects; return the syncer's object once they are applied."""
        return self.await_applied(self.commit(self.namespace(), *objects))

    def close(self) -> None:
        """Remove its folder and tell the syncer."""
        self.repository.remove(self.name)
        self.follower.drop(self.repository, self.name)
        self.repository.push(self.name, is_last=True)
        self.follower.poke_root()
        self.is_open = False

    def end(self) -> None:
        """Close it where the test did not."""
        if self.is_open:
            self.close()

    def await_applied(self, commit: str) -> Json:
        """Return the syncer's object once it says that a commit is applied."""
        return self._await(lambda item: self.follower.is_applied(item, commit))

    def await_failed(self, commit: str) -> Json:
        """Return the syncer's object once it says that a commit could not be applied."""
        return self._await(lambda item: self.follower.has_failed(item, commit))

    def _await(self, is_so: Callable[[Json], bool]) -> Json:
        """Wait, and poke again when nothing comes of it.

        Argo CD loses a poke of an ApplicationSet that it is just busy with: it reads the set anew while it works, and
        takes off at the end what it has not heeded.
        """
        for _ in range(_PATIENCE):
            try:
                return self.api.wait_for(self.path, is_so, _POKE_AGAIN_SECONDS)
            except TimeoutError:
                self.follower.poke_root()
        return self.api.wait_for(self.path, is_so, _POKE_AGAIN_SECONDS)
