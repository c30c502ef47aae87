"""P4: how many environments of 8 objects one core renders and checks in a second.

`python -m tests.benchmarks.render` prints the table.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from gitops.check import check
from gitops.render import Templates
from gitops.spec import Spec

TEMPLATES = Path(__file__).parents[2] / "templates"
OBJECTS = 8
ROUNDS = 9
ENVIRONMENTS = 40

Entries = dict[str, dict[str, Any]]


def measure() -> Entries:
    """P4, in environments a second of CPU time. The limit is that of parsing what was rendered, with libyaml, alone."""
    templates = eight_objects()
    specs = [spec_of(number) for number in range(1, ENVIRONMENTS + 1)]
    rendered = [templates.render(spec) for spec in specs]
    ours, limit = [], []
    for _ in range(ROUNDS):
        ours.append(_rate(partial(_render_and_check, templates, specs)))
        limit.append(_rate(partial(_parse, rendered, yaml.CSafeLoader)))
    pure = _rate(partial(_parse, rendered, yaml.SafeLoader))
    return {
        "P4": {
            "ours": round(median(ours), 1),
            "limit": round(median(limit), 1),
            "peers": {"parsing alone, in pure Python": round(pure, 1)},
            "ratio": round(median(ours) / median(limit), 3),
            "unit": "environments/s per core",
            "goal": ">= 100",
        }
    }


def eight_objects() -> Templates:
    """The product's templates without two of their ten, so that an environment has 8 objects."""
    files = dict(Templates.load(TEMPLATES).files)
    del files["base/service-account-default.yaml.j2"], files["base/limit-range.yaml.j2"]
    templates = Templates.of(files)
    assert sum(map(len, templates.sets.values())) == OBJECTS
    return templates


def spec_of(number: int, repository: str = "shop", head_sha: str = "0123456789" * 4) -> Spec:
    """The spec of a pull request."""
    namespace = f"pr-{number}-{repository}"
    return Spec(
        cluster="main",
        namespace=namespace,
        folder=f"environments/main/acme/{repository}/{namespace}",
        owner="acme",
        repository=repository,
        number=number,
        head_sha=head_sha,
        image=f"ghcr.io/acme/{repository}:{head_sha}",
        port=8080,
        host=f"{namespace}.preview.example.com",
    )


def another_commit(spec: Spec, commit: int) -> Spec:
    """The same environment at another commit."""
    return replace(spec, head_sha=f"{commit:040x}", image=f"ghcr.io/acme/{spec.repository}:{commit:040x}")


def print_table(entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the entries as a Markdown table."""
    print("| | ours | limit | ratio | goal | unit | peers |\n|---|---|---|---|---|---|---|")
    for name, entry in entries.items():
        peers = ", ".join(f"{peer}: {value}" for peer, value in entry["peers"].items())
        figures = " | ".join(str(entry[key]) for key in ("ours", "limit", "ratio", "goal", "unit"))
        print(f"| {name} | {figures} | {peers} |")


def _render_and_check(templates: Templates, specs: Sequence[Spec]) -> None:
    for spec in specs:
        check(spec, templates.render(spec))


def _parse(environments: Sequence[Mapping[str, bytes]], loader: type[yaml.SafeLoader | yaml.CSafeLoader]) -> None:
    for files in environments:
        for content in files.values():
            yaml.load(content, loader)


def _rate(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return ENVIRONMENTS / (time.process_time() - start)


if __name__ == "__main__":
    print_table(measure())
