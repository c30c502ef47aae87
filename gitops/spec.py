"""`Spec`: everything an environment's manifests are made of. The same spec gives the same bytes, always."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, Self

from gitops import fields as rules
from gitops.errors import SpecError
from gitops.text import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One environment at one commit. Raises SpecError, naming every field that is wrong, for unusable values."""

    cluster: str
    namespace: str
    """The environment's one name, allocated once."""
    folder: str
    """`environments/<cluster>/<owner>/<repository>/<namespace>`, allocated once; owner and repository may have been
    renamed since."""
    owner: str
    repository: str
    number: int
    head_sha: str
    image: str
    port: int
    """Where the container listens."""
    host: str
    generation: int = 0
    """One more for each deliberate redeploy, so that the same commit gives a new one in the environments repository."""
    ingress_namespace: str = "ingress-nginx"
    """The namespace whose pods may reach the environment from outside."""
    web_url: str = "https://github.com"
    """Where people see the pull request's GitHub."""
    sets: tuple[str, ...] = ("base", "web")

    def __post_init__(self) -> None:
        problems = [*_unusable(self), *_disagreeing(self)]
        if problems:
            raise SpecError(f"spec of environment {shown(self.namespace)}", problems)

    @classmethod
    def from_mapping(cls, value: object) -> Self:
        """The spec that a YAML or JSON document describes.

        Raises SpecError with everything that is wrong: unknown fields, missing ones, then unusable values.
        """
        if not isinstance(value, Mapping):
            raise SpecError("spec", [f"it is {shown(value)}; make it a mapping of {', '.join(_NAMES)}"])
        if problems := [*_unknown(value), *_missing(value), *_bad_values(value)]:
            raise SpecError("spec", problems)
        return cls(**_with_tuple(value))

    def to_mapping(self) -> dict[str, Any]:
        """What `from_mapping` reads: field name -> string, integer or list of strings, fit for JSON."""
        return asdict(self) | {"sets": list(self.sets)}


_NAMES = tuple(field.name for field in fields(Spec))
_REQUIRED = tuple(field.name for field in fields(Spec) if field.default is MISSING)
_RULES: Mapping[str, rules.Rule] = {
    "cluster": rules.dns_label,
    "namespace": rules.dns_label,
    "folder": rules.folder,
    "owner": rules.owner,
    "repository": rules.repository,
    "number": rules.number,
    "head_sha": rules.head_sha,
    "image": rules.image,
    "port": rules.port,
    "host": rules.host,
    "generation": rules.generation,
    "ingress_namespace": rules.dns_label,
    "web_url": rules.web_url,
    "sets": rules.sets,
}


def _unusable(spec: Spec) -> list[str]:
    return _broken_rules({name: getattr(spec, name) for name in _NAMES})


def _disagreeing(spec: Spec) -> list[str]:
    if rules.folder(spec.folder) is not None:
        return []
    _, cluster, _, _, name = spec.folder.split("/")
    if (cluster, name) == (spec.cluster, spec.namespace):
        return []
    return [f"folder is {shown(spec.folder)}; it must name the cluster and end with the namespace"]


def _unknown(value: Mapping[Any, Any]) -> list[str]:
    return [
        f"{shown(name)} is not a field of a spec; remove it or use one of {', '.join(_NAMES)}"
        for name in value
        if name not in _NAMES
    ]


def _missing(value: Mapping[Any, Any]) -> list[str]:
    return [f"{name} is missing; add it" for name in _REQUIRED if name not in value]


def _bad_values(value: Mapping[Any, Any]) -> list[str]:
    return _broken_rules({name: held for name, held in _with_tuple(value).items() if name in _NAMES})


def _broken_rules(values: Mapping[str, object]) -> list[str]:
    return [
        f"{name} is {shown(value)}; make it {wanted}"
        for name, value in values.items()
        if (wanted := _RULES[name](value)) is not None
    ]


def _with_tuple(value: Mapping[Any, Any]) -> dict[Any, Any]:
    sets = value.get("sets")
    return {**value, "sets": tuple(sets)} if isinstance(sets, list) else dict(value)
