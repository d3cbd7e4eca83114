"""The engine that fills templates: a template is data from an agency, so it can say words and do nothing else.

Jinja's immutable sandbox keeps a template from reaching anything but the plain values that it is handed. On top of it
only a small part of the language is let in: output, conditions, one level of loops over the lists that there are, and
filters of ours. Without calls, arithmetic and nested loops, a template can neither hang a sweep nor fill the memory.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

#: In what is rendered, VALUE stands before every value, and BREAK for a line break inside one: so a value never looks
#: like a line of its template.
VALUE, BREAK = "\x1f", "\x1e"
#: The longest template, the most that it may be made of, and the longest text that may come of it, in characters.
LONGEST_SOURCE, MOST_NODES, LONGEST_TEXT = 65_536, 3_000, 400_000

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.Name, nodes.Const,
    nodes.Getattr, nodes.Getitem, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
    nodes.Filter, nodes.Test, nodes.Keyword, nodes.Tuple, nodes.List,
)  # fmt: skip
_TESTS = ("defined", "undefined", "none", "odd", "even", "in", "eq", "ne", "lt", "le", "gt", "ge")


class WordsError(Exception):
    """A template that can't be used; the message says where and why, in one line."""


class Engine:
    """Fills templates with `fields` (name -> value; the lists among them are `lists`) through `filters`.

    `html` escapes every value (autoescape); else values are marked by VALUE and BREAK.
    """

    def __init__(
        self, fields: Collection[str], lists: Collection[str], filters: Mapping[str, Callable[..., Any]], *, html: bool
    ) -> None:
        self._fields = frozenset(fields)
        self._lists = frozenset(lists)
        self._html = html
        self._left = 0
        env = ImmutableSandboxedEnvironment(
            autoescape=html, undefined=StrictUndefined, finalize=self._value, trim_blocks=True, lstrip_blocks=True
        )
        env.globals = {}
        env.filters = {name: env.filters[name] for name in _FILTERS} | {"join": _joined, "cut": _cut, **filters}
        if html:
            env.filters["lines"] = _lines
        env.tests = {name: env.tests[name] for name in _TESTS}
        self._env = env

    def compiled(self, source: str) -> Callable[[Mapping[str, Any]], str]:
        """The template as a function from fields to text. Raises WordsError, as does the function."""
        if len(source) > LONGEST_SOURCE:
            raise WordsError(f"it is longer than {LONGEST_SOURCE // 1024} KiB")
        try:
            tree = self._env.parse(source)
            self._check(tree)
            template = self._env.from_string(tree)
        except TemplateSyntaxError as error:
            raise WordsError(f"line {error.lineno}: {_short(error.message or error)}") from None
        except (SyntaxError, RecursionError, MemoryError, OverflowError, ValueError) as error:
            raise WordsError(f"it can't be read: {_short(error)}") from None

        def fill(fields: Mapping[str, Any]) -> str:
            self._left = LONGEST_TEXT
            try:
                return template.render(fields)
            except WordsError:
                raise
            except TemplateError as error:
                raise WordsError(_short(error.message or error)) from None
            except Exception as error:  # noqa: BLE001  whatever a filter makes of a value that it is not meant for
                raise WordsError(f"{type(error).__name__}: {_short(error)}") from None

        return fill

    def _value(self, value: Any) -> Any:
        """What is put out: plain text and whole numbers."""
        if isinstance(value, str):
            self._left -= len(value)
            if self._left < 0:
                raise WordsError(f"it makes more than {LONGEST_TEXT // 1000} thousand characters")
            return value if self._html else VALUE + value.replace("\n", BREAK)
        if value is None or isinstance(value, Undefined):
            return str(value or "")  # an unknown name says so here
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise WordsError(f"a {type(value).__name__} is no text; ask for it with if or for")

    def _check(self, tree: nodes.Template) -> None:
        """Refuse what is not let in, and names that nobody will fill."""
        found = list(tree.find_all(nodes.Node))
        if len(found) > MOST_NODES:
            raise WordsError(f"it has more than {MOST_NODES} parts")
        for node in found:
            self._check_node(node)
        mine = {node.name for node in found if isinstance(node, nodes.Name) and node.ctx == "store"}
        for name in sorted(mine & self._fields):
            raise WordsError(f"{name} is a field and can't be set")
        unknown = meta.find_undeclared_variables(tree) - self._fields - {"loop"}
        for name in sorted(unknown - mine):
            raise WordsError(self._unknown(name, found))

    def _check_node(self, node: nodes.Node) -> None:
        if not isinstance(node, _ALLOWED):
            name = type(node).__name__.lower()
            raise WordsError(f"line {node.lineno}: {_WORDS.get(name, name)} can't be used in a template")
        if isinstance(node, nodes.For):
            if not isinstance(node.iter, nodes.Name) or node.iter.name not in self._lists or node.recursive:
                raise WordsError(f"line {node.lineno}: for goes over one of {', '.join(sorted(self._lists))}")
            if any(isinstance(inner, nodes.For) for part in (*node.body, *node.else_)
                   for inner in (part, *part.find_all(nodes.For))):  # fmt: skip
                raise WordsError(f"line {node.lineno}: a for inside a for can't be used in a template")
        if isinstance(node, nodes.Tuple | nodes.List) and not all(isinstance(n, nodes.Const) for n in node.items):
            raise WordsError(f"line {node.lineno}: a list holds plain texts and numbers")

    def _unknown(self, name: str, found: list[nodes.Node]) -> str:
        from csctool.domain.naming import nearest

        line = next((n.lineno for n in found if isinstance(n, nodes.Name) and n.name == name), 1)
        near = nearest(name, sorted(self._fields))
        return f"line {line}: there is no field {name}" + (f"; did you mean {near}?" if near else "")


#: Filters of Jinja that make nothing much longer than it was.
_FILTERS = ("upper", "lower", "capitalize", "title", "trim", "length", "default", "first", "last")
_WORDS = {
    "call": "a call", "include": "include", "extends": "extends", "concat": "~", "add": "+", "mul": "*", "mod": "%",
    "pow": "**", "sub": "-", "div": "/", "floordiv": "//", "assignblock": "set without =", "dict": "a mapping",
    "fromimport": "import", "slice": "a slice",
}  # fmt: skip


def _joined(values: list[str], between: str = ", ") -> str:
    if not isinstance(values, list) or len(between) > 10:
        raise WordsError("join takes a list, and at most 10 characters to stand between")
    return between.join(values)


def _cut(text: str, most: int) -> str:
    """At most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _lines(text: str) -> Any:
    """In HTML: a line break is a line break."""
    from markupsafe import Markup, escape

    return Markup("<br>\n").join(escape(line) for line in str(text).split("\n"))


def _short(error: object) -> str:
    return " ".join(str(error).split())[:300]
