"""The App's webhook deliveries.

https://docs.github.com/rest/apps/webhooks
"""

from app.demo.github.call import Answer, Call, Route
from app.demo.github.deliveries import Delivery
from app.demo.github.pagination import link_header, page_size
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.shapes.installations import delivery, full_delivery

_CURSOR = "v1_"


def _list_deliveries(call: Call) -> Answer:
    deliveries = [one for one in call.hub.sender.known() if _is_wanted(call, one)]
    size, before = page_size(call.query), _before(call)
    rest = [one for one in deliveries if before is None or one.id < before]
    shown = rest[:size]
    targets = [("next", {"cursor": f"{_CURSOR}{shown[-1].id}"})] if len(rest) > size else []
    return Answer([delivery(one) for one in shown], headers=link_header(call, targets))


def _show_delivery(call: Call) -> Answer:
    return Answer(full_delivery(_delivery(call)))


def _redeliver(call: Call) -> Answer:
    call.hub.sender.redeliver(_delivery(call))
    return Answer({}, 202)


def _is_wanted(call: Call, record: Delivery) -> bool:
    match call.query.get("status"):
        case None:
            return True
        case "success":
            return record.is_success
        case "failure":
            return not record.is_success
        case unknown:
            raise Refusal(422, f"{unknown[:200]!r} is not a status: success or failure")


def _before(call: Call) -> int | None:
    cursor = call.query.get("cursor")
    if cursor is None:
        return None
    number = cursor.removeprefix(_CURSOR)
    if not number.isdecimal():
        raise Refusal(400, "Invalid cursor")
    return int(number)


def _delivery(call: Call) -> Delivery:
    wanted = call.args["delivery_id"]
    found = next((one for one in call.hub.sender.known() if one.id == wanted), None)
    if found is None:
        raise not_found()
    return found


ROUTES = (
    Route("GET", "/app/hook/deliveries", _list_deliveries, "app"),
    Route("GET", "/app/hook/deliveries/<int:delivery_id>", _show_delivery, "app"),
    Route("POST", "/app/hook/deliveries/<int:delivery_id>/attempts", _redeliver, "app"),
)
