"""HTTP: webhooks, the REST API and health. It verifies, marks, rings and shows; it decides nothing.

May import the store, the ports, the domain and the errors; never a stage, a client of GitHub or of a cluster, or Redis.
Start with `services` (what it is given), then `webhooks` and `doorbell` (how a delivery becomes a mark), then `api`.
"""
