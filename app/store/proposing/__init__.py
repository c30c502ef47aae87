"""What is kept of proposals: what is proposed, where their branches are, what GitHub knows, what people decided.

A row is one pull request on the environments repository. It is `is_current` while it is its environment's newest; only
such a one is ever opened, changed or merged.
"""

from app.store.proposing.branching import failed, found_moved, has_pushes, overtaken, pushed, to_push
from app.store.proposing.held import Content, Taken, content, take
from app.store.proposing.judging import (
    Decision,
    Known,
    accept,
    edited,
    known,
    looked,
    rebase,
    reconsider,
    refuse,
    reopen,
    ring,
    ring_for,
    spoil,
    to_look,
)
from app.store.proposing.telling import close_again, keep_told, not_merged, opened, remind, to_tell
from app.store.proposing.wanting import Wanted, hold, put, remember_templates, settled, templates, withdraw

__all__ = [
    "Content",
    "Decision",
    "Known",
    "Taken",
    "Wanted",
    "accept",
    "close_again",
    "content",
    "edited",
    "failed",
    "found_moved",
    "has_pushes",
    "hold",
    "keep_told",
    "known",
    "looked",
    "not_merged",
    "opened",
    "overtaken",
    "pushed",
    "put",
    "rebase",
    "reconsider",
    "refuse",
    "remember_templates",
    "remind",
    "reopen",
    "ring",
    "ring_for",
    "settled",
    "spoil",
    "take",
    "templates",
    "to_look",
    "to_push",
    "to_tell",
    "withdraw",
]
