"""The rate limit, which costs nothing to read.

https://docs.github.com/rest/rate-limit/rate-limit
"""

from app.demo.github.call import Answer, Call, Route
from app.demo.github.spending import window_of


def _show_limit(call: Call) -> Answer:
    headers = window_of(call.hub, call.principal).headers()
    core = {key: int(headers[f"x-ratelimit-{key}"]) for key in ("limit", "used", "remaining", "reset")}
    search = core | {"limit": 30, "used": 0, "remaining": 30}
    return Answer({"resources": {"core": core, "search": search}, "rate": core})


ROUTES = (Route("GET", "/rate_limit", _show_limit, "anyone"),)
