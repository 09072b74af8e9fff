"""A value for a JSON schema, the same for the same schema and prompt.

For the stand-in provider. Must not know about HTTP or DSPy.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tests.support.patterns import UnsupportedPatternError, matching
from tests.support.words import Place, Words

_MODEL = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)
_DEEPEST = 8  # recursive schemas stop growing here: optional parts and lists are left out
_FORMATS = {
    "date-time": "2026-01-0{n}T09:00:00Z",
    "date": "2026-01-0{n}",
    "time": "09:0{n}:00",
    "uuid": "00000000-0000-4000-8000-00000000000{n}",
    "uri": "https://example.org/{n}",
    "email": "person{n}@example.org",
}
_SHORT_NAMES = re.compile(r"(^|_)(id|name|slug|category|tag|key|label)s?$")


class Schema(BaseModel):
    """The parts of JSON Schema (2020-12) that pydantic writes."""

    model_config = _MODEL

    type: str | list[str] | None = None
    ref: str | None = Field(None, alias="$ref")
    defs: dict[str, "Schema"] = Field({}, alias="$defs")
    any_of: list["Schema"] = Field([], alias="anyOf")
    one_of: list["Schema"] = Field([], alias="oneOf")
    all_of: list["Schema"] = Field([], alias="allOf")
    enum: list[JsonValue] | None = None
    const: JsonValue = None
    properties: dict[str, "Schema"] = {}
    required: list[str] = []
    additional: "Schema | bool" = Field(True, alias="additionalProperties")
    items: "Schema | bool | None" = None
    prefix_items: list["Schema"] = Field([], alias="prefixItems")
    min_items: int = Field(0, alias="minItems")
    max_items: int | None = Field(None, alias="maxItems")
    min_length: int = Field(0, alias="minLength")
    max_length: int | None = Field(None, alias="maxLength")
    pattern: str | None = None
    format: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = Field(None, alias="exclusiveMinimum")
    below: float | None = Field(None, alias="exclusiveMaximum")

    def kind(self) -> str:
        """The one type to write; a schema without any is taken for what its keywords say, else a text."""
        named = [self.type] if isinstance(self.type, str) else self.type or []
        told = next((name for name in named if name != "null"), named[0] if named else None)
        return told or ("object" if self.properties else "array" if self.items else "string")

    def children(self) -> Iterator["Schema"]:
        """The schemas directly inside, definitions included."""
        yield from (*self.properties.values(), *self.defs.values(), *self.prefix_items)
        yield from (*self.any_of, *self.one_of, *self.all_of)
        yield from (part for part in (self.items, self.additional) if isinstance(part, Schema))

    def names(self) -> frozenset[str]:
        """Every property name at any depth."""
        return frozenset(self.properties).union(*(child.names() for child in self.children()))


Scripted = Mapping[str, JsonValue]


class ValueMaker:
    """Writes values; `scripted` answers win over made ones wherever a property of that name stands."""

    def __init__(self, words: Words, scripted: Scripted) -> None:
        self._words = words
        self._scripted = scripted

    def value(self, schema: Schema, place: Place, scope: Mapping[str, Schema]) -> JsonValue:
        """A value that `schema` accepts. Raises UnsupportedPatternError."""
        scope = {**scope, **schema.defs}
        schema = self._settled(schema, place, scope)
        scope = {**scope, **schema.defs}
        if "const" in schema.model_fields_set:
            return schema.const
        if schema.enum:
            return schema.enum[place.index % len(schema.enum)]
        if schema.kind() == "object":
            return self._object(schema, place, scope)
        if schema.kind() == "array":
            return self._array(schema, place, scope)
        return self._scalar(schema, place)

    def _settled(self, schema: Schema, place: Place, scope: Mapping[str, Schema]) -> Schema:
        while schema.ref or schema.any_of or schema.one_of or schema.all_of:
            if schema.ref:
                schema = scope[schema.ref.rsplit("/", 1)[-1]]
            elif schema.all_of:
                own = {name: getattr(schema, name) for name in schema.model_fields_set - {"all_of"}}
                parts = [self._settled(part, place, scope) for part in schema.all_of]
                told = [{name: getattr(part, name) for name in part.model_fields_set} for part in parts]
                schema = Schema().model_copy(update={key: val for one in (*told, own) for key, val in one.items()})
            else:
                schema = self._chosen(schema.any_of or schema.one_of, place)
        return schema

    def _chosen(self, options: list[Schema], place: Place) -> Schema:
        empty = [option for option in options if option.type == "null"]
        full = [option for option in options if option.type != "null"]
        if empty and (place.depth > _DEEPEST or not full):
            return empty[0]
        return full[place.index % len(full)]

    def _object(self, schema: Schema, place: Place, scope: Mapping[str, Schema]) -> JsonValue:
        made: dict[str, JsonValue] = {}
        for name, part in schema.properties.items():
            if place.depth > _DEEPEST and name not in schema.required:
                continue
            scripted = name in self._scripted
            made[name] = self._scripted[name] if scripted else self.value(part, place.member(name), scope)
        if not schema.properties and isinstance(schema.additional, Schema):
            for index in range(2):
                key = self._words.slug(place.item(index))
                made[key] = self.value(schema.additional, place.item(index), scope)
        return made

    def _array(self, schema: Schema, place: Place, scope: Mapping[str, Schema]) -> JsonValue:
        if schema.prefix_items:
            return [self.value(part, place.item(i), scope) for i, part in enumerate(schema.prefix_items)]
        wanted = 0 if place.depth > _DEEPEST else 3 if schema.max_items is None else min(3, schema.max_items)
        part = schema.items if isinstance(schema.items, Schema) else Schema(type="string")
        return [self.value(part, place.item(i), scope) for i in range(max(wanted, schema.min_items))]

    def _scalar(self, schema: Schema, place: Place) -> JsonValue:
        makers: dict[str, Callable[[], JsonValue]] = {
            "boolean": lambda: True,
            "null": lambda: None,
            "integer": lambda: _whole(schema, place),
            "number": lambda: _number(schema),
        }
        return makers.get(schema.kind(), lambda: self._text(schema, place))()

    def _text(self, schema: Schema, place: Place) -> str:
        if schema.format in _FORMATS:
            return _FORMATS[schema.format].format(n=place.index % 9 + 1)
        if schema.pattern is None:
            if _SHORT_NAMES.search(place.name) and schema.min_length < 10 and (schema.max_length or 64) > 40:
                return self._words.slug(place)
            return self._words.text(place, schema.min_length, schema.max_length)
        for text in _candidates(self._words, place, schema):
            fits = schema.min_length <= len(text) <= (schema.max_length or len(text))
            if fits and re.search(schema.pattern, text):
                return text
        raise UnsupportedPatternError(f"no text of that length for {schema.pattern}: script an answer for this field")


def _candidates(words: Words, place: Place, schema: Schema) -> Iterator[str]:
    """Texts for a pattern, the most readable first."""
    text, slug = words.text(place, schema.min_length, schema.max_length), words.slug(place)
    number = str(place.index + 1)
    title = " ".join(part.capitalize() for part in slug.split("-"))
    yield from (
        text,
        re.sub("[,;]", "", text),
        text.rstrip("."),
        slug,
        slug.replace("-", " "),
        slug.replace("-", "_"),
        title,
    )
    yield from (slug.split("-")[0] + number, slug.split("-")[0], number, f"{number}.0.0")
    for extra in (4, 2, 1, 0, 12, 40, 200):
        yield matching(schema.pattern or "", slug + text, extra)


def _bounds(schema: Schema, step: float) -> tuple[float | None, float | None]:
    least = schema.above + step if schema.above is not None else schema.minimum
    most = schema.below - step if schema.below is not None else schema.maximum
    return least, most


def _whole(schema: Schema, place: Place) -> int:
    least, most = _bounds(schema, 1)
    wanted = (0 if least is None else int(least)) + place.index + (1 if least is None else 0)
    return wanted if most is None else min(wanted, int(most))


def _number(schema: Schema) -> float:
    """High in its range: a made score or readiness lets the job go on."""
    least, most = _bounds(schema, 0.001)
    if most is None:
        return 0.9 if least is None or least <= 0.9 else least
    return most if least is None else least + 0.9 * (most - least)


def value_for(schema: Schema, prompt: str, scripted: Scripted | None = None) -> JsonValue:
    """A value that `schema` accepts, made of the words of `prompt`. Raises UnsupportedPatternError."""
    return ValueMaker(Words(prompt), scripted or {}).value(schema, Place(), {})
