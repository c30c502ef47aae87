"""Registering an App from a manifest."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.github.client import SimulatedGitHub
from tests.fixtures.github import Caller, Shop, app_jwt

REDIRECT = "http://127.0.0.1:9/back?from=github"


def _manifest(called: str, **changed: Any) -> dict[str, Any]:
    return {
        "name": called,
        "url": "https://preview.example.com",
        "hook_attributes": {"url": "https://preview.example.com/webhooks/github"},
        "redirect_url": REDIRECT,
        "public": False,
        "default_permissions": {"checks": "write", "metadata": "read"},
        "default_events": ["check_run"],
    } | changed


def _post(github: SimulatedGitHub, manifest: object, place: str = "/settings") -> requests.Response:
    address = f"{github.url}{place}/apps/new?state=s%2B1"
    return requests.post(address, data={"manifest": json.dumps(manifest)}, allow_redirects=False, timeout=10)


def _code(answer: requests.Response) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def _convert(github: SimulatedGitHub, code: str) -> requests.Response:
    return Caller(github.url, "").call("POST", f"/app-manifests/{code}/conversions")


def test_the_page_has_a_form_that_keeps_the_state(github: SimulatedGitHub) -> None:
    page = requests.get(f"{github.url}/settings/apps/new?state=s%2B1", timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    assert 'action="/settings/apps/new?state=s%2B1"' in page.text
    assert 'name="manifest"' in page.text


def test_a_posted_manifest_leads_back_with_a_code_and_the_state(github: SimulatedGitHub, shop: Shop) -> None:
    answer = _post(github, _manifest(f"Back {shop.repository_id}"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{REDIRECT}&code=")
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["state"] == ["s+1"]


def test_a_code_is_converted_once_into_an_app_that_works(github: SimulatedGitHub, shop: Shop) -> None:
    name = f"Once {shop.repository_id}"
    code = _code(_post(github, _manifest(name)))
    converted = _convert(github, code)
    made = converted.json()
    assert converted.status_code == 201
    assert (made["name"], made["slug"]) == (name, name.lower().replace(" ", "-"))
    assert made["permissions"] == {"checks": "write", "metadata": "read"}
    assert made["html_url"] == f"{github.url}/apps/{made['slug']}"
    assert all(made[key] for key in ("client_id", "client_secret", "webhook_secret"))
    assert _convert(github, code).status_code == 404
    key = serialization.load_pem_private_key(made["pem"].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    own = Caller(github.url, f"Bearer {app_jwt(key, issuer=str(made['id']))}")
    assert own.get("/app").json()["slug"] == made["slug"]
    assert own.get(f"/app/installations/{shop.installation_id}").status_code == 404


def test_an_organization_can_own_the_app(github: SimulatedGitHub, shop: Shop) -> None:
    owner = shop.name.split("/")[0]
    code = _code(_post(github, _manifest(f"Owned {shop.repository_id}"), f"/organizations/{owner}/settings"))
    assert _convert(github, code).json()["owner"]["login"] == owner


def test_without_a_webhook_there_is_no_secret(github: SimulatedGitHub, shop: Shop) -> None:
    manifest = _manifest(f"Quiet {shop.repository_id}")
    del manifest["hook_attributes"]
    assert _convert(github, _code(_post(github, manifest))).json()["webhook_secret"] is None


def test_a_code_is_good_for_an_hour(github: SimulatedGitHub, shop: Shop) -> None:
    code = _code(_post(github, _manifest(f"Late {shop.repository_id}")))
    github.shift_clock(3_601)
    assert _convert(github, code).status_code == 404


WRONG = [
    ({"url": None}, "url must be a URL"),
    ({"redirect_url": "back"}, "redirect_url must be a URL"),
    ({"hook_attributes": {}}, "hook_attributes needs a URL"),
    ({"name": "x" * 35}, "Name is too long"),
    ({"name": "ephemera"}, "Name is already taken"),
    ({"default_permissions": {"checks": "all"}}, "unknown level: checks"),
    ({"default_events": ["installation"]}, "Default events unsupported: installation"),
    ({"default_events": ["push", "check_run"]}, "not supported by permissions: push"),
]


@pytest.mark.parametrize(("changed", "problem"), WRONG)
def test_a_wrong_manifest_is_refused_with_the_reason(
    github: SimulatedGitHub, changed: dict[str, Any], problem: str
) -> None:
    answer = _post(github, _manifest("Wrong", **changed))
    assert answer.status_code == 422
    assert problem in answer.text


@pytest.mark.parametrize("manifest", ["{", "[]"])
def test_what_is_no_manifest_is_refused(github: SimulatedGitHub, manifest: str) -> None:
    address = f"{github.url}/settings/apps/new"
    assert requests.post(address, data={"manifest": manifest}, timeout=10).status_code == 422
