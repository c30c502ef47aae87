"""Reviews of a pull request, and what happened to it.

https://docs.github.com/rest/pulls/reviews and https://docs.github.com/rest/issues/events
"""

from app.demo.github.api.pulls import pull_of
from app.demo.github.call import Answer, Call, Route
from app.demo.github.pagination import paged
from app.demo.github.shapes.reviews import issue_event, review


def _list_reviews(call: Call) -> Answer:
    found = call.hub.state.reviews_of(pull_of(call, call.args["pull_number"]))
    return paged(call, found, lambda one: review(call.hub, one))


def _list_events(call: Call) -> Answer:
    number = pull_of(call, call.args["issue_number"]).number
    key = (call.repository.id, number)
    found = [one for one in call.hub.state.issue_events if (one.repository_id, one.number) == key]
    return paged(call, found, lambda one: issue_event(call.hub, one))


_READ = ("pull_requests:read",)

ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/pulls/<int:pull_number>/reviews", _list_reviews, permissions=_READ),
    Route(
        "GET",
        "/repos/<owner>/<repo>/issues/<int:issue_number>/events",
        _list_events,
        permissions=("issues:read", *_READ),
    ),
)
