"""Go durations, as Flux's `interval` and `timeout` are written."""

import re

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def parse_interval(text: str) -> float:
    """The seconds of a duration such as `1h30m`. `ValueError` when it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"reading duration {text[:200]!r}: write it as 30s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
