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
    # A deleted fork leaves no head repository, and most labels have no description; webhooks and the document of a
    # single pull request say so, the one of lists does not.
    simple = schemas["pull-request-simple"]["properties"]
    simple["head"]["properties"]["repo"]["$ref"] = "#/components/schemas/nullable-repository"
    simple["labels"]["items"]["properties"]["description"]["nullable"] = True
    # The account is a user or an enterprise. The list says that it is both at once.
    listed = _json_schema(description, "/app/installations")["items"]["properties"]["account"]
    listed["anyOf"] = listed.pop("allOf")
    # An array has no property `type` to tell it by.
    del _json_schema(description, "/repos/{owner}/{repo}/contents/{path}")["discriminator"]


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
