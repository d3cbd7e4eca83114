"""How a ticket's clocks stand, as the `sla` object that the ticket carries.

What is stored changes only with what happens to a clock: of one that runs, the working time until `since`. Whether it
is late by now is told when it is shown.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.sla.clock import Clock
from csctool.domain.sla.course import Course
from csctool.domain.ticket import Due, Ticket, plain

Plain = dict[str, Any]
#: The clocks that every ticket under a policy has.
CLOCKS = ("response", "resolution")


def outcome(course: Course) -> Plain:
    """The `sla` object: policy, response, resolution, `ola` with one entry a clock of a stay, the breach reason."""
    found: Plain = {}
    if course.terms:
        found["policy"] = course.terms.policy
        for name, clock in (("response", course.response), ("resolution", course.resolution)):
            if clock.goal is not None:
                found[name] = standing(clock, course.terms.warn_at)
    stays = [
        {"name": stay.name, "stay": stay.number, "clock": which, **standing(clock)}
        for stay in course.stays
        for which, clock in stay.clocks.items()
        if clock.goal is not None
    ]
    if stays:
        found["ola"] = stays
    if course.breach_reason:
        found["breach_reason"] = course.breach_reason
    return found


def dues(course: Course) -> Due:
    """The promised times that stand on the ticket; none while the clock stands, for then none is promised."""
    return Due(course.response.due(), course.resolution.due())


def standing(clock: Clock, warn_at: int | None = None) -> Plain:
    """One clock. `since` is when its last segment began, and `elapsed_seconds` what had run by then; of a stopped clock
    all that ran."""
    goal, due = clock.goal, clock.due()
    last = clock.segments[-1]
    over = max(0, clock.elapsed - clock.target) if clock.target is not None else 0
    found: Plain = {
        "target_seconds": clock.target,
        "calendar": goal.calendar if goal else None,
        "state": _state(clock, due),
        "since": plain(last.since),
        "elapsed_seconds": clock.elapsed,
        "remaining_seconds": None if clock.target is None else max(0, clock.target - clock.elapsed),
    }
    if over:
        found["over_seconds"] = over
    if clock.agreed:
        found["agreed"] = plain(clock.agreed)
    if due is not None:
        found["due"] = plain(due)
    if clock.stopped is not None:
        found["stopped_at"] = plain(clock.stopped)
    elif warn_at is not None and not clock.paused and clock.target is not None:
        warns = clock.point(clock.target * warn_at // 100)
        if warns is not None:
            found["warns_at"] = plain(min(warns, due) if due else warns)
    if found["state"] == "breached" and due is not None:
        found["breached_at"] = plain(_late_since(clock, due))
    return found


def _state(clock: Clock, due: datetime | None) -> str:
    by = clock.stopped or clock.segments[-1].since
    if clock.ended:
        return "cancelled"
    if due is not None and by > due:
        return "breached"
    if clock.stopped is not None:
        return "met"
    return "paused" if clock.paused else "running"


def _late_since(clock: Clock, due: datetime) -> datetime:
    """Since when the promise is broken, as it is known: a target that was set when it had passed breaks right then."""
    late = max(due, clock.set_at) if clock.set_at else due
    return late if clock.stopped is None else min(late, clock.stopped)


# -- looking at what is stored


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
