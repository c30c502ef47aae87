"""Users, organizations, bots and the App."""

from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.records import Account
from app.demo.github.registry import RegisteredApp
from app.demo.github.shapes.nodes import node_id

_PREFIXES = {"User": "U", "Organization": "O", "Bot": "BOT"}

# Path under a user's address -> key, with the URI templates GitHub puts there.
_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_ORGANIZATION_LINKS = {
    "repos_url": "/repos",
    "events_url": "/events",
    "hooks_url": "/hooks",
    "issues_url": "/issues",
    "members_url": "/members{/member}",
    "public_members_url": "/public_members{/member}",
}


def user(hub: Hub, account: Account) -> dict[str, Any]:
    """Return the `simple-user` document."""
    web, url = hub.options.url, f"{hub.options.url}/users/{account.login.replace('[', '%5B').replace(']', '%5D')}"
    page = f"{web}/apps/{hub.options.slug}" if account.kind == "Bot" else f"{web}/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(_PREFIXES[account.kind], account.id),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": page,
        **{key: url + path for key, path in _USER_LINKS.items()},
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def public_user(hub: Hub, account: Account) -> dict[str, Any]:
    """Return the `public-user` document."""
    owned = [one for one in hub.state.repositories.values() if one.owner_id == account.id]
    return user(hub, account) | {
        "name": None,
        "company": None,
        "blog": "",
        "location": None,
        "email": None,
        "hireable": None,
        "bio": None,
        "public_repos": sum(not one.private for one in owned),
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.created_at),
    }


def organization(hub: Hub, account: Account) -> dict[str, Any]:
    """Return the `organization` document that webhooks carry."""
    url = f"{hub.options.url}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id("O", account.id),
        "url": url,
        **{key: url + path for key, path in _ORGANIZATION_LINKS.items()},
        "avatar_url": f"https://avatars.githubusercontent.com/u/{account.id}?v=4",
        "description": "",
    }


def app_owner(hub: Hub) -> Account:
    """Return the account that registered the App: the oldest one."""
    return next(iter(hub.state.accounts.values()))


def bot(hub: Hub) -> Account:
    """Return the App's own account, `slug[bot]`."""
    found = hub.state.account_named(f"{hub.options.slug}[bot]")
    assert found is not None, "opened with the hub"
    return found


def app(hub: Hub, registered: RegisteredApp | None = None) -> dict[str, Any]:
    """Return the `integration` document of an App, of the one that the simulator was started with by default."""
    shown = registered or hub.apps.main
    owner = (hub.state.account_named(shown.owner_login) if shown.owner_login else None) or app_owner(hub)
    return {
        "id": shown.id,
        "client_id": shown.client_id,
        "slug": shown.slug,
        "node_id": node_id("A", shown.id),
        "owner": user(hub, owner),
        "name": shown.name,
        "description": "",
        "external_url": shown.external_url,
        "html_url": f"{hub.options.url}/apps/{shown.slug}",
        "created_at": stamp(shown.created_at),
        "updated_at": stamp(shown.created_at),
        "permissions": dict(shown.permissions),
        "events": list(shown.events),
    }
