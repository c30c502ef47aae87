"""What a pull request costs in calls, by the simulator's ledger; tokens and the App's profile are asked for once."""

from app.domain.report import CheckRun, CheckStatus, Conclusion, Deployment, DeploymentState
from app.github.connect import GitHub
from tests.github.conftest import Shop

MARKER = "<!-- ephemera:env=1 -->"


def _deployment(head_sha: str, state: DeploymentState) -> Deployment:
    return Deployment(head_sha, "pr-1", head_sha, state, "As it is", "https://pr.example/", None)


def test_push_costs_six_writes_and_one_read(connected: GitHub, shop: Shop) -> None:
    reports, repository = connected.reports, shop.repository
    before = reports.make_deployment(repository, _deployment(shop.head_sha, DeploymentState.SUCCESS), look=False)
    comment = reports.put_comment(repository, shop.number, MARKER, MARKER, None, look=False)
    head_sha = shop.people.push(shop.name, shop.number).head_sha
    shop.people.reset_ledger()

    connected.pull_requests.look_up(repository, shop.number)
    running = CheckRun(head_sha, "1", CheckStatus.IN_PROGRESS, None, "Title", "Summary", None)
    run = reports.put_check_run(repository, running, None, look=False)
    made = reports.make_deployment(repository, _deployment(head_sha, DeploymentState.SUCCESS), look=False)
    done = CheckRun(head_sha, "1", CheckStatus.COMPLETED, Conclusion.SUCCESS, "Title", "Summary", None)
    reports.put_check_run(repository, done, run)
    reports.set_deployment_state(repository, _deployment(head_sha, DeploymentState.SUCCESS), made)
    reports.set_deployment_state(repository, _deployment(shop.head_sha, DeploymentState.INACTIVE), before)
    reports.put_comment(repository, shop.number, MARKER, f"{MARKER}\nReady", comment)

    assert shop.spent() == {"GET": 1, "POST": 4, "PATCH": 2}
    assert [entry.status for entry in shop.people.ledger() if entry.target.endswith("/access_tokens")] == []


def test_looking_again_at_what_has_not_changed_is_free(connected: GitHub, shop: Shop) -> None:
    for _ in range(3):
        connected.pull_requests.look_up(shop.repository, shop.number)
        connected.pull_requests.open_in(shop.repository)
    reads = [entry for entry in shop.people.ledger() if entry.method == "GET"]
    assert [entry.status for entry in reads] == [200, 200, 304, 304, 304, 304]
    assert sum(entry.cost for entry in reads) == 2
