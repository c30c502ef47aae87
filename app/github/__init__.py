"""GitHub, as an App sees it: tokens, reading pull requests and comments, writing reports. Over HTTP only, through
PyGithub.

It may import `app.ports`, `app.errors` and `app.domain`, PyGithub with the `requests` below it, PyJWT, cryptography
and structlog; only `app.wiring` builds what is here, by `connect`.

Start reading at `client`, the path of every request: token, cache, redirect, error. `credentials` holds the App's key,
`tokens` the installation tokens, each for one repository and the `permissions` of one use; `errors` is the one place
where GitHub's refusals become Transient or Stalled; `parse`, `written` and `heard` are the ones where its JSON becomes
values. `pull_requests`, `reports`, `conversations`, `hook_deliveries` and `installed` implement the ports of these
names; `git_credentials` is for Git over HTTP, `checkup` for `ephemera check`.
"""
