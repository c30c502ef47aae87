"""Quoting: every text comes back from YAML as it went in, and stays on its line."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitops.errors import TemplatesError
from gitops.quoting import quoted, yaml_scalar
from gitops.text import shown, single_line

HOSTILE = [
    "null",
    "yes",
    "1e3",
    "00e1234",
    "0123456",
    "&anchor",
    "!tag",
    "*",
    "{{config}}",
    "](",
    "",
    " ",
    "é" * 65_535,
    'x"\n  labels: {pwn: "1"}\n---\nkind: ClusterRoleBinding',
    "party 😀",
    "\r\n[CRITICAL] forged",
    "\x00\x07\x1b[31m\x7f\x85",
    "\u2028\u2029\ufeff",
    "\u202eright to left\u202c, zero\u200bwidth",
    "back\\slash \\n \\u0041",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_hostile_text_comes_back_as_it_was(text: str, loader: type[yaml.SafeLoader]) -> None:
    assert yaml.load(f"a: {quoted(text)}\n".encode(), loader) == {"a": text}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_from_one_line(text: str) -> None:
    written = quoted(text.replace("\ufffe", "").replace("\uffff", ""))
    assert len(written.splitlines()) == 1
    assert yaml.load(written.encode(), yaml.CSafeLoader) == text.replace("\ufffe", "").replace("\uffff", "")


def test_emoji_stays_itself() -> None:
    assert quoted("party 😀") == '"party 😀"'


def test_lone_surrogate_is_replaced_because_no_file_can_hold_it() -> None:
    assert quoted("a\ud83db\uffff") == '"a\ufffdb\ufffd"'


@pytest.mark.parametrize(
    ("value", "written"),
    [(8080, "8080"), (-1, "-1"), (True, "true"), (False, "false"), (None, "null"), ("8080", '"8080"')],
)
def test_scalars_keep_their_type(value: object, written: str) -> None:
    assert yaml_scalar(value) == written


@pytest.mark.parametrize("value", [[1], {"a": 1}, 1.5, object(), b"bytes"])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(TemplatesError, match="only text"):
        yaml_scalar(value)


@given(st.text())
def test_single_line_is_one_line_that_can_be_encoded(text: str) -> None:
    line = single_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line.encode()) <= 800


@given(st.text())
def test_shown_value_is_short_and_can_be_printed(text: str) -> None:
    assert len(shown(text)) <= 200
    assert len(shown(text).encode().splitlines()) == 1
