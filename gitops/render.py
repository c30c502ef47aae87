"""Renders an environment's manifests from the operator's templates.

A set is a folder of templates; a template `name.yaml.j2` is one Kubernetes object and becomes the file `name.yaml`.
Adding or changing one needs no code. It sees the spec's fields as plain values, and besides them `labels` and
`annotations`, pairs of strings. Every `{{ expression }}` is quoted by `quoting`, never by the template.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateError
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
    """The compiled templates of one directory; made once in a process."""

    sets: Mapping[str, Mapping[str, Template]]
    """{set: {file name of the manifest: template}}"""

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Compile every set under the directory. Raises TemplatesError naming the template that does not compile."""
        environment = _Sandbox(
            loader=FileSystemLoader(directory),
            undefined=StrictUndefined,
            finalize=yaml_scalar,
            autoescape=False,  # that is for HTML; this is YAML, and `finalize` quotes
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
        )
        folders = sorted(path for path in directory.iterdir() if path.is_dir())
        return cls({folder.name: _compile(environment, folder) for folder in folders})

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


def _compile(environment: _Sandbox, folder: Path) -> dict[str, Template]:
    paths = sorted(folder.glob(f"*{_SUFFIX}"))
    return {path.name.removesuffix(".j2"): _compile_one(environment, f"{folder.name}/{path.name}") for path in paths}


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
