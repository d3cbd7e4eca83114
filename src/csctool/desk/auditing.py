"""Checking that histories are what was written: chains, states that follow from them, numbers without gaps."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO

import msgspec

from csctool.desk.desk import Desk
from csctool.domain.audit import Break, Gap, broken, head
from csctool.domain.past import unexplained
from csctool.domain.ticket import Ticket
from csctool.errors import NotFoundError, UsageError


class Head(msgspec.Struct, frozen=True):
    """What to give into somebody else's hands: one digest over the last seal of every ticket of an agency, as of a
    real time."""

    agency: str
    before: str
    tickets: int
    digest: str


class Verified(msgspec.Struct):
    """How many tickets were looked at, the first break of each that is not what its history says, and by agency the
    numbers whose tickets a restore or a repair is known to have lost."""

    tickets: int = 0
    breaks: list[Break] = []
    gaps: list[tuple[str, Gap]] = []


def verify(desk: Desk, agencies: Iterable[str] = ()) -> Verified:
    """Look at every ticket."""
    found = Verified()
    for key in _agencies(desk, agencies):
        numbers = set()
        for ticket, seals, number in desk.store.sealed(key):
            found.tickets += 1
            numbers.add(number)
            wrong = _misfiled(ticket, f"{key}-{number}") or broken(ticket, seals) or _strayed(ticket)
            if wrong:
                found.breaks.append(wrong)
        gaps = desk.store.gaps(key)
        found.gaps += [(key, gap) for gap in gaps]
        found.breaks += _missing(key, [*((n, n) for n in numbers), *((gap.first, gap.last) for gap in gaps)],
                                 desk.store.counter(key, "number"))  # fmt: skip
    return found


def heads(desk: Desk, agencies: Iterable[str] = ()) -> list[Head]:
    """The head of each agency, of everything that was written before this second."""
    before = desk.op.partition("-")[0]
    return [Head(key, before, *head(desk.store.sealed(key), before)) for key in _agencies(desk, agencies)]


def compare(desk: Desk, kept: Iterable[Head]) -> list[Break]:
    """The agencies in which something that stood there when a head was taken is no longer the same."""
    breaks = []
    for old in kept:
        try:
            count, digest = head(desk.store.sealed(old.agency), old.before)
        except NotFoundError:
            breaks.append(Break(old.agency, 0, f"it had {old.tickets} tickets before {old.before}, and is not there"))
            continue
        if (count, digest) != (old.tickets, old.digest):
            then, now = f"{old.tickets} tickets, {old.digest}", f"{count} tickets, {digest}"
            why = f"what stood there before {old.before} is not the same any more: {then} then, {now} now"
            breaks.append(Break(old.agency, 0, why))
    return breaks


def read_heads(file: BinaryIO) -> list[Head]:
    """What `audit head` printed in any format, also as it stands in a mail. Raises UsageError."""
    data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise UsageError(f"not the heads of an audit: over {LONGEST >> 20} MiB", _KEEP)
    unreadable = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
    with suppress(*unreadable):
        return msgspec.json.decode(data, type=_Kept).heads
    found: list[Head] = []
    try:
        for line in data.splitlines():
            if line.startswith(b'{"schema"'):
                found += msgspec.json.decode(line, type=_Kept).heads
            elif line.startswith(b"{"):
                found.append(msgspec.json.decode(line, type=Head))
            else:
                found += _row(line.decode(errors="replace"))
    except unreadable as error:
        raise UsageError(f"not the heads of an audit: {error}", _KEEP) from None
    if not found:
        raise UsageError("not the heads of an audit: none in it", _KEEP)
    return found


#: Heads of a thousand agencies take 130 KB.
LONGEST = 16 << 20
_KEEP = "keep what csctool audit head prints"


#: When a head was taken, as operations begin with it.
_TAKEN = re.compile(r"\d{8}T\d{6}Z")


class _Kept(msgspec.Struct):
    heads: list[Head]


def _row(line: str) -> list[Head]:
    """The head in a row of a table, of CSV or Markdown; other lines have none."""
    match re.findall(r"\w+", line):
        case [agency, before, tickets, digest] if _TAKEN.fullmatch(before) and tickets.isdecimal():
            return [Head(agency, before, int(tickets), digest)]
    return []


def _agencies(desk: Desk, wanted: Iterable[str]) -> list[str]:
    keys = list(wanted)
    for key in keys:
        desk.directory.agency(key)
    return keys or desk.store.agencies()


def _misfiled(ticket: Ticket, key: str) -> Break | None:
    return None if ticket.key == key else Break(key, 0, f"what is filed there says that it is {ticket.key}")


def _strayed(ticket: Ticket) -> Break | None:
    fields = unexplained(ticket)
    if not fields:
        return None
    return Break(ticket.key, len(ticket.history), f"no event explains its {', '.join(fields)}")


def _missing(agency: str, spans: list[tuple[int, int]], last: int) -> list[Break]:
    """Numbers up to `last` that were given out and are in no span of what is accounted for: a number is never used
    twice, and no ticket is ever removed. A run of them is one break, however long a forged counter makes it."""
    breaks, expected = [], 1
    for first, end in [*sorted(spans), (last + 1, last + 1)]:
        if first == expected + 1:
            why = "its number was given out, and there is no such ticket"
            breaks.append(Break(f"{agency}-{expected}", 0, why))
        elif first > expected:
            why = f"its number and those up to {agency}-{first - 1} were given out, and there are no such tickets"
            breaks.append(Break(f"{agency}-{expected}", 0, why))
        expected = max(expected, end + 1)
    return breaks
