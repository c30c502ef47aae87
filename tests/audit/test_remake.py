"""Making again what was recorded, by one process or by several."""

import pytest

from app.stages.remake import Order, Product, order, remake
from gitops.syncs import divided
from gitops.tree import tree_id
from tests.audit.books import FIRST, TEMPLATES, Books

SPEC = Books.spec(7, FIRST)
VERSIONS = {TEMPLATES.digest: TEMPLATES.files, "forged": TEMPLATES.files}
FILES = TEMPLATES.render(SPEC)


def of(templates: str = TEMPLATES.digest, *, is_divided: bool = False, **other: object) -> Order:
    """The order of that spec, or of one that differs."""
    return order(templates, {**SPEC.to_mapping(), **other}, SPEC.folder, is_divided=is_divided)


@pytest.mark.slow
def test_several_processes_make_what_one_makes() -> None:
    orders = [of(port=port) for port in range(8000, 8020)]
    assert remake(VERSIONS, orders, alone=0) == remake(VERSIONS, orders)


def test_order_is_made_as_the_folder_holds_it() -> None:
    namespace, rest = divided(FILES)
    assert remake(VERSIONS, [of(), of(), of(is_divided=True)]) == {
        of(): Product(tree_id(FILES)),
        of(is_divided=True): Product(tree_id(rest), namespace),
    }


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (of("lost"), "is not kept"),
        (of("forged"), "is not kept"),
        (of(port="x"), "port"),
        (of(more=1), "more"),
        (of(sets=["none"]), "no template set"),
        (order(TEMPLATES.digest, SPEC.to_mapping(), "elsewhere", is_divided=False), "the recorded spec is of"),
    ],
)
def test_what_cannot_be_made_says_why(wanted: Order, why: str) -> None:
    (product,) = remake(VERSIONS, [wanted]).values()
    assert product.tree is None
    assert why in str(product.problem)
