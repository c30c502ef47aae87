"""Both syncers: the same commit gives the same objects, and the same absent ones."""

from tests.contract.kubernetes.syncers.story import Story


def _names(story: Story) -> set[str]:
    listed = story.api.get(story.place.maps)["items"]
    return {item["metadata"]["name"] for item in listed} - {"kube-root-ca.crt"}


def test_what_is_committed_appears(story: Story) -> None:
    item = story.open(story.config_map("box", a="1"), story.deployment())
    assert story.api.get(f"{story.place.maps}/box")["data"] == {"a": "1"}
    assert story.api.get(f"{story.place.deployments}/web")["spec"]["replicas"] == 1
    wanted = {("Namespace", story.name), ("ConfigMap", "box"), ("Deployment", "web")}
    assert story.follower.applied_objects(item) == wanted


def test_what_is_changed_is_updated_and_what_left_the_folder_is_pruned(story: Story) -> None:
    story.open(story.config_map("box", a="1", b="1"), story.config_map("old"))
    item = story.await_applied(story.commit(story.namespace(), story.config_map("box", a="2"), story.config_map("new")))
    story.api.wait_gone(f"{story.place.maps}/old")
    assert story.api.get(f"{story.place.maps}/box")["data"] == {"a": "2"}
    assert _names(story) == {"box", "new"}
    assert ("ConfigMap", "new") in story.follower.applied_objects(item)


def test_what_was_applied_is_forgotten_once_it_is_pruned(story: Story) -> None:
    story.open(story.config_map("old"))
    commit = story.commit(story.namespace())
    story.api.wait_for(
        story.path,
        lambda item: (
            story.follower.is_applied(item, commit) and ("ConfigMap", "old") not in story.follower.applied_objects(item)
        ),
    )
    story.api.wait_gone(f"{story.place.maps}/old")


def test_what_others_wrote_on_an_object_stays(story: Story) -> None:
    story.open(story.config_map("box", a="1", b="2"))
    box = f"{story.place.maps}/box"
    story.api.patch(box, {"metadata": {"annotations": {"example.org/theirs": "3"}}}, fieldManager="somebody")
    story.await_applied(story.commit(story.namespace(), story.config_map("box", b="2")))
    found = story.api.get(box)
    assert found["data"] == {"b": "2"}
    assert found["metadata"]["annotations"]["example.org/theirs"] == "3"


def test_a_removed_folder_takes_everything_with_it(story: Story, neighbour: Story) -> None:
    neighbour.open(neighbour.config_map("kept"))
    story.open(story.config_map("box"), story.deployment())
    story.close()
    story.api.wait_gone(story.path)
    assert story.api.find(story.place.path) is None, "the namespace is gone before what stands for it"
    assert _names(neighbour) == {"kept"}


def test_a_finalizer_inside_holds_it_back_and_lets_it_go(story: Story) -> None:
    story.open(story.config_map("held"))
    held = f"{story.place.maps}/held"
    story.api.patch(held, {"metadata": {"finalizers": ["example.org/hold"]}})
    story.close()
    story.api.wait_for(story.path, lambda item: "deletionTimestamp" in item["metadata"])
    story.api.wait_for(held, lambda item: "deletionTimestamp" in item["metadata"])
    assert story.api.find(story.path) is not None
    story.api.patch(held, {"metadata": {"finalizers": None}})
    story.api.wait_gone(story.path)
    story.api.wait_gone(story.place.path)


def test_a_refused_manifest_is_told_and_harms_no_neighbour(story: Story, neighbour: Story) -> None:
    first = story.commit(story.namespace(), story.refused())
    failed = story.await_failed(first)
    assert "`selector` does not match template `labels`" in story.follower.complaint(failed)
    assert story.api.find(f"{story.place.deployments}/web") is None
    neighbour.open(neighbour.config_map("box"))
    assert _names(neighbour) == {"box"}
    story.await_applied(story.commit(story.namespace(), story.deployment()))


def test_a_refused_manifest_leaves_what_was_applied(story: Story) -> None:
    story.open(story.config_map("box", a="1"), story.deployment())
    failed = story.await_failed(story.commit(story.namespace(), story.config_map("box", a="1"), story.refused()))
    assert ("Deployment", "web") in story.follower.applied_objects(failed)
    found = story.api.get(f"{story.place.deployments}/web")
    assert found["spec"]["selector"] == {"matchLabels": {"app": "web"}}


def test_what_is_deleted_by_hand_comes_back(story: Story) -> None:
    story.open(story.config_map("box", a="1"))
    box = f"{story.place.maps}/box"
    first = story.api.get(box)["metadata"]["uid"]
    story.api.delete(box)
    story.follower.poke(story.name)
    again = story.api.wait_for(box, lambda item: item["metadata"]["uid"] != first)
    assert again["data"] == {"a": "1"}


def test_what_is_changed_by_hand_is_put_back(story: Story) -> None:
    story.open(story.config_map("box", a="1"))
    box = f"{story.place.maps}/box"
    story.api.patch(box, {"data": {"a": "2"}}, fieldManager="somebody")
    story.follower.poke(story.name)
    story.api.wait_for(box, lambda item: item["data"] == {"a": "1"})


def test_a_commit_for_another_environment_is_not_seen(story: Story, neighbour: Story) -> None:
    commit = story.commit(story.namespace(), story.config_map("box"))
    item = story.await_applied(commit)
    neighbour.open(neighbour.config_map("box"))
    assert story.follower.is_applied(story.api.get(story.path), commit)
    assert story.follower.applied_objects(story.api.get(story.path)) == story.follower.applied_objects(item)


def test_a_name_can_be_opened_again(story: Story) -> None:
    story.open(story.config_map("box", a="1"))
    story.close()
    story.api.wait_gone(story.path)
    story.open(story.config_map("box", a="2"))
    assert story.api.get(f"{story.place.maps}/box")["data"] == {"a": "2"}
