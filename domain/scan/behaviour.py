"""What a skill's Python does with what it is given: values that are run, queries that are glued, loops without an end.

Read from the syntax tree; nothing is ever run. Must not judge text for people; a file that does not parse has no tree.
"""

import ast
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple, TypeGuard

from domain.rules.syntax import MAX_PYTHON, python_tree
from domain.scan.scanned import Scanned
from domain.skill import Finding, Severity

MOST_VISITS = 200_000
"""Nodes that are looked at in one file, each as often as it is: functions in functions would make that quadratic."""

_WORDS = ("eval(", "exec(", "while true", "while 1", "execute(", "executemany(", "getenv", "dotenv_values")
_QUERY = ("select ", "insert ", "update ", "delete ", "drop ")
_LEAVES = frozenset(
    {
        "exit",
        "_exit",
        "sleep",
        "wait",
        "recv",
        "accept",
        "get",
        "input",
        "read",
        "readline",
        "next",
        "poll",
        "select",
        "pump",
    }
)
_READS = frozenset({"getenv", "dotenv_values"})
_GETS = frozenset({"get", "post", "request", "urlopen", "urlretrieve"})
_CLIENTS = frozenset({"requests", "httpx", "urllib", "urllib2", "urllib3", "aiohttp", "session", "client", "http"})
"""Names from which a request comes: `requests.get` fetches, `settings.get` does not."""


def python_behaviour(scanned: Scanned) -> Iterator[Finding]:
    """Findings on one Python file; none for any other."""
    if not scanned.file.endswith((".py", ".pyw")) or not scanned.holds(*_WORDS) or len(scanned.text) > MAX_PYTHON:
        return
    visits = _Visits()
    tree = _tree(scanned.text)
    yield from _runs_fetched(scanned, tree)
    for function in visits.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _in_function(scanned, function, visits)
        if isinstance(function, ast.While) and _endless(function, visits):
            yield _at(scanned, function, "endless-loop")


class _Visits:
    """Walks through parts of one tree, never recursive, that end together after `MOST_VISITS` nodes."""

    def __init__(self) -> None:
        self.left = MOST_VISITS

    def walk(self, node: ast.AST | None) -> Iterator[ast.AST]:
        for part in ast.walk(node) if node else ():
            if not self.left:
                return
            self.left -= 1
            yield part

    def names(self, node: ast.expr) -> set[str]:
        """Names of which the value is made, but not those that are only looked up in or compared."""
        return {part.id for part in self.walk(node) if isinstance(part, ast.Name)}


class _Known(NamedTuple):
    """Names of one function: what it is given, what holds a glued query, what holds a value of the environment."""

    given: set[str]
    queries: set[str]
    secret: set[str]


def _tree(text: str) -> ast.Module | None:
    try:
        return python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _in_function(
    scanned: Scanned, function: ast.FunctionDef | ast.AsyncFunctionDef, visits: _Visits
) -> Iterator[Finding]:
    given = {one.arg for one in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]} - {
        "self",
        "cls",
    }
    known = _Known(given, set(), set())
    for node in visits.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            _remember(node.targets[0].id, node.value, known)
        if isinstance(node, ast.Call):
            yield from map(partial(_at, scanned, node), _wrong_call(node, known, visits))


def _runs_fetched(scanned: Scanned, tree: ast.Module | None) -> Iterator[Finding]:
    """What a file fetches in one statement and runs in another; names mean the same in the whole file."""
    if not tree or not scanned.holds("eval(", "exec(") or not scanned.holds(*_CLIENTS):
        return
    visits = _Visits()
    nodes = list(visits.walk(tree))
    fetched: set[str] = set()
    for node in (*nodes, *nodes):
        fetched |= {name for name, value in _bound(node) if _is_fetched(value, fetched, visits)}
    for node in nodes:
        if _runs_code(node) and _is_fetched(node.args[0], fetched, visits):
            yield _at(scanned, node, "pipe-to-shell")


def _runs_code(node: ast.AST) -> TypeGuard[ast.Call]:
    called = node.func if isinstance(node, ast.Call) and node.args else None
    return isinstance(called, ast.Name) and called.id in ("exec", "eval")


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names that this statement gives a value, with the value."""
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    if isinstance(node, ast.NamedExpr):
        yield node.target.id, node.value
    for item in node.items if isinstance(node, ast.With | ast.AsyncWith) else ():
        if isinstance(item.optional_vars, ast.Name):
            yield item.optional_vars.id, item.context_expr


def _is_fetched(value: ast.expr, fetched: set[str], visits: _Visits) -> bool:
    return any(
        part.id in fetched if isinstance(part, ast.Name) else isinstance(part, ast.Call) and _fetches(part)
        for part in visits.walk(value)
    )


def _fetches(call: ast.Call) -> bool:
    """True for `requests.get(…)`, `urllib.request.urlopen(…)`, `urlopen(…)`."""
    called, base = _name(call.func), call.func
    while isinstance(base, ast.Attribute):
        base = base.value
    known = isinstance(base, ast.Name) and base.id.lower() in _CLIENTS
    return called == "urlopen" or (called in _GETS and known)


def _remember(name: str, value: ast.expr, known: _Known) -> None:
    if _glued_query(value):
        known.queries.add(name)
    if isinstance(value, ast.Call) and _name(value.func) in _READS:
        known.secret.add(name)


def _wrong_call(call: ast.Call, known: _Known, visits: _Visits) -> Iterator[str]:
    called, first = _name(call.func), call.args[0] if call.args else None
    plain = isinstance(call.func, ast.Name)
    if plain and called in ("eval", "exec") and first is not None and visits.names(first) & known.given:
        yield "input-is-run"
    queried = first if called in ("execute", "executemany") else None
    if queried is not None and (_glued_query(queried) or visits.names(queried) & known.queries):
        yield "glued-query"
    bodies = [word.value for word in call.keywords if word.arg in ("json", "data", "content", "params")]
    if called in ("post", "put", "request") and any(visits.names(body) & known.secret for body in bodies):
        yield "secret-in-body"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _glued_query(node: ast.expr) -> bool:
    """True for an f-string that begins like a query and takes values in."""
    if not isinstance(node, ast.JoinedStr) or not node.values:
        return False
    first = node.values[0]
    begins = isinstance(first, ast.Constant) and str(first.value).lstrip().lower().startswith(_QUERY)
    return begins and any(isinstance(part, ast.FormattedValue) for part in node.values)


def _endless(loop: ast.While, visits: _Visits) -> bool:
    always = isinstance(loop.test, ast.Constant) and bool(loop.test.value)
    return always and not any(_leaves(node) for node in visits.walk(loop)) and visits.left > 0


def _leaves(node: ast.AST) -> bool:
    if isinstance(node, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Await):
        return True
    return isinstance(node, ast.Call) and _name(node.func) in _LEAVES


_SAID = {
    "pipe-to-shell": (
        Severity.ERROR,
        "This runs as code what a web address answers.",
        "Put the code into the skill, or take data from there and parse it.",
    ),
    "input-is-run": (
        Severity.ERROR,
        "This runs what it is given as code.",
        "Parse the input, for example with `ast.literal_eval`, and do only what is meant.",
    ),
    "secret-in-body": (
        Severity.ERROR,
        "This sends a value of the environment in the body of a request.",
        "Send a key only in the header that its own service asks for.",
    ),
    "glued-query": (
        Severity.ERROR,
        "This glues values into a query, so that a value can be a command.",
        "Hand the values over as parameters.",
    ),
    "endless-loop": (
        Severity.WARNING,
        "This loop has no way out.",
        "Give it a limit.",
    ),
}


def _at(scanned: Scanned, node: ast.expr | ast.stmt, code: str) -> Finding:
    severity, message, fix = _SAID[code]
    start = scanned.places.start(node.lineno)
    line = scanned.text[start : start + 200].partition("\n")[0].strip()
    return scanned.finding(code, message, fix, at=start, severity=severity, excerpt=line)
