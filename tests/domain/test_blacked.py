"""What a reviewer sees of a manifest: every line of it, and no secret in any."""

import json
from difflib import unified_diff
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain import lines as lines_module
from app.domain.blacked import blacked, lines
from app.domain.lines import MAX_DIFF, changed_lines


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ("kind: ConfigMap\ndata:\n  db_password: hunter2", "kind: ConfigMap\ndata:\n  db_password: ***"),
        ("data:\n  'api_key': 'a b'\nkind: ConfigMap", "data:\n  'api_key': '***'\nkind: ConfigMap"),
        ("kind: ConfigMap\ndata:\n  ü: ü\n  token: ü", "kind: ConfigMap\ndata:\n  ü: ü\n  token: ***"),
        ("kind: ConfigMap\nbinaryData:\n  it: AAAA", "kind: ConfigMap\nbinaryData:\n  it: ***"),
        (
            "kind: ConfigMap\ndata:\n  ini: |\n    user=bob\n    password=x1\n    end",
            "kind: ConfigMap\ndata:\n  ini: |\n    user=bob\n    password=**\n    end",
        ),
        (
            "kind: ConfigMap\ndata:\n  secret.txt: |-\n    one\n\n    two\n  next: ok",
            "kind: ConfigMap\ndata:\n  secret.txt: |-\n    ***\n\n    ***\n  next: ok",
        ),
        ("kind: ConfigMap\ndata:\n  it: >\n    password:\n    x", "kind: ConfigMap\ndata:\n  it: >\n    ***\n    ***"),
        ('kind: ConfigMap\ndata:\n  it: "pass\n    token=x1"', 'kind: ConfigMap\ndata:\n  it: "***\n    ***'),
        (r'data: {it: "a=1\ntoken=abc"}' + "\nkind: X", r'data: {it: "a=1\ntoken=***"}' + "\nkind: X"),
        ("env:\n- name: API_KEY\n  value: abc\n- value: ok", "env:\n- name: API_KEY\n  value: ***\n- value: ok"),
        ("env: [{value: abc, name: DB_PASSWORD}]", "env: [{value: ***, name: DB_PASSWORD}]"),
        ("url: postgres://shop:hunter2@db/shop", "url: postgres://***@db/shop"),
        ("args: [--token, abc, --port, 80]", "args: [--token, ***, --port, 80]"),
        ("args: [--token=abc]", "args: [--token=***]"),
    ],
)
def test_secrets_are_blacked_out_where_they_stand(manifest: str, expected: str) -> None:
    assert "\n".join(blacked(manifest.encode())) == expected


@pytest.mark.parametrize(
    "manifest",
    [
        "spec: {automountServiceAccountToken: false}",
        "spec: {image: acme/token-service:1.2}",
        "valueFrom: {secretKeyRef: {name: db-password, key: password}}",
        "spec: {tls: [{secretName: wildcard}]}",
        "kind: ConfigMap\ndata:\n  COLOUR: red\n  text: |\n    Enter your password below",
        'kind: ConfigMap\ndata: {token: ""}',
    ],
)
def test_what_is_no_secret_stays(manifest: str) -> None:
    assert blacked(manifest.encode()) == lines(manifest.encode())


@pytest.mark.parametrize("manifest", ["a: &x [1]\nb: *x", "a: 1\n---\nb: 2", "just text", "a: [", "a: \0"])
def test_of_what_cannot_be_read_nothing_is_shown(manifest: str) -> None:
    assert set(blacked(manifest.encode())) == {"***"}


PRINTABLE = st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029", exclude_categories=["Cs", "Cc"])
SECRETS = st.text(PRINTABLE, min_size=8, max_size=20)


@given(SECRETS, st.text(PRINTABLE | st.just("\n"), max_size=30), st.sampled_from(["|", ">", '"', "'", None]))
def test_no_planted_secret_is_left(secret: str, before: str, style: Any) -> None:
    assume(secret.strip() == secret and secret not in before and secret not in "kind: ConfigMap data name value ***")
    data = {"before": before, "DB_PASSWORD": secret, "after": before}
    manifest = {"kind": "ConfigMap", "data": data, "env": [{"name": "TOKEN", "value": secret}]}
    content = yaml.dump(manifest, default_style=style, allow_unicode=True, width=10**6).encode()
    shown = blacked(content)
    assert len(shown) == len(lines(content))
    assert secret not in "\n".join(shown)


LINES = st.lists(st.sampled_from(["a: 1", "b: 2", "c: 3", "d: 4", "e: 5"]), min_size=1, max_size=12, unique=True)


@given(LINES, LINES)
def test_diff_is_that_of_every_other_program(before: list[str], after: list[str]) -> None:
    assume(before != after)
    told = changed_lines("\n".join(before).encode(), "\n".join(after).encode())
    assert told.split("\n") == list(unified_diff(before, after, lineterm=""))[2:]


def test_added_and_removed_manifests_are_shown_whole() -> None:
    assert changed_lines(b"", b"a: 1\nb: 2\n") == "@@ -0,0 +1,2 @@\n+a: 1\n+b: 2"
    assert changed_lines(b"a: 1\n", b"") == "@@ -1 +0,0 @@\n-a: 1"


def test_a_difference_that_no_line_shows_is_told() -> None:
    assert changed_lines(b"a: 1", b"a: 1\n") == "Only the end of the last line differs."


def test_huge_manifests_are_cut_in_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    long = json.dumps({"kind": "ConfigMap", "data": {"it": "x" * 200_000}}).encode()
    assert len(changed_lines(b"", long).encode()) <= MAX_DIFF
    monkeypatch.setattr(lines_module, "MAX_LINES", 2)
    assert changed_lines(b"a: 1", b"a: 1\nb: 2\nc: 3") == "1 lines became 3: too many to compare."
