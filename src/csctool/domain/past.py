"""A ticket as it stood at a past time: the later events of its history taken back."""

from datetime import datetime
from functools import cache
from typing import Any, get_type_hints

import msgspec

from csctool.domain.ticket import Event, Ticket, plain, split_key


def ticket_as_of(ticket: Ticket, at: datetime) -> Ticket | None:
    """The ticket as anybody would have seen it at `at`, what happened in that very second included.

    None before its first event. What no event records (the SLA outcome) stays as it is now.
    """
    kept = _kept(ticket.history, at)
    return ticket_after(ticket, kept) if kept else None


def ticket_after(ticket: Ticket, kept: int) -> Ticket:
    """The ticket after the first `kept` events of its history, at least one."""
    if kept == len(ticket.history):
        return ticket
    return msgspec.structs.replace(
        ticket,
        **_taken_back(ticket.history[kept:]),
        version=ticket.version - (len(ticket.history) - kept),
        updated_at=ticket.history[kept - 1].at,
        history=ticket.history[:kept],
    )


def unexplained(ticket: Ticket) -> list[str]:
    """The fields whose value is not what the history's events lead to; none for an honest ticket.

    The SLA outcome follows from the clocks, which `sla recompute` proves.
    """
    agency, number = split_key(ticket.key)
    said: dict[str, Any] = {"agency": agency, "number": number, "version": len(ticket.history)}
    for event in ticket.history:
        said.update({name: new for name, (_, new) in event.changes.items()}, updated_at=event.at)
    born = Ticket(ticket.key, ticket.agency, ticket.number, "contact", "queued", "")
    return [
        name for name in Ticket.__struct_fields__
        if name not in _UNTOLD and plain(getattr(ticket, name)) != plain(said.get(name, getattr(born, name)))
    ]  # fmt: skip


_UNTOLD = frozenset({"key", "sla", "history"})


def _kept(history: tuple[Event, ...], at: datetime) -> int:
    """How many events had happened by `at`; history is in order of time."""
    kept = len(history)
    while kept and history[kept - 1].at > at:
        kept -= 1
    return kept


def _taken_back(later: tuple[Event, ...]) -> dict[str, Any]:
    """The fields' values before these events: of each field, the old value that the earliest of them recorded."""
    types = _types()
    old: dict[str, Any] = {}
    for event in later:
        for name, (before, _) in event.changes.items():
            if name in types and name not in old:
                old[name] = msgspec.convert(before, types[name])
    return old


def as_field(name: str, value: Any) -> Any:
    """What an event recorded of a field, as the ticket has it: a time, links, a tuple."""
    return msgspec.convert(value, _types()[name])


@cache
def _types() -> dict[str, Any]:
    """Field -> type. What else stands among the changes (the cause of a hold, objections) is no field of the ticket."""
    return get_type_hints(Ticket)
