"""Records as GitHub's JSON: the same documents in API answers and in webhooks.

Every function takes the hub and a record and returns a new dict with GitHub's keys in GitHub's order. May import the
records and the state, nothing of HTTP. Start at `accounts` and `repositories`, which the others are made of. The field
lists are those of GitHub's OpenAPI description and of the examples in `@octokit/webhooks-examples`.
"""
