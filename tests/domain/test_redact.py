"""No planted secret is left, and nothing else is lost that a person needs."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.domain.redact import redact

KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fetch with ghp_16C7e42F292c6912E7710c838347Ae178B4a now", "fetch with *** now"),
        ("github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz", "***"),
        ("glpat-abcdefghij0123456789", "***"),
        ("xoxb-123456789012-abcdefABCDEF", "***"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "***"),
        ("id AKIAIOSFODNN7EXAMPLE", "id ***"),
        ("AIzaSyA-1234567890abcdefghijklmnopqrstu", "***"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P", "got ***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("> authorization: Digest username=me, response=0a1b", "> authorization: ***"),
        ("Cookie: a=1; session=2", "Cookie: ***"),
        ("curl -H 'X-Auth: Bearer Zm9vOmJhcg=='", "curl -H 'X-Auth: ***"),
        ("x-auth: bearer hunter", "x-auth: ***"),
        ("header Basic dXNlcjpwYXNz", "header Basic ***"),
        ("postgres://shop:hunter2@db:5432/shop failed", "postgres://***@db:5432/shop failed"),
        ("redis://:hunter2@cache/0", "redis://***@cache/0"),
        ("https://token@github.com/acme/shop", "https://***@github.com/acme/shop"),
        ("amqp://me:p@ss/word@mq/vhost", "amqp://***@mq/vhost"),
        ("shop:hunter2@tcp(db:3306)/shop", "***@tcp(db:3306)/shop"),
        ("password=hunter2", "password=***"),
        ("PASSWORD = hunter2 next", "PASSWORD = *** next"),
        ("db_password: hunter2", "db_password: ***"),
        ("password => 'correct horse'", "password => '***'"),
        ('{"secret": "s3 cr3t", "port": 80}', '{"secret": "***", "port": 80}'),
        ('{"secret" : "s3cr3t"}', '{"secret" : "***"}'),
        (r'{"msg": "{\"apiKey\":\"s3cr3t\"}"}', r'{"msg": "{\"apiKey\":\"***\"}"}'),
        (r'{"password": "a\"b", "x": 1}', '{"password": "***", "x": 1}'),
        ('{"password": "never closed', '{"password": "***'),
        ("API_KEY: 0a1b2c3d", "API_KEY: ***"),
        ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key=***"),
        ("AccountName=shop;AccountKey=0a1b2c==;Suffix=core", "AccountName=shop;AccountKey=***"),
        ("Server=db;User Id=sa;Pwd=hunter2", "Server=db;User Id=sa;Pwd=***"),
        ("--token abc --port 80", "--token *** --port 80"),
        ("--db-password=abc --port 80", "--db-password=*** --port 80"),
        ('msg="login password=hunter2" level=info', 'msg="login password=*** level=info'),
        ("https://x.test/a?sig=0a1b&token=2c", "https://x.test/a?sig=***"),
        ("pw=ab", "pw=**"),
    ],
)
def test_secrets_are_blacked_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        'secret "db" not found',
        'MountVolume.SetUp failed for volume "db-secret" : secret "db" not found',
        "couldn't find key PASSWORD in Secret pr-7-shop/db",
        "failed to fetch anonymous token: unexpected status: 401 Unauthorized",
        "unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized",
        "repository does not exist or may require authorization: server message: insufficient_scope",
        "Basic authentication failed, no bearer token",
        "at Object.<anonymous> (file:///app/node_modules/@nestjs/core/index.js:7:1)",
        "GET http://localhost:3000/@vite/client 404",
        "PWD=/app PORT=8080 max_tokens=4096",
        "2026-11-24T12:00:00Z ERROR listen tcp :8080: bind: permission denied",
        "ghcr.io/acme/shop@sha256:" + "0a" * 32,
        "commit " + "0a" * 20,
        'duplicate key value violates unique constraint "users_email_key"',
        "task-something-rather-long-and-harmless",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        ({"DB_DSN_X"}, "DB_DSN_X=abc", "DB_DSN_X=***"),
        ({"SHOP_MODE"}, "shop_mode: dark", "shop_mode: ***"),
        ({"SHOP_*"}, "SHOP_MODE=dark OTHER=light", "SHOP_MODE=*** OTHER=light"),
        ({"*"}, "MODE=dark other=light", "MODE=*** other=light"),
        ({"*"}, '{"MODE": "dark"}', '{"MODE": "***"}'),
        ({"*"}, "SHOP_MODE: dark", "SHOP_MODE: ***"),
        ({"*"}, "ERROR: no such table", "ERROR: no such table"),
        (set(), "SHOP_MODE=dark", "SHOP_MODE=dark"),
    ],
)
def test_values_of_variables_from_secrets_are_blacked_out_by_name(names: set[str], text: str, expected: str) -> None:
    assert redact(text, frozenset(names)) == expected


BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\n{KEY}\n{KEY}\n{KEY[:20]}==\n{END}",
        f"{BEGIN}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n{KEY}\n{END}",
        f"{BEGIN}\n{KEY}\n{KEY}",
        f"{KEY}\n{KEY}\n{END}",
        f"{KEY}\n{KEY}",
        rf'{{"key": "{BEGIN}\n{KEY}\n{END}\n"}}',
        f"10:00 app | {BEGIN}\n10:00 app | {KEY}\n10:00 app | {KEY[:7]}=\n10:00 app | {END}",
        f"{BEGIN}{KEY}{END} and {BEGIN}{KEY}",
    ],
)
def test_private_keys_go_whole_or_cut(text: str) -> None:
    cleaned = redact(f"before\n{text}\nand on it goes.")
    assert KEY[:7] not in cleaned
    assert cleaned.startswith("before\n")
    assert cleaned.endswith("\nand on it goes.")
    assert cleaned.count("\n") == f"before\n{text}\nand on it goes.".count("\n")


LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
SECRET = st.text(LETTERS + "23456789", min_size=24, max_size=48).filter(
    lambda text: any(c.isdigit() for c in text) and any(c.isupper() for c in text)
)
SPELLINGS = st.sampled_from(
    [
        "ghp_{}",
        "github_pat_{}",
        "glpat-{}",
        "xoxp-{}",
        "sk_live_{}",
        "eyJ{0}.{0}.{0}",
        "Bearer {}",
        "Basic {}",
        "Authorization: {}",
        "password={}",
        "password = '{}'",
        "Password: {}",
        '"clientSecret": "{}"',
        '"client_secret":"{}"',
        r"\"api_key\":\"{}\"",
        "API_KEY={}",
        "--access-token {}",
        "--access-token={}",
        "postgres://shop:{}@db/shop",
        "https://{}@github.com/x",
        "https://x.test/?access_token={}",
        "MY_VARIABLE={}",
        f"{BEGIN}\n{{0}}\n{{0}}\n{END}",
        rf"{BEGIN}\n{{0}}\n{END}",
    ]
)
NOISE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30)
PIECES = st.lists(
    st.one_of(NOISE, SPELLINGS, st.sampled_from(["\n", '"', "://", "@", "=", ": ", "--", "***"])), max_size=12
)


@settings(max_examples=400)
@given(NOISE, SPELLINGS, SECRET, NOISE)
def test_planted_secrets_never_survive(before: str, spelling: str, secret: str, after: str) -> None:
    assume(secret not in before + after)
    cleaned = redact(f"{before} {spelling.format(secret)} {after}\n", frozenset({"MY_VARIABLE"}))
    assert secret not in cleaned


@settings(max_examples=400)
@given(PIECES, SECRET)
def test_second_turn_changes_nothing_and_nothing_gets_longer(pieces: list[str], secret: str) -> None:
    text = "".join(piece.replace("{0}", secret).replace("{}", secret) for piece in pieces)
    once = redact(text)
    assert redact(once) == once
    assert len(once) <= len(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "=",
        ":",
        "-",
        "@",
        '"',
        "\\",
        "://",
        "://a:",
        "a:a@",
        "eyJ",
        "eyJ.",
        "ghp_",
        "SG.",
        "password=",
        'password="',
        "password: ",
        "--a ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----\n",
        "A1a" * 20 + "\n",
        "a.b-c_",
        "authorization: ",
        "Basic ",
        "\n",
        " ",
    ],
)
def test_a_megabyte_of_anything_is_done(piece: str) -> None:
    """That is no test of time: what took the square of it would not be done today."""
    text = piece * (1_000_000 // len(piece))
    assert len(redact(text)) <= len(text)
