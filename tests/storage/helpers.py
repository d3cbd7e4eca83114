"""Tickets to store, made the way the desk makes them."""

from datetime import UTC, datetime, timedelta

from csctool.domain import lifecycle
from csctool.domain.ticket import Stamp, Ticket
from csctool.storage.tiny import TinyStore

MONDAY = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)


def stamp(hours: float = 0) -> Stamp:
    at = MONDAY + timedelta(hours=hours)
    return Stamp(op=f"{at:%Y%m%dT%H%M%SZ}-1", at=at, actor="alice")


def draft(number: int, agency: str = "DHS", **fields: object) -> Ticket:
    told: dict[str, object] = {
        "kind": "incident",
        "status": "queued",
        "subject": "no dial tone",
        "queue": "servicedesk",
    }
    return Ticket(key=f"{agency}-{number}", agency=agency, number=number, **(told | fields))  # type: ignore[arg-type]


def opened(number: int, agency: str = "DHS", hours: float = 0, once: str | None = None, **fields: object) -> Ticket:
    return lifecycle.open_ticket(draft(number, agency, **fields), stamp(hours), once=once)


def ended(number: int, agency: str = "DHS", hours: float = 1, **fields: object) -> Ticket:
    """Opened, resolved and closed; `hours` after Monday morning."""
    resolved = lifecycle.resolve(opened(number, agency, **fields), stamp(hours), "the line was plugged in")
    return lifecycle.close(resolved, stamp(hours))


def filled(root: str, *tickets: Ticket, **options: object) -> TinyStore:
    """A store in files that holds these tickets."""
    store = TinyStore(root, **options)  # type: ignore[arg-type]
    agencies = {ticket.agency for ticket in tickets}
    for agency in agencies:
        store.create(agency)
    with store.unit(*agencies) as unit:
        for ticket in tickets:
            unit.put(ticket)
    return store
