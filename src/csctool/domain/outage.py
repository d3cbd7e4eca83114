"""An outage: a ticket of the home agency that stands for what many agencies suffer at once, or will.

One that is under way is an incident, one that is planned a change; both bear the flag `outage`. Whom it concerns, and
when, stands among its fields: `agencies` (keys), `from` and `until` (RFC 3339), `risk`. The incidents that belong to it
are its children (link `child-of`). What is registered, noted in public or resolved on it is announced to its agencies.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from csctool.domain.effects import standing
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Event, Ticket
from csctool.domain.words import OUTAGE

#: People report trouble before anybody knows that it is an outage: incidents from this long before it may belong to it.
BEFORE = timedelta(hours=4)
#: How the counter of an agency begins that says how far it has been told of an outage; the ticket's key follows.
TOLD_OF = "outage:"

#: verb of an event -> the verb under which an agency hears of it, so that rules for ordinary tickets pass it over.
_ANNOUNCED = {"open": "outage-open", "note": "outage-update", "resolve": "outage-resolve", "cancel": "outage-resolve"}


def is_outage(ticket: Ticket) -> bool:
    """Whether the ticket stands for an outage, under way or planned."""
    return OUTAGE in ticket.flags


def planned(ticket: Ticket) -> bool:
    """Whether it is one that was planned."""
    return ticket.kind == "change"


def agencies(ticket: Ticket) -> tuple[str, ...]:
    """Whom it concerns."""
    return tuple(ticket.fields.get("agencies") or ())


def when(ticket: Ticket, field: str) -> datetime | None:
    """`from` or `until`, where it is known."""
    text = ticket.fields.get(field)
    return datetime.fromisoformat(text) if text else None


def announcement(ticket: Ticket, event: Event) -> str | None:
    """The verb under which an event of an outage is announced; None for what concerns nobody outside."""
    if event.verb == "note" and "public" not in event.changes:
        return None
    name = _ANNOUNCED.get(event.verb)
    return "outage-plan" if name == "outage-open" and planned(ticket) else name


def latest(ticket: Ticket) -> tuple[Event, str] | None:
    """The last event that is to be announced, with the verb: who was told of nothing yet needs to hear this only."""
    for event in reversed(standing(ticket.history)):
        name = announcement(ticket, event)
        if name:
            return event, name
    return None


def children(ticket: Ticket) -> list[str]:
    """The keys of the incidents that belong to it."""
    return [link.key for link in ticket.links if link.type == "parent-of"]


def suspects(ticket: Ticket) -> Query:
    """What may belong to it: live incidents of its service in its agencies, from shortly before it began."""
    began = when(ticket, "from") or ticket.opened_at
    return Query(
        agencies=agencies(ticket), kinds=("incident", "contact"), services=(ticket.service or "",),
        opened=Range(began - BEFORE if began else None, when(ticket, "until") if planned(ticket) else None),
    )  # fmt: skip


def suggested(ticket: Ticket, found: Iterable[Ticket]) -> list[Ticket]:
    """Of what may belong to it, what is not tied to this or another outage yet."""
    return [t for t in found if t.key != ticket.key and not any(link.type == "child-of" for link in t.links)]
