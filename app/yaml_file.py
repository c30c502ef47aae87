"""A YAML file that an operator writes, read as a whole: every mistake at once, in words."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from app.errors import shown

_LARGEST = 64 * 1024
_Declared = TypeVar("_Declared", bound=BaseModel)


def read_yaml(path: Path, model: type[_Declared]) -> _Declared:
    """What the file declares. Raises ValueError with one line for each mistake."""
    try:
        text = path.expanduser().read_text()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        raise ValueError(f"it cannot be read ({error})") from None
    if len(text) > _LARGEST:
        raise ValueError(f"it is longer than {_LARGEST} characters")
    try:
        return model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors(include_url=False)]
        raise ValueError("\n    ".join(["it is not usable:", *lines])) from None


def _line(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    message = detail["msg"].removeprefix("Value error, ")
    value = "" if detail["type"] == "missing" else f" is {shown(detail['input'])}"
    return f"{where}{value}: {message}"
