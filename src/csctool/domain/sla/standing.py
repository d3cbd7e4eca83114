"""Looking at the clocks that a ticket carries: no calendar is asked, for the times stand in its `sla` object."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from csctool.domain.ticket import Frozen, Ticket

#: The clocks that every ticket under a policy has.
CLOCKS = ("response", "resolution")
#: A time that names its zone.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Standing(Frozen, frozen=True, omit_defaults=True):
    """How one clock stands, as far as a report asks."""

    state: Literal["running", "paused", "met", "breached", "cancelled"]
    due: Moment | None = None
    stopped_at: Moment | None = None
    breached_at: Moment | None = None


class StayStanding(Standing, frozen=True, omit_defaults=True, kw_only=True):
    """How a clock of a stay under a contract stands."""

    name: str
    clock: Literal["response", "resolution"]


class Standings(Frozen, frozen=True, omit_defaults=True):
    """The `sla` object, as far as a report asks."""

    response: Standing | None = None
    resolution: Standing | None = None
    ola: tuple[StayStanding, ...] = ()
    breach_reason: str | None = None


def standings(ticket: Ticket) -> Standings:
    """How a ticket's clocks stand. Raises msgspec.ValidationError for an `sla` object that csctool did not write."""
    return msgspec.convert(ticket.sla, Standings)


def shown(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket with the states of its clocks as they are at `now`: a clock that still runs may be late by now."""
    if not ticket.sla or not ticket.live:
        return ticket
    late = {name: {**ticket.sla[name], "state": "breached"} for name in CLOCKS if _late(ticket.sla.get(name), now)}
    ola = [{**clock, "state": "breached"} if _late(clock, now) else clock for clock in ticket.sla.get("ola", ())]
    if late or ola != ticket.sla.get("ola", []):
        return msgspec.structs.replace(ticket, sla={**ticket.sla, **late, **({"ola": ola} if ola else {})})
    return ticket


def stored_clocks(ticket: Ticket) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every clock that the ticket carries, with its name: `response`, `resolution`, `ola:apps` for a first stay's
    resolution, `ola:apps:response#2` for a second one's response."""
    for name in CLOCKS:
        if name in ticket.sla:
            yield name, ticket.sla[name]
    for clock in ticket.sla.get("ola", ()):
        which = "" if clock["clock"] == "resolution" else ":response"
        again = f"#{clock['stay']}" if clock["stay"] > 1 else ""
        yield f"ola:{clock['name']}{which}{again}", clock


def moment(clock: Mapping[str, Any], name: str) -> datetime | None:
    """A time of a stored clock."""
    text = clock.get(name)
    return None if text is None else datetime.fromisoformat(text)


def _late(clock: Mapping[str, Any] | None, now: datetime) -> bool:
    if not clock or clock["state"] != "running":
        return False
    due = moment(clock, "due")
    return due is not None and now > due
