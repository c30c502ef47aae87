"""What becomes of pull requests, whoever does it: an App through the API, or a person through the control plane.

`lifecycle` opens, changes, closes and reopens; `obstacles` says what stands in the way of a merge; `merging` merges;
`following` does what GitHub does after branches moved. Everything here wants the state's lock held, and the
repository's before it. May import the state, the shapes and the events; `api/` and `control/` import it.
"""
