"""Who may do what: roles, refusals in their words, reviews of oneself, and those whom nobody knows."""

import pytest

from tests.contract.kubernetes.api import MERGE_PATCH, Answer, Api, Json
from tests.contract.kubernetes.place import Place

_READ_MAPS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
_ONE_DEPLOYMENT = {
    "apiGroups": ["apps"],
    "resources": ["deployments"],
    "resourceNames": ["web"],
    "verbs": ["get", "patch"],
}
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def _is_refused(answer: Answer, message: str, details: Json) -> bool:
    body: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return answer.code == 403 and answer.body == {**body, "reason": "Forbidden", "details": details, "code": 403}


@pytest.fixture
def newcomer(place: Place) -> Api:
    """Give the API as somebody who may read ConfigMaps and one Deployment of the place."""
    return place.newcomer("newcomer", _READ_MAPS, _ONE_DEPLOYMENT)


def test_what_a_role_allows_is_allowed(place: Place, newcomer: Api) -> None:
    place.put("box")
    assert newcomer.get(f"{place.maps}/box")["metadata"]["name"] == "box"
    assert newcomer.get(place.maps)["kind"] == "ConfigMapList"
    assert newcomer.ask("GET", place.maps, query={"watch": "1", "timeoutSeconds": "1"}).code == 200
    assert newcomer.ask("GET", f"{place.deployments}/web").code == 404


@pytest.mark.parametrize(
    ("request_line", "verb", "resource"),
    [
        ("GET /pods", "list", "pods"),
        ("GET /pods/x", "get", "pods"),
        ("GET /pods/x/log", "get", "pods/log"),
        ("POST /configmaps", "create", "configmaps"),
        ("PUT /configmaps/x", "update", "configmaps"),
        ("PATCH /configmaps/x", "patch", "configmaps"),
        ("DELETE /configmaps/x", "delete", "configmaps"),
        ("DELETE /configmaps", "deletecollection", "configmaps"),
    ],
)
def test_what_no_role_allows_is_refused_in_the_words_of_the_authorizer(
    place: Place, newcomer: Api, request_line: str, verb: str, resource: str
) -> None:
    method, _, path = request_line.partition(" ")
    headers = {"Content-Type": MERGE_PATCH} if method == "PATCH" else None
    answer = newcomer.ask(method, place.path + path, {"metadata": {"name": "x"}}, headers=headers)
    user, kind = f"system:serviceaccount:{place.name}:newcomer", resource.partition("/")[0]
    why = f'User "{user}" cannot {verb} resource "{resource}" in API group "" in the namespace "{place.name}"'
    named = "/x" in path
    message = f'{kind} "x" is forbidden: {why}' if named else f"{kind} is forbidden: {why}"
    assert _is_refused(answer, message, {"name": "x", "kind": kind} if named else {"kind": kind})


def test_a_watch_is_refused_as_its_answer(place: Place, newcomer: Api) -> None:
    answer = newcomer.ask("GET", f"{place.path}/secrets", query={"watch": "1"})
    user = f"system:serviceaccount:{place.name}:newcomer"
    why = f'User "{user}" cannot watch resource "secrets" in API group "" in the namespace "{place.name}"'
    assert _is_refused(answer, f"secrets is forbidden: {why}", {"kind": "secrets"})


def test_another_name_than_the_rule_says_is_refused(place: Place, newcomer: Api) -> None:
    answer = newcomer.ask("GET", f"{place.deployments}/other")
    user = f"system:serviceaccount:{place.name}:newcomer"
    why = f'User "{user}" cannot get resource "deployments" in API group "apps" in the namespace "{place.name}"'
    details = {"name": "other", "group": "apps", "kind": "deployments"}
    assert _is_refused(answer, f'deployments.apps "other" is forbidden: {why}', details)


def test_a_role_does_not_reach_beyond_its_namespace(place: Place, newcomer: Api) -> None:
    user = f"system:serviceaccount:{place.name}:newcomer"
    why = f'User "{user}" cannot list resource "configmaps" in API group "" at the cluster scope'
    everywhere = newcomer.ask("GET", "/api/v1/configmaps")
    assert _is_refused(everywhere, f"configmaps is forbidden: {why}", {"kind": "configmaps"})
    assert newcomer.ask("GET", "/api/v1/namespaces/default/configmaps").code == 403


def test_a_namespace_itself_lies_in_its_namespace_for_the_authorizer(place: Place, newcomer: Api) -> None:
    user = f"system:serviceaccount:{place.name}:newcomer"
    why = f'User "{user}" cannot delete resource "namespaces" in API group "" in the namespace "{place.name}"'
    message = f'namespaces "{place.name}" is forbidden: {why}'
    assert _is_refused(newcomer.ask("DELETE", place.path), message, {"name": place.name, "kind": "namespaces"})


def test_a_role_that_is_taken_away_allows_nothing_any_more(place: Place, newcomer: Api) -> None:
    place.api.delete(f"/apis/rbac.authorization.k8s.io/v1/namespaces/{place.name}/rolebindings/newcomer")
    for _ in range(500):
        # The API server learns of the change from a watch of its own.
        if newcomer.ask("GET", place.maps).code == 403:
            return
    pytest.fail("the role was never taken away")


@pytest.mark.parametrize(
    ("attributes", "is_allowed"),
    [
        ({"verb": "get", "resource": "configmaps"}, True),
        ({"verb": "patch", "resource": "configmaps"}, False),
        ({"verb": "get", "resource": "pods", "subresource": "log"}, False),
        ({"verb": "patch", "group": "apps", "resource": "deployments", "name": "web"}, True),
        ({"verb": "patch", "group": "apps", "resource": "deployments"}, False),
        ({"verb": "get", "resource": "configmaps", "namespace": ""}, False),
    ],
)
def test_a_review_of_oneself_says_what_is_allowed(
    place: Place, newcomer: Api, attributes: Json, is_allowed: bool
) -> None:
    spec = {"resourceAttributes": {"namespace": place.name, **attributes}}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec}
    review = newcomer.create(_REVIEWS, body)
    assert review["kind"] == "SelfSubjectAccessReview"
    assert review["status"]["allowed"] is is_allowed
    assert place.api.create(_REVIEWS, body)["status"]["allowed"] is True


def test_a_token_that_nobody_knows_is_unauthorized_everywhere(place: Place) -> None:
    stranger = place.api.signed_in("unknown-token")
    for path in (place.maps, "/version", "/nothing"):
        answer = stranger.ask("GET", path)
        assert (answer.code, answer.body["reason"], answer.body["message"]) == (401, "Unauthorized", "Unauthorized")


def test_who_brings_no_token_is_anonymous(place: Place) -> None:
    nobody = place.api.signed_in("")
    why = f'cannot list resource "configmaps" in API group "" in the namespace "{place.name}"'
    message = f'configmaps is forbidden: User "system:anonymous" {why}'
    assert _is_refused(nobody.ask("GET", place.maps), message, {"kind": "configmaps"})
    assert _is_refused(nobody.ask("GET", "/apis"), 'forbidden: User "system:anonymous" cannot get path "/apis"', {})
    assert nobody.get("/version")["major"] == "1"
    assert nobody.ask("GET", "/livez").text == "ok"


def test_a_known_user_may_look_what_is_served_and_nothing_beyond(newcomer: Api) -> None:
    assert newcomer.get("/apis")["kind"] == "APIGroupList"
    assert newcomer.get("/api/v1")["kind"] == "APIResourceList"
    assert newcomer.ask("GET", "/metrics").code == 403


def test_the_log_of_a_pod_that_is_absent_is_not_found(place: Place) -> None:
    answer = place.api.ask("GET", f"{place.path}/pods/absent/log")
    assert (answer.code, answer.body["message"]) == (404, 'pods "absent" not found')
