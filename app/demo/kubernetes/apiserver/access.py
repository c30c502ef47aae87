"""Who may do what: one token all that is not forbidden on demand, a ServiceAccount what its roles say.

Anonymous callers may read the public paths, as `system:public-info-viewer` allows; whoever is known may also look what
is served, as `system:discovery` does.
"""

import hmac
import secrets
import threading

from app.demo.kubernetes.apiserver.calls import Call
from app.demo.kubernetes.apiserver.errors import ApiError, forbidden, unauthorized
from app.demo.kubernetes.apiserver.kinds import NAMESPACE, Json
from app.demo.kubernetes.apiserver.rbac import Deed, allows, user_of
from app.demo.kubernetes.apiserver.store import Store
from app.demo.kubernetes.apiserver.verbs import Target

USER = "system:serviceaccount:ephemera:ephemera"
_ANONYMOUS = "system:anonymous"
_PUBLIC = ("/version", "/healthz", "/livez", "/readyz")
_DISCOVERY = ("/api", "/apis", "/openapi")
_REVIEWS = "/apis/authorization.k8s.io/"


class Access:
    """The tokens, and the resources that are forbidden at the moment."""

    def __init__(self, token: str, store: Store) -> None:
        self._token = token.encode()
        self._store = store
        self._lock = threading.Lock()
        self._users: dict[str, str] = {}
        self._forbidden: set[tuple[str, str]] = set()

    def forbid(self, resource: str, verb: str = "*") -> None:
        """From now on 403 for a resource such as `pods` or `deployments.apps`, for one verb or all."""
        with self._lock:
            self._forbidden.add((resource, verb))

    def allow_all(self) -> None:
        """Takes back whatever was forbidden."""
        with self._lock:
            self._forbidden.clear()

    def issue(self, namespace: str, account: str) -> str:
        """A new token of a ServiceAccount."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._users[token] = user_of(namespace, account)
        return token

    def identify(self, call: Call) -> str:
        """The user behind a call. 401 for a wrong token."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if not scheme:
            return _ANONYMOUS
        if scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self._token):
            return USER
        user = self._users.get(token) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user

    def check_path(self, user: str, call: Call) -> None:
        """Raises 403 when the user may not read a path that is no resource."""
        if user == USER or call.path in _PUBLIC or call.path.startswith(tuple(f"{path}/" for path in _PUBLIC)):
            return
        is_known = user != _ANONYMOUS
        is_discovery = call.path in _DISCOVERY or call.path.startswith(tuple(f"{path}/" for path in _DISCOVERY))
        if is_known and is_discovery and (call.method == "GET" or call.path.startswith(_REVIEWS)):
            return
        verb = {"GET": "get", "POST": "post"}.get(call.method, call.method.lower())
        message = f'forbidden: User "{user}" cannot {verb} path "{call.path}"'
        raise ApiError(403, "Forbidden", message, {})

    def check(self, user: str, verb: str, target: Target) -> None:
        """Raises 403 when the user may not do this to the target."""
        # A namespace lies in itself for the authorizer: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.
        namespace = target.name if target.kind is NAMESPACE else target.namespace
        plural = f"{target.kind.plural}/{target.subresource}".rstrip("/")
        deed = Deed(verb, target.kind.group, plural, namespace, target.name)
        if not self._allows(user, deed):
            place = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            why = f'User "{user}" cannot {verb} resource "{plural}" in API group "{target.kind.group}" {place}'
            raise forbidden(target.kind, target.name, why)

    def review(self, user: str, review: Json) -> Json:
        """A SelfSubjectAccessReview with its answer."""
        asked = review.get("spec", {}).get("resourceAttributes", {})
        resource = "/".join(part for part in (asked.get("resource", ""), asked.get("subresource", "")) if part)
        place = (asked.get("namespace", ""), asked.get("name", ""))
        deed = Deed(asked.get("verb", "*"), asked.get("group", ""), resource, *place)
        status: Json = {"allowed": self._allows(user, deed)}
        if user != USER and (reason := allows(self._store, user, deed)):
            status["reason"] = reason
        head = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}}
        return {**head, "spec": review.get("spec", {}), "status": status}

    def _allows(self, user: str, deed: Deed) -> bool:
        if user != USER:
            return user != _ANONYMOUS and bool(allows(self._store, user, deed))
        plural, _, subresource = deed.resource.partition("/")
        whole = f"{plural}.{deed.group}" if deed.group else plural
        names = {whole, f"{whole}/{subresource}", "*"} if subresource else {whole, "*"}
        with self._lock:
            return not {(name, verb) for name in names for verb in (deed.verb, "*")} & self._forbidden
