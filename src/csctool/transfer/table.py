"""Rows of CSV, TSV and JSON Lines, one after the other, each with the number of its line."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from csctool.domain.intake import Rejected
from csctool.errors import UsageError
from csctool.transfer.source import BadLineError, Lines, Source, foul

#: No cell is longer: what a ticket's text may hold, in characters.
MAX_CELL = 1024 * 1024
DELIMITERS = (",", "\t", ";", "|")

#: A row as it was read, for the reject file: its line, and its cells joined by NUL (which no cell holds), the bytes of
#: its JSON object, or the text that could not be parsed.
Raw = tuple[int, str | bytes]


class Row(msgspec.Struct, frozen=True, gc=False):
    """The cells of one row, in the order of the header, and the row as it was read."""

    line: int
    cells: Sequence[str]
    raw: Raw


class Table:
    """A file of rows with named columns. `kind` is `csv`, `tsv` or `jsonl`, found out from the first line.

    For JSON Lines the columns are those that are `wanted`; for the others they stand in the header. Iterating yields a
    Row for each row, Rejected for each that can't be read. Raises UsageError for a header that can't be used.
    """

    def __init__(self, source: Source, wanted: Sequence[str], delimiter: str | None = None) -> None:
        self._source = source
        self._lines = source.lines()
        first = self._lines.peek()
        if not first:
            raise UsageError(f"{source.name} is empty", "the first line of a CSV names its columns")
        self.rows = 0
        self._delimiter = delimiter or delimiter_of(first.decode(source.encoding, "replace"))
        self.kind = "jsonl" if is_json(first) else "tsv" if self._delimiter == "\t" else "csv"
        self._reader: Any = None
        self.columns = list(wanted) if self.kind == "jsonl" else self._header()
        missing = [name for name in wanted if name not in self.columns]
        if missing:
            raise UsageError(
                f"{source.name} lacks columns that the map names: {', '.join(missing)}",
                f"it has: {', '.join(self.columns[:40])}",
            )

    @property
    def delimiter(self) -> str:
        """What stands between cells."""
        return self._delimiter

    def __iter__(self) -> Iterator[Row | Rejected]:
        """The rows after the header. Blank lines are none."""
        read = self._object if self.kind == "jsonl" else self._record
        while True:
            start = self._lines.number + 1
            try:
                row = read(start)
            except StopIteration:
                return
            except BadLineError as bad:
                row = Rejected(bad.line, bad.reason, [(bad.line, bad.text)])
            except csv.Error as error:
                row = self._broken(start, str(error))
            if row is not None:
                self.rows += 1
                yield row

    # -- separated cells -----------------------------------------------------------------------------------

    def _header(self) -> list[str]:
        csv.field_size_limit(MAX_CELL)
        self._reader = csv.reader(self._lines, delimiter=self._delimiter)
        try:
            names: list[str] = []
            while not names:
                names = [name.strip() for name in next(self._reader)]
        except (BadLineError, csv.Error, StopIteration) as error:
            raise UsageError(f"{self._source.name}: its header can't be read: {error}") from None
        for name in names:
            if name and names.count(name) > 1:
                first = names.index(name)
                places = f"{first + 1} and {names.index(name, first + 1) + 1}"
                raise UsageError(
                    f"{self._source.name}: two columns are called {name!r} ({places})", "rename one of them"
                )
        return names

    def _record(self, start: int) -> Row | Rejected | None:
        cells = next(self._reader)
        if not cells:
            return None
        if len(cells) == len(self.columns):
            return Row(start, cells, (start, "\0".join(cells)))
        until = self._lines.number
        where = f" (lines {start} to {until}: is a quote left open?)" if until > start else ""
        reason = f"{len(cells)} cells under {len(self.columns)} columns{where}"
        return Rejected(start, reason, [(start, "\0".join(cells))])

    def _broken(self, start: int, why: str) -> Rejected:
        if "field limit" in why:
            why = f"a cell is longer than {MAX_CELL >> 20} MiB (is a quote left open?)"
        return Rejected(start, f"lines {start} to {self._lines.number}: {why}", [(start, "")])

    # -- objects -------------------------------------------------------------------------------------------

    def _object(self, start: int) -> Row | Rejected | None:
        read = read_object(self._source, self._lines)
        if read is None or isinstance(read, Rejected):
            return read
        found, raw = read
        cells = [_cell(found.get(name)) for name in self.columns]
        if any(foul(cell) for cell in cells):
            return Rejected(start, "a NUL in the text", [(start, raw)])
        return Row(start, cells, (start, raw))


def read_object(source: Source, lines: Lines) -> tuple[dict[str, Any], bytes] | Rejected | None:
    """The next line as a JSON object and its bytes in UTF-8; None for a blank one.

    Raises StopIteration, BadLineError, UsageError.
    """
    raw = lines.raw()
    if source.encoding != "utf-8" or b"\0" in raw:
        raw = source.decode(raw, lines.number).encode()
    if raw.isspace():
        return None
    line = lines.number
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Rejected(line, f"not JSON: {error}", [(line, source.decode(raw, line).strip())])
    if not isinstance(found, dict):
        return Rejected(line, "not a JSON object", [(line, source.decode(raw, line).strip())])
    return found, raw


def is_json(first: bytes) -> bool:
    """Whether a file's first line begins an object."""
    return first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def delimiter_of(header: str) -> str:
    """What separates the columns of a header: whichever of the usual characters stands there most often."""
    return max(DELIMITERS, key=header.count)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()
