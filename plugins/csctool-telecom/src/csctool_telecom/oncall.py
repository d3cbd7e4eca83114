"""Whose turn it is: a table of times of day and days of the week, by the agency's own clocks."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the table: `hours` on `days` (every day when left out), for tickets of these `priorities` (or all).

    `17:00-08:00` goes over midnight and belongs to the day on which it begins.

    Then it is `person`'s turn, or, week by week from the day `since` on, that of one after the other of `people`, or
    nobody's in particular: the queue's.
    """

    hours: str
    days: tuple[str, ...] = DAYS
    priorities: tuple[str, ...] = ()
    person: str | None = None
    people: tuple[str, ...] = ()
    since: date | None = None
    queue: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be meant."""
        _span(self.hours)
        for day in self.days:
            if day not in DAYS:
                raise ValueError(f"days: {day!r} is none of {', '.join(DAYS)}")
        if self.people and (self.person or self.since is None):
            raise ValueError("people take turns from a day on: give since, and no person")

    def began(self, at: datetime) -> date | None:
        """The day on which the interval began that a local time lies in; None outside."""
        start, end = _span(self.hours)
        minute = at.hour * 60 + at.minute
        for back in (0, 1):
            day = at.date() - timedelta(days=back)
            if start <= minute + back * _DAY < end and DAYS[day.weekday()] in self.days:
                return day
        return None

    def whose(self, day: date) -> str | None:
        """The person whose turn began on a day."""
        if self.people and self.since:
            return self.people[(day - self.since).days // 7 % len(self.people)]
        return self.person


class OnCall(NamedTuple):
    """Who is on call: a person or nobody in particular, by which line of the table, and in which queue."""

    person: str | None
    rule: str
    queue: str | None


def on_call(table: Sequence[Turn], at: datetime, priority: str) -> OnCall | None:
    """The first line that holds a local time and takes tickets of this priority."""
    for number, turn in enumerate(table, 1):
        day = turn.began(at)
        if day is not None and (not turn.priorities or priority in turn.priorities):
            return OnCall(turn.whose(day), f"on_call[{number}]", turn.queue)
    return None


def _span(hours: str) -> tuple[int, int]:
    """`17:00-08:00` in minutes since midnight, the end after the start. Raises ValueError."""
    try:
        start, end = (_minutes(part) for part in hours.split("-"))
    except ValueError:
        raise ValueError(f"hours: {hours!r} is no interval; write 17:00-08:00") from None
    return start, end if end > start else end + _DAY


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    if not (len(hour) == len(minute) == 2 and 0 <= int(hour) <= 24 and 0 <= int(minute) < 60):
        raise ValueError(text)
    return int(hour) * 60 + int(minute)
