"""Moving a ticket between queues: assignment, escalation, return, and the brake on ping-pong."""

from datetime import datetime
from typing import Any

from csctool.domain.effects import standing
from csctool.domain.lifecycle import Decisions, holding, record, require
from csctool.domain.ticket import Stamp, Ticket
from csctool.errors import RefusedError


def queues_left(ticket: Ticket) -> set[str]:
    """The queues that the ticket has been in and left."""
    left = set()
    for event in standing(ticket.history):
        old, _ = event.changes.get("queue", (None, None))
        if old:
            left.add(old)
    return left


def returned_by(ticket: Ticket) -> set[str]:
    """The queues that sent the ticket back to its desk."""
    return {e.changes["queue"][0] for e in standing(ticket.history) if e.verb == "return" and "queue" in e.changes}


def moved(ticket: Ticket, queue: str, tier: str) -> dict[str, Any]:
    """The fields that change with the queue, hand-overs and bounces counted.

    A hand-over is a change of queue after the first routing; a ticket sent to a queue that it left before has bounced.
    """
    if queue == ticket.queue or ticket.queue is None:
        return {"queue": queue, "tier": tier}
    bounced = queue in queues_left(ticket)
    return {
        "queue": queue,
        "tier": tier,
        "handovers": ticket.handovers + 1,
        "bounces": ticket.bounces + (1 if bounced else 0),
    }


def braked(ticket: Ticket, queue: str, limit: int) -> bool:
    """Whether sending the ticket to `queue` would be ping-pong: the queue returned it, and it bounced often enough.

    The ticket's way back to its own desk is never braked.
    """
    if queue in (ticket.desk, ticket.queue) or queue not in returned_by(ticket):
        return False
    return ticket.bounces >= limit


def brake(ticket: Ticket, queue: str, limit: int, *, force: bool, reason: str | None) -> None:
    """Refuse ping-pong unless it is forced with a reason."""
    if not braked(ticket, queue, limit) or (force and reason):
        return
    raise RefusedError(
        f"{ticket.key} has bounced {ticket.bounces} times and {queue} returned it before",
        "settle it with the coordinator, or use --force with --reason",
    )


def _released(ticket: Ticket) -> dict[str, tuple[Any, Any]]:
    held = holding(ticket)
    return {"hold": (held, None)} if held else {}


def assign(
    ticket: Ticket, stamp: Stamp, *, queue: str | None, tier: str | None, person: str | None, note: str | None = None,
    decisions: Decisions = (),
) -> Ticket:  # fmt: skip
    """Give the ticket to a queue, a person, or a person in a queue; one on hold stays on hold."""
    require(ticket, "assign")
    new: dict[str, Any] = {"assignee": person}
    if queue is not None and tier is not None:
        new.update(moved(ticket, queue, tier))
    if ticket.status != "on-hold":
        new["status"] = "assigned" if person else "queued"
    return record(ticket, stamp, "assign", new, note=note, decisions=decisions)


def escalate(
    ticket: Ticket, stamp: Stamp, reason: str, *, queue: str, tier: str, person: str | None = None,
    by: str | None = None, forced: bool = False, decisions: Decisions = (),
) -> Ticket:  # fmt: skip
    """Functional escalation: the next tier's queue takes it."""
    require(ticket, "escalate")
    extra = _released(ticket)
    extra["escalation"] = (None, "functional")
    if by:
        extra["asked_by"] = (None, by)
    if forced:
        extra["forced"] = (None, True)
    new = {**moved(ticket, queue, tier), "assignee": person, "status": "assigned" if person else "queued"}
    return record(ticket, stamp, "escalate", new, note=reason, decisions=decisions, extra=extra)


def escalate_hierarchic(
    ticket: Ticket, stamp: Stamp, reason: str, *, to: str, by: str | None = None, decisions: Decisions = ()
) -> Ticket:
    """Tell the queue's lead or the manager; the queue stays as it is."""
    require(ticket, "escalate")
    extra: dict[str, tuple[Any, Any]] = {"escalation": (None, "hierarchic"), "told": (None, to)}
    if by:
        extra["asked_by"] = (None, by)
    return record(ticket, stamp, "escalate", {}, note=reason, decisions=decisions, extra=extra)


def give_back(ticket: Ticket, stamp: Stamp, reason: str, *, tier: str) -> Ticket:
    """`return`: "not ours" sends it to the desk that owns it."""
    require(ticket, "return")
    if ticket.desk is None:
        raise RefusedError(f"{ticket.key} has no owning desk to return to", "use assign --queue")
    if ticket.queue == ticket.desk:
        raise RefusedError(f"{ticket.key} is at its desk {ticket.desk} already")
    new = {**moved(ticket, ticket.desk, tier), "assignee": None, "status": "queued"}
    return record(ticket, stamp, "return", new, note=reason, extra=_released(ticket))


def in_queues(ticket: Ticket, until: datetime) -> list[tuple[str, str | None, datetime, datetime]]:
    """The stays of a ticket as (queue, tier, from, to), from its history; the last ends at `until`."""
    stays: list[tuple[str, str | None, datetime, datetime]] = []
    queue: str | None = None
    tier: str | None = None
    since = until
    for event in ticket.history:
        _, new = event.changes.get("queue", (None, None))
        if new is None:
            continue
        if queue is not None:
            stays.append((queue, tier, since, event.at))
        queue, since = new, event.at
        tier = event.changes.get("tier", (None, tier))[1]
    if queue is not None:
        stays.append((queue, tier, since, until))
    return stays
