"""Mends the places in which GitHub's description contradicts what GitHub documents elsewhere and answers.

Each would refuse a right answer; none allows a wrong request. A repair that finds nothing to mend raises KeyError, so
that a newer description shows which are no longer needed.
"""

from typing import Any

Json = dict[str, Any]


def repair(description: Json) -> None:
    """Change a trimmed description in place."""
    _let_nullable_choices_be_null(description)
    schemas = description["components"]["schemas"]
    # A deleted fork leaves no head repository, as the schema of webhooks says, and most labels have no description, as
    # the document of a single pull request says.
    simple = schemas["pull-request-simple"]["properties"]
    simple["head"]["properties"]["repo"]["$ref"] = "#/components/schemas/nullable-repository"
    schemas["pull-request"]["properties"]["head"]["properties"]["repo"] = simple["head"]["properties"]["repo"]
    simple["labels"]["items"]["properties"]["description"]["nullable"] = True
    # The account is a user or an enterprise. The list says that it is both at once.
    listed = _json_schema(description, "/app/installations")["items"]["properties"]["account"]
    listed["anyOf"] = listed.pop("allOf")
    # Whoever wrote a commit has no account, as often as not: `nullable` alone, without a type, allows no null.
    for role in ("author", "committer"):
        schemas["commit"]["properties"][role]["oneOf"][0]["$ref"] = "#/components/schemas/nullable-simple-user"
    # An array has no property `type` to tell it by.
    del _json_schema(description, "/repos/{owner}/{repo}/contents/{path}")["discriminator"]


def repair_webhooks(definitions: Json) -> None:
    """Change trimmed schemas of webhooks in place: they have not been kept up since 2024.

    What is added here is in the newer description of webhooks inside `@octokit/openapi`, under `x-webhooks`, or, as
    `user_view_type` is, in its schema of the same thing.
    """
    text, flag = {"type": "string"}, {"type": "boolean"}
    _properties(definitions["user"])["user_view_type"] = text
    _properties(definitions["app"])["client_id"] = text
    _properties(definitions["installation"])["client_id"] = text
    for action in ("requested", "rerequested", "completed"):
        suite = _properties(definitions[f"check_suite${action}"])["check_suite"]
        _properties(suite).update(rerequestable=flag, runs_rerequestable=flag)
    commit = _properties(_properties(definitions["status$event"])["commit"])["commit"]
    _properties(_properties(commit)["verification"])["verified_at"] = {"type": ["string", "null"]}
    # There is a reason for an end of waiting, none for its beginning.
    definitions["pull_request$auto_merge_enabled"]["required"].remove("reason")
    # The requester is nobody when the owner installs it, and a repository may come from an organization.
    installed, nobody = _properties(definitions["installation$created"]), {"type": "null"}
    installed["requester"] = {"oneOf": [installed["requester"], nobody]}
    owner = _properties(_properties(definitions["repository$transferred"])["changes"])["owner"]
    _properties(_properties(owner)["from"])["organization"] = {"$ref": "#/definitions/organization"}


def _properties(schema: Json) -> Json:
    properties: Json = schema["properties"]
    return properties


def _json_schema(description: Json, path: str) -> Json:
    schema: Json = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


def _let_nullable_choices_be_null(node: Any) -> None:
    """Add null to the choices of what may be null: OpenAPI 3.0.3 reads `nullable` as not enough."""
    if isinstance(node, dict):
        if node.get("nullable") and isinstance(node.get("enum"), list) and None not in node["enum"]:
            node["enum"].append(None)
        for child in node.values():
            _let_nullable_choices_be_null(child)
    elif isinstance(node, list):
        for child in node:
            _let_nullable_choices_be_null(child)
