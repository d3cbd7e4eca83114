"""Rows for people and for other programs: aligned table, Markdown, CSV, TSV, keys, JSON."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from csctool.render.text import cell, in_json, in_markdown, visible

Row = Mapping[str, Any]


def write(text: str) -> None:
    """Text to stdout."""
    sys.stdout.write(text)


def document(value: Any) -> None:
    """One JSON document: indented on a terminal, one line in a pipe."""
    data = in_json(msgspec.json.encode(value))
    if sys.stdout.isatty():
        data = msgspec.json.format(data, indent=2)
    raw(data + b"\n")


#: Tickets that are encoded together. Larger pieces, about 128 KiB, would get fresh memory from the kernel each time,
#: which costs as much as the encoding.
_BATCH = 16


def listing(schema: str, name: str, values: Sequence[Any]) -> None:
    """One JSON document with a list in it, which may be long."""
    if sys.stdout.isatty():
        document({"schema": schema, name: values})
        return
    encode = msgspec.json.Encoder().encode
    raw(b'{"schema":%s,%s:[' % (encode(schema), encode(name)))
    for at in range(0, len(values), _BATCH):
        raw((b"," if at else b"") + in_json(encode(values[at : at + _BATCH]))[1:-1])
    raw(b"]}\n")


def raw(data: bytes) -> None:
    """Bytes to stdout, after what was written as text."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode())
        return
    sys.stdout.flush()
    buffer.write(data)


def lines(values: Iterable[Any]) -> None:
    """JSON Lines."""
    encoder = msgspec.json.Encoder()
    for value in values:
        raw(in_json(encoder.encode(value)) + b"\n")


def rows(
    found: Iterable[Row], columns: Sequence[str], fmt: str, *, shrink: str | None = None,
    paint: Callable[[str, str], str] | None = None,
) -> None:  # fmt: skip
    """Rows in one of the text formats; `shrink` names the column that gives way on a narrow terminal, and `paint` gives
    a cell of a column its colour in a table."""
    if fmt in ("csv", "tsv"):
        _separated(found, columns, fmt)
    elif fmt == "keys":
        for row in found:
            write(f"{visible(scalar(row[columns[0]]))}\n")
    else:
        _table(list(found), columns, fmt, shrink, paint)


def _separated(found: Iterable[Row], columns: Sequence[str], fmt: str) -> None:
    import csv

    delimiter, safe = ("\t", _in_a_line) if fmt == "tsv" else (",", _safe)
    writer = csv.writer(sys.stdout, delimiter=delimiter, lineterminator="\n")
    writer.writerow(map(safe, columns))
    for row in found:
        writer.writerow([safe(row.get(name)) for name in columns])


def _safe(value: Any) -> str:
    """A cell for other programs: text as it is but for escapes that a terminal or a spreadsheet would run."""
    return "\n".join(visible(line) for line in _cell(value).split("\n"))


def _in_a_line(value: Any) -> str:
    """The same with line breaks shown as well: `cut` and `awk` take each line of a TSV for a row."""
    return visible(_cell(value))


def _cell(value: Any) -> str:
    return cell(scalar(value) if not isinstance(value, int | float) or isinstance(value, bool) else value)


def scalar(value: Any) -> str:
    """A value as one text: lists joined by blanks, mappings as K=V."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return " ".join(f"{k}={scalar(v)}" for k, v in value.items() if v is not None)
    if isinstance(value, Sequence):
        return " ".join(scalar(item) for item in value)
    if isinstance(value, float):
        return f"{value:.10g}"
    plain = msgspec.to_builtins(value)
    return str(plain) if not isinstance(plain, dict | list) else scalar(plain)


def _table(
    found: list[Row], columns: Sequence[str], fmt: str, shrink: str | None, paint: Callable[[str, str], str] | None
) -> None:  # fmt: skip
    if not found:
        return
    shown = in_markdown if fmt == "markdown" else visible
    cells = [[shown(scalar(row.get(name))) for name in columns] for row in found]
    headers = [shown(name.replace("_", " ")) for name in columns]
    right = [_numeric(found, name) for name in columns]
    if fmt == "markdown":
        text = _markdown(headers, cells, right)
    else:
        painted = None if paint is None else lambda at, text: paint(columns[at], text)
        text = _aligned(headers, cells, right, None if shrink is None else columns.index(shrink), painted)
    write(text + "\n")


def _aligned(
    headers: list[str], cells: list[list[str]], right: list[bool], at: int | None,
    paint: Callable[[int, str], str] | None,
) -> str:  # fmt: skip
    from csctool.render.aligned import aligned, shrink

    if at is not None and sys.stdout.isatty():
        from shutil import get_terminal_size

        shrink(headers, cells, at, get_terminal_size().columns)
    return aligned(headers, cells, right, paint)


def _markdown(headers: list[str], cells: list[list[str]], right: list[bool]) -> str:
    import tabulate

    tabulate.MIN_PADDING = 0  # by default a heading takes two columns more than it needs
    return tabulate.tabulate(
        cells, headers=headers, tablefmt="github", disable_numparse=True,
        colalign=["right" if r else "left" for r in right],
    )  # fmt: skip


def _numeric(found: list[Row], name: str) -> bool:
    values = [row.get(name) for row in found if row.get(name) is not None]
    return bool(values) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
