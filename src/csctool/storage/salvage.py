"""What can be saved of damaged store files, and putting it in their place; the originals are kept beside them.

One checksum covers the whole file, so what can still be read of a damaged one is believed only when the chain of
digests over the ticket's history holds and its fields are what its history says; otherwise the generation before, which
has a checksum of its own, gives the ticket as it was one change earlier.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec

from csctool.desk.ports import Repair
from csctool.domain.audit import Gap, broken
from csctool.domain.past import unexplained
from csctool.domain.ticket import Ticket
from csctool.errors import CscError, DamagedError
from csctool.storage import codec, container, debris, files
from csctool.storage.database import Database
from csctool.storage.shelf import Shelf

#: When the counter of ticket numbers is lost, numbers go on at the next multiple: one that was given out and lost with
#: the file must not be given out again.
GAP = 1000
NONE: Mapping[str, msgspec.Raw] = {}


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
            made, _ = _repaired(
                shelf.path, dry_run=dry_run, agency=shelf.agency, floor=floor, months=months, archived=archived
            )
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
    path: str, *, dry_run: bool, agency: str, floor: int | None = None, months: Iterable[str] = (),
    archived: Mapping[str, msgspec.Raw] = NONE,
) -> tuple[list[Repair], codec.Tables]:  # fmt: skip
    """Repair one file if it needs it: what was done, and the tables that it has then.

    The file of the live tickets has counters, which are above `floor`, and knows the `months` that were archived, and
    the tickets in them.
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
    found = debris.read(blob or b"")
    tables, told = _saved(found, before, agency, archived)
    if floor is not None:
        numbers = {int(key.rpartition("-")[2]) for key in told["lost"]}.union(map(int, tables["tickets"]))
        tables["counters"], gap = _counters(found, before, max(floor, *numbers, 0))
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


def _saved(
    found: debris.Found, before: Database | None, agency: str, archived: Mapping[str, msgspec.Raw]
) -> tuple[codec.Tables, dict[str, Any]]:
    """The tables to write, and how the tickets fared. What is `archived` need not be put back among the live ones."""
    old = before.documents() if before is not None else {}
    was = old.get("tickets", {})
    tickets: dict[str, msgspec.Raw] = {}
    doubtful = set(found.unreadable)
    for numbers, document in found.tickets:
        for number in numbers:
            if number not in tickets and (good := _believed(document, was.get(number), agency, number)):
                tickets[number] = good
                break
        else:
            doubtful.add(numbers[0])
    intact = len(tickets)
    clocks = [n for n, document in tickets.items() if document is not was.get(n) and codec.decode(document).sla]
    older = [number for number in was if number not in tickets and not _as_new(archived.get(number), was[number])]
    tickets |= {number: was[number] for number in older}
    lost = [number for number in doubtful if number not in tickets and number not in archived]
    rest = {name: table for name, table in old.items() if name not in ("tickets", *found.tables)}
    for name, table in found.tables.items():
        rest[name] = {**old.get(name, {}), **table} if name in found.hit else table
    keys = {"older": _keys(agency, older), "lost": _keys(agency, lost), "clocks": _keys(agency, clocks)}
    return {"tickets": {number: tickets[number] for number in sorted(tickets, key=int)}, **rest}, {
        "intact": intact,
        **keys,
    }


def _keys(agency: str, numbers: Iterable[str]) -> list[str]:
    return [f"{agency}-{number}" for number in sorted(numbers, key=int)]


def _as_new(archived: msgspec.Raw | None, known: msgspec.Raw) -> bool:
    """Whether a ticket that was among the live ones lies in the archive, and has not changed less there."""
    try:
        return archived is not None and codec.head(archived).version >= codec.head(known).version
    except DamagedError:
        return False


def _believed(document: msgspec.Raw, known: msgspec.Raw | None, agency: str, number: str) -> msgspec.Raw | None:
    """The document of a ticket that can be relied upon; None when nothing vouches for it."""
    try:
        ticket = codec.decode(document)
        if known is not None and codec.decode(known).history == ticket.history:
            # No change since: the whole file of before vouches for what no digest covers, too.
            return known
        if ticket.key != f"{agency}-{number}" or broken(ticket, codec.seals(document)) or unexplained(ticket):
            return None
        return document if codec.is_ours(document) else _rewritten(ticket, document)
    except (DamagedError, LookupError, TypeError, ValueError, AttributeError, OverflowError):
        return None  # the state of its clocks, which no event tells, is none


def _rewritten(ticket: Ticket, document: msgspec.Raw) -> msgspec.Raw | None:
    """The line as csctool would write it, where only what follows from the ticket is another; None where the name of a
    field was hit."""
    fresh = codec.document(ticket, codec.seals(document))
    told, right = (msgspec.json.decode(line, type=dict[str, Any]) for line in (document, fresh))
    return fresh if {**told, "agenda": None} == {**right, "agenda": None} else None


def _counters(
    found: debris.Found, before: Database | None, least: int
) -> tuple[dict[str, msgspec.Raw], Gap | None]:  # fmt: skip
    """The counters, and which numbers are passed over when the one of tickets was lost: it is `least` at least."""
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
    found, before = debris.read(files.read(shelf.path) or b""), _generation_before(shelf.path)
    floor = 0
    for path in shelf.archives.paths():
        floor = max(floor, debris.read(files.read(path) or b"").highest())
    documents, _ = _counters(found, before, max(floor, found.highest()))
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
