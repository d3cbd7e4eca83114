"""When a desk is open, as a frozen value: weekly hours, holidays and dated exceptions in a time zone."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cached_property

import msgspec

from csctool.domain.business_hours.timeline import Timeline

#: The keys of weekly hours, in the order of `date.weekday()`.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 86400


class Interval(msgspec.Struct, frozen=True, order=True):
    """Open from `opens` to `closes`: seconds of the wall clock after midnight of the day it belongs to.

    `closes` is past 86400 (24:00) for an interval across midnight.
    """

    opens: int
    closes: int

    def __str__(self) -> str:
        closes = self.closes - _DAY if self.closes > _DAY else self.closes
        return "-".join(f"{t // 3600:02d}:{t // 60 % 60:02d}" for t in (self.opens, closes))


Weekly = tuple[tuple[Interval, ...], ...]

#: `24x7`
ALWAYS: Weekly = ((Interval(0, _DAY),),) * 7


class Calendar(msgspec.Struct, frozen=True, dict=True):
    """Opening hours. `weekly` has seven days from Monday; `zone` is an IANA name.

    A holiday has no hours of its own, a night shift that began the day before goes on. `exceptions` replace the hours
    of their day, holiday or not; where one reaches into another day's hours, the time counts once. `holidays_of` tells
    the statutory holidays of a year and is asked only about years that matter: whoever builds the calendar brings it.
    """

    name: str
    zone: str = "UTC"
    weekly: Weekly = ALWAYS
    holidays: frozenset[date] = frozenset()
    exceptions: Mapping[date, tuple[Interval, ...]] = {}
    holidays_of: Callable[[int], Collection[date]] | None = None

    @property
    def always_open(self) -> bool:
        """Whether it never closes, so that working time is elapsed time."""
        return self.weekly == ALWAYS and not self.holidays and not self.exceptions and self.holidays_of is None

    @cached_property
    def timeline(self) -> Timeline:
        """The opened times in UTC, worked out as far as asked for; an unknown zone is told at the first question."""
        return Timeline(
            self.name,
            self.zone,
            [[(i.opens, i.closes) for i in day] for day in self.weekly],
            {day.toordinal() for day in self.holidays},
            {day.toordinal(): [(i.opens, i.closes) for i in spans] for day, spans in self.exceptions.items()},
            self.holidays_of,
            self.always_open,
        )
