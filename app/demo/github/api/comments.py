"""Comments in a conversation, and reactions to them.

https://docs.github.com/rest/issues/comments
"""

from dataclasses import replace

from app.demo.github.api.pulls import pull_of
from app.demo.github.call import Answer, Call, Route
from app.demo.github.clock import moment_of
from app.demo.github.events import emit_comment
from app.demo.github.pagination import paged
from app.demo.github.records import Comment, Reaction
from app.demo.github.refusals import Refusal, invalid, not_found
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.pulls import comment, reaction

LONGEST_BODY = 65_536
REACTIONS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


def _list_comments(call: Call) -> Answer:
    number = pull_of(call, call.args["issue_number"]).number
    return paged(call, _since(call, number), lambda one: comment(call.hub, one))


def _list_repository_comments(call: Call) -> Answer:
    key = {"updated": lambda one: one.updated_at}.get(call.query.get("sort", ""), lambda one: one.created_at)
    is_descending = call.query.get("direction", "desc") == "desc" and "sort" in call.query
    comments = sorted(_since(call, None), key=key, reverse=is_descending)
    return paged(call, comments, lambda one: comment(call.hub, one))


def _show_comment(call: Call) -> Answer:
    return Answer(comment(call.hub, _comment(call)))


def _create_comment(call: Call) -> Answer:
    pull, now = pull_of(call, call.args["issue_number"]), call.hub.clock.now()
    record = Comment(
        id=call.hub.state.next_id("comment"),
        repository_id=call.repository.id,
        number=pull.number,
        author_id=bot(call.hub).id,
        body=_checked_body(call),
        is_by_app=True,
        created_at=now,
        updated_at=now,
    )
    call.hub.state.comments[record.id] = record
    emit_comment(call.hub, "created", record, bot(call.hub))
    shape = comment(call.hub, record)
    return Answer(shape, 201, {"Location": shape["url"]})


def _edit_comment(call: Call) -> Answer:
    before = _comment(call)
    record = replace(before, body=_checked_body(call), updated_at=call.hub.clock.now())
    call.hub.state.comments[record.id] = record
    emit_comment(call.hub, "edited", record, bot(call.hub), changes={"body": {"from": before.body}})
    return Answer(comment(call.hub, record))


def _delete_comment(call: Call) -> Answer:
    record = _comment(call)
    del call.hub.state.comments[record.id]
    emit_comment(call.hub, "deleted", record, bot(call.hub))
    return Answer(None, 204)


def _list_reactions(call: Call) -> Answer:
    record = _comment(call)
    reactions = [one for one in call.hub.state.reactions.values() if one.comment_id == record.id]
    return paged(call, reactions, lambda one: reaction(call.hub, one))


def _react(call: Call) -> Answer:
    record, content = _comment(call), call.payload.get("content")
    if content not in REACTIONS:
        raise invalid("Reaction", "content", "invalid" if content else "missing_field")
    user, state = bot(call.hub), call.hub.state
    for one in state.reactions.values():
        if (one.comment_id, one.user_id, one.content) == (record.id, user.id, content):
            return Answer(reaction(call.hub, one))
    made = Reaction(state.next_id("reaction"), record.id, user.id, content, call.hub.clock.now())
    state.reactions[made.id] = made
    return Answer(reaction(call.hub, made), 201)


def _comment(call: Call) -> Comment:
    found = call.hub.state.comments.get(call.args["comment_id"])
    if found is None or found.repository_id != call.repository.id:
        raise not_found()
    return found


def _since(call: Call, number: int | None) -> list[Comment]:
    comments = call.hub.state.comments_on(call.repository.id, number)
    since = call.query.get("since")
    if since is None:
        return comments
    try:
        after = moment_of(since)
    except ValueError as error:
        raise Refusal(422, "Validation Failed", errors=[]) from error
    return [one for one in comments if one.updated_at >= after]


def _checked_body(call: Call) -> str:
    body = call.payload.get("body")
    if not isinstance(body, str) or not body.strip():
        raise invalid("IssueComment", "body", "missing_field")
    if len(body) > LONGEST_BODY:
        message = f"Body is too long (maximum is {LONGEST_BODY} characters)"
        raise invalid("IssueComment", "data", "unprocessable", message)
    return body


_READ = ("issues:read", "pull_requests:read")
_WRITE = ("issues:write", "pull_requests:write")
_ONE = "/repos/<owner>/<repo>/issues/comments/<int:comment_id>"
_ALL = "/repos/<owner>/<repo>/issues/<int:issue_number>/comments"

ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/issues/comments", _list_repository_comments, permissions=_READ),
    Route("GET", _ALL, _list_comments, permissions=_READ),
    Route("POST", _ALL, _create_comment, permissions=_WRITE),
    Route("GET", _ONE, _show_comment, permissions=_READ),
    Route("PATCH", _ONE, _edit_comment, permissions=_WRITE),
    Route("DELETE", _ONE, _delete_comment, permissions=_WRITE),
    Route("GET", f"{_ONE}/reactions", _list_reactions, permissions=_READ),
    Route("POST", f"{_ONE}/reactions", _react, permissions=_WRITE),
)
