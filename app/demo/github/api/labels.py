"""Labels of a repository and of its pull requests.

https://docs.github.com/rest/issues/labels
"""

from dataclasses import replace

from app.demo.github.api.pulls import pull_of
from app.demo.github.call import Answer, Call, Route
from app.demo.github.events import emit_pull
from app.demo.github.hub import Hub
from app.demo.github.pagination import paged
from app.demo.github.records import Label, PullRequest, Repository
from app.demo.github.refusals import Refusal, invalid
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.repositories import label

DEFAULT_COLOR = "ededed"


def ensure_label(hub: Hub, repository: Repository, name: str) -> Label:
    """Return the repository's label of that name, made when it is new; names ignore case."""
    key = (repository.id, name.lower())
    found = hub.state.labels.get(key)
    if found is None:
        found = Label(hub.state.next_id("label"), repository.id, name, DEFAULT_COLOR)
        hub.state.labels[key] = found
    return found


def _list_labels(call: Call) -> Answer:
    labels = [one for one in call.hub.state.labels.values() if one.repository_id == call.repository.id]
    return paged(call, labels, lambda one: label(call.hub, one))


def _list_pull_labels(call: Call) -> Answer:
    names = pull_of(call, call.args["issue_number"]).labels
    return paged(call, names, lambda name: label(call.hub, ensure_label(call.hub, call.repository, name)))


def _add_labels(call: Call) -> Answer:
    pull, names = pull_of(call, call.args["issue_number"]), call.payload.get("labels")
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise invalid("Label", "name", "missing_field")
    added = [ensure_label(call.hub, call.repository, name) for name in names]
    new = [one for one in added if one.name not in pull.labels]
    labels = tuple(dict.fromkeys((*pull.labels, *(one.name for one in new))))
    return _store(call, replace(pull, labels=labels), "labeled", new)


def _remove_label(call: Call) -> Answer:
    pull, name = pull_of(call, call.args["issue_number"]), call.args["name"].lower()
    kept = tuple(one for one in pull.labels if one.lower() != name)
    if kept == pull.labels:
        raise Refusal(404, "Label does not exist")
    return _store(call, replace(pull, labels=kept), "unlabeled", [ensure_label(call.hub, call.repository, name)])


def _store(call: Call, pull: PullRequest, action: str, changed: list[Label]) -> Answer:
    call.hub.state.pulls[pull.repository_id, pull.number] = pull
    for one in changed:
        emit_pull(call.hub, action, pull, bot(call.hub), label=label(call.hub, one))
    return Answer([label(call.hub, ensure_label(call.hub, call.repository, name)) for name in pull.labels])


_READ = ("issues:read", "pull_requests:read")
_WRITE = ("issues:write", "pull_requests:write")
_OF_PULL = "/repos/<owner>/<repo>/issues/<int:issue_number>/labels"

ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/labels", _list_labels, permissions=_READ),
    Route("GET", _OF_PULL, _list_pull_labels, permissions=_READ),
    Route("POST", _OF_PULL, _add_labels, permissions=_WRITE),
    Route("DELETE", f"{_OF_PULL}/<name>", _remove_label, permissions=_WRITE),
)
