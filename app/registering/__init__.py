"""`ephemera github-app create`: registers the GitHub App from a manifest, and keeps its key and secret in an env file.

GitHub's page needs a browser that is logged in there, so a page on this machine's loopback sends the manifest, and is
where GitHub sends the browser back to
(https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest).

May import settings, clusters, domain and errors, and `requests`; neither stages nor store: nothing needs to run. Start
with `create`.
"""
