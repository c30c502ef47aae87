"""A namespace ends in steps: marked, emptied, held by what has finalizers, gone."""

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import Place, condition, deployment

_HOLD = "example.org/hold"


def _hold(place: Place, name: str, *finalizers: str) -> None:
    place.put(name)
    place.api.patch(f"{place.maps}/{name}", {"metadata": {"finalizers": list(finalizers)}})


def _release(place: Place, name: str) -> None:
    place.api.patch(f"{place.maps}/{name}", {"metadata": {"finalizers": None}})


def _is_held(item: Json) -> bool:
    return condition(item, "NamespaceFinalizersRemaining").get("status") == "True"


def test_a_new_namespace_is_active_and_labelled_with_its_name(place: Place) -> None:
    item = place.api.get(place.path)
    assert item["status"] == {"phase": "Active"}
    assert item["spec"] == {"finalizers": ["kubernetes"]}
    assert item["metadata"]["labels"]["kubernetes.io/metadata.name"] == place.name


def test_everything_in_a_deleted_namespace_goes_with_it(place: Place) -> None:
    place.put("box")
    place.api.create(place.deployments, deployment("web"))
    deleted = place.api.delete(place.path)
    assert deleted["status"]["phase"] == "Terminating"
    assert deleted["metadata"]["deletionTimestamp"]
    place.api.wait_gone(place.path)
    assert [place.api.get(path)["items"] for path in (place.maps, place.deployments, f"{place.path}/pods")] == [[]] * 3


def test_nothing_new_enters_a_namespace_that_is_going_away(place: Place) -> None:
    _hold(place, "held", _HOLD)
    place.api.delete(place.path)
    answer = place.api.ask("POST", place.maps, {"metadata": {"name": "late"}})
    message = f"namespace {place.name} is being terminated"
    why = f"unable to create new content in namespace {place.name} because it is being terminated"
    cause = {"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}
    assert answer.code == 403
    assert answer.body["reason"] == "Forbidden"
    assert answer.body["message"] == f'configmaps "late" is forbidden: {why}'
    assert answer.body["details"] == {"name": "late", "kind": "configmaps", "causes": [cause]}
    _release(place, "held")


def test_what_holds_a_namespace_is_told_by_its_conditions(place: Place) -> None:
    _hold(place, "one", _HOLD)
    _hold(place, "two", _HOLD, "example.org/other")
    place.api.delete(place.path)
    stuck = place.api.wait_for(place.path, _is_held)
    told = [(item["type"], item["status"], item["reason"], item["message"]) for item in stuck["status"]["conditions"]]
    waiting = "All content successfully deleted, may be waiting on finalization"
    remaining = "Some resources are remaining: configmaps. has 2 resource instances"
    holding = f"{_HOLD} in 2 resource instances, example.org/other in 1 resource instances"
    holding = f"Some content in the namespace has finalizers remaining: {holding}"
    discovered = "All resources successfully discovered"
    parsed = "All legacy kube types successfully parsed"
    assert told == [
        ("NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", discovered),
        ("NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", parsed),
        ("NamespaceDeletionContentFailure", "False", "ContentDeleted", waiting),
        ("NamespaceContentRemaining", "True", "SomeResourcesRemain", remaining),
        ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", holding),
    ]
    assert all(item["lastTransitionTime"] for item in stuck["status"]["conditions"])
    assert stuck["spec"] == {"finalizers": ["kubernetes"]}
    assert place.api.get(f"{place.maps}/one")["metadata"]["deletionTimestamp"]
    for name in ("one", "two"):
        _release(place, name)
    place.api.wait_gone(place.path)


def test_a_finalizer_of_its_own_holds_an_emptied_namespace(api: Api) -> None:
    made = api.create("/api/v1/namespaces", {"metadata": {"generateName": "contract-", "finalizers": [_HOLD]}})
    path = f"/api/v1/namespaces/{made['metadata']['name']}"
    api.delete(path)
    emptied = api.wait_for(path, lambda item: not item["spec"].get("finalizers"))
    assert emptied["metadata"]["finalizers"] == [_HOLD]
    assert condition(emptied, "NamespaceContentRemaining")["reason"] == "ContentRemoved"
    assert condition(emptied, "NamespaceFinalizersRemaining")["reason"] == "ContentHasNoFinalizers"
    api.patch(path, {"metadata": {"finalizers": None}})
    api.wait_gone(path)


def test_a_second_delete_changes_nothing(place: Place) -> None:
    _hold(place, "held", _HOLD)
    first, second = place.api.delete(place.path), place.api.delete(place.path)
    assert first["metadata"]["deletionTimestamp"] == second["metadata"]["deletionTimestamp"]
    _release(place, "held")
