"""Renders the templates. Only what is marked as Markdown comes out: foreign text has to pass a filter first."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from app.domain.markdown import Markdown, block, code, prose, tidy

_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **values: Any) -> Markdown:
    """The template `templates/{name}.md.j2` with these values, blank lines tidied.

    Raises TypeError where it would show text as it is that is not marked as Markdown, and jinja2's UndefinedError for a
    name that is not there: a mistake in a template, which the samples of `preview` find.
    """
    return tidy(_template(name).render(values))


def line(name: str, **values: Any) -> str:
    """The same for a place that takes one line of plain text."""
    return " ".join(render(name, **values).split())


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.md.j2")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown is not HTML; `finalize` lets nothing else pass
        finalize=_only_markdown,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(code=code, block=block, prose=prose)
    return environment


def _only_markdown(value: object) -> object:
    if isinstance(value, Markdown | int):
        return value
    raise TypeError(f"a template shows {value!r} as it is; pass it through code, block or prose")
