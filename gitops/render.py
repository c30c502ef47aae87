"""Renders an environment's manifests from the operator's templates.

A set is a folder of templates; a template `name.yaml.j2` is one Kubernetes object and becomes the file `name.yaml`.
Adding or changing one needs no code. It sees the spec's fields as plain values, and besides them `labels` and
`annotations`, pairs of strings. Every `{{ expression }}` is quoted by `quoting`, never by the template.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gitops.errors import TemplatesError
from gitops.labels import annotations_of, labels_of, links_of
from gitops.quoting import yaml_scalar
from gitops.spec import Spec
from gitops.text import shown, single_line

OBJECT_LIMIT = 200
"""Objects an environment."""
SIZE_LIMIT = 1024 * 1024
"""Bytes an environment."""
_SUFFIX = ".yaml.j2"
# What an expression of a template can raise besides Jinja's own errors: `1 // 0`, `"x" + 1`, `"x".encode("y")`.
_MISTAKES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, in which no operator can make a small template large either."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, int) and isinstance(right, int) and operator != "**":
            return super().call_binop(context, operator, left, right)
        raise SecurityError(f"{shown(left, 40)} {operator} {shown(right, 40)} may grow without limit")


@dataclass(frozen=True, slots=True)
class Templates:
    """The compiled templates of one directory, or of one version that was kept; made once in a process."""

    sets: Mapping[str, Mapping[str, Template]]
    """{set: {file name of the manifest: template}}"""
    files: Mapping[str, str]
    """`{"web/service.yaml.j2": text}`, sorted: what they were compiled from. `of` makes the same templates of it."""
    digest: str
    """SHA-256 of `files`, hexadecimal; another byte or name is another digest."""

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Compile every set under the directory. Raises TemplatesError naming the template that cannot be read or does
        not compile. A template may include other files of the directory whose name ends with `.j2`."""
        return cls.of({name: _read(directory / name, name) for name in _names(directory)})

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Self:
        """Compile them from memory: they render the very bytes that the directory which they came from renders."""
        held = dict(sorted(files.items()))
        environment = _Sandbox(
            loader=DictLoader(held),
            undefined=StrictUndefined,
            finalize=yaml_scalar,
            autoescape=False,  # that is for HTML; this is YAML, and `finalize` quotes
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        return cls(_compile(environment, held), held, _digest(held))

    def render(self, spec: Spec) -> dict[str, bytes]:
        """The spec's manifests, {file name: bytes}, sorted by name.

        Raises TemplatesError naming the template, also when two sets hold one file name, or the whole is too large.
        """
        files: dict[str, bytes] = {}
        for name in spec.sets:
            rendered = {file: _render(template, spec, name) for file, template in self._set(name).items()}
            if twice := sorted(files.keys() & rendered.keys()):
                raise TemplatesError(f"rendering set {name!r}: another set also makes {', '.join(twice)}")
            files |= rendered
            _refuse_too_much(files)
        return dict(sorted(files.items()))

    def _set(self, name: str) -> Mapping[str, Template]:
        if name not in self.sets:
            raise TemplatesError(f"no template set {name!r}; there are {', '.join(self.sets)}")
        return self.sets[name]


def _names(directory: Path) -> list[str]:
    """Relative to the directory, sorted. What begins with a dot is left out: a mounted ConfigMap has all that twice."""
    names: list[str] = []
    for folder, folders, files in os.walk(directory, onerror=_raise, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        there = Path(folder).relative_to(directory)
        names += [(there / name).as_posix() for name in files if name.endswith(".j2") and not name.startswith(".")]
    return sorted(names)


def _raise(error: OSError) -> None:
    raise error


def _read(path: Path, name: str) -> str:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise TemplatesError(f"reading template {name}: it is not UTF-8: {error.reason}") from error
    if "\0" in text:
        raise TemplatesError(f"reading template {name}: it holds a NUL character; remove it")
    return text


def _digest(files: Mapping[str, str]) -> str:
    """Each name and text behind its length, so that no text can be taken for a name."""
    digest = hashlib.sha256()
    for part in _parts(files):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(files: Mapping[str, str]) -> Iterator[bytes]:
    for name, text in sorted(files.items()):
        yield name.encode()
        yield text.encode()


def _compile(environment: _Sandbox, files: Mapping[str, str]) -> dict[str, dict[str, Template]]:
    """A file `<set>/<name>.yaml.j2` is an object's; others are only there to be included."""
    sets: dict[str, dict[str, Template]] = {}
    for name in files:
        folder, _, file = name.partition("/")
        if file.endswith(_SUFFIX) and "/" not in file:
            sets.setdefault(folder, {})[file.removesuffix(".j2")] = _compile_one(environment, name)
    return sets


def _compile_one(environment: _Sandbox, name: str) -> Template:
    try:
        return environment.get_template(name)
    except TemplateError as error:
        raise TemplatesError(f"compiling template {name}: {single_line(str(error))}") from error


def _render(template: Template, spec: Spec, template_set: str) -> bytes:
    pairs = {"labels": labels_of(spec, template_set), "annotations": annotations_of(spec), "links": links_of(spec)}
    pieces: list[str] = []
    size = 0
    try:
        for piece in template.generate(spec.to_mapping() | pairs):
            pieces.append(piece)
            size += len(piece)
            if size > SIZE_LIMIT:
                break
    except (TemplateError, TemplatesError, *_MISTAKES) as error:
        raise TemplatesError(f"rendering template {template.name}: {single_line(str(error))}") from error
    return "".join(pieces).encode("utf-8", "replace")


def _refuse_too_much(files: Mapping[str, bytes]) -> None:
    if len(files) > OBJECT_LIMIT:
        raise TemplatesError(f"rendering: {len(files)} objects; an environment may have {OBJECT_LIMIT}")
    if (size := sum(map(len, files.values()))) > SIZE_LIMIT:
        raise TemplatesError(f"rendering: {size} bytes or more; an environment may have {SIZE_LIMIT}")
