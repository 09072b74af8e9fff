"""A schema is refused before anything is paid, or the validator takes it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from domain.evidence.schemas import MAX_SCHEMA, schema_problem

KEYWORDS = [
    *("type", "properties", "items", "required", "$ref", "pattern", "enum", "multipleOf", "minLength", "allOf", "not"),
    *("patternProperties", "uniqueItems", "dependentRequired", "prefixItems", "const", "title", "$defs", "maximum"),
    *("additionalProperties", "$id", "$anchor", "minContains", "default", "examples", "unevaluatedItems", "if"),
]
VALUES = (
    st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from(["#", "object", "#/$defs/type", "a", "(a+)+", 0.5])
)
JSON = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3),
    max_leaves=10,
)


def doubling(levels: int) -> JsonValue:
    """Each definition is asked twice by the one before."""
    defs: dict[str, JsonValue] = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"type": "object"}}}


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("[" * 100_000, str(MAX_SCHEMA)),
        ("[" * 3_000, "nested too deep"),
        ("{", "not valid JSON"),
        ("[]", "refuses anything"),
        ("{}", "refuses anything"),
        ('{"title": "a note"}', "refuses anything"),
        ('{"type": "dict"}', "'integer'"),
        ('{"type": [1]}', "'integer'"),
        ('{"type": []}', "`type`"),
        ('{"type": ["null", "null"]}', "`type`"),
        ('{"type": "object", "required": "name"}', "valid list"),
        ('{"required": ["a", "a"]}', "twice"),
        ('{"items": {"$ref": "https://example.org/x"}}', "points outside"),
        ('{"$ref": "file:///etc/passwd"}', "points outside"),
        ('{"$ref": "#/$defs/none"}', "leads to no schema"),
        ('{"$ref": "#/enum/0", "enum": [{"type": "object"}]}', "leads to no schema"),
        ('{"properties": {"a": {"pattern": "(a+)+"}}}', "exponential"),
        ('{"properties": {"a": {"pattern": 5}}}', "valid string"),
        ('{"patternProperties": {"(a+)+": {}}}', "exponential"),
        ('{"items":' * 20 + '{"type": "null"}' + "}" * 20, "deeper"),
        ('{"properties": 5}', "schemas by their names"),
        ('{"properties": {"a": 5}}', "at `properties/a` stands no schema"),
        ('{"items": [{"type": "null"}]}', "at `items` stands no schema"),
        ('{"allOf": []}', "a list of schemas"),
        ('{"multipleOf": 0}', "greater than 0"),
        ('{"minLength": -1}', "`minLength`"),
        ('{"minLength": true}', "`minLength`"),
        ('{"uniqueItems": 1}', "`uniqueItems`"),
        ('{"maximum": 1e400}', "beyond all numbers"),
        ('{"maximum": NaN}', "NaN is no JSON"),
        ('{"$ref": "#"}', "without end"),
        ('{"anyOf": [{"type": "null"}, {"not": {"$ref": "#"}}]}', "without end"),
        ('{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}', "without end"),
        (json.dumps(doubling(20)), "checks of one value"),
        ('{"type": "object", "$id": "https://example.org"}', "`$id` is not followed"),
        ('{"unevaluatedProperties": false, "patternProperties": {"a": {}}}', "`additionalProperties`"),
    ],
)
def test_what_cannot_be_checked_is_said_in_words(schema: str, says: str) -> None:
    assert says in (schema_problem(schema) or "")


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"child": {"$ref": "#"}, "a/b": {"$ref": "#/$defs/x~1y"}}, "$defs": {"x/y": {"type": "null"}}},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": ["object", "null"], "minProperties": 1},
        {"if": {"type": "object"}, "then": {"required": ["a"]}, "else": False, "$comment": "c"},
        {"type": "array", "items": {"multipleOf": 0.1, "minimum": 0}, "uniqueItems": True, "maxItems": 3},
        {"const": {"type": "no type, and no schema either"}},
        doubling(5),
    ],
)
def test_what_can_be_checked_has_no_problem(schema: JsonValue) -> None:
    assert schema_problem(json.dumps(schema)) is None


@given(st.text(max_size=60) | JSON.map(json.dumps) | st.dictionaries(st.sampled_from(KEYWORDS), JSON).map(json.dumps))
def test_what_is_taken_is_a_schema_to_the_validator_too(text: str) -> None:
    if schema_problem(text) is None:
        Draft202012Validator.check_schema(json.loads(text))


@given(st.sampled_from(["string", "integer", "object"]), st.lists(st.text(max_size=3), max_size=2, unique=True))
def test_an_ordinary_schema_is_taken(kind: str, names: list[str]) -> None:
    schema = {"type": kind, "required": names, "properties": {name: {"minLength": 1} for name in names}}
    assert schema_problem(json.dumps(schema)) is None
