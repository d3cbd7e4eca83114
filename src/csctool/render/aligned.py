"""Text in columns for a terminal, wide characters counted as two.

The form is that of tabulate's `simple`, which tests hold it to. Loading tabulate takes as long as half of csctool, and
wcwidth nearly as long; a list is what a technician asks for most, and most lists are plain ASCII.
"""

from collections.abc import Callable, Sequence

#: A cell with its colour, from the number of its column (from 0) and its text; it takes no more room than the text.
Paint = Callable[[int, str], str]
_BETWEEN = "  "


def aligned(
    headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], paint: Paint | None = None
) -> str:  # fmt: skip
    """Headings, underlined, over rows of one-line texts; `right` says which columns are flush right."""
    lines = [[text.strip() for text in row] for row in (headers, *rows)]
    widths = [max(map(columns_of, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * room for room in widths])
    return "\n".join(_line(line, widths, right, paint if at > 1 else None) for at, line in enumerate(lines))


def _line(texts: Sequence[str], widths: Sequence[int], right: Sequence[bool], paint: Paint | None) -> str:
    filled = []
    for at, (text, room, flush_right) in enumerate(zip(texts, widths, right, strict=True)):
        blanks = " " * (room - columns_of(text))
        shown = paint(at, text) if paint else text
        filled.append(blanks + shown if flush_right else shown + blanks)
    return _BETWEEN.join(filled).rstrip()


def columns_of(text: str) -> int:
    """How many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(0, wcswidth(text))


def shrink(headers: Sequence[str], rows: Sequence[list[str]], at: int, columns: int) -> None:
    """Cut one column so that the table fits so many terminal columns, but never below ten."""
    widths = [max(map(columns_of, column)) for column in zip(headers, *rows, strict=True)]
    room = max(10, columns - sum(w + len(_BETWEEN) for w in widths) + widths[at] + len(_BETWEEN))
    for row in rows:
        row[at] = cut(row[at], room)


def cut(text: str, room: int) -> str:
    """Text cut to a number of terminal columns, an ellipsis at its end where something is missing."""
    if columns_of(text) <= room:
        return text
    if text.isascii():
        return text[: room - 1] + "…"
    from wcwidth import wcwidth

    used = kept = 0
    while kept < len(text) and used + max(0, wcwidth(text[kept])) < room:
        used += max(0, wcwidth(text[kept]))
        kept += 1
    while columns_of(text[:kept]) >= room:  # some characters widen the one before them
        kept -= 1
    return text[:kept] + "…"
