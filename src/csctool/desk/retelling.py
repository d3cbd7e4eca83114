"""Who would be told about a past ticket, event by event, and who was: messages in a replay."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import groupby

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.ports import Question
from csctool.domain.notice import Delivery, Notice
from csctool.domain.past import ticket_after
from csctool.domain.ticket import Event, Ticket, plain
from csctool.errors import NotFoundError

#: One message by what makes it one (event, transport, address), and in words that count together with others.
Lines = Mapping[tuple[str, str, str], str]

#: What a rehearsal decides, as the opening event records it.
_DECIDED = ("kind", "category", "service", "impact", "urgency", "priority", "queue", "assignee")


class Retelling:
    """Messages of past tickets on one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._records: dict[str, dict[str, list[Notice | Delivery]]] = {}
        self._since: dict[str, datetime | None] = {}

    def told(self, ticket: Ticket) -> Lines:
        """What is on record of its events: delivered, or waiting in the outbox."""
        since = self.since(ticket.agency)
        found = self._records[ticket.agency].get(ticket.key, ())
        return dict(_line(one) for one in found if since is None or (_event_at(one, ticket) or since) >= since)

    def since(self, agency: str) -> datetime | None:
        """From when on an agency's messages are on record; None when nobody was ever told anything."""
        self._read(agency)
        return self._since[agency]

    def telling(self, ticket: Ticket, opened: Ticket, since: datetime | None = None) -> Lines:
        """What would be told of each event from `since` on, had the ticket been `opened` so; later events as they were.

        Nothing is told about an import, whatever the rules say.
        """
        decisions = self._desk.decisions(ticket.agency)
        if decisions.silent():
            return {}
        found: dict[tuple[str, str, str], str] = {}
        for _, life in groupby(_life(self._desk, ticket, opened, since), key=lambda one: one[0].op):
            events = list(life)
            after = events[-1][1]
            asked = [(event, decisions.notify(event, Question(after, event.at, event.verb))) for event, _ in events]
            told = self._desk.teller.tellings(ticket.agency, after, asked)
            found.update(_line(one.notice) for one in told if one.notice is not None)
        return found

    def _read(self, agency: str) -> None:
        if agency in self._records:
            return
        records = self._records[agency] = {}
        delivered, waiting = list(self._desk.store.deliveries(agency)), self._desk.store.outbox(agency)
        every: list[Notice | Delivery] = [*delivered, *waiting]
        for one in every:
            records.setdefault(one.ticket, []).append(one)
        first = [notice.at for notice in waiting]
        if delivered:  # a delivery knows only when it was made itself
            earliest = min(delivered, key=lambda delivery: delivery.at)
            with suppress(NotFoundError):  # a ticket that a repair lost
                first.append(_event_at(earliest, self._desk.store.get(earliest.ticket)) or earliest.at)
        self._since[agency] = min(first, default=None)


def _life(desk: Desk, ticket: Ticket, opened: Ticket, since: datetime | None) -> Iterator[tuple[Event, Ticket]]:
    born = ticket.history[0]
    imported = born.op if "identity" in born.changes else None
    for number, event in enumerate(ticket.history, 1):
        if event.op == imported or (since and event.at < since):
            continue
        yield _opening(desk, born, opened) if number == 1 else (event, ticket_after(ticket, number))


def _opening(desk: Desk, born: Event, opened: Ticket) -> tuple[Event, Ticket]:
    """The opening event and the ticket after it, as they would have been."""
    blank = Ticket(opened.key, opened.agency, opened.number, "contact", "queued", "")
    changes = dict(born.changes)
    for name in _DECIDED:
        old, new = plain(getattr(blank, name)), plain(getattr(opened, name))
        if old != new:
            changes[name] = (old, new)
        else:
            changes.pop(name, None)
    event = msgspec.structs.replace(born, changes=changes)
    queue = desk.settings.queues.get(opened.queue or "")
    return event, msgspec.structs.replace(
        opened, status="assigned" if opened.assignee else "queued", tier=queue.tier if queue else None,
        desk=desk.desk_of(opened.queue) if queue and opened.queue else None, opened_at=born.at, updated_at=born.at,
        history=(event,), version=1,
    )  # fmt: skip


def _line(one: Notice | Delivery) -> tuple[tuple[str, str, str], str]:
    return (one.event, one.transport, one.to.casefold()), f"{one.event}: {one.role} by {one.transport}"


def _event_at(one: Notice | Delivery, ticket: Ticket) -> datetime | None:
    """When the event happened of which a message tells; None for one that the history lacks."""
    return ticket.history[one.seq - 1].at if 1 <= one.seq <= len(ticket.history) else None
