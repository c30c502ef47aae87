"""Single references of a repository.

https://docs.github.com/rest/git/refs
"""

from app.demo.github.call import Answer, Call, Route
from app.demo.github.pulling.following import Movement, follow
from app.demo.github.pulling.obstacles import protection_of
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.repositories import url_of


def _show_ref(call: Call) -> Answer:
    name = _branch(call)
    sha = call.hub.state.branch(call.repository, name)
    if sha is None:
        raise not_found()
    url = url_of(call.hub, call.repository)
    shape = {
        "ref": f"refs/heads/{name}",
        "node_id": node_id("REF", int(sha[:12], 16)),
        "url": f"{url}/git/refs/heads/{name}",
        "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
    }
    return Answer(shape)


def _delete_ref(call: Call) -> Answer:
    name, bare = _branch(call), call.hub.state.git.of(call.repository)
    sha = call.hub.state.branch(call.repository, name)
    if sha is None or bare is None:
        raise Refusal(422, "Reference does not exist")
    protected = call.hub.state.protections.get((call.repository.id, name))
    if protected and bot(call.hub).login not in protection_of(call.hub, call.repository, name).bypass:
        raise Refusal(422, "Cannot delete a protected branch")
    if name == call.repository.default_branch:
        raise Refusal(422, "Cannot delete the default branch")
    bare.move(f"refs/heads/{name}", None, sha)
    follow(call.hub, call.repository, [Movement(name, sha, None)], bot(call.hub))
    return Answer(None, 204)


def _branch(call: Call) -> str:
    ref = call.args["ref"]
    if not ref.startswith("heads/"):
        raise not_found()
    return str(ref.removeprefix("heads/"))


ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/git/ref/<path:ref>", _show_ref, permissions=("contents:read",)),
    Route("DELETE", "/repos/<owner>/<repo>/git/refs/<path:ref>", _delete_ref, permissions=("contents:write",)),
)
