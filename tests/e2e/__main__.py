"""`python -m tests.e2e`: run these tests with each syncer, one after the other, on a stack of its own."""

import os
import sys

import click
import pytest

from app.demo.real import tools
from tests.e2e.options import KEEP, SYNCER, SYNCERS


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--syncer", type=click.Choice(SYNCERS), help="this one alone  [default: one after the other]")
@click.option("--keep", is_flag=True, help="leave the (last) stack up after the tests, and say where it is")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(syncer: str | None, arguments: tuple[str, ...], *, keep: bool) -> None:
    """Run the tests; what else is given goes to pytest."""
    try:
        tools.find()
    except tools.ToolsMissing as error:
        click.echo(f"ephemera: {error}", err=True)
        sys.exit(1)
    wanted = [syncer] if syncer else list(SYNCERS)
    failed = 0
    for number, name in enumerate(wanted, start=1):
        os.environ[SYNCER] = name
        os.environ[KEEP] = "1" if keep and number == len(wanted) else ""
        report = f"--junitxml=build/e2e-{name}.xml"
        status = pytest.main(["tests/e2e", "-v", report, *(["-s"] if keep else []), *arguments])
        failed = failed or int(status)
    sys.exit(failed)


if __name__ == "__main__":
    main()
