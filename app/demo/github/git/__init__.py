"""Repositories whose branches and commits are real: bare ones on disk, served over Git's smart HTTP protocol.

`bare` is one repository and every question asked of it, `repositories` finds the right one, `merging` makes the
commits that a merge makes, `protection` is the hook that refuses a push. Those four import Git's side of the demo and
the records. `access` and `serving` are the protocol, and sit above the state as `dispatch` does. Start at `serving`.
"""
