"""A provider that has no idea: the emptiest answer of the asked form, whatever is asked. For `Provider.answer`."""

from collections.abc import Callable

from pydantic import JsonValue

from tests.support.provider_models import ChatRequest


def generic(text: str = "string", *, full: bool = False) -> Callable[[ChatRequest], JsonValue]:
    """Every text is `text`, every flag false, every choice the last one; lists are empty, or `full` of one item."""

    def answer(request: ChatRequest) -> JsonValue:
        wrapped = (request.response_format or {}).get("json_schema")
        schema = wrapped.get("schema") if isinstance(wrapped, dict) else None
        return text if schema is None else _value(schema, schema, text, full)

    return answer


def _value(schema: JsonValue, root: JsonValue, text: str, full: bool) -> JsonValue:
    assert isinstance(schema, dict)
    assert isinstance(root, dict)
    if "$ref" in schema:
        defined = root["$defs"]
        assert isinstance(defined, dict)
        return _value(defined[str(schema["$ref"]).rpartition("/")[2]], root, text, full)
    choices = schema.get("enum")
    if isinstance(choices, list):
        return choices[-1]
    if isinstance(schema.get("properties"), dict):
        parts = schema["properties"]
        assert isinstance(parts, dict)
        return {name: _value(part, root, text, full) for name, part in parts.items()}
    if schema.get("type") == "array":
        return [_value(schema["items"], root, text, full)] if full else []
    return False if schema.get("type") == "boolean" else text
