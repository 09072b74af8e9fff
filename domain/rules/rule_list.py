"""Every rule of the validator by its code: for the documentation, for SARIF, and for remedies of unreadable files.

Rules of safety are not here; `domain/safety.py` and its helpers say what they find. Tests hold this list against
what the checks report, and the documentation against this list.
"""

from collections.abc import Mapping
from types import MappingProxyType

from domain.library import templates
from domain.rules import budgets, code_syntax, links, metadata_check, neighbours, verbosity, wording
from domain.rules.rule import Rule
from domain.skill import Severity

_NAME = "Use 1 to 64 of a-z, 0-9 and single hyphens, such as `release-notes`."
_TEXT = "Write one line of text, or delete it."
_PLAIN = "Write the value out as plain or quoted text."
_SHORTER = "Move long text into the body, or shorten it."
_ONCE = "Say it once."

FILE_LINK = Rule(
    code="file-link",
    severity=Severity.ERROR,
    about="A symbolic link, a pipe, a socket or a device lies in the skill; it is not read.",
    fix="Put a copy of the file there.",
)
FILE_HARD_LINK = Rule(
    code="file-hard-link",
    severity=Severity.WARNING,
    about="A file has a second name (a hard link); whoever changes one changes the other.",
    fix="Put a copy of the file there.",
)

SKILL_UNREADABLE = Rule(
    code="skill-unreadable",
    severity=Severity.ERROR,
    about="The folder or a file in it may not be read, so the skill is not judged.",
    fix="Check its permissions.",
)
SKILL_TOO_LARGE = Rule(
    code="skill-too-large",
    severity=Severity.ERROR,
    about="The folder has more than 2,000 files or 64 MiB and is not judged.",
    fix="Leave out what no instruction uses, or say where to get it.",
)
MAIN_FOLDER = Rule(
    code="skill-file-folder",
    severity=Severity.ERROR,
    about="SKILL.md is a folder.",
    fix="Make it a file with frontmatter and instructions.",
)

_ERRORS = (
    ("skill-file-missing", "There is no SKILL.md.", "Add a file of exactly that name to the skill's folder."),
    ("file-too-large", "SKILL.md has more than 256 KiB and is not read.", "Move detail into references/."),
    ("not-utf8", "SKILL.md is not UTF-8 text.", "Save it as UTF-8."),
    ("bom", "SKILL.md begins with a byte order mark.", "Save it as UTF-8 without BOM."),
    ("line-ends-cr", "The lines end in CR alone.", "Save it with LF line ends."),
    ("frontmatter-missing", "The first line is not `---`.", "Begin with `---`, name, description and `---`."),
    ("frontmatter-unclosed", "The frontmatter is never closed.", "Put `---` on a line of its own after it."),
    ("frontmatter-empty", "The frontmatter is empty.", "Add name and description."),
    ("frontmatter-not-mapping", "The frontmatter is no mapping.", "Write `key: value` lines."),
    ("frontmatter-too-large", "The frontmatter has more than 16 KiB.", _SHORTER),
    ("yaml-invalid", "The frontmatter is not valid YAML.", "Quote what holds `: ` or begins with a sign."),
    ("yaml-flow", "The frontmatter has flow style (`[a, b]`).", "Write one item per line, or quote it."),
    ("yaml-alias", "The frontmatter has an anchor or an alias.", _PLAIN),
    ("yaml-tag", "The frontmatter has a tag (`!name`).", _PLAIN),
    ("yaml-merge", "The frontmatter has a merge key (`<<`).", _PLAIN),
    ("yaml-key", "A key of the frontmatter is no plain text.", "Use words as keys."),
    ("yaml-duplicate-key", "A key of the frontmatter is given twice.", "Keep one."),
    ("yaml-too-deep", "The frontmatter is nested deeper than 8 levels.", "Make it flat."),
    ("yaml-too-many", "The frontmatter has more than 10,000 parts.", _SHORTER),
    ("field-unknown", "A field is none of the six of the format.", "Move it into `metadata`, or delete it."),
    ("name-missing", "`name` is missing, blank or not text.", "Add a line `name: …`."),
    ("name-too-long", "The name has more than 64 characters.", _NAME),
    ("name-not-lowercase", "The name has capital letters.", _NAME),
    ("name-hyphens", "The name begins or ends with a hyphen, or has two in a row.", _NAME),
    ("name-characters", "The name has characters other than letters, digits and hyphens.", _NAME),
    ("name-not-ascii", "The name has letters beyond a-z.", _NAME),
    ("name-mixed-scripts", "The name mixes alphabets whose letters look alike.", _NAME),
    ("name-not-folder", "Name and folder differ.", "Make them equal."),
    ("description-missing", "`description` is missing, blank or not text.", "Add a line `description: …`."),
    ("description-too-long", "The description has more than 1,024 characters.", "Say what and when, no more."),
    ("license-not-text", "`license` is empty or not text.", _TEXT),
    ("compatibility-not-text", "`compatibility` is empty or not text.", _TEXT),
    ("compatibility-too-long", "`compatibility` has more than 500 characters.", "Shorten it."),
    ("allowed-tools-not-text", "`allowed-tools` is empty or not text.", _TEXT),
    ("metadata-not-texts", "`metadata` is no mapping from text to text.", "One `  key: value` line each."),
    ("body-empty", "There is nothing below the frontmatter.", "Write the instructions."),
    ("placeholder", "A placeholder such as `TODO:` or `[insert …]` was left.", "Write what belongs there."),
    ("repeated-character", "A character stands more than 20 times in a row.", _ONCE),
    ("repeated-phrase", "The same words come again and again in a line.", _ONCE),
    ("repeated-sentence", "The same sentence stands three times, a short one five times.", _ONCE),
    ("repeated-line", "More than 20 lines differ in nothing but numbers.", _ONCE),
    ("fact-missing", "A number, name or quoted word of the request is not in the skill.", "Work it in."),
)
_WARNINGS = (
    ("skill-file-case", "The file is named `skill.md`.", "Rename it to SKILL.md."),
    ("name-reserved", "The name has a word that some platforms refuse.", "Leave it out."),
    ("description-no-when", "The description does not say when to use the skill.", "Add “Use when …”."),
    ("description-markup", "The description holds markup, which some platforms refuse.", "Say it in plain text."),
    ("tools-too-broad", "`allowed-tools` lets an agent run anything; `*` alone is an error.", "Name the commands."),
    ("fence-inside", "`---` inside a value ends the frontmatter for some readers.", "Use another separator."),
    ("placeholder-like", "What may be a placeholder stands in code or in ordinary prose.", "Look at it."),
)
_TOLD = [
    Rule(code=code, severity=severity, about=about, fix=fix)
    for severity, rows in ((Severity.ERROR, _ERRORS), (Severity.WARNING, _WARNINGS))
    for code, about, fix in rows
]
_DECLARED = (neighbours, wording, links, budgets, code_syntax, verbosity, templates, metadata_check)
_FOLDER = (FILE_LINK, FILE_HARD_LINK, SKILL_UNREADABLE, SKILL_TOO_LARGE)

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.code: rule for rule in [MAIN_FOLDER, *_TOLD, *(rule for part in _DECLARED for rule in part.RULES), *_FOLDER]}
)
"""By code, in the order of the documentation."""
