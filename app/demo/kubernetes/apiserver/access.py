"""Who may do what: one token may do everything that is not forbidden on demand, and nobody else anything.

Anonymous callers may read the public paths, as `system:public-info-viewer` allows.
"""

import hmac
import threading

from app.demo.kubernetes.apiserver.calls import Call
from app.demo.kubernetes.apiserver.errors import ApiError, forbidden, unauthorized
from app.demo.kubernetes.apiserver.verbs import Target

USER = "system:serviceaccount:ephemera:ephemera"
_ANONYMOUS = "system:anonymous"
_PUBLIC = ("/version", "/healthz", "/livez", "/readyz")


class Access:
    """The token, and the resources that are forbidden at the moment."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._lock = threading.Lock()
        self._forbidden: set[tuple[str, str]] = set()

    def forbid(self, resource: str, verb: str = "*") -> None:
        """From now on 403 for a resource such as `pods` or `deployments.apps`, for one verb or all."""
        with self._lock:
            self._forbidden.add((resource, verb))

    def allow_all(self) -> None:
        """Takes back whatever was forbidden."""
        with self._lock:
            self._forbidden.clear()

    def identify(self, call: Call) -> str:
        """The user behind a call. 401 for a wrong token."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if not scheme:
            return _ANONYMOUS
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self._token):
            raise unauthorized()
        return USER

    def check_path(self, user: str, call: Call) -> None:
        """Raises 403 when the user may not read a path that is no resource."""
        if user == _ANONYMOUS and call.path.partition("?")[0] not in _PUBLIC:
            verb = call.method.lower()
            message = f'forbidden: User "{user}" cannot {verb} path "{call.path}"'
            raise ApiError(403, "Forbidden", message, {})

    def check(self, user: str, verb: str, target: Target) -> None:
        """Raises 403 when the user may not do this to the target."""
        if user == _ANONYMOUS or not self.is_allowed(verb, target.kind.qualified):
            place = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
            plural = f"{target.kind.plural}/{target.subresource}".rstrip("/")
            why = f'User "{user}" cannot {verb} resource "{plural}" in API group "{target.kind.group}" {place}'
            raise forbidden(target.kind, target.name, why)

    def is_allowed(self, verb: str, resource: str) -> bool:
        """Whether the known user may do this at the moment."""
        with self._lock:
            return not {(resource, "*"), (resource, verb), ("*", "*"), ("*", verb)} & self._forbidden
