"""Rows as a map reads them: tickets, or the events of a ticket gathered into one."""

from collections.abc import Iterator
from datetime import tzinfo
from hashlib import blake2b
from operator import itemgetter
from typing import Any

from csctool.domain.intake import ENDS, UNDECIDED, Ends, Incoming, Moment, Rejected
from csctool.domain.ticket import Due
from csctool.domain.words import AGENCY_KEY, DESCRIBING, IMPORTED_KEY
from csctool.transfer.cells import BadValueError, Cells, Columns
from csctool.transfer.mapfile import Map
from csctool.transfer.table import Raw, Row, Table

#: What a later row of an event log may state anew.
_CHANGING = (*DESCRIBING, "queue", "assignee", "owner", "status")
#: What goes into a ticket as it is; the rest has a place of its own in Incoming.
_GIVEN = frozenset({*DESCRIBING, "queue", "assignee", "owner", "cause", "training", "minutes"})
_ENDS = ("resolved_at", "resolved_by", "closed_at", "closed_by", "resolution", "code")
_STATED = ("opened_at", "opened_by", "responded_at", "updated_at", "agency_name")


class Mapper:
    """A map laid over a table. `agency` is that of rows that name none, or of every row when `forced`."""

    def __init__(self, table: Table, plan: Map, *, agency: str | None, forced: bool, zone: tzinfo) -> None:
        columns = Columns(table.columns, plan, zone)
        self._table = table
        self._plan = plan
        self._agency = agency
        self._forced = forced
        self._readers = {name: columns.target(name) for name in plan.columns}
        self._fields = {name: columns.field(name) for name in plan.fields}
        self._id = columns.text(plan.id) if plan.id else None
        self._content = _getter(columns.places(plan.wanted()))
        self._kept = frozenset(ENDS) & self._readers.keys()
        if plan.event:
            self._at = columns.time(plan.event.at)
            self._by = columns.text(plan.event.by) if plan.event.by else _nothing
            self._note = columns.text(plan.event.note) if plan.event.note else _nothing
            self._watch(columns, plan)

    def __iter__(self) -> Iterator[Incoming | Rejected]:
        """The file's tickets, in its order."""
        return self._tickets() if self._plan.row == "ticket" else self._gathered()

    def _tickets(self) -> Iterator[Incoming | Rejected]:
        for row in self._table:
            if isinstance(row, Rejected):
                yield row
                continue
            try:
                yield self._incoming([row], [row.raw], None)
            except BadValueError as bad:
                yield Rejected(row.line, str(bad), [row.raw])

    # -- one ticket ----------------------------------------------------------------------------------------

    def _incoming(self, rows: list[Row], raw: list[Raw], moments: tuple[Moment, ...] | None) -> Incoming:
        """The ticket of one row, or of several: it was opened as the first has it and ended as the last does."""
        first, last = rows[0], rows[-1]
        said = self._said(first.cells)
        end = said if last is first else self._said(last.cells)
        id = self._id(first.cells) if self._id else None
        if self._id and id is None:
            raise BadValueError(f"no {self._plan.id}")
        status, cause = _status(said.get("status"))
        if status == UNDECIDED:
            status = "assigned" if "assignee" in said else "queued"
        agency, number = self._whose(said)
        key = f"{agency}-{number}" if number else None
        stated = {name: said[name] for name in _STATED if name in said}
        return Incoming(
            line=first.line, raw=raw, agency=agency, identity=f"{self._plan.name}:{id}" if id else key,
            digest=self._digest(rows), given=self._given(said, last.cells, id), moments=moments, ends=self._ends(end),
            status=status if moments is None else None, cause=cause, number=number, **stated,
        )  # fmt: skip

    def _given(self, said: dict[str, Any], last: Cells, id: str | None) -> dict[str, Any]:
        given = {name: value for name, value in said.items() if name in _GIVEN}
        if "subject" not in given:
            if id is None:
                raise BadValueError("no subject")
            given["subject"] = id
        fields = {name: value for name, read in self._fields.items() if (value := read(last)) is not None}
        if fields:
            given["fields"] = fields
        if "due" in said or "due_response" in said:
            given["due"] = Due(said.get("due_response"), said.get("due"))
        return given

    def _ends(self, said: dict[str, Any]) -> Ends:
        told = {name: said[name] for name in _ENDS if name in said}
        return Ends(**told, unknown=self._kept.difference(told))

    def _said(self, cells: Cells) -> dict[str, Any]:
        said = dict(self._plan.constants)
        for name, read in self._readers.items():
            value = read(cells)
            if value is not None:
                said[name] = value
        return said

    def _digest(self, rows: list[Row]) -> str:
        """Stands for what the map reads of the rows; other columns may change without making it another ticket."""
        content = "\x1e".join(["\x1f".join(self._content(row.cells)) for row in rows])
        return blake2b(content.encode(), digest_size=12).hexdigest()

    def _whose(self, said: dict[str, Any]) -> tuple[str | None, int | None]:
        """The agency and, of a row with a key, the number."""
        agency = self._agency if self._forced else said.get("agency") or self._agency
        if agency is not None and not AGENCY_KEY.fullmatch(agency):
            raise BadValueError(f"{agency!r} is no agency key: 2 to 10 capitals and digits")
        key = said.get("key")
        if key is None:
            return agency, None
        found = IMPORTED_KEY.fullmatch(key)
        if not found:
            raise BadValueError(f"{key!r} is no key like DHS-1042")
        if agency != found[1] and (self._forced or "agency" in said):
            raise BadValueError(f"{key} is not {agency}'s")
        return found[1], int(found[2])

    # -- events --------------------------------------------------------------------------------------------

    def _gathered(self) -> Iterator[Incoming | Rejected]:
        """Rows that follow each other and have the same id are one ticket; only that one's are held."""
        place = self._table.columns.index(self._plan.id or "")
        rows: list[Row] = []
        raw: list[Raw] = []
        bad: Rejected | None = None
        for row in self._table:
            id = _id_of(row, place)
            if isinstance(row, Rejected) and (not rows or id != rows[0].cells[place]):
                yield row
                continue
            if rows and id != rows[0].cells[place]:
                yield self._life(rows, raw, bad)
                rows, raw, bad = [], [], None
            if isinstance(row, Rejected):
                bad = bad or row
                raw += row.raw
            else:
                rows.append(row)
                raw.append(row.raw)
        if rows:
            yield self._life(rows, raw, bad)

    def _life(self, rows: list[Row], raw: list[Raw], bad: Rejected | None) -> Incoming | Rejected:
        """The rows of one ticket. A bad one takes the others with it: a history with a hole would be wrong for good."""
        line = rows[0].line
        if bad is not None:
            return Rejected(line, f"line {bad.line}: {bad.reason}", raw)
        try:
            before: Cells | None = None
            moments = []
            for row in rows:
                line = row.line
                moments.append(self._moment(row.cells, before))
                before = row.cells
            return self._incoming(rows, raw, tuple(moments))
        except BadValueError as wrong:
            return Rejected(rows[0].line, f"line {line}: {wrong}", raw)

    def _watch(self, columns: Columns, plan: Map) -> None:
        """What is compared from row to row."""
        watched = [name for name in _CHANGING if name in plan.columns]
        self._watched = [(name, self._readers[name], _getter(columns.places(plan.columns[name]))) for name in watched]
        self._look = _getter(tuple({place for name in watched for place in columns.places(plan.columns[name])}))

    def _moment(self, cells: Cells, before: Cells | None) -> Moment:
        """What this row states that the one before did not; the first states its status. Missing cells are passed
        over."""
        at = self._at(cells)
        if at is None:
            raise BadValueError("no time")
        if before is None:
            status = self._readers["status"](cells) if "status" in self._readers else None
            return Moment(at, self._by(cells), *_status(status), note=self._note(cells))
        if self._look(cells) == self._look(before):
            return Moment(at, self._by(cells), note=self._note(cells))
        new = {
            name: value
            for name, read, look in self._watched
            if look(cells) != look(before) and (value := read(cells)) is not None
        }
        return Moment(at, self._by(cells), *_status(new.pop("status", None)), new=new, note=self._note(cells))


def needs_agency(plan: Map) -> bool:
    """Whether a map leaves open whose the tickets are."""
    return not {"agency", "key"} & {*plan.columns, *plan.constants}


def _getter(places: tuple[int, ...]) -> Any:
    """The cells at these places, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return (lambda cells: (cells[places[0]],)) if places else (lambda _: ())


def _nothing(_cells: Cells) -> None:
    return None


def _id_of(row: Row | Rejected, place: int) -> str | None:
    """The id of a row, also of one that can't be read otherwise."""
    if isinstance(row, Row):
        return row.cells[place]
    text = row.raw[0][1]
    cells = text.split("\0") if isinstance(text, str) else ()
    return cells[place] if len(cells) > place else None


def _status(word: Any) -> tuple[str | None, str | None]:
    """`on-hold:vendor` as status and cause."""
    if word is None:
        return None, None
    status, _, cause = str(word).partition(":")
    return status, cause or None
