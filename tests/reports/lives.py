"""Tickets that live as technicians make them live: opened, then one verb after the other at a told time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from csctool.domain.lifecycle import open_ticket
from csctool.domain.query import Range
from csctool.domain.ticket import Stamp, Ticket
from csctool.reports import Report, Request, report, wanted


def at(text: str) -> datetime:
    """`2026-10-02 16:50`, UTC. 2 October 2026 is a Friday."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = at("2026-11-01 00:00")
OCTOBER = Range(at("2026-10-01 00:00"), at("2026-11-01 00:00"))


def stamp(when: str, by: str = "ana") -> Stamp:
    return Stamp(op=f"op {when} {by}", at=at(when), actor=by)


def opened(when: str, *, by: str = "ana", agency: str = "DHS", number: int = 1, **fields: Any) -> Ticket:
    """An e-mailed incident at the service desk, unless told otherwise."""
    told = {"kind": "incident", "channel": "email", "queue": "service-desk", "tier": "1", "desk": "service-desk",
            "status": "assigned" if fields.get("assignee") else "queued", **fields}  # fmt: skip
    draft = Ticket(key=f"{agency}-{number}", agency=agency, number=number, subject="No dial tone", **told)
    return open_ticket(draft, stamp(when, by))


def then(ticket: Ticket, when: str, verb: Callable[..., Ticket], *words: Any, by: str = "ana", **more: Any) -> Ticket:
    return verb(ticket, stamp(when, by), *words, **more)


def asked(name: str, *tickets: Ticket, **request: Any) -> Report:
    """The report as the desk would make it: only the tickets that the report wants are shown to it, once."""
    question = Request(**{"now": NOW, **request})
    matches = wanted(name, question).matcher()
    return report(name, question, (ticket for ticket in tickets if matches(ticket)))


def measures(*tickets: Ticket, **request: Any) -> dict[str, Any]:
    """The summary as measure -> value."""
    return {row["measure"]: row["value"] for row in asked("summary", *tickets, **request).rows}


def dirty_one(**fields: Any) -> Ticket:
    """Closed before it was opened, as real imports bring them."""
    ticket = opened("2026-10-10 12:00", **fields)
    return msgspec.structs.replace(
        ticket, status="closed", resolved_at=at("2026-10-09 12:00"), closed_at=at("2026-10-09 12:00")
    )
