"""Quantities, such as `500m` or `2Gi`, as exact numbers: k8s.io/apimachinery/pkg/api/resource."""

import re
from fractions import Fraction

_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_SUFFIXES = {
    None: Fraction(1),
    "m": Fraction(1, 1000),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
}


def parse_quantity(value: object) -> Fraction:
    """The number a quantity stands for. `ValueError` when it is none."""
    found = _QUANTITY.fullmatch(str(value))
    if found is None:
        raise ValueError(f"reading quantity {str(value)[:200]!r}: write it as 500m, 2 or 1Gi")
    return Fraction(found[1]) * _SUFFIXES[found[2]]


def format_quantity(name: str, amount: Fraction) -> str:
    """An amount of a resource in its usual unit: cores or thousandths of one, bytes with a binary suffix."""
    if name.endswith("cpu"):
        return str(amount) if amount.denominator == 1 else f"{int(amount * 1000)}m"
    for suffix in ("Gi", "Mi", "Ki"):
        if amount and amount % _SUFFIXES[suffix] == 0:
            return f"{amount // _SUFFIXES[suffix]}{suffix}"
    return str(int(amount))
