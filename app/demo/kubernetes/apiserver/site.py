"""The door: every request is identified, entered in the ledger, perhaps spoiled, and answered by its part."""

import threading
from collections.abc import Callable
from dataclasses import replace

from app.demo.kubernetes.apiserver.access import Access
from app.demo.kubernetes.apiserver.calls import Call, Reply, Stream, reply_error, reply_json, reply_text
from app.demo.kubernetes.apiserver.discovery import discovery_document
from app.demo.kubernetes.apiserver.errors import ApiError, method_not_allowed, not_served
from app.demo.kubernetes.apiserver.faults import Fault, Faults
from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.ledger import Ledger
from app.demo.kubernetes.apiserver.resources import Resources
from app.demo.kubernetes.apiserver.routes import parse_path

CONTROL_PREFIX = "/_sim/"
_HEALTH = ("/healthz", "/livez", "/readyz")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REASONS = {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}


class Site:
    """Answers calls; knows nothing of sockets."""

    def __init__(self, resources: Resources, access: Access) -> None:
        self.faults = Faults()
        self.ledger = Ledger()
        self.control: Callable[[Call], Reply] | None = None
        """What answers below `/_sim/`."""
        self.is_closing = threading.Event()
        self._resources = resources
        self._access = access

    def answer(self, call: Call) -> Reply | Stream:
        """The answer to any call; failures are answers too."""
        if call.path.startswith(CONTROL_PREFIX):
            return self._guarded(call, self._controlled)
        fault = self.faults.take(call)
        answer = self._spoiled(call, fault) if fault else self._guarded(call, self._served)
        self.ledger.enter(call, answer.code if isinstance(answer, Reply) else 200)
        return answer

    def _guarded(self, call: Call, serve: Callable[[str, Call], Reply | Stream]) -> Reply | Stream:
        try:
            return serve(self._access.identify(call), call)
        except ApiError as error:
            return reply_error(error)

    def _controlled(self, user: str, call: Call) -> Reply:
        self._access.check_path(user, call)
        return self.control(call) if self.control else reply_text(404, "404 page not found")

    def _served(self, user: str, call: Call) -> Reply | Stream:
        target = parse_path(call.path)
        if target is not None:
            return self._resources.answer(user, call, target)
        self._access.check_path(user, call)
        if call.path == _REVIEWS and call.method == "POST":
            return reply_json(self._access.review(user, call.json()), 201)
        if call.path.partition("/")[2].partition("/")[0] in {path[1:] for path in _HEALTH}:
            return reply_text(200, "ok")
        document = discovery_document(call.path)
        if document is None and _is_below_a_version(call.path):
            raise not_served()
        if document is None:
            return reply_text(404, "404 page not found\n")
        if call.method not in {"GET", "HEAD"}:
            raise method_not_allowed()
        return reply_json(document)

    def _spoiled(self, call: Call, fault: Fault) -> Reply | Stream:
        if fault.kind == "status":
            return reply_error(_injected(fault))
        if fault.kind == "stall":
            self.is_closing.wait(fault.seconds)
        answer = self._guarded(call, self._served)
        if not isinstance(answer, Reply):
            return answer
        return replace(answer, share={"half-body": 0.5, "lost-answer": 0.0}.get(fault.kind, 1.0))


def _is_below_a_version(path: str) -> bool:
    """Whether a group and version are served, of which the rest of the path is no resource."""
    parts = path.split("/")
    return discovery_document("/".join(parts[: 3 if parts[1] == "api" else 4])) is not None and len(parts) > 3


def _injected(fault: Fault) -> ApiError:
    details: Json = {} if fault.retry_after is None else {"retryAfterSeconds": fault.retry_after}
    reason = _REASONS.get(fault.code, "")
    return ApiError(fault.code, reason, "the server is currently unable to handle the request", details)
