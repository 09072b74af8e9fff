"""The shelves of the library: which categories there are, which one is meant, and which paths are legal.

A path can come from a model, so every part of it must be a plain slug. Must not touch a disk.
"""

from pydantic import JsonValue

from domain import frontmatter
from domain.errors import InvalidAnswer, SkillFileError
from domain.library.search import words
from domain.names import LEGAL, MAX_NAME, is_device, slug
from domain.shape import Shape
from domain.skill import Category

FALLBACK = "general"
TAGS = "tags"

_DEFAULT = """\
# The shelves of this library. `name` is a folder; `aliases` are other words for the same shelf.
categories:
  - name: development
    title: Development
    description: Writing, reviewing, testing and debugging software.
    aliases: [coding, code, programming, software, software-development, engineering, testing, web, git]
  - name: data
    title: Data
    description: Collecting, cleaning, querying and analysing data.
    aliases: [data-analysis, analytics, database, databases, sql, data-processing, data-science, machine-learning, ml]
  - name: documents
    title: Documents
    description: Reading, writing and converting documents, tables and slides.
    aliases: [document, documentation, docs, writing, office, spreadsheets, presentations, content, pdf]
  - name: communication
    title: Communication
    description: Messages, summaries, support and meetings between people.
    aliases: [communications, support, customer-support, email, meetings, marketing, sales]
  - name: operations
    title: Operations
    description: Deploying, monitoring, securing and running systems and processes.
    aliases: [ops, devops, infrastructure, deployment, monitoring, security, automation, administration, compliance]
  - name: research
    title: Research
    description: Finding, comparing and judging sources and evidence.
    aliases: [science, investigation, learning, education, literature]
  - name: design
    title: Design
    description: Interfaces, graphics, brands and user experience.
    aliases: [ui, ux, user-interface, graphics, frontend-design, visual, creative, art]
  - name: general
    title: General
    description: Whatever fits no other shelf.
    aliases: [other, misc, miscellaneous, productivity, utilities, tools]
# Words that skills are marked with, across categories. Other tags are legal too; these have one spelling.
facets:
  - name: tags
    title: Tags
    values:
      - {name: python, aliases: [py, python3]}
      - {name: javascript, aliases: [js, node, nodejs]}
      - {name: typescript, aliases: [ts]}
      - {name: sql, aliases: [postgres, postgresql, mysql, sqlite]}
      - {name: git, aliases: [github, gitlab, version-control]}
      - {name: testing, aliases: [tests, test, qa]}
      - {name: review, aliases: [code-review, reviews, reviewing]}
      - {name: security, aliases: [secure, vulnerabilities]}
      - {name: writing, aliases: [prose, copywriting]}
      - {name: pdf, aliases: [pdfs]}
      - {name: spreadsheets, aliases: [excel, xlsx, csv, spreadsheet]}
      - {name: email, aliases: [emails, mail]}
      - {name: agents, aliases: [agent, skills, agent-skills]}
"""


class Shelf(Category):
    """A category with the other words that mean it."""

    aliases: list[str] = []


class FacetValue(Shape):
    """One word that skills are marked with, and the other words that mean it."""

    name: str
    aliases: list[str] = []


class Facet(Shape):
    """One way to tell skills apart across categories. `tags` is the one that skills state in their frontmatter."""

    name: str
    title: str
    values: list[FacetValue] = []


class Taxonomy(Shape):
    """All categories in the order of the file, and the words that skills are marked with."""

    categories: list[Shelf]
    facets: list[Facet] = []

    @property
    def names(self) -> list[str]:
        """The canonical names."""
        return [shelf.name for shelf in self.categories]

    def find(self, word: str) -> str | None:
        """The canonical name for a name, a title or an alias, however it is spelled."""
        wanted = slug(word)
        for shelf in self.categories:
            if wanted == shelf.name or wanted in map(slug, (shelf.title, *shelf.aliases)):
                return shelf.name
        return None

    def tag(self, word: str) -> str:
        """The canonical word for a tag: that of the facet `tags` which it means, else itself."""
        value = self._value(word)
        return value.name if value else word.strip()

    def spellings(self, word: str) -> list[str]:
        """All words that mean the same tag, the given one among them."""
        value = self._value(word)
        return sorted({word.strip(), *([value.name, *value.aliases] if value else [])})

    def _value(self, word: str) -> FacetValue | None:
        wanted = slug(word)
        tags = (value for facet in self.facets if facet.name == TAGS for value in facet.values)
        return next((value for value in tags if wanted in (value.name, *map(slug, value.aliases))), None)

    def tags_in(self, text: str) -> list[str]:
        """The tags of this library that a text names, by their own or other words, in the order of the file."""
        said = f" {' '.join(words(text))} "
        return [
            value.name
            for facet in self.facets
            if facet.name == TAGS
            for value in facet.values
            if any(f" {' '.join(words(word))} " in said for word in (value.name, *value.aliases))
        ]


def default_taxonomy() -> bytes:
    """A `taxonomy.yaml` for a library that has none."""
    return _DEFAULT.encode()


def parse_taxonomy(data: bytes) -> Taxonomy:
    """Reads a `taxonomy.yaml`. Raises SkillFileError (`taxonomy-…` or `yaml-…`) that says what to mend."""
    try:
        loaded = frontmatter.load(data.decode("utf-8-sig"), flow=True)
    except UnicodeDecodeError as error:
        raise SkillFileError("taxonomy-not-utf8", "taxonomy.yaml is not UTF-8 text; save it as UTF-8.") from error
    entries = loaded.fields.get("categories")
    if not isinstance(entries, list) or not entries:
        raise SkillFileError("taxonomy-empty", "taxonomy.yaml needs a list `categories` with at least one entry.")
    shelves = [_shelf(entry) for entry in entries]
    if len({shelf.name for shelf in shelves}) < len(shelves):
        raise SkillFileError("taxonomy-duplicate", "taxonomy.yaml names a category twice; keep one.")
    return Taxonomy(categories=shelves, facets=_facets(loaded.fields.get("facets")))


def _facets(entries: JsonValue) -> list[Facet]:
    """The facets; an entry without a legal name raises SkillFileError, as with categories."""
    listed = entries if isinstance(entries, list) else []
    return [_facet(entry) for entry in listed]


def _facet(entry: JsonValue) -> Facet:
    fields = entry if isinstance(entry, dict) else {}
    name, values = _name(fields.get("name"), "facet"), fields.get("values")
    return Facet(
        name=name,
        title=_text(fields.get("title")) or name.replace("-", " ").capitalize(),
        values=[_value(value) for value in values] if isinstance(values, list) else [],
    )


def _value(entry: JsonValue) -> FacetValue:
    """A value; one without other words may be a word alone."""
    fields = entry if isinstance(entry, dict) else {"name": entry}
    return FacetValue(name=_name(fields.get("name"), "value"), aliases=_texts(fields.get("aliases")))


def _shelf(entry: JsonValue) -> Shelf:
    fields = entry if isinstance(entry, dict) else {}
    name = _name(fields.get("name"), "category")
    return Shelf(
        name=name,
        title=_text(fields.get("title")) or name.replace("-", " ").capitalize(),
        description=_text(fields.get("description")),
        aliases=_texts(fields.get("aliases")),
    )


def _name(value: JsonValue, kind: str) -> str:
    name = _text(value)
    if not _legal(name):
        told = f"taxonomy.yaml: {name[:80]!r} is no {kind} name; use a-z, 0-9, hyphens."
        raise SkillFileError("taxonomy-name", told)
    return name


def _texts(value: JsonValue) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value.strip() if isinstance(value, str) else ""


def place(category: str | None, taxonomy: Taxonomy, *, by_person: bool = False) -> str:
    """The canonical category for a word.

    A model's unknown proposal becomes `general` (or the last category, if there is none of that name). An unknown word
    of a person raises InvalidAnswer on field `category`, naming those that exist: nobody's choice is changed silently.
    """
    found = taxonomy.find(category) if category and category.strip() else None
    if found:
        return found
    if by_person and category and category.strip():
        known = f"There is no category {category[:80]!r}; there are: {', '.join(taxonomy.names)}."
        raise InvalidAnswer(known, {"category": known})
    return FALLBACK if FALLBACK in taxonomy.names else taxonomy.names[-1]


def check_path(path: str) -> str:
    """The path `<category>/<name>` if it is legal: two parts of a-z, 0-9 and single hyphens, each 64 at most.

    Raises InvalidAnswer on field `path`. Where it lies on a disk must still be resolved below the library's root.
    """
    parts = path.split("/")
    if len(parts) == 2 and all(map(_legal, parts)):
        return path
    message = f"{path[:140]!r} is no place in the library; it must read `category/name` in a-z, 0-9 and hyphens."
    raise InvalidAnswer(message, {"path": message})


def _legal(part: str) -> bool:
    return len(part) <= MAX_NAME and LEGAL.fullmatch(part) is not None and not is_device(part)
