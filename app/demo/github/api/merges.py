"""Merging a pull request, and bringing its branch up to date.

https://docs.github.com/rest/pulls/pulls#merge-a-pull-request
"""

from app.demo.github.api.pulls import pull_of
from app.demo.github.call import Answer, Call, Route
from app.demo.github.pulling.merging import METHODS, Wish, merge
from app.demo.github.pulling.updating import update_branch
from app.demo.github.refusals import Refusal, bad_request
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.repositories import url_of


def _merge(call: Call) -> Answer:
    record, payload = pull_of(call, call.args["pull_number"]), call.payload
    method = payload.get("merge_method", "merge")
    if method not in METHODS:
        raise bad_request(f"{str(method)[:200]!r} is not a possible value. Must be one of: {', '.join(METHODS)}.")
    if call.hub.state.git.of(call.repository) is None:
        raise Refusal(405, "Pull Request is not mergeable")  # inventions are merged by people
    if payload.get("sha") not in {None, record.head.sha}:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    wish = Wish(method, payload.get("commit_title"), payload.get("commit_message"))
    merged = merge(call.hub, record, bot(call.hub), wish)
    return Answer({"sha": merged.merge_commit_sha, "merged": True, "message": "Pull Request successfully merged"})


def _update_branch(call: Call) -> Answer:
    record = pull_of(call, call.args["pull_number"])
    expected = call.payload.get("expected_head_sha")
    if expected not in {None, record.head.sha}:
        raise Refusal(422, "expected head sha didn't match current head ref.")
    update_branch(call.hub, record, bot(call.hub))
    url = f"{url_of(call.hub, call.repository)}/pulls/{record.number}"
    return Answer({"message": "Updating pull request branch.", "url": url}, 202)


_ONE = "/repos/<owner>/<repo>/pulls/<int:pull_number>"

ROUTES = (
    Route("PUT", f"{_ONE}/merge", _merge, permissions=("contents:write",)),
    Route("PUT", f"{_ONE}/update-branch", _update_branch, permissions=("pull_requests:write",)),
)
