"""Ephemera as a whole, as the Procfile starts it, and what people do on GitHub. Start reading in `test_story`.

`world` is what runs, `shop` one repository in it, `oracle` what must be true in the end, `remote` the environments
repository as it lies on the disk. May import everything of `app.demo`, and of the product what an oracle needs.
"""
