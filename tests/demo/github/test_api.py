"""What the simulated GitHub's API does beyond the shape of its answers."""

import pytest

from app.demo.github.client import SimulatedGitHub
from tests.fixtures.github import Caller, Shop


def _pages(caller: Caller, path: str) -> list[list[int]]:
    pages = []
    following: str | None = path
    while following:
        answer = caller.get(following)
        pages.append([one["number"] for one in answer.json()])
        following = answer.links.get("next", {}).get("url", "").removeprefix(caller.url)
    return pages


def test_lists_come_in_pages_that_link_to_each_other(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    for _ in range(5):
        github.open_pull_request(shop.name)
    assert _pages(as_installation, f"{shop.path}/pulls?direction=asc&per_page=2") == [[1, 2], [3, 4], [5]]
    links = as_installation.get(f"{shop.path}/pulls?per_page=2&page=2").links
    assert sorted(links) == ["first", "last", "next", "prev"]


@pytest.mark.parametrize(("asked", "given"), [("", 30), ("?per_page=100", 31), ("?per_page=1000", 31)])
def test_a_page_has_thirty_items_unless_asked(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, asked: str, given: int
) -> None:
    pull = github.open_pull_request(shop.name)
    for number in range(31):
        github.comment(shop.name, pull.number, author="ada", body=f"{number}")
    answer = as_installation.get(f"{shop.path}/issues/{pull.number}/comments{asked}")
    assert len(answer.json()) == given


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [3, 2]),
        ("?state=closed", [1]),
        ("?state=all&direction=asc", [1, 2, 3]),
        ("?base=release", [3]),
        ("?head=ada:feature", [2]),
    ],
)
def test_pull_requests_can_be_filtered(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, query: str, numbers: list[int]
) -> None:
    github.open_pull_request(shop.name)
    github.close_pull_request(shop.name, 1)
    github.open_pull_request(shop.name, author="ada", branch="feature", fork=True)
    github.write_files(shop.name, {"x": "1"}, branch="release")
    github.open_pull_request(shop.name, base="release")
    found = [one["number"] for one in as_installation.get(f"{shop.path}/pulls{query}").json()]
    assert found == numbers


def test_what_has_not_changed_costs_nothing(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name)
    path = f"{shop.path}/pulls/1"
    first = as_installation.get(path)
    again = as_installation.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    github.push(shop.name, 1)
    changed = as_installation.get(path, **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert [entry.cost for entry in github.ledger()[-3:]] == [1, 0, 1]


def test_the_hourly_budget_ends_and_begins_again(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.set_limits(limit=2, reset=True)
    assert [as_installation.get(shop.path).status_code for _ in range(3)] == [200, 200, 403]
    refused = as_installation.get(shop.path)
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.json()["message"].startswith("API rate limit exceeded for installation")
    assert as_installation.get("/rate_limit").json()["rate"]["remaining"] == 0
    github.shift_clock(3_599)
    assert as_installation.get(shop.path).status_code == 403
    github.set_limits(limit=None, reset=True)
    assert as_installation.get(shop.path).status_code == 200


def test_a_burst_of_writes_meets_the_secondary_limit(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.set_limits(secondary=True, reset=True)
    answers = [as_installation.call("POST", f"{shop.path}/statuses/{sha}", {"state": "pending"}) for _ in range(81)]
    assert [answer.status_code for answer in answers] == [201] * 80 + [403]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_renamed_repository_redirects_to_its_id(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name)
    github.rename_repository(shop.name, name="store")
    moved = as_installation.get(f"{shop.path}/pulls?state=all")
    assert moved.status_code == 301
    assert moved.headers["Location"] == f"{github.url}/repositories/{shop.repository_id}/pulls?state=all"
    followed = as_installation.get(moved.headers["Location"].removeprefix(github.url))
    assert followed.json()[0]["base"]["repo"]["name"] == "store"
    assert as_installation.call("POST", f"{shop.path}/issues/1/comments", {"body": "x"}).status_code == 307


def test_a_deleted_fork_leaves_no_head_repository(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name, author="ada", fork=True)
    head = as_installation.get(f"{shop.path}/pulls/1").json()["head"]
    assert head["repo"]["full_name"].startswith("ada/shop")
    assert head["repo"]["fork"] is True
    github.delete_fork(shop.name, 1)
    assert as_installation.get(f"{shop.path}/pulls/1").json()["head"] == head | {"repo": None}


@pytest.mark.parametrize(
    ("granted", "permission", "role"),
    [("admin", "admin", "admin"), ("maintain", "write", "maintain"), ("triage", "read", "triage"), ("none",) * 3],
)
def test_permissions_of_people_can_be_read(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, granted: str, permission: str, role: str
) -> None:
    github.set_permission(shop.name, "ada", granted)
    answer = as_installation.get(f"{shop.path}/collaborators/ada/permission").json()
    assert (answer["permission"], answer["role_name"]) == (permission, role)


REFUSED = [
    ("statuses/{sha}", {"state": "ready"}, "Validation Failed"),
    ("statuses/{sha}", {"state": "pending", "description": "é" * 141}, "Validation Failed"),
    ("statuses/" + "0" * 40, {"state": "pending"}, "No commit found for SHA"),
    ("issues/1/comments", {"body": " "}, "Validation Failed"),
    ("issues/1/comments", {"body": "x" * 65_537}, "Validation Failed"),
    ("check-runs", {"name": "x"}, '"head_sha" wasn\'t supplied'),
    ("check-runs", {"name": "x", "head_sha": "{sha}", "status": "completed"}, '"conclusion" wasn\'t supplied'),
    ("check-runs", {"name": "x", "head_sha": "{sha}", "summary": "y"}, '"summary" is not a permitted key'),
    (
        "check-runs",
        {"name": "x", "head_sha": "{sha}", "output": {"title": "t", "summary": "é" * 32_768}},
        "Only 65535 characters are allowed",
    ),
    ("check-runs", {"name": "x", "head_sha": "{sha}", "actions": [{"label": "x"}] * 4}, "No more than 3 items"),
    ("deployments", {"ref": "{sha}", "description": "x" * 141}, "Only 140 characters"),
    ("deployments", {"ref": "gone"}, "No ref found for: gone"),
]


@pytest.mark.parametrize(("path", "body", "message"), REFUSED)
def test_what_github_would_refuse_is_refused(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, path: str, body: dict[str, str], message: str
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    filled = {key: sha if value == "{sha}" else value for key, value in body.items()}
    answer = as_installation.call("POST", f"{shop.path}/{path.format(sha=sha)}", filled)
    assert answer.status_code == 422
    assert message in answer.json()["message"]


def test_the_newest_status_of_each_context_makes_the_combined_state(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    for context, state in [("a", "failure"), ("b", "success"), ("a", "pending")]:
        as_installation.call("POST", f"{shop.path}/statuses/{sha}", {"state": state, "context": context})
    combined = as_installation.get(f"{shop.path}/commits/{sha}/status").json()
    assert (combined["state"], combined["total_count"]) == ("pending", 2)


def test_the_latest_check_run_of_each_name_is_listed(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    made = [
        as_installation.call("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": sha}).json()["id"]
        for _ in range(2)
    ]
    path = f"{shop.path}/commits/{sha}/check-runs"
    assert [one["id"] for one in as_installation.get(path).json()["check_runs"]] == [made[1]]
    assert as_installation.get(f"{path}?filter=all").json()["total_count"] == 2
    assert as_installation.get(f"{path}?app_id=1").json()["total_count"] == 0


def test_a_deployment_of_a_commit_behind_the_base_wants_auto_merge_off(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.write_files(shop.name, {"README.md": "moved on"})
    body = {"ref": sha, "required_contexts": []}
    assert as_installation.call("POST", f"{shop.path}/deployments", body).status_code == 409
    made = as_installation.call("POST", f"{shop.path}/deployments", body | {"auto_merge": False})
    assert made.status_code == 201


def test_a_commit_is_found_by_the_beginning_of_its_sha_and_in_its_own_repositories_alone(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    forked = github.open_pull_request(shop.name, author="eve", fork=True).head_sha
    path = f"{shop.path}/commits"
    assert as_installation.get(f"{path}/{forked[:12]}").json()["sha"] == forked
    assert as_installation.get(f"{path}/{forked[:3]}").status_code == 422
    other = github.create_repository(f"{shop.name.split('/')[0]}/other")
    strange = github.open_pull_request(other.full_name).head_sha
    assert as_installation.get(f"{path}/{strange}").status_code == 422
    status = as_installation.call("POST", f"{shop.path}/statuses/{strange}", {"state": "pending"})
    assert (status.status_code, status.json()["message"]) == (422, f"No commit found for SHA: {strange}")


def test_files_are_read_at_a_ref(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name, branch="feature", files={"deploy/app.yaml": "port: 90\n"})
    raw = {"Accept": "application/vnd.github.raw+json"}
    path = f"{shop.path}/contents/deploy/app.yaml"
    assert as_installation.get(path, **raw).content == b"port: 80\n"
    assert as_installation.get(f"{path}?ref=feature", **raw).content == b"port: 90\n"
    assert as_installation.get(f"{path}?ref=nowhere", **raw).status_code == 404
