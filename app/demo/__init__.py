"""Everything Ephemera talks to, on one machine: for the demo and the tests, never for the product.

Each part is a separate process that speaks the protocol of what it stands for: PostgreSQL and Valkey are the
real servers, out of wheels; Git is served by `git http-backend`; GitHub and Kubernetes are simulated over
HTTP. May import anything of the product; nothing outside this package may import it.

Start reading at `processes` (what runs and how it is stopped), then `postgres`, `valkey` and `git_host`.
"""
