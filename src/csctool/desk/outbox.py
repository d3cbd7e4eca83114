"""A look into the outbox and at what left it, and a second chance for what was given up."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from csctool.desk.desk import Desk
from csctool.domain.notice import Delivery, Notice
from csctool.domain.retrying import as_new
from csctool.domain.ticket import Ticket, split_key
from csctool.domain.words import TICKET_KEY
from csctool.errors import CscError, NotFoundError, UsageError

#: Shorter beginnings of an id than this are no names.
SHORTEST = 4
STATES = ("waiting", "held", "dead", "sent")


class Wanted(msgspec.Struct, frozen=True):
    """Which messages are looked at: of which agencies (all when empty), in which states (all but `sent` when empty),
    about which ticket, since when they are or were sent."""

    agencies: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    ticket: str | None = None
    since: datetime | None = None


def messages(desk: Desk, wanted: Wanted) -> Iterator[Notice | Delivery]:
    """What was sent, where that is asked for, and what stands in the outbox; agency by agency, in its order.

    An agency whose files can't be used is told of, unless it was asked for. Raises NotFoundError.
    """
    keys = _agencies(desk, wanted)
    return (one for key in keys for one in _messages(desk, key, wanted))


def _messages(desk: Desk, key: str, wanted: Wanted) -> Iterator[Notice | Delivery]:
    states, since = wanted.states or STATES[:-1], wanted.since
    try:
        if "sent" in states:
            yield from _about(desk.store.deliveries(key, since), wanted)
        if set(states) != {"sent"}:
            waiting = (n for n in desk.store.outbox(key) if n.state in states and (since is None or n.at >= since))
            yield from _about(waiting, wanted)
    except CscError as error:
        if key in wanted.agencies:
            raise
        desk.setback(error)


def recorded(desk: Desk, tickets: Sequence[Ticket]) -> dict[str, list[Notice | Delivery]]:
    """What was sent, and what stands in the outbox, about each of these tickets, as its agency tells it."""
    found: dict[str, list[Notice | Delivery]] = {ticket.key: [] for ticket in tickets}
    for agency in {ticket.agency for ticket in tickets}:
        since = min((t.opened_at for t in tickets if t.agency == agency and t.opened_at), default=None)
        every: list[Notice | Delivery] = [*desk.store.deliveries(agency, since), *desk.store.outbox(agency)]
        for one in every:
            if one.ticket in found:
                found[one.ticket].append(one)
    return found


def named(desk: Desk, names: Iterable[str], agencies: Iterable[str] = ()) -> dict[str, set[str]]:
    """The ids of the notices that are named, by agency: each name is an id, its beginning, or a ticket's key for all
    that waits about it. Raises NotFoundError, UsageError."""
    words = list(names)
    keys = set(_agencies(desk, Wanted(tuple(agencies))))
    if not agencies and all(map(TICKET_KEY.fullmatch, words)):
        keys = {split_key(word)[0] for word in words}  # nobody else's outbox need be read
    there = {key: {notice.id: notice for notice in desk.store.outbox(key)} for key in sorted(keys)}
    found: dict[str, set[str]] = {}
    for word in words:
        for key, id in _named(word, there):
            found.setdefault(key, set()).add(id)
    return found


def again(
    desk: Desk, names: Iterable[str] | None, states: Collection[str], agencies: Iterable[str] = ()
) -> list[Notice]:  # fmt: skip
    """Let the named notices, or all in these states, go with the next delivery as if they had never been tried.

    Each agency is one unit of work. Raises UsageError, NotFoundError, NotPermittedError.
    """
    desk.permit("deliver")
    if names is None and not states:
        raise UsageError("which messages?", "give their IDs, --dead or --held")
    chosen = None if names is None else named(desk, names, agencies)
    now = desk.clock()
    done: list[Notice] = []
    for key in _agencies(desk, Wanted(tuple(agencies))) if chosen is None else chosen:
        ids = {n.id for n in desk.store.outbox(key) if n.state in states} if chosen is None else chosen[key]
        if ids:
            with desk.unit(key) as unit:
                revived = [as_new(n, now) for n in unit.outbox(key) if n.id in ids]
                unit.post(key, revived)
            done += revived
    return done


def _agencies(desk: Desk, wanted: Wanted) -> list[str]:
    for key in wanted.agencies:
        desk.directory.agency(key)
    if wanted.ticket and not wanted.agencies:
        return [split_key(wanted.ticket)[0]]
    return list(wanted.agencies) or desk.store.agencies()


def _about(found: Iterable[Notice] | Iterable[Delivery], wanted: Wanted) -> Iterator[Notice | Delivery]:
    return (one for one in found if wanted.ticket is None or one.ticket == wanted.ticket.upper())


def _named(word: str, there: dict[str, dict[str, Notice]]) -> list[tuple[str, str]]:
    if TICKET_KEY.fullmatch(word.upper()):
        found = [(key, n.id) for key, notices in there.items() for n in notices.values() if n.ticket == word.upper()]
        if not found:
            raise NotFoundError(f"no message about {word.upper()} waits", f"csctool notify list --ticket {word}")
        return found
    if len(word) < SHORTEST:
        raise UsageError(f"{word!r} is no message", "give its id, or at least its first four digits")
    found = [(key, id) for key, notices in there.items() for id in notices if id.startswith(word.lower())]
    if len(found) > 1:
        raise UsageError(f"{word} is the beginning of {len(found)} messages", "give more of it")
    if not found:
        raise NotFoundError(f"no such message waits: {word.lower()}", "csctool notify list shows what does")
    return found
