"""Outages: one ticket of the home agency for what many agencies suffer; each of them is told once, and again at news.

Each agency is told in a unit of work of its own, which also notes how far the agency has been told (a counter of the
agency, `outage:KEY`). So eighty agencies are never locked together, and whoever repeats a command that was interrupted
tells those that were not told yet, and nobody twice.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from csctool.desk.core import Done
from csctool.desk.desk import Desk
from csctool.desk.opening import NewTicket, open_ticket
from csctool.desk.ports import Question
from csctool.domain import lifecycle, outage
from csctool.domain.query import Query
from csctool.domain.ticket import Event, Stamp, Ticket, plain, split_key
from csctool.domain.words import OPEN, OUTAGE
from csctool.errors import CscError, NotFoundError, RefusedError, UsageError

Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    """Nobody wants to see how far it is."""


class Announced(msgspec.Struct):
    """What an outage command did: the ticket of the outage, how many messages wait for how many agencies, what failed
    by key; `unheard` when there was news and nobody is told."""

    ticket: Ticket
    agencies: int = 0
    messages: int = 0
    unheard: bool = False
    failures: list[tuple[str, CscError]] = []


class Seen(msgspec.Struct, frozen=True):
    """An outage as it is listed: how many of its agencies were told the latest, how many incidents it has, how many of
    them are open, and how many more may belong to it."""

    ticket: Ticket
    agencies: int
    told: int
    incidents: int
    open: int
    suggested: int


class NewOutage(msgspec.Struct, frozen=True):
    """What is said of an outage: the service, whom it concerns (all agencies when empty), in which words, from when and
    until when; a `risk` makes it a planned one."""

    service: str
    agencies: tuple[str, ...] = ()
    text: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    risk: str | None = None
    impact: int = 1
    urgency: int = 1


# -- saying it -----------------------------------------------------------------------------------------------


def declare(desk: Desk, new: NewOutage, progress: Progress = _silent) -> Announced:
    """Register an outage, or a planned one, and tell its agencies.

    The same command again goes on telling where it was interrupted. Raises RefusedError for a service that has another
    outage under way, NotFoundError for an agency or service that is not there.
    """
    desk.permit("outage")
    service, keys = _service(desk, new.service), _agencies(desk, new.agencies)
    if new.begin and new.end and new.end <= new.begin:
        raise UsageError("--until lies before --from", "give a later --until")
    there = _under_way(desk, service, new)
    if there is not None:
        return _announce(desk, there, progress)
    title = getattr(desk.settings.services.get(service), "title", "") or service
    fields: dict[str, Any] = {"agencies": list(keys)}
    fields |= {name: plain(at) for name, at in (("from", new.begin), ("until", new.end)) if at}
    if new.risk:
        fields["risk"] = new.risk
    given: dict[str, Any] = {
        "subject": f"{'Planned work' if new.risk else 'Outage'}: {title}", "kind": "change" if new.risk else "incident",
        "service": service, "impact": new.impact, "urgency": new.urgency, "fields": fields,
        "channel": "monitoring",  # nobody called, so nobody waits to be called back
    }  # fmt: skip
    if new.text or new.risk:
        given["description"] = new.text or new.risk
    opened = open_ticket(desk, NewTicket(given, agency=desk.settings.home_agency, flags=(OUTAGE,)))
    return _announce(desk, opened.ticket, progress)


def update(
    desk: Desk, key: str, text: str, *, agencies: Iterable[str] = (), until: datetime | None = None,
    progress: Progress = _silent,
) -> Announced:  # fmt: skip
    """News of an outage, for its agencies and on the incidents that belong to it."""
    desk.permit("outage")
    ticket = _outage(desk, key)
    more = _agencies(desk, tuple(agencies)) if agencies else ()
    fields = dict(ticket.fields)
    fields["agencies"] = list(dict.fromkeys((*outage.agencies(ticket), *more)))
    if until:
        fields["until"] = plain(until)

    def step(now: Ticket, stamp: Stamp) -> Ticket:
        if now.status not in OPEN:
            raise RefusedError(f"{now.key} is {now.status}: there is no news of an outage that is over")
        new = {"fields": fields, "responded_at": now.responded_at or stamp.at}
        return lifecycle.record(now, stamp, "note", new, note=text, extra={"public": (None, True)})

    changed = _only(desk.change([ticket.key], "note", step))
    done = _announce(desk, changed, progress)
    done.failures += desk.note(_open_children(desk, changed), text, public=True).failures
    return done


def resolve(
    desk: Desk, key: str, resolution: str, *, code: str | None = None, progress: Progress = _silent
) -> Announced:  # fmt: skip
    """The outage is over, and with it the incidents that belong to it: each keeps its own clock and history.

    The same command again goes on where it was interrupted.
    """
    desk.permit("outage")
    ticket = _outage(desk, key)
    if ticket.status in OPEN:
        ticket = _only(desk.resolve([ticket.key], resolution, code=code))
    done = _announce(desk, ticket, progress)
    done.failures += desk.resolve(_open_children(desk, ticket), resolution, code=code).failures
    return done


def cancel(desk: Desk, key: str, reason: str, progress: Progress = _silent) -> Announced:
    """Planned work does not take place, or there is no outage after all: its agencies hear of it. Incidents that belong
    to it stay as they are: what people reported is still to be looked at.

    The same command again goes on where it was interrupted.
    """
    desk.permit("outage")
    ticket = _outage(desk, key)
    if ticket.status in ("resolved", "closed"):
        raise RefusedError(f"{ticket.key} is {ticket.status}: it is over and can't be cancelled")
    if ticket.status in OPEN:
        ticket = _only(desk.cancel([ticket.key], reason, None, None))
    return _announce(desk, ticket, progress)


# -- looking -------------------------------------------------------------------------------------------------


def outages(desk: Desk, *, ended: bool = False) -> list[Seen]:
    """The outages under way and planned, those that are over too when wanted; the latest first."""
    home = desk.settings.home_agency
    found = desk.store.find(Query(agencies=(home,), flags=(OUTAGE,), everything=ended))
    wanted = sorted((t for t in found if ended or t.status in OPEN), key=lambda t: t.number, reverse=True)
    return [_seen(desk, ticket) for ticket in wanted]


def suggestions(desk: Desk, key: str) -> list[Ticket]:
    """The incidents that may belong to an outage: of its service and agencies, from about its time."""
    ticket = _outage(desk, key)
    found = outage.suggested(ticket, desk.store.find(outage.suspects(ticket)))
    return sorted(found, key=lambda t: (t.agency, t.number))


def _seen(desk: Desk, ticket: Ticket) -> Seen:
    keys, news = outage.agencies(ticket), outage.latest(ticket)
    told = sum(desk.store.counter(key, _counter(ticket)) >= (news[0].seq if news else 0) for key in keys)
    incidents = outage.children(ticket)
    more = len(suggestions(desk, ticket.key)) if ticket.status in OPEN else 0
    return Seen(ticket, len(keys), told, len(incidents), len(_open_children(desk, ticket)), more)


# -- telling -------------------------------------------------------------------------------------------------


def _announce(desk: Desk, ticket: Ticket, progress: Progress) -> Announced:
    """Tell each agency of the outage the latest, unless it has been told."""
    done = Announced(ticket, failures=[])
    news = outage.latest(ticket)
    keys = outage.agencies(ticket)
    if news is None:
        return done
    event = msgspec.structs.replace(news[0], verb=news[1])
    desk.brace(keys)
    pending = 0
    for number, key in enumerate(keys, 1):
        try:
            found = _told(desk, key, ticket, event)
        except CscError as error:
            done.failures.append((key, error))
        else:
            pending += found is not None
            done.agencies += bool(found)
            done.messages += found or 0
        progress(number, len(keys))
    done.unheard = bool(pending) and not done.messages and not done.failures
    return done


def _told(desk: Desk, key: str, ticket: Ticket, event: Event) -> int | None:
    """How many messages an agency gets; None when it was told before."""
    with desk.unit(key) as unit:
        if unit.raise_to(key, _counter(ticket), 0) >= event.seq:
            return None
        said = desk.decisions(key).notify(event, Question(ticket, event.at, event.verb))
        found = desk.tell(unit, key, ticket, [(event, said)])
        unit.raise_to(key, _counter(ticket), event.seq)
    return found


def _counter(ticket: Ticket) -> str:
    return f"{outage.TOLD_OF}{ticket.key}"


# -- names ---------------------------------------------------------------------------------------------------


def _service(desk: Desk, word: str) -> str:
    known = desk.settings.service_named(word)
    if known is None and desk.settings.services:
        raise NotFoundError(f"no such service: {word!r}", "csctool service list shows what there is")
    return known or word


def _agencies(desk: Desk, wanted: Sequence[str]) -> tuple[str, ...]:
    if not wanted or "ALL" in wanted:
        home = desk.settings.home_agency
        return tuple(filter(lambda key: key != home, desk.directory.keys()))
    for key in wanted:
        desk.directory.agency(key)
    return tuple(dict.fromkeys(wanted))


def _under_way(desk: Desk, service: str, new: NewOutage) -> Ticket | None:
    """The outage that this very command began before. Raises RefusedError for another one of the same service."""
    query = Query(agencies=(desk.settings.home_agency,), flags=(OUTAGE,), services=(service,))
    for ticket in desk.store.find(query):
        if ticket.status not in OPEN or outage.planned(ticket) != bool(new.risk):
            continue
        if ticket.description == (new.text or new.risk) and outage.when(ticket, "from") == new.begin:
            return ticket
        if not new.risk:
            raise RefusedError(
                f"{ticket.key} is an outage of {service} already", f"csctool outage update {ticket.key} --text TEXT"
            )
    return None


def _outage(desk: Desk, key: str) -> Ticket:
    agency, number = split_key(key)
    ticket = desk.store.get(f"{agency}-{number}")
    if not outage.is_outage(ticket):
        raise RefusedError(f"{ticket.key} is no outage", "csctool outage list shows what is under way")
    return ticket


def _open_children(desk: Desk, ticket: Ticket) -> list[str]:
    return [key for key in outage.children(ticket) if desk.store.get(key).status in OPEN]


def _only(done: Done) -> Ticket:
    for _, error in done.failures:
        raise error
    return done.tickets[0]
