"""`check_run` and `check_suite`: somebody pressed a button, or asked for the check to be made again.

GitHub tells these only to the App whose check run or suite it is
(https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run). The signed body says which App that is, so
it is compared all the same.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from app.domain.command import CommandBell, Source
from app.domain.report import CHECK_NAME
from app.store.asking import Receipt
from app.web.doorbell.letter import MAX_NUMBER, Letter, account, inner, integer, repository_of, sha, wrong

_IDENTIFIER = re.compile(r"[a-z0-9_-]{1,20}")
_ENVIRONMENT = re.compile(r"[1-9][0-9]{0,9}")


def read_run(letter: Letter, app_id: str) -> Receipt:
    """The receipt of a `check_run` event, with the command where it asks for something. Raises Odd."""
    if letter.action not in ("requested_action", "rerequested"):
        return letter.ignored(f"{letter.action or 'no action'} of a check run asks for nothing")
    run = inner(letter.payload, "check_run")
    if not _is_ours(run, app_id) or run.get("name") != CHECK_NAME:
        return letter.ignored("the check run is another's")
    is_button = letter.action == "requested_action"
    return letter.commands(
        CommandBell(
            source=Source.BUTTON if is_button else Source.REREQUEST,
            repository=repository_of(letter.payload),
            actor=account("sender", letter.payload.get("sender")),
            digest=hashlib.sha256(letter.body).digest(),
            environment_id=_environment(run),
            head_sha=sha("check_run.head_sha", run.get("head_sha")),
            identifier=_identifier(letter) if is_button else None,
        )
    )


def read_suite(letter: Letter, app_id: str) -> Receipt:
    """The receipt of a `check_suite` event: all checks of a commit may be asked for again. Raises Odd."""
    if letter.action != "rerequested":
        return letter.ignored(f"{letter.action or 'no action'} of a check suite asks for nothing")
    suite = inner(letter.payload, "check_suite")
    if not _is_ours(suite, app_id):
        return letter.ignored("the check suite is another's")
    return letter.commands(
        CommandBell(
            source=Source.REREQUEST,
            repository=repository_of(letter.payload),
            actor=account("sender", letter.payload.get("sender")),
            digest=hashlib.sha256(letter.body).digest(),
            head_sha=sha("check_suite.head_sha", suite.get("head_sha")),
        )
    )


def _is_ours(thing: Mapping[str, Any], app_id: str) -> bool:
    """By the App's number, or its client id, with which one may sign in as well."""
    app = thing.get("app")
    return isinstance(app, dict) and app_id in (str(app.get("id")), app.get("client_id"))


def _environment(run: Mapping[str, Any]) -> int:
    external_id = run.get("external_id")
    if not isinstance(external_id, str) or not _ENVIRONMENT.fullmatch(external_id):
        raise wrong("check_run.external_id", external_id, "the id of an environment")
    return integer("check_run.external_id", int(external_id), MAX_NUMBER)


def _identifier(letter: Letter) -> str:
    identifier = inner(letter.payload, "requested_action").get("identifier")
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        raise wrong("requested_action.identifier", identifier, "the identifier of a button")
    return identifier
