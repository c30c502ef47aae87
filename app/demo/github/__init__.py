"""A simulated GitHub: its HTTP API for Apps, its signed webhooks, and faults on demand.

It implements GitHub's documented behaviour and not the product's needs; nothing outside `app.demo` and the tests may
import it or know that it exists. It may import Flask, gunicorn, PyJWT, cryptography, urllib3, requests
and the demo's side of Git, and nothing of the product.

Start reading at `dispatch`, the one path of every request: authenticate, find the repository, check the permission,
run the handler in `api/`, add the headers. `state` holds the records, `shapes/` turns them into GitHub's JSON,
`events` and `sender` make and send webhooks, `gate` injects faults and keeps the ledger, `budget` and `secondary` are
the rate limits, `pages` and `registry` make an App from a manifest. `git/` serves repositories whose commits are
real, `pulling/` is what becomes of pull requests, whoever acts. `control/` is the part that
GitHub does not have, under `/_sim/`: there a test plays the people. `client` speaks to it, `launch` starts it all.
"""
