"""`python -m app.demo.real`: build the programs of the real stack."""

import sys

from app.demo.real import tools
from app.demo.real.build import BuildError


def main() -> int:
    """Build what is missing; returns the exit status."""
    try:
        tools.make()
    except BuildError as error:
        print(f"ephemera: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
