"""JSON Lines with the ticket's own field names: what `export` writes, and what anybody may write by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import Any

import msgspec

from csctool.domain.intake import Ends, Incoming, Rejected
from csctool.domain.sla.standings import Moment, Standings
from csctool.domain.sla.terms import Contract, Terms
from csctool.domain.ticket import Due, Event, Link, Ticket
from csctool.domain.words import AGENCY_KEY, IMPORTED_KEY, Channel, Kind, Priority, Status
from csctool.errors import UsageError
from csctool.transfer.mapfile import shipped
from csctool.transfer.rejects import LINE, REASON
from csctool.transfer.source import BadLineError, Source
from csctool.transfer.table import MAX_CELL, Raw, is_json, read_object
from csctool.transfer.timeform import time_reader

_TIMES = ("opened_at", "updated_at", "responded_at", "resolved_at", "closed_at")
_GIVEN = (
    "kind", "subject", "description", "channel", "requester", "phone", "affected", "cc", "service", "category",
    "impact", "urgency", "priority", "queue", "tier", "desk", "owner", "assignee", "flags", "fields", "cause",
    "training", "minutes", "links", "handovers", "bounces", "sla",
)  # fmt: skip


class _Due(msgspec.Struct, forbid_unknown_fields=True):
    response: str | None = None
    resolution: str | None = None


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A ticket without its history: any field may be left out but the subject."""

    subject: str
    key: str | None = None
    agency: str | None = None
    number: int | None = None
    kind: Kind | None = None
    status: Status | None = None
    description: str | None = None
    channel: Channel | None = None
    requester: str | None = None
    phone: str | None = None
    affected: str | None = None
    cc: tuple[str, ...] | None = None
    service: str | None = None
    category: str | None = None
    impact: int | None = None
    urgency: int | None = None
    priority: Priority | None = None
    queue: str | None = None
    tier: str | None = None
    desk: str | None = None
    owner: str | None = None
    assignee: str | None = None
    flags: tuple[str, ...] | None = None
    fields: dict[str, Any] | None = None
    resolution: str | None = None
    code: str | None = None
    cause: str | None = None
    training: str | None = None
    minutes: int | None = None
    links: tuple[Link, ...] | None = None
    handovers: int | None = None
    bounces: int | None = None
    opened_at: str | None = None
    updated_at: str | None = None
    responded_at: str | None = None
    resolved_at: str | None = None
    closed_at: str | None = None
    due: _Due | None = None
    sla: dict[str, Any] | None = None
    version: int | None = None
    history: tuple[Event, ...] = ()


class Tickets:
    """The tickets of a file. `agency` is that of rows that name none, or of every row when `forced`; times without a
    zone are of `zone`. Rows without a key are told apart by their content and how often it came before."""

    kind = "jsonl"
    columns: tuple[str, ...] = ()
    delimiter = ","

    def __init__(self, source: Source, *, agency: str | None, forced: bool, zone: tzinfo) -> None:
        self.rows = 0
        self._source = source
        self._agency = agency
        self._forced = forced
        self._time = time_reader("iso", zone)
        self._seen: dict[bytes, int] = {}

    def __iter__(self) -> Iterator[Incoming | Rejected]:
        """The file's tickets, in its order. Raises UsageError for a file that is one JSON document."""
        lines = self._source.lines()
        _refuse_other(self._source.name, lines.peek())
        while True:
            try:
                found = read_object(self._source, lines)
            except StopIteration:
                return
            except BadLineError as bad:
                found = Rejected(bad.line, bad.reason, [(bad.line, bad.text)])
            if found is None:
                continue
            self.rows += 1
            yield found if isinstance(found, Rejected) else self._row(lines.number, *found)

    def _row(self, line: int, data: dict[str, Any], read: bytes) -> Incoming | Rejected:
        raw: list[Raw] = [(line, read)]
        data = {name: value for name, value in data.items() if name not in (LINE, REASON)}
        if str(data.get("schema", "")).startswith("csctool."):
            data = self._unwrapped(data)
        try:
            # A line without the escape, shorter than the longest text, can't hold either: most need no closer look.
            problem = unsound(data) if b"\\u0000" in read or len(read) > MAX_CELL else None
            if problem:
                return Rejected(line, problem, raw)
            if data.get("history"):
                return self._whole(line, raw, data)
            return self._plain(line, raw, data)
        except msgspec.ValidationError as error:
            return Rejected(line, _worded(error), raw)
        except ValueError as error:
            return Rejected(line, str(error), raw)

    def _unwrapped(self, data: dict[str, Any]) -> dict[str, Any]:
        if isinstance(data.get("ticket"), dict):
            return data["ticket"]  # type: ignore[no-any-return]
        raise UsageError(
            f"{self._source.name} is one document of {data['schema']}", "import reads JSON Lines: --format jsonl"
        )

    # -- a ticket with its history -------------------------------------------------------------------------

    def _whole(self, line: int, raw: list[Raw], data: dict[str, Any]) -> Incoming:
        ticket = msgspec.convert(data, Ticket)
        for name in data:
            if name not in Ticket.__struct_fields__:
                raise ValueError(f"a ticket has no field `{name}`")
        agency, number = self._whose(ticket.key, ticket.agency)
        if number != ticket.number or agency != ticket.agency:
            raise ValueError(f"key {ticket.key} is not number {ticket.number} of {ticket.agency}")
        _check(ticket)
        _check_told(ticket)
        return Incoming(line, raw, agency, None, "", number=number, whole=_utc_ticket(ticket))

    # -- a ticket that states how it is now ----------------------------------------------------------------

    def _plain(self, line: int, raw: list[Raw], data: dict[str, Any]) -> Incoming:
        row = msgspec.convert(data, _Row)
        if not row.subject.strip():
            raise ValueError("subject is empty")
        for name in ("impact", "urgency"):
            if getattr(row, name) not in (None, 1, 2, 3):
                raise ValueError(f"{name} must be 1, 2 or 3")
        for name in ("minutes", "handovers", "bounces"):
            if (getattr(row, name) or 0) < 0:
                raise ValueError(f"{name} can't be below 0")
        agency, number = self._whose(row.key, row.agency)
        if row.key and row.number not in (None, number):
            raise ValueError(f"key {row.key} is not number {row.number}")
        given = {name: value for name in _GIVEN if (value := getattr(row, name)) is not None}
        if row.due:
            given["due"] = Due(self._when(row.due.response), self._when(row.due.resolution))
        times = {name: self._when(getattr(row, name)) for name in _TIMES}
        digest = blake2b(msgspec.json.encode(data, order="sorted"), digest_size=12)
        return Incoming(
            line=line, raw=raw, agency=agency, number=number, digest=digest.hexdigest(), given=given,
            identity=f"{agency}-{number}" if number else self._occurrence(digest.digest()), status=row.status,
            opened_at=times["opened_at"], responded_at=times["responded_at"], updated_at=times["updated_at"],
            ends=Ends(times["resolved_at"], None, times["closed_at"], None, row.resolution, row.code),
        )  # fmt: skip

    def _occurrence(self, digest: bytes) -> str:
        count = self._seen[digest] = self._seen.get(digest, 0) + 1
        return f"row:{digest.hex()}:{count}"

    def _whose(self, key: str | None, agency: str | None) -> tuple[str | None, int | None]:
        """The agency and, of a row with a key, the number. Raises ValueError."""
        wanted = self._agency if self._forced else agency
        if wanted is not None and not AGENCY_KEY.fullmatch(wanted):
            raise ValueError(f"{wanted!r} is no agency key: 2 to 10 capitals and digits")
        if key is None:
            return wanted or self._agency, None
        found = IMPORTED_KEY.fullmatch(key)
        if not found:
            raise ValueError(f"{key!r} is no key like DHS-1042")
        if wanted is not None and wanted != found[1]:
            raise ValueError(f"{key} is not {wanted}'s")
        return found[1], int(found[2])

    def _when(self, text: str | None) -> datetime | None:
        return None if text is None else self._time(text)


def _refuse_other(name: str, first: bytes) -> None:
    """Only JSON Lines speak for themselves."""
    if not first or is_json(first):
        return
    if first.lstrip().startswith(b"["):
        raise UsageError(
            f"{name} is one JSON list", "import reads JSON Lines, an object a line: jq -c '.[]' makes them"
        )
    maps = ", ".join(shipped())
    raise UsageError(f"{name} is no JSON Lines: a map must say which column is what", f"--map FILE, or one of: {maps}")


def unsound(value: Any) -> str | None:
    """What makes a text, anywhere in a document, one that csctool does not keep; None when all can be kept."""
    if isinstance(value, str):
        if "\0" in value:
            return "a NUL in the text"
        return f"a text is longer than {MAX_CELL >> 20} MiB" if len(value) > MAX_CELL else None
    if isinstance(value, dict):
        return next((bad for pair in value.items() for part in pair if (bad := unsound(part))), None)
    if isinstance(value, list):
        return next((bad for part in value if (bad := unsound(part))), None)
    return None


def _check(ticket: Ticket) -> None:
    """Refuse a history that csctool could not have written. Raises ValueError."""
    if not ticket.subject.strip():
        raise ValueError("subject is empty")
    if ticket.impact not in (1, 2, 3) or ticket.urgency not in (1, 2, 3):
        raise ValueError("impact and urgency must be 1, 2 or 3")
    if ticket.version < 1:
        raise ValueError("version must be at least 1")
    before: datetime | None = None
    for seq, event in enumerate(ticket.history, 1):
        if event.seq != seq:
            raise ValueError(f"history: event {seq} has the number {event.seq}")
        if event.at.tzinfo is None:
            raise ValueError(f"history: event {seq} has a time without a zone")
        if before is not None and event.at < before:
            raise ValueError(f"history: event {seq} is older than the one before it")
        before = event.at


class _Hold(msgspec.Struct):
    until: Moment | None = None
    cause: str = msgspec.field(name="for", default="other")


#: What stands among the changes of an event without being a field of the ticket, and is read again.
_TOLD = {"hold": _Hold | None, "terms": Terms | None, "ola": dict[str, Contract] | None, "clock": str}


def _check_told(ticket: Ticket) -> None:
    """Clocks, holds, terms and alarms as csctool writes them: whatever looks at the ticket later relies on it."""
    _converted("sla", ticket.sla, Standings)
    for event in ticket.history:
        for name, kind in _TOLD.items():
            if name in event.changes:
                _converted(f"history: event {event.seq}: {name}", event.changes[name][1], kind)


def _converted(name: str, value: Any, kind: Any) -> None:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {_worded(error)}") from None


def _utc_ticket(ticket: Ticket) -> Ticket:
    """All times in UTC and whole seconds, as csctool writes them."""
    new: dict[str, Any] = {name: _utc(getattr(ticket, name)) for name in _TIMES}
    new["due"] = Due(_utc(ticket.due.response), _utc(ticket.due.resolution))
    changed = {name: value for name, value in new.items() if value is not getattr(ticket, name)}
    if any(_utc(event.at) is not event.at for event in ticket.history):
        changed["history"] = tuple(msgspec.structs.replace(event, at=_utc(event.at)) for event in ticket.history)
    return msgspec.structs.replace(ticket, **changed)


def _utc(at: datetime | None) -> datetime | None:
    if at is None or (at.tzinfo is UTC and not at.microsecond):
        return at
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC).replace(microsecond=0)


def _worded(error: msgspec.ValidationError) -> str:
    what, _, where = str(error).partition(" - at `$")
    what = what.replace("Object contains unknown field", "a ticket has no field")
    what = what.replace("Object missing required field", "there is no")
    place = where.rstrip("`").removeprefix(".")
    return f"{place + ': ' if place else ''}{what[0].lower()}{what[1:]}"
