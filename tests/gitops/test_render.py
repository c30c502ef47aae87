"""Rendering: the manifests of the product's templates, and what a template may and may not do."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from gitops.check import check
from gitops.errors import TemplatesError
from gitops.render import Templates
from gitops.spec import Spec

GOLDEN = Path(__file__).with_name("golden")
KUBERNETES = "1.37"

Write = Callable[[str], Templates]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Give a function that makes a set `web` of one template."""

    def write_template(text: str) -> Templates:
        (tmp_path / "web").mkdir(exist_ok=True)
        (tmp_path / "web" / "a.yaml.j2").write_text(text)
        return Templates.load(tmp_path)

    return write_template


def test_manifests_are_the_reviewed_ones(spec: Spec, templates: Templates, updates_goldens: bool) -> None:
    files = templates.render(spec)
    if updates_goldens:
        for old in GOLDEN.glob("*.yaml"):
            old.unlink()
        GOLDEN.mkdir(exist_ok=True)
        for name, content in files.items():
            (GOLDEN / name).write_bytes(content)
    assert {path.name: path.read_bytes() for path in GOLDEN.glob("*.yaml")} == files


def test_manifests_pass_our_own_check(spec: Spec, templates: Templates) -> None:
    check(spec, templates.render(spec))


def test_manifests_are_what_kubernetes_takes(spec: Spec, templates: Templates) -> None:
    for content in templates.render(spec).values():
        assert kubernetes_validate.validate(yaml.safe_load(content), KUBERNETES, strict=True) == KUBERNETES


def test_quota_leaves_room_for_a_rolling_update(spec: Spec, templates: Templates) -> None:
    files = {name: yaml.safe_load(content) for name, content in templates.render(spec).items()}
    hard = files["resource-quota.yaml"]["spec"]["hard"]
    deployment = files["deployment.yaml"]["spec"]
    pods = deployment["replicas"] + deployment["strategy"]["rollingUpdate"]["maxSurge"]
    (container,) = deployment["template"]["spec"]["containers"]
    assert int(hard["pods"]) >= pods
    for kind in ("requests", "limits"):
        for resource, amount in container["resources"][kind].items():
            assert in_base_units(hard[f"{kind}.{resource}"]) >= pods * in_base_units(amount)


def in_base_units(quantity: str) -> float:
    """A Kubernetes quantity as a number of cores or bytes."""
    units = {"m": 1e-3, "Mi": 2.0**20, "Gi": 2.0**30}
    suffix = quantity.lstrip("0123456789")
    return float(quantity.removesuffix(suffix)) * (units[suffix] if suffix else 1)


def test_same_spec_gives_the_same_bytes_in_order(spec: Spec, templates: Templates) -> None:
    first, second = templates.render(spec), templates.render(replace(spec))
    assert first == second
    assert list(first) == sorted(first)


def test_deliberate_redeploy_changes_the_pods(spec: Spec, templates: Templates) -> None:
    again = templates.render(replace(spec, generation=1))
    changed = {name for name, content in templates.render(spec).items() if again[name] != content}
    assert changed == {"deployment.yaml"}


def test_new_template_is_rendered_without_code(spec: Spec, write: Write) -> None:
    templates = write("a: {{ namespace }}\n{% if port == 8080 %}\nb: {{ port }}\n{% endif %}\n")
    assert templates.render(replace(spec, sets=("web",))) == {"a.yaml": b'a: "pr-7-shop"\nb: 8080\n'}


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{{ head_sha }}", '"00e1234567890123456789012345678901234567"'),
        ("{{ 'constant' }}", '"constant"'),
        ("{{ 7 }}", "7"),
        ("{{ port | string }}", '"8080"'),
        ("{{ owner ~ '/' ~ repository }}", '"acme/shop"'),
        ("{% set x = 'a: b' %}{{ x }}", '"a: b"'),
        ("{% for set in sets %}{{ set }}{% endfor %}", '"web"'),
        ("{{ 'a\\nb: c' }}", '"a\\nb: c"'),
        ("{{ generation + 1 }}", "1"),
    ],
)
def test_every_expression_is_quoted_and_nothing_else_is(spec: Spec, write: Write, template: str, rendered: str) -> None:
    files = write(template).render(replace(spec, sets=("web",)))
    assert files["a.yaml"].decode() == rendered


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing }}",
        "{{ nothing.at.all }}",
        "{% if nothing %}{% endif %}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ namespace.__class__ }}",
        "{{ 'a' * 10**8 }}",
        "{{ namespace * 1000000 }}",
        "{{ '%1000000000d' % 7 }}",
        "{{ 2**100000000 }}",
        "{{ range(10000000) | list }}",
        "{% for i in range(99999) %}aaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}",
        "{{ sets.append('x') }}",
        "{{ sets }}",
        "{{ port.real.bit_length }}",
        "{% include 'elsewhere.j2' %}",
        "{% include '../../etc/passwd' %}",
        "{{ 1 // 0 }}",
    ],
)
def test_template_that_fails_or_grows_is_named(spec: Spec, write: Write, template: str) -> None:
    with pytest.raises(TemplatesError, match=r"web/a\.yaml\.j2|bytes or more"):
        write(template).render(replace(spec, sets=("web",)))


def test_template_that_does_not_compile_is_named_at_the_start(write: Write) -> None:
    with pytest.raises(TemplatesError, match=r"compiling template web/a\.yaml\.j2"):
        write("{% if %}")


def test_unknown_set_is_told_with_those_that_exist(spec: Spec, templates: Templates) -> None:
    with pytest.raises(TemplatesError, match="no template set 'postgres'; there are base, web"):
        templates.render(replace(spec, sets=("base", "postgres")))


def test_two_sets_may_not_make_one_file(spec: Spec, tmp_path: Path) -> None:
    for name in ("base", "web"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.yaml.j2").write_text("a: 1\n")
    with pytest.raises(TemplatesError, match=r"another set also makes a\.yaml"):
        Templates.load(tmp_path).render(spec)


def test_too_many_objects_are_refused(spec: Spec, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    for number in range(201):
        (tmp_path / "web" / f"{number}.yaml.j2").write_text("a: 1\n")
    with pytest.raises(TemplatesError, match="201 objects"):
        Templates.load(tmp_path).render(replace(spec, sets=("web",)))


def test_templates_from_memory_render_the_very_bytes(spec: Spec, templates: Templates) -> None:
    assert Templates.of(templates.files).render(spec) == templates.render(spec)
    assert Templates.of(templates.files).digest == templates.digest


@pytest.mark.parametrize(
    "other",
    [
        {"web/a.yaml.j2": "x", "web/b.yaml.j2": "z"},
        {"web/a.yaml.j2": "x", "web/c.yaml.j2": "y"},
        {"web/a.yaml.j2": "x"},
        {"web/a.yaml.j2": "xweb/b.yaml.j2y"},
    ],
)
def test_every_name_and_text_is_in_the_digest(other: dict[str, str]) -> None:
    files = {"web/b.yaml.j2": "y", "web/a.yaml.j2": "x"}
    assert Templates.of(files).digest == Templates.of(dict(sorted(files.items()))).digest
    assert Templates.of(files).digest != Templates.of(other).digest


def test_what_a_template_includes_is_kept_with_it(tmp_path: Path, spec: Spec) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "..data").mkdir()
    (tmp_path / "web" / "..data" / "a.yaml.j2").write_text("twice")
    (tmp_path / "web" / "a.yaml.j2").write_text('{% include "part.j2" %}')
    (tmp_path / "part.j2").write_text("kind: {{ namespace }}\n")
    loaded = Templates.load(tmp_path)
    assert list(loaded.files) == ["part.j2", "web/a.yaml.j2"]
    rendered = Templates.of(loaded.files).render(replace(spec, sets=("web",)))
    assert rendered == {"a.yaml": b'kind: "pr-7-shop"\n'}


@pytest.mark.parametrize(("content", "why"), [(b"\xff", "UTF-8"), (b"a\0b", "NUL")])
def test_template_that_cannot_be_kept_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.yaml.j2").write_bytes(content)
    with pytest.raises(TemplatesError, match=rf"web/a\.yaml\.j2.*{why}"):
        Templates.load(tmp_path)
