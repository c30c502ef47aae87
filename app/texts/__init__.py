"""Everything that people read on a pull request. Start at `report`, which says it all for one environment.

The words stand in `templates/`, one file for each place where they are read; what they are told from is a `Scene`. It
may import `app.domain` and Jinja, reads no clock, and does no I/O but loading its own templates once.
`ephemera preview-texts` prints what they amount to in every state.
"""
