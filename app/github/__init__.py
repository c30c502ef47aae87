"""GitHub, as an App sees it: tokens, reading pull requests, writing reports. Over HTTP only, through PyGithub.

It may import `app.ports`, `app.errors` and `app.domain`, PyGithub with the `requests` below it, PyJWT, cryptography
and structlog; only `app.wiring` builds what is here, by `connect`.

Start reading at `client`, the path of every request: token, cache, redirect, error. `credentials` holds the App's key
and the installation tokens, `errors` is the one place where GitHub's refusals become Transient or Stalled, `parse` the
one where its JSON becomes values. `pull_requests` and `reports` implement the ports of these names;
`git_credentials` is for Git over HTTP, `checkup` for `ephemera check`.
"""
