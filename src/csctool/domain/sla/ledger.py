"""Why a clock shows what it shows: its segments, running or standing, and what is left."""

from datetime import datetime

import msgspec

from csctool.domain.business_hours import elapsed
from csctool.domain.sla.clock import CalendarOf, Clock
from csctool.domain.sla.course import follow
from csctool.domain.sla.outcome import standing
from csctool.domain.ticket import Ticket


class Stretch(msgspec.Struct, frozen=True):
    """A segment. `seconds` is the working time in it, in its calendar; it counts only where `running`.

    `until` is None for the one that lasts; its seconds are those until now. `left_seconds` is what remained of the
    target after it, below 0 when it was used up.
    """

    since: datetime
    until: datetime | None
    running: bool
    why: str
    calendar: str | None
    seconds: int
    elapsed_seconds: int
    left_seconds: int | None


class Account(msgspec.Struct, frozen=True):
    """One clock: its target, how it stands now, and the segments that add up to `elapsed_seconds`.

    `carried_seconds` is what had run before the ticket came here from another agency.
    """

    clock: str
    name: str | None
    stay: int | None
    target: str | None
    target_seconds: int | None
    calendar: str | None
    state: str
    due: datetime | None
    agreed: datetime | None
    stopped_at: datetime | None
    elapsed_seconds: int
    remaining_seconds: int | None
    over_seconds: int
    carried_seconds: int
    segments: tuple[Stretch, ...]


class Ledger(msgspec.Struct, frozen=True):
    """All clocks of a ticket at `at`. A ticket that came with due times of its own has none, only those."""

    key: str
    at: datetime
    policy: str | None
    due_response: datetime | None
    due_resolution: datetime | None
    clocks: tuple[Account, ...]


def ledger(ticket: Ticket, now: datetime, calendars: CalendarOf) -> Ledger:
    """The ledger of a ticket at `now`; a `now` before its last change counts as that change.

    Raises NotFoundError for a calendar that nobody keeps.
    """
    course = follow(ticket, calendars)
    now = max(now, ticket.updated_at) if ticket.updated_at else now
    named: list[tuple[str, str | None, int | None, Clock]] = []
    if course.terms:
        named += [("response", None, None, course.response), ("resolution", None, None, course.resolution)]
    named += [(which, stay.name, stay.number, clock) for stay in course.stays for which, clock in stay.clocks.items()]
    accounts = (_account(*each, now, calendars) for each in named if each[3].goal is not None)
    policy = course.terms.policy if course.terms else None
    return Ledger(ticket.key, now, policy, ticket.due.response, ticket.due.resolution, tuple(accounts))


def _account(
    which: str, name: str | None, stay: int | None, clock: Clock, now: datetime, calendars: CalendarOf
) -> Account:
    stands, due = standing(clock), clock.due()
    state = stands["state"]
    if state == "running" and due is not None and now > due:
        state = "breached"
    used, target, goal = clock.at(now), clock.target, clock.goal
    return Account(
        clock=which, name=name, stay=stay, target=goal.target if goal else None, target_seconds=target,
        calendar=stands["calendar"], state=state, due=due, agreed=clock.agreed, stopped_at=clock.stopped,
        elapsed_seconds=used, remaining_seconds=None if target is None else max(0, target - used),
        over_seconds=max(0, used - target) if target is not None else 0, carried_seconds=clock.ran,
        segments=tuple(_stretches(clock, now, calendars)),
    )  # fmt: skip


def _stretches(clock: Clock, now: datetime, calendars: CalendarOf) -> list[Stretch]:
    found: list[Stretch] = []
    used = clock.ran
    for segment in clock.segments:
        until = max(segment.until or now, segment.since)
        if segment.until == segment.since:
            continue  # several changes in one second
        goal = segment.goal
        seconds = elapsed(calendars(goal), segment.since, until) if goal else 0
        used += seconds if segment.counts else 0
        left = None if clock.target is None else clock.target - used
        wall = int((until - segment.since).total_seconds())
        found.append(Stretch(segment.since, segment.until, segment.counts, segment.why, goal.calendar if goal else None,
                             seconds, wall, left))  # fmt: skip
    return found
