"""What can be saved of damaged store files, and putting it in their place; the originals are kept beside them.

A damaged file is read line by line: a document is a line. One checksum covers the whole file, so a line that can be
read is believed only when the chain of digests over the ticket's history holds and its fields are what its history
says; otherwise the generation before, which has a checksum of its own, gives the ticket as it was one change earlier.
"""

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from csctool.desk.ports import Repair
from csctool.domain.audit import Gap, broken
from csctool.domain.ticket import Ticket, plain
from csctool.errors import CscError, DamagedError
from csctool.storage import codec, container, files
from csctool.storage.database import Database
from csctool.storage.shelf import Shelf

#: A document: its id, then JSON up to the end of the line.
_DOCUMENT = re.compile(rb'^"(\d{1,10})":(.*?),?$')
_TABLE = re.compile(rb'^"(\w+)":\{$')
#: When the counter of ticket numbers is lost, numbers go on at the next multiple: one that was given out and lost with
#: the file must not be given out again.
GAP = 1000


class Found(NamedTuple):
    """What a damaged file still tells: documents that are JSON, by table, and the ids of those that are not."""

    tables: codec.Tables
    unreadable: set[str]
    generation: int


def repair(shelf: Shelf, wait: float, *, dry_run: bool) -> list[Repair]:
    """Save what can be saved of every damaged file of the agency; where nothing is damaged, no lock is asked for.

    Raises BusyError, NotPermittedError, StorageError.
    """
    if not _damaged(shelf):
        return []
    with shelf.locked(wait):
        repairs = []
        with suppress(CscError):
            shelf.live()  # tells which months there must be, unless it is what is damaged
        archived: dict[str, msgspec.Raw] = {}
        for path in shelf.archives.paths():
            made, tables = _repaired(path, dry_run=dry_run, agency=shelf.agency)
            repairs += made
            archived |= tables.get("tickets", {})
        floor = max(map(int, archived), default=0)
        missing = floor > 0 or files.exists(files.previous(shelf.path))
        if missing or files.exists(shelf.path):
            months = shelf.archives.months()
            made, _ = _repaired(shelf.path, dry_run=dry_run, agency=shelf.agency, floor=floor, months=months)
            repairs += made
        return repairs


def _damaged(shelf: Shelf) -> bool:
    try:
        shelf.live()
        for month in shelf.archives.months():
            shelf.archives.month(month)
    except DamagedError:
        return True
    return False


def _repaired(
    path: str, *, dry_run: bool, agency: str, floor: int | None = None, months: Iterable[str] = ()
) -> tuple[list[Repair], codec.Tables]:
    """Repair one file if it needs it: what was done, and the tables that it has then.

    The file of the live tickets has counters, which are above `floor`, and knows the `months` that were archived.
    """
    blob = files.read(path)
    try:
        if blob is None:
            raise container.damaged(path, "it is missing")
        _, tables = container.unpack(blob, path)
        return [], tables
    except DamagedError as error:
        why = error.message
    before = _generation_before(path)
    found = _lines(blob or b"")
    tables, told = _saved(found, before, agency)
    if floor is not None:
        tables["counters"], gap = _counters(found, before, tables, floor)
        if gap:
            told["gap"] = gap.last + 1
            with suppress(DamagedError):
                tables["gaps"] = {"1": codec.encode([*codec.gaps(tables.get("gaps", {}).get("1")), gap])}
        # What a damaged line says of the months is no evidence that there was one.
        there = {*months, *(before.known_months() if before is not None else ())}
        tables["months"] = {"1": codec.encode(sorted(there))} if there else {}
    kept = "" if blob is None else _beside(path)
    if not dry_run:
        if blob is not None:
            _keep(path, kept)
        generation = max(found.generation, before.generation if before is not None else 0)
        # Its lines, and those of the generation before, may be of any format.
        whole = container.pack(codec.upgrade(codec.OLDEST, tables), generation + 1)
        files.replace([files.Replacement(path, whole, None, keep=False)])
    return [Repair(agency=agency, path=path, why=why, kept=kept, **told)], tables


def _generation_before(path: str) -> Database | None:
    previous = files.previous(path)
    try:
        blob = files.read(previous)
        return None if blob is None else Database(previous, blob)
    except CscError:
        return None  # damaged too: the lines of the file itself are all there is


def _lines(blob: bytes) -> Found:
    tables: codec.Tables = {"tickets": {}}
    unreadable: set[str] = set()
    table = ""
    for line in blob.split(b"\n"):
        if named := _TABLE.match(line):
            table = named[1].decode()
        elif found := _DOCUMENT.match(line):
            number = found[1].decode()
            try:
                msgspec.json.decode(found[2])
            except codec.UNREADABLE:
                unreadable.add(number)
                continue
            tables.setdefault(table or "tickets", {})[number] = msgspec.Raw(found[2])
    try:
        generation = container.read_header(blob, "").generation
    except DamagedError:
        generation = 0
    return Found(tables, unreadable, generation)


def _saved(found: Found, before: Database | None, agency: str) -> tuple[codec.Tables, dict[str, Any]]:
    """The tables to write, and how the tickets fared."""
    old = before.documents() if before is not None else {}
    was = old.get("tickets", {})
    tickets: dict[str, msgspec.Raw] = {}
    older, lost = [], []
    intact = 0
    here = found.tables.get("tickets", {})
    for number in sorted({*here, *found.unreadable, *was}, key=int):
        document = here.get(number)
        known = was.get(number)
        if document is not None and known is not None and _same_history(document, known):
            # No change since: the whole file of before vouches for what no digest covers, too.
            tickets[number] = known
            intact += 1
        elif document is not None and _sound(document, agency, number):
            tickets[number] = document
            intact += 1
        elif known is not None:
            tickets[number] = known
            older.append(f"{agency}-{number}")
        elif f"{number}" in found.unreadable or document is not None:
            lost.append(f"{agency}-{number}")
    rest = {name: {**old.get(name, {}), **found.tables.get(name, {})} for name in {*old, *found.tables}}
    rest.pop("csctool", None)
    return {**rest, "tickets": tickets}, {"intact": intact, "older": older, "lost": lost}


def _same_history(document: msgspec.Raw, known: msgspec.Raw) -> bool:
    try:
        return codec.decode(document).history == codec.decode(known).history
    except DamagedError:
        return False


def _sound(document: msgspec.Raw, agency: str, number: str) -> bool:
    """Whether a line is a ticket whose history holds and whose fields are what the history says."""
    try:
        ticket = codec.decode(document)
        if not codec.is_ours(document):
            return False  # the name of a field was hit: csctool's encoder did not write this line
    except DamagedError:
        return False
    in_place = ticket.key == f"{agency}-{number}" and ticket.number == int(number) and ticket.agency == agency
    whole = ticket.version == len(ticket.history) and broken(ticket, codec.seals(document)) is None
    return in_place and whole and _follows(ticket)


def _follows(ticket: Ticket) -> bool:
    """Whether every field that the history tells of has the last value that it tells."""
    last: dict[str, Any] = {}
    for event in ticket.history:
        last |= {name: new for name, (_, new) in event.changes.items() if name in Ticket.__struct_fields__}
    return all(plain(getattr(ticket, name)) == value for name, value in last.items())


def _counters(
    found: Found, before: Database | None, tables: codec.Tables, floor: int
) -> tuple[dict[str, msgspec.Raw], Gap | None]:
    """The counters, and which numbers are passed over when the one of tickets was lost."""
    seen = max(map(int, {*tables["tickets"], *found.unreadable}), default=0)
    least = max(seen, floor)
    for source in (found.tables, before.documents() if before is not None else {}):
        try:
            known = codec.counters(source.get("counters", {}).get("1"))
        except DamagedError:
            continue
        if known:
            break
    else:
        known = {}
    gap = None
    if "counters" not in found.tables or known.get("number", 0) < least:
        least = max(least, known.get("number", 0))
        known["number"] = (least // GAP + 1) * GAP
        gap = Gap(least + 1, known["number"], f"repaired {datetime.now(UTC):%Y-%m-%d}, when the counter was lost")
    return {"1": codec.encode(known)}, gap


def least(shelf: Shelf) -> tuple[int, int]:
    """(the highest number that an agency can have given out, its generation), by what damaged files still tell."""
    found, before = _lines(files.read(shelf.path) or b""), _generation_before(shelf.path)
    floor = 0
    for path in shelf.archives.paths():
        floor = max(floor, *map(int, _lines(files.read(path) or b"").tables["tickets"]), 0)
    documents, _ = _counters(found, before, {**found.tables}, floor)
    number = codec.counters(documents["1"]).get("number", 0)
    return number, max(found.generation, before.generation if before is not None else 0)


def _beside(path: str) -> str:
    """A name for the original that nothing has yet."""
    stem = f"{path}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names: Iterable[str] = (stem, *(f"{stem}.{n}" for n in range(2, 1000)))
    return next(name for name in names if not os.path.lexists(name))


def _keep(path: str, kept: str) -> None:
    """The original under a second name; the damaged file stays where it is until the new one is whole."""
    steps: tuple[Callable[[], None], ...] = (
        lambda: os.link(path, kept),
        lambda: files.sync_directory(os.path.dirname(path)),
    )
    try:
        for step in steps:
            step()
    except OSError as error:
        raise files.failure(kept, error, "write") from error
