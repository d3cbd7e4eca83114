"""Looking at the clocks that a ticket carries: no calendar is asked, for the times stand in its `sla` object."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.ticket import Ticket

#: The clocks that every ticket under a policy has.
CLOCKS = ("response", "resolution")
_NEVER = "9999"


def seen_at(now: datetime) -> Callable[[Ticket], Ticket]:
    """How tickets look at `now`: with the states of their clocks as they are then, for a clock that still runs may be
    late by now."""
    at = now.isoformat()[:19]

    def shown(ticket: Ticket) -> Ticket:
        sla = ticket.sla
        if not sla or not ticket.live:
            return ticket
        late: dict[str, Any] = {}
        for name in CLOCKS:
            clock = sla.get(name)
            if clock and _late(clock, at):
                late[name] = {**clock, "state": "breached"}
        stays = sla.get("ola")
        if stays and any(_late(clock, at) for clock in stays):
            late["ola"] = [{**clock, "state": "breached"} if _late(clock, at) else clock for clock in stays]
        return msgspec.structs.replace(ticket, sla={**sla, **late}) if late else ticket

    return shown


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


def _late(clock: Mapping[str, Any], at: str) -> bool:
    """Whether a running clock is past its time. Stored times are UTC and whole seconds, so their order is that of their
    texts; a list looks at thousands."""
    return clock["state"] == "running" and (clock.get("due") or _NEVER)[:19] < at
