"""How a ticket's clocks stand, as the `sla` object that the ticket carries.

What is stored changes only with what happens to a clock: of one that runs, the working time until `since`. Whether it
is late by now is told when it is shown: see `standing`.
"""

from datetime import datetime
from typing import Any

from csctool.domain.sla.clock import Clock
from csctool.domain.sla.course import Course
from csctool.domain.ticket import Due, plain

Plain = dict[str, Any]


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
