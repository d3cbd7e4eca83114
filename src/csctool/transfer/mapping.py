"""Rows as a map reads them: tickets, or the events of a ticket gathered into one."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from csctool.domain.intake import ENDS, UNDECIDED, Ends, Incoming, Moment, Rejected
from csctool.domain.lifecycle import rfc3339
from csctool.domain.ticket import Due
from csctool.domain.words import AGENCY_KEY, DESCRIBING, TICKET_KEY
from csctool.transfer.mapfile import ACTORS, OTHERWISE, TIMES, WORDS, Map
from csctool.transfer.table import Raw, Row, Table
from csctool.transfer.timeform import time_reader

Cells = Sequence[str]
#: What gives a value out of a row; None is missing. It raises BadValueError.
Reader = Callable[[Cells], Any]

#: What a later row of an event log may state anew.
_CHANGING = frozenset({*DESCRIBING, "queue", "assignee", "owner"})
#: What goes into a ticket as it is; the rest has a place of its own in Incoming.
_GIVEN = frozenset({*DESCRIBING, "queue", "assignee", "owner", "cause", "training", "minutes"})
_ENDS = ("resolved_at", "resolved_by", "closed_at", "closed_by", "resolution", "code")
_INTEGERS = frozenset({"impact", "urgency", "minutes"})
#: How many different cells of a column are remembered with their values.
_REMEMBERED = 50_000


class BadValueError(Exception):
    """A cell that the map can't read; the message is the reason that the reject file gives."""


class Mapper:
    """A map laid over a table's columns. `agency` is that of rows that name none, or of every row when `forced`."""

    def __init__(self, table: Table, plan: Map, *, agency: str | None, forced: bool, zone: Any) -> None:
        self._table = table
        self._plan = plan
        self._agency = agency
        self._forced = forced
        self._places = {name: at for at, name in enumerate(table.columns)}
        self._missing = frozenset({"", *plan.missing})
        self._time = time_reader(plan.times.form, ZoneInfo(plan.times.zone) if plan.times.zone else zone)
        self._readers = {name: self._target(name, column) for name, column in plan.columns.items()}
        self._fields = {name: self._field(name) for name in plan.fields}
        self._changing = [
            (n, r, self._at(plan.columns[n])) for n, r in self._readers.items() if n in (*_CHANGING, "status")
        ]
        self._content = [self._places[name] for name in plan.wanted()]

    def __iter__(self) -> Iterator[Incoming | Rejected]:
        """The file's tickets, in its order."""
        if self._plan.row == "ticket":
            return self._tickets()
        return self._gathered()

    def _tickets(self) -> Iterator[Incoming | Rejected]:
        for row in self._table:
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                yield self._ticket(row)
            except BadValueError as bad:
                yield Rejected(row.line, str(bad), row.raw)

    # -- one row -------------------------------------------------------------------------------------------

    def _ticket(self, row: Row) -> Incoming:
        said = self._said(row.cells)
        fields = self._extra(row.cells)
        return self._incoming([row], said, fields, None, said)

    def _incoming(
        self, rows: list[Row], said: dict[str, Any], fields: dict[str, Any], moments: tuple[Moment, ...] | None,
        last: dict[str, Any],
    ) -> Incoming:  # fmt: skip
        first = rows[0]
        status, cause = _status(said.get("status"))
        told = {name: last[name] for name in _ENDS if name in last}
        unknown = frozenset(name for name in ENDS if name in self._readers and name not in told)
        ends = Ends(**told, unknown=unknown)
        id = self._id(first.cells)
        given = {name: value for name, value in said.items() if name in _GIVEN}
        if "subject" not in given:
            if not id:
                raise BadValueError("no subject")
            given["subject"] = id
        if fields:
            given["fields"] = fields
        if said.get("due") or said.get("due_response"):
            given["due"] = Due(said.get("due_response"), said.get("due"))
        agency, number = self._whose(said)
        content = "\x1e".join("\x1f".join([row.cells[p] for p in self._content]) for row in rows)
        digest = blake2b(content.encode(), digest_size=12).hexdigest()
        key = f"{agency}-{number}" if number else None
        return Incoming(
            line=first.line, raw=[pair for row in rows for pair in row.raw], agency=agency,
            identity=f"{self._plan.name}:{id}" if id else key, digest=digest, given=given,
            status=None if moments is not None or status == UNDECIDED else status, cause=cause,
            opened_at=said.get("opened_at"), opened_by=said.get("opened_by"), responded_at=said.get("responded_at"),
            updated_at=said.get("updated_at"), moments=moments, ends=ends, number=number,
            agency_name=said.get("agency_name"),
        )  # fmt: skip

    def _id(self, cells: Cells) -> str | None:
        if self._plan.id is None:
            return None
        text = cells[self._places[self._plan.id]].strip()
        if text in self._missing:
            raise BadValueError(f"no {self._plan.id}")
        return text

    def _whose(self, said: dict[str, Any]) -> tuple[str | None, int | None]:
        """The agency and, of a row with a key, the number."""
        agency = self._agency if self._forced else said.get("agency") or self._agency
        if agency is not None and not AGENCY_KEY.fullmatch(agency):
            raise BadValueError(f"{agency!r} is no agency key: 2 to 10 capitals and digits")
        key = said.get("key")
        if key is None:
            return agency, None
        found = TICKET_KEY.fullmatch(key)
        if not found:
            raise BadValueError(f"{key!r} is no key like DHS-1042")
        if agency is not None and agency != found[1] and (self._forced or said.get("agency")):
            raise BadValueError(f"{key} is not {agency}'s")
        return found[1], int(found[2])

    def _said(self, cells: Cells) -> dict[str, Any]:
        said = dict(self._plan.constants)
        for name, read in self._readers.items():
            value = read(cells)
            if value is not None:
                said[name] = value
        return said

    def _extra(self, cells: Cells) -> dict[str, Any]:
        return {name: value for name, read in self._fields.items() if (value := read(cells)) is not None}

    # -- events --------------------------------------------------------------------------------------------

    def _gathered(self) -> Iterator[Incoming | Rejected]:
        """Rows that follow each other and have the same id are one ticket; only that one's are held."""
        place = self._places[self._plan.id or ""]
        group: list[Row] = []
        bad: Rejected | None = None
        for row in self._table:
            if isinstance(row, Rejected):
                cells = row.raw[0][1]
                if (
                    not group
                    or not isinstance(cells, list)
                    or len(cells) <= place
                    or cells[place] != group[0].cells[place]
                ):
                    yield row
                    continue
                bad = bad or row
                group.append(Row(row.line, group[0].cells, cells))
                continue
            if group and row.cells[place] != group[0].cells[place]:
                yield self._life(group, bad)
                group, bad = [], None
            group.append(row)
        if group:
            yield self._life(group, bad)

    def _life(self, rows: list[Row], bad: Rejected | None) -> Incoming | Rejected:
        """The rows of one ticket. A bad one takes the others with it: a history with a hole would be wrong for good."""
        raw: list[Raw] = [pair for row in rows for pair in row.raw]
        if bad is not None:
            return Rejected(rows[0].line, f"line {bad.line}: {bad.reason}", raw)
        at = rows[0]
        try:
            said = self._said(at.cells)
            fields = self._extra(at.cells)
            moments = []
            before: Cells | None = None
            for at in rows:
                moments.append(self._moment(at, before))
                before = at.cells
            last = said if len(rows) == 1 else self._said(rows[-1].cells)
            final = fields if len(rows) == 1 else self._extra(rows[-1].cells)
            if final != fields:
                moments[-1] = msgspec.structs.replace(moments[-1], new={**moments[-1].new, "fields": final})
            return self._incoming(rows, said, fields, tuple(moments), last)
        except BadValueError as wrong:
            return Rejected(rows[0].line, f"line {at.line}: {wrong}", raw)

    def _moment(self, row: Row, before: Cells | None) -> Moment:
        """What this row states that the one before did not. Missing cells are passed over."""
        event = self._plan.event
        assert event is not None  # a map whose rows are events has it: mapfile.check
        cells = row.cells
        at = self._when(cells[self._places[event.at]], event.at)
        by = self._plainly(cells, event.by)
        note = self._plainly(cells, event.note)
        new: dict[str, Any] = {}
        status = cause = None
        for name, read, places in self._changing:
            if before is not None and all(cells[p] == before[p] for p in places):
                continue
            if before is None and name != "status":
                continue
            value = read(cells)
            if value is None:
                continue
            if name == "status":
                status, cause = _status(value)
            else:
                new[name] = value
        return Moment(at, by, status, cause, new, note)

    def _plainly(self, cells: Cells, column: str | None) -> str | None:
        if column is None:
            return None
        text = cells[self._places[column]].strip()
        return None if text in self._missing else text

    # -- one cell ------------------------------------------------------------------------------------------

    def _at(self, column: str | Sequence[str]) -> tuple[int, ...]:
        return (self._places[column],) if isinstance(column, str) else tuple(self._places[name] for name in column)

    def _target(self, name: str, column: str | Sequence[str]) -> Reader:
        places = self._at(column)
        if len(places) > 1:
            return self._joined(name, places)
        label = column if isinstance(column, str) else column[0]
        return self._cell(places[0], self._converter(name, label), label if name in (*TIMES, *ACTORS) else None)

    def _joined(self, name: str, places: tuple[int, ...]) -> Reader:
        """Several columns as one text: a path for a category, else with commas. Missing ones are left out."""
        missing, path = self._missing, name == "category"

        def read(cells: Cells) -> str | None:
            parts = [text for p in places if (text := cells[p].strip()) not in missing]
            if path:
                parts = [part.replace("/", "-") for part in parts]  # a slash separates levels, and only that
            return ("/" if path else ", ").join(parts) or None

        return read

    def _cell(self, place: int, convert: Callable[[str], Any], _label: str | None = None) -> Reader:
        missing = self._missing
        known: dict[str, Any] = {}

        def read(cells: Cells) -> Any:
            text = cells[place]
            if text in known:
                return known[text]
            plain = text.strip()
            value = None if plain in missing else convert(plain)
            if value == "":
                value = None
            if len(known) >= _REMEMBERED:
                known.clear()
            known[text] = value
            return value

        return read

    def _converter(self, name: str, label: str) -> Callable[[str], Any]:
        if name in TIMES:
            return lambda text: self._when(text, label)
        table = self._plan.values.get(name)
        words = WORDS.get(name)
        if table is not None:
            return lambda text: self._translated(name, table, label, text)
        if name == "cc":
            return lambda text: tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())
        if name in _INTEGERS:
            return lambda text: self._whole(name, label, text)
        if words:
            return lambda text: self._one_of(name, label, text, words)
        return lambda text: text

    def _translated(self, name: str, table: dict[str, Any], label: str, text: str) -> Any:
        value = table.get(text, table.get(OTHERWISE))
        if value is None:
            raise BadValueError(f"{label} {text!r} is not in the map's [values.{name}]")
        return value

    def _whole(self, name: str, label: str, text: str) -> int:
        value = _integer(label, text)
        words = WORDS.get(name)
        if (words and value not in words) or value < 0:
            raise BadValueError(f"{label} {text!r} can't be {name}")
        return value

    def _one_of(self, name: str, label: str, text: str, words: tuple[Any, ...]) -> str:
        if text not in words:
            raise BadValueError(f"{label} {text!r} is no {name}; the map's [values.{name}] may translate it")
        return text

    def _when(self, text: str, label: str) -> datetime:
        try:
            return self._time(text.strip())
        except ValueError as error:
            raise BadValueError(f"{label}: {error}") from None

    def _field(self, name: str) -> Reader:
        said = self._plan.field(name)
        convert = _TYPES.get(said.type)
        label = said.column
        table = self._plan.values.get(f"fields.{name}")
        if table is not None:
            return self._cell(self._places[label], lambda text: self._translated(f"fields.{name}", table, label, text))
        if said.type == "time":
            return self._cell(self._places[label], lambda text: rfc3339(self._when(text, label)))
        if convert is None:
            return self._cell(self._places[label], lambda text: text)
        return self._cell(self._places[label], lambda text: convert(label, text))


def needs_agency(plan: Map) -> bool:
    """Whether a map leaves open whose the tickets are."""
    return not {"agency", "key"} & {*plan.columns, *plan.constants}


def _status(word: Any) -> tuple[str | None, str | None]:
    """`on-hold:vendor` as status and cause."""
    if word is None:
        return None, None
    status, _, cause = str(word).partition(":")
    return status, cause or None


def _integer(label: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadValueError(f"{label} {text!r} is no whole number") from None


def _number(label: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadValueError(f"{label} {text!r} is no number") from None
    if value - value != 0:  # infinite or not a number: JSON has neither
        raise BadValueError(f"{label} {text!r} is no number")
    return value


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _boolean(label: str, text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise BadValueError(f"{label} {text!r} is neither true nor false") from None


_TYPES: dict[str, Callable[[str, str], Any]] = {"integer": _integer, "number": _number, "boolean": _boolean}
