"""Undo: one whole operation is taken back, as a new event on every ticket that it touched, or nothing is.

What it left in the world stays: messages that were delivered, files that were written. What still waits in an outbox
because of it is recalled.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from csctool.desk.core import difference
from csctool.desk.desk import Desk
from csctool.desk.ports import Question, Unit
from csctool.desk.withholding import recall
from csctool.domain.effects import standing, taken_back
from csctool.domain.operation import APART, begun, earliest, means, short
from csctool.domain.ticket import Event, Ticket
from csctool.domain.undoing import Share, verbs
from csctool.domain.words import INCOMPLETE, TICKET_KEY, UNDONE
from csctool.errors import NotFoundError, RefusedError, UsageError

#: Before every operation.
_EVER = datetime(1, 1, 2, tzinfo=UTC)


class Undone(msgspec.Struct, frozen=True):
    """The operation that was taken back: its name, what it was, whose and when; the tickets as they stand now, and how
    many messages it had caused were recalled."""

    op: str
    verb: str
    actor: str
    at: datetime
    tickets: list[Ticket]
    recalled: int


def undo(desk: Desk, word: str | None = None, reason: str | None = None) -> Undone:
    """Take back the operation that `word` names, or else the actor's latest.

    Raises NotFoundError when there is none, UsageError for a word that means several, RefusedError naming what stands
    in the way.
    """
    desk.permit("undo")
    op = _named(desk, word) if word else _latest(desk)
    agencies = _agencies(desk, op)
    desk.brace(agencies)
    with desk.unit(*agencies) as unit:
        shares = _shares(desk, unit, agencies, op)
        tickets = [_undone(desk, unit, share, reason) for share in shares]
        recalled = sum(recall(unit, agency, op, desk.op) for agency in agencies)
        left = {notice.id for agency in agencies for notice in unit.outbox(agency)}
    desk.foretold = [notice for notice in desk.foretold if notice.id in left]
    events = [event for share in shares for event in share.events]
    return Undone(op, verbs(events), events[0].actor, events[0].at, tickets, recalled)


# -- which operation -----------------------------------------------------------------------------------------


def _named(desk: Desk, word: str) -> str:
    if TICKET_KEY.fullmatch(word.upper()):
        raise UsageError(f"{word} is a ticket, and undo takes an operation", f"csctool history {word} shows them")
    if begun(word):
        return word
    found: set[str] = set()
    since = _since(desk, earliest(word))
    for batch in desk.store.traces(("op", word)):
        if batch.written < since:
            break
        found.update(event.op for t in batch.tickets for event in t.history if means(word, event.op))
        if word in map(short, found):  # said in full: no other has it
            since = max(since, min(_since(desk, begun(op)) for op in found))
    if not found:
        raise _unknown(word)
    if len(found) > 1:
        some = ", ".join(sorted(found)[-4:]) + (" …" if len(found) > 4 else "")
        raise UsageError(f"{word} may mean {len(found)} operations", f"say more of one of: {some}")
    return found.pop()


def _unknown(word: str) -> NotFoundError:
    return NotFoundError(f"no such operation: {word!r}", "csctool history KEY shows a ticket's operations")


def _latest(desk: Desk) -> str:
    """The actor's latest operation that stands and is no undo itself, so that one undo after the other goes back."""
    me = desk.actor
    best, since = "", _EVER
    for batch in desk.store.traces(("actor", me.name), ("via", me.via)):
        if batch.written < since:
            break
        for ticket in batch.tickets:
            best = max([best, *_mine(ticket, me.name, me.via)])
        since = _since(desk, begun(best))
    if not best:
        raise NotFoundError(f"there is nothing of {me.name}'s to undo", "csctool undo OP takes any operation back")
    return best


def _mine(ticket: Ticket, name: str, via: str) -> Iterator[str]:
    """The operations of an actor that stand on a ticket."""
    gone = taken_back(ticket.history)
    for event in standing(ticket.history):
        if event.verb != "undo" and event.op not in gone and begun(event.op) and _did(ticket, event, name, via):
            yield event.op


def _did(ticket: Ticket, event: Event, name: str, via: str) -> bool:
    """Whether an actor did it. Of an import that is the Unix user: the events say who did things elsewhere."""
    born = ticket.history[0]
    imported = event.op == born.op and "identity" in born.changes
    return event.via == via if imported else event.actor == name


def _since(desk: Desk, at: datetime | None) -> datetime:
    """What was written before has nothing of an operation that began at `at`. Clocks differ; one that ran ahead and was
    put right since tells nothing."""
    now = begun(desk.op)
    return _EVER if at is None or (now and at > now) else at - APART


def _agencies(desk: Desk, op: str) -> list[str]:
    """The agencies of the tickets that an operation touched, and of those that it tied to them: that one of them can't
    be read must not leave the other half standing."""
    since = _since(desk, begun(op))
    found: set[str] = set()
    tied: set[str] = set()
    for batch in desk.store.traces(("op", op)):
        if batch.written < since:
            break
        for ticket in batch.tickets:
            for event in ticket.history:
                if event.op == op:
                    found.add(ticket.agency)
                    tied.update(_tied(event))
    if not found:
        raise _unknown(op)
    return sorted(found | (tied - found).intersection(desk.directory.keys()))


def _tied(event: Event) -> Iterator[str]:
    old, new = event.changes.get("links", (None, None))
    if "identity" in event.changes:
        return  # an import ties nothing at the other end
    for link in new or ():
        key = TICKET_KEY.fullmatch(link["key"])
        if key and link not in (old or ()):
            yield key[1]


# -- taking it back ------------------------------------------------------------------------------------------


def _shares(desk: Desk, unit: Unit, agencies: list[str], op: str) -> list[Share]:
    """What the operation did to each ticket, as far as it stands. Raises RefusedError when that is nothing, or when
    later changes stand in the way."""
    since = _since(desk, begun(op))
    tickets = [ticket for agency in agencies for ticket in unit.traces(agency, op, since)]
    tickets.sort(key=lambda ticket: (ticket.agency, ticket.number))
    shares = [share for ticket in tickets if (share := Share(ticket, op)).stands]
    if not shares:
        by = next((gone[op] for t in tickets if (gone := taken_back(t.history)) and op in gone), None)
        raise RefusedError(f"{op} is undone already", f"csctool undo {by} brings it back") if by else _unknown(op)
    blocked = [(share, obstacle) for share in shares if (obstacle := share.obstacle())]
    if blocked:
        share, obstacle = blocked[0]
        event, key = obstacle.event, share.ticket.key
        over = f" changed {', '.join(obstacle.fields)} of {key}" if obstacle.fields else f" worked on {key}"
        more = f"; {len(blocked) - 1} more tickets were changed since" if len(blocked) > 1 else ""
        raise RefusedError(
            f"{op} can't be undone: {event.op} ({event.verb} by {event.actor}){over} since{more}",
            f"undo that first: csctool undo {event.op}",
        )
    return shares


def _undone(desk: Desk, unit: Unit, share: Share, reason: str | None) -> Ticket:
    ticket = share.ticket
    if not all(_did(ticket, event, desk.actor.name, desk.actor.via) for event in share.events):
        desk.permit("overrule", ticket)
    _claimed(unit, share)
    after = share.undone(desk.stamp(ticket), reason)
    said = desk.decisions(ticket.agency).validate(
        Question(after, after.history[-1].at, "undo", difference(ticket, after))
    )
    if said and INCOMPLETE not in (*ticket.flags, *after.flags) and UNDONE not in after.flags:
        raise RefusedError(f"{ticket.key}: {'; '.join(said)}")
    first = len(ticket.history)
    if "identity" not in ticket.history[0].changes or not share.opening:
        return desk.keep(unit, after, first)
    after = desk.promised(unit, after, first)
    unit.put(after)  # nobody was told of the import
    return after


def _claimed(unit: Unit, share: Share) -> None:
    """Refuse to bring a ticket back whose `--once` identity another one has by now."""
    ticket = share.ticket
    once = ticket.history[0].changes.get("once", (None, None))[1]
    if once is None or UNDONE not in ticket.flags:
        return
    other = unit.once(ticket.agency, once)
    if other is not None:
        raise RefusedError(f"{ticket.key} can't come back: {other.key} was opened with --once {once} since")
