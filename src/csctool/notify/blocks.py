"""A filled template as blocks, and the blocks as plain text and as HTML: both say the same.

The lines of a template say what they are, as in any plain mail: two blanks and `Label: value` is a fact, `>` quotes,
`-` lists, `-- ` begins the small print; everything else is a paragraph, whose lines stay lines. A fact or a quotation
that came out empty is left out.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from textwrap import wrap
from typing import Literal

import msgspec

from csctool.notify.sandbox import BREAK, VALUE

Kind = Literal["paragraph", "facts", "quote", "list", "content"]

#: The width that plain text is read in (RFC 3676, 4.1).
WIDTH = 72
#: The line of a layout at which the words of the event stand.
CONTENT = "\x1d"
SMALL_PRINT = "-- "


class Block(msgspec.Struct, frozen=True):
    """What belongs together: lines of a paragraph or quotation, items, or facts as (label, value) pairs."""

    kind: Kind
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


class Page(msgspec.Struct, frozen=True):
    """A text to be read, and its small print."""

    body: tuple[Block, ...]
    small: tuple[Block, ...] = ()

    def around(self, content: "Page") -> "Page":
        """This layout with a content in its place."""
        body: list[Block] = []
        for block in self.body:
            body += content.body if block.kind == "content" else (block,)
        return Page(tuple(body), (*content.small, *self.small))

    def text(self) -> str:
        """As plain text."""
        body = "\n\n".join(map(_plain, self.body))
        small = "\n\n".join(map(_plain, self.small))
        return f"{body}\n\n{SMALL_PRINT}\n{small}\n" if small else f"{body}\n"

    def html(self, direction: str = "ltr") -> tuple[str, str]:
        """As HTML: (the body, the small print)."""
        side = "right" if direction == "rtl" else "left"
        body, small = (("\n".join(_marked(block, side) for block in part)) for part in (self.body, self.small))
        return body, small


def page(filled: str) -> Page:
    """The blocks of a filled template."""
    body, _, small = f"\n{filled}\n".partition(f"\n{SMALL_PRINT}\n")
    return Page(tuple(_blocks(body.split("\n"))), tuple(_blocks(small.split("\n"))))


def plain_page(text: str) -> Page:
    """A text that is no template: its paragraphs."""
    text = "\n".join(line.rstrip() for line in text.split("\n"))  # so that none is the mark of a signature
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return Page(tuple(Block("paragraph", tuple(one.split("\n"))) for one in paragraphs if one.strip()))


def _blocks(lines: Iterable[str]) -> Iterator[Block]:
    """Neighbouring lines of one kind are one block; an empty line ends it."""
    kind: Kind | None = None
    held: list[str] = []
    for line in (*lines, ""):
        is_now = _kind(line)
        if is_now != kind or kind == "content":
            if kind and held:
                yield from _block(kind, held)
            kind, held = is_now, []
        held.append(line.replace(VALUE, ""))


def _kind(line: str) -> Kind | None:
    if line.startswith("  ") and ":" in line.partition(BREAK)[0]:
        return "facts"
    line = line.strip(" \t")
    if not line:
        return None
    if line == VALUE + CONTENT:
        return "content"
    return "quote" if line.startswith(">") else "list" if line.startswith("- ") or line == "-" else "paragraph"


def _block(kind: Kind, held: list[str]) -> Iterator[Block]:
    if kind == "facts":
        pairs = [(label.strip(), value.strip()) for label, _, value in (line.partition(":") for line in held)]
        facts = tuple((label, value.replace(BREAK, "\n")) for label, value in pairs if value)
        if facts:
            yield Block(kind, facts=facts)
        return
    start = {"quote": 1, "list": 2}.get(kind, 0)
    lines = [line.strip(" \t")[start:].removeprefix(" ") for line in held]
    lines = [line for line in lines if line.strip(f" \t{BREAK}")]
    if kind == "list":
        found = tuple(line.replace(BREAK, "\n") for line in lines)
    else:
        found = tuple(part for line in lines for part in line.split(BREAK))
    if found or kind == "content":
        yield Block(kind, found)


# -- plain text ----------------------------------------------------------------------------------------------


def _plain(block: Block) -> str:
    if block.kind == "facts":
        widest = max(len(label) for label, _ in block.facts) + 1
        return "\n".join(_folded(f"  {f'{label}:':{widest}}  ", value.split("\n")) for label, value in block.facts)
    if block.kind == "list":
        return "\n".join(_folded("- ", item.split("\n")) for item in block.lines)
    if block.kind == "quote":
        return "\n".join(f"> {part}".rstrip() for line in block.lines for part in _wrapped(line, WIDTH - 2))
    return "\n".join(part for line in block.lines for part in _wrapped(line, WIDTH))


def _folded(first: str, lines: list[str]) -> str:
    """Lines of which the second and later ones are indented as far as the first."""
    parts = [part for line in lines for part in _wrapped(line, max(30, WIDTH - len(first)))]
    return f"\n{' ' * len(first)}".join([first + parts[0], *parts[1:]])


def _wrapped(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    return wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]


# -- HTML ----------------------------------------------------------------------------------------------------

# Colours are left to the mail program, so that a dark one stays dark; grey lines are seen on either.
_P = '<p style="margin:0 0 16px" dir="auto">'
_QUOTE = '<blockquote style="margin:0 0 16px;padding:2px 0 2px 14px;border-left:4px solid #888" dir="auto">'
_TABLE = (
    '<table style="border-collapse:collapse;margin:20px 0;width:100%;font-size:inherit;border-bottom:1px solid #999">'
)
_CELL = "vertical-align:baseline;border-top:1px solid #999"
_TH = (
    f'<th scope="row" align="SIDE" style="{_CELL};padding:6px 16px 6px 0;font-weight:normal;font-size:14px;width:30%">'
)
_TD = f'<td align="SIDE" style="{_CELL};padding:6px 0;overflow-wrap:anywhere" dir="auto">'


def _marked(block: Block, side: str) -> str:
    if block.kind == "facts":
        th, td = _TH.replace("SIDE", side), _TD.replace("SIDE", side)
        rows = "\n".join(f"<tr>{th}{_safe(label)}</th>{td}{_safe(value)}</td></tr>" for label, value in block.facts)
        return f"{_TABLE}\n{rows}\n</table>"
    if block.kind == "list":
        items = "\n".join(f'<li style="margin:0 0 6px" dir="auto">{_safe(item)}</li>' for item in block.lines)
        return f'<ul style="margin:0 0 16px;padding:0 0 0 20px">\n{items}\n</ul>'
    tag, end = (_QUOTE, "</blockquote>") if block.kind == "quote" else (_P, "</p>")
    return tag + _safe("\n".join(block.lines)) + end


def _safe(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")
