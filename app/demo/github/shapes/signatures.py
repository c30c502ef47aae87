"""Who wrote a commit and who made it, and which accounts those are."""

import re
from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.records import Account, Commit, Signature

# https://docs.github.com/account-and-profile/reference/email-addresses-reference#your-noreply-email-address
_NOREPLY = re.compile(r"(?:\d+\+)?(?P<login>[^@]+)@users\.noreply\.github\.com")


def signatures(hub: Hub, record: Commit) -> tuple[Signature, Signature]:
    """Return author and committer; an invention has its account for both."""
    if record.author and record.committer:
        return record.author, record.committer
    account = hub.state.accounts[record.author_id or 0]
    made = Signature(account.login, f"{account.login}@users.noreply.github.com", record.at)
    return made, made


def account_behind(hub: Hub, signature: Signature) -> Account | None:
    """Return the account whose address a signature bears: its no-reply address, the only kind that is known here."""
    found = _NOREPLY.fullmatch(signature.email)
    return hub.state.account_named(found["login"]) if found else None


def noreply(account: Account) -> str:
    """Return the address that GitHub gives what an account does on its pages."""
    return f"{account.id}+{account.login}@users.noreply.github.com"


def dated(signature: Signature) -> dict[str, Any]:
    """Return name, address and date, as commit documents have them."""
    return {"name": signature.name, "email": signature.email, "date": stamp(signature.at)}


def named(hub: Hub, signature: Signature) -> dict[str, Any]:
    """Return name, address and, where there is one, login, as pushes have them."""
    account = account_behind(hub, signature)
    return {"name": signature.name, "email": signature.email} | ({"username": account.login} if account else {})
