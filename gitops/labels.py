"""The labels and annotations that every object of an environment bears, and by which it is found again."""

from gitops.naming import label_value
from gitops.spec import Spec

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "ephemera"
ENVIRONMENT = "ephemera.dev/environment"
REPOSITORY = "ephemera.dev/repository"
PULL_REQUEST = "ephemera.dev/pull-request"

HEAD_SHA = "ephemera.dev/head-sha"
GENERATION = "ephemera.dev/generation"

_LINK = "link.argocd.argoproj.io"

Pairs = tuple[tuple[str, str], ...]


def labels_of(spec: Spec, template_set: str) -> Pairs:
    """(label, value) of every object that the set renders for the spec; `app.kubernetes.io/name` is the set's."""
    repository = label_value(f"{spec.owner}.{spec.repository}")
    return (
        (NAME, template_set),
        (INSTANCE, spec.namespace),
        (PART_OF, repository),
        (MANAGED_BY, MANAGER),
        (ENVIRONMENT, spec.namespace),
        (REPOSITORY, repository),
        (PULL_REQUEST, str(spec.number)),
    )


def annotations_of(spec: Spec) -> Pairs:
    """(annotation, value) of every workload and its pod template: they tell which commit runs, and which redeploy."""
    return ((HEAD_SHA, spec.head_sha), (GENERATION, str(spec.generation)))


def links_of(spec: Spec) -> Pairs:
    """(annotation, URL) of a workload: where Argo CD's pages lead from there.

    https://argo-cd.readthedocs.io/en/latest/user-guide/external-url/.
    """
    repository = f"{spec.web_url}/{spec.owner}/{spec.repository}"
    return (
        (f"{_LINK}/preview", f"https://{spec.host}"),
        (f"{_LINK}/pull-request", f"{repository}/pull/{spec.number}"),
        (f"{_LINK}/commit", f"{repository}/commit/{spec.head_sha}"),
    )
