"""The `sla` object of a ticket as values, as far as a report asks, and an import has to be sure."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from csctool.domain.ticket import Frozen, Ticket

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
