"""How a run of these tests is told what to run on."""

import os
from typing import cast

from app.demo.real.stack import Syncer

SYNCER = "EPHEMERA_E2E_SYNCER"
KEEP = "EPHEMERA_E2E_KEEP"
SYNCERS: tuple[Syncer, ...] = ("argocd", "flux")


def is_asked_for() -> bool:
    """These tests are wanted; the ordinary suite leaves them out."""
    return SYNCER in os.environ


def syncer() -> Syncer:
    """The one to run on."""
    return cast(Syncer, os.environ[SYNCER])


def is_kept() -> bool:
    """The stack stays up after the tests."""
    return bool(os.environ.get(KEEP))
