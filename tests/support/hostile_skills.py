"""Texts made to be slow: each grows in the way that hurts a careless pattern most. For tests and bench."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

FRONT = "---\nname: a-b\ndescription: Sorts letters by date. Use when the post comes.\n---\n"
KINDS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {
        "one line of letters": lambda size: "a" * size,
        "one line of blanks": lambda size: "x" + " " * size,
        "opening brackets": lambda size: "[" * size,
        "links that never close": lambda size: "[a](" * (size // 4),
        "definitions": lambda size: ("[" + "a" * 200 + "]:\n") * (size // 204),
        "nested links": lambda size: "[a](<" * (size // 5),
        "ticks": lambda size: "` `` ``` " * (size // 9),
        "code spans": lambda size: "`a`" * (size // 3),
        "fences": lambda size: "```python\nx = 1\n```\n" * (size // 20),
        "one open fence": lambda size: "```python\n" + "x\n" * (size // 2),
        "brackets in Python": lambda size: "```python\n" + "(" * size + "\n```\n",
        "brackets in JSON": lambda size: "```json\n" + "[" * size + "\n```\n",
        "brackets in YAML": lambda size: "```yaml\n" + "[" * size + "\n```\n",
        "dots in TOML": lambda size: "```toml\n" + "a" + ".a" * (size // 2) + " = 1\n```\n",
        "brackets in shell": lambda size: "```bash\n" + "$(" * (size // 2) + "\n```\n",
        "quotes in shell": lambda size: "```bash\n" + "\"'" * (size // 2) + "\n```\n",
        "brackets in JavaScript": lambda size: "```js\n" + "({[" * (size // 3) + "\n```\n",
        "commas in JSON": lambda size: "```json\n[" + "1, " * (size // 3) + "\n```\n",
        "comments": lambda size: "<!--" * (size // 4),
        "quotes": lambda size: '"' * size,
        "markup": lambda size: "<a" * (size // 2),
        "placeholders": lambda size: "[insert " * (size // 8),
        "braces": lambda size: "{{" * (size // 2),
        "headings": lambda size: "# a\n" * (size // 4),
        "anchors": lambda size: "[a](#x)\n" * (size // 8),
        "paths": lambda size: "```\n" + "scripts/" * (size // 8) + "\n```\n",
        "a word again and again": lambda size: "word " * (size // 5),
        "sentences": lambda size: "Do it. " * (size // 7),
        "dashes": lambda size: "word — " * (size // 7),
        "items": lambda size: "- \n" * (size // 3),
        "quoted items": lambda size: "> " * (size // 2),
        "curl": lambda size: "curl " * (size // 5),
        "rm": lambda size: "rm -r " * (size // 6),
        "ignore": lambda size: "ignore all " * (size // 11),
        "keys": lambda size: "password = " * (size // 11),
        "addresses": lambda size: "ab://a:" * (size // 7),
        "base": lambda size: "A" * 100 + ("+/" * (size // 2)),
        "pipes": lambda size: "| " * (size // 2),
        "wide": lambda size: "技" * (size // 3),
        "marks": lambda size: "e" + "\u0301" * (size // 2),
    }
)
"""A body of about so many bytes, by what is in it."""
