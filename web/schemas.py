"""JSON Schemas of bodies that routes read by themselves, for the API's description."""

from collections.abc import Iterable, Mapping
from typing import Any

TYPES = {  # what is taken for a value of each type: also its text, and null for none
    "string": ["string", "number", "null"],
    "integer": ["integer", "string", "null"],
    "number": ["number", "string", "null"],
    "boolean": ["boolean", "integer", "string", "null"],
    "array": ["array", "string", "null"],
}
REFERENCE = "asset:ID, avatar:ID, or a path or an address that is allowed"


def json_object(properties: Mapping[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {name: _as_taken(schema) for name, schema in properties.items()},
        "additionalProperties": False,
    }


def form_of(schema: Mapping[str, Any], files: Iterable[str]) -> dict[str, Any]:
    """The same as a form: words, and files that come along."""
    return {
        **schema,
        "properties": {
            name: _field(facts, name in files) for name, facts in schema["properties"].items()
        },
    }


def file_reference() -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "description": REFERENCE}


def _as_taken(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" not in schema:
        return dict(schema)
    widened = {**schema, "type": TYPES[schema["type"]]}
    if "items" in schema:
        widened["items"] = {"type": [schema["items"]["type"], "string"]}
    return widened


def _field(schema: Mapping[str, Any], is_file: bool) -> dict[str, Any]:
    words = {"description": schema["description"]} if "description" in schema else {}
    if is_file:  # or, as words, a reference
        return {**words, "type": "string", "contentMediaType": "application/octet-stream"}
    if "enum" in schema:
        return {**words, "enum": [value for value in schema["enum"] if value is not None]}
    return {**words, "type": "string"}
