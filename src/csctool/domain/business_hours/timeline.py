"""Opened times in UTC with running sums, worked out five weeks at a time and kept: every question is a bisection."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta, tzinfo
from functools import cached_property

from csctool.domain.business_hours.block import Block, Span, joined
from csctool.domain.business_hours.zones import EPOCH, EPOCH_DAY, find_zone, offset_at, reaches
from csctool.errors import RefusedError

#: How far a question may reach: longer than any promise, and a calendar that never opens is refused in 0.1 s.
YEARS = 200

_DAY = 86400
# Five weeks: small enough that the first answer of a process takes a fraction of a millisecond, large enough that most
# answers need one block.
_BLOCK = 35 * _DAY
# Equal offsets three days apart mean no change between them: no two changes of any zone lie closer together.
_SLOT = 3 * _DAY
_REACH = YEARS * 366 * _DAY // _BLOCK
# Days that can be converted from any zone without leaving the years 1 to 9999; nothing is open outside of them.
_FIRST, _LAST = date.min.toordinal() + 10, date.max.toordinal() - 10


class Timeline:
    """Seconds since 1970 at which a calendar is open. Times of day are wall-clock seconds, days are ordinals."""

    def __init__(
        self, name: str, zone: str, weekly: list[list[Span]], holidays: set[int], exceptions: dict[int, list[Span]],
        holidays_of: Callable[[int], Collection[date]] | None, always: bool,
    ) -> None:  # fmt: skip
        self._name, self._zone_name = name, zone
        self._weekly, self._holidays, self._exceptions = weekly, holidays, exceptions
        self._holidays_of, self._always = holidays_of, always
        self._statutory: dict[int, frozenset[int]] = {}
        self._blocks: dict[int, Block] = {}
        self._days: dict[int, tuple[Span, ...]] = {}
        self._offsets: dict[int, int] = {}
        self._steadies: dict[int, int | None] = {}

    # -- working time

    def after(self, start: int, amount: int) -> int:
        """When `amount` working seconds from `start` have run; at a closing rather than at the next opening."""
        if self._always:
            return self._within(start, start + amount)
        number = start // _BLOCK
        block = self._blocks.get(number) or self._block(number)
        i = bisect_right(block.closes, start)
        if i < len(block.closes):
            goal = block.worked[i] + amount
            if start > block.opens[i]:
                goal += start - block.opens[i]
            if goal <= block.total:
                j = bisect_left(block.worked, goal, i + 1) - 1
                return block.opens[j] + goal - block.worked[j]
            amount = goal - block.total
        for later in range(number + 1, number + _REACH):
            block = self._blocks.get(later) or self._block(later)
            if block.total and amount <= block.total:
                j = max(bisect_left(block.worked, amount) - 1, 0)
                return block.opens[j] + amount - block.worked[j]
            amount -= block.total
        raise self._refused("after", start)

    def before(self, end: int, amount: int) -> int:
        """From when `amount` working seconds run until `end`; at an opening rather than at the closing before it."""
        if self._always:
            return self._within(end, end - amount)
        number = (end - 1) // _BLOCK
        block = self._blocks.get(number) or self._block(number)
        i = bisect_left(block.opens, end) - 1
        if i >= 0:
            goal = block.worked[i] + min(end, block.closes[i]) - block.opens[i] - amount
            if goal >= 0:
                j = bisect_right(block.worked, goal, 0, i + 1) - 1
                return block.opens[j] + goal - block.worked[j]
            amount = -goal
        for earlier in range(number - 1, number - _REACH, -1):
            block = self._blocks.get(earlier) or self._block(earlier)
            if block.total and amount <= block.total:
                goal = block.total - amount
                j = bisect_right(block.worked, goal, 0, len(block.opens)) - 1
                return block.opens[j] + goal - block.worked[j]
            amount -= block.total
        raise self._refused("before", end)

    def between(self, start: int, end: int) -> int:
        """Working seconds from `start` to `end`, 0 when `end` is not later."""
        if end <= start:
            return 0
        if self._always:
            return end - start
        first, last = self._numbers(start, end)
        total = self._block(last).until(end) - self._block(first).until(start)
        return total + sum(self._block(number).total for number in range(first, last))

    def is_open(self, second: int) -> bool:
        """Whether it is open then; no longer at the second of a closing."""
        block = self._block(second // _BLOCK)
        i = bisect_right(block.opens, second) - 1
        return i >= 0 and second < block.closes[i]

    def pieces(self, start: int, end: int) -> list[Span]:
        """The opened times between, cut to them, joined where they touch."""
        if end <= start:
            return []
        first, last = self._numbers(start, end)
        blocks = (self._block(number) for number in range(first, last + 1))
        return joined((span for b in blocks for span in zip(b.opens, b.closes, strict=True)), start, end)

    # -- working days

    def days_after(self, start: int, count: int) -> int:
        """The same time of day, `count` opening days later; see `due`."""
        at = self.after(start, 0)
        if not count:
            return at
        day, shown = self._place(at)
        target, held = self._same_time(self._step(day, count, at), shown)
        return target if held else self.after(target, 0)

    def days_before(self, end: int, count: int) -> int:
        """The same time of day, `count` opening days earlier: `days_after` in the mirror."""
        at = self.before(end, 0)
        if not count:
            return at
        day, shown = self._place(at - 1)  # the second before: a closing belongs to the day that closes
        target, held = self._same_time(self._step(day, -count, at), shown + 1)
        return target if held else self.before(target, 0)

    def is_holiday(self, day: int) -> bool:
        """Whether that day is a holiday, listed or statutory."""
        if day in self._holidays:
            return True
        if self._holidays_of is None:
            return False
        year = date.fromordinal(day).year
        if year not in self._statutory:
            self._statutory[year] = frozenset(d.toordinal() for d in self._holidays_of(year))
        return day in self._statutory[year]

    # -- how it is worked out

    @cached_property
    def _zone(self) -> tzinfo:
        return find_zone(self._zone_name, f"calendar {self._name}")

    def _offset(self, slot: int) -> int:
        """The offset from UTC, in seconds, at the beginning of that slot of three days."""
        known = self._offsets.get(slot)
        if known is None:
            known = self._offsets[slot] = offset_at(self._zone, slot * _SLOT)
        return known

    def _steady(self, day: int) -> int | None:
        """The offset of that day and the next, in any zone; None where clocks change about then."""
        try:
            return self._steadies[day]
        except KeyError:
            since = (day - EPOCH_DAY - 1) * _DAY
            slots = range(since // _SLOT, (since + 4 * _DAY) // _SLOT + 2)
            offsets = {self._offset(slot) for slot in slots}
            known = self._steadies[day] = offsets.pop() if len(offsets) == 1 else None
            return known

    def _reached(self, day: int, shown: int) -> int:
        """The first second at which the wall clock shows that time of that day, or a later one."""
        offset = self._steady(day)
        if offset is None or not 0 <= shown <= 2 * _DAY:
            return reaches(self._zone, day, shown)
        return (day - EPOCH_DAY) * _DAY + shown - offset

    def _block(self, number: int) -> Block:
        known = self._blocks.get(number)
        if known:
            return known
        since, until = number * _BLOCK, (number + 1) * _BLOCK
        # Zones reach up to 16 hours from UTC and an interval into the next day: three days more than the block.
        first = max(since // _DAY + EPOCH_DAY - 3, _FIRST)
        last = min(until // _DAY + EPOCH_DAY + 1, _LAST)
        spans = sorted(span for day in range(first, last + 1) for span in self._opened(day))
        block = self._blocks[number] = Block(joined(spans, since, until))
        return block

    def _numbers(self, start: int, end: int) -> Span:
        """The blocks of both ends, which must not lie too far apart."""
        first, last = start // _BLOCK, end // _BLOCK
        if last - first > _REACH:
            raise RefusedError(f"{_day(start)} and {_day(end)} are more than {YEARS} years apart", "look at the dates")
        return first, last

    def _hours(self, day: int) -> list[Span]:
        """The intervals that belong to that day, on the wall."""
        dated = self._exceptions.get(day)
        if dated is not None:
            return dated
        hours = self._weekly[(day - 1) % 7]  # day 1 was a Monday
        return [] if hours and self.is_holiday(day) else hours

    def _opened(self, day: int) -> Iterator[Span]:
        """The intervals that belong to that day, in UTC; one that a DST change skips is none."""
        hours = self._hours(day)
        if not hours:
            return
        offset = self._steady(day)
        midnight = (day - EPOCH_DAY) * _DAY
        for opens, closes in hours:
            if offset is not None:  # nearly always; two thirds of the time of working out a block are saved
                yield midnight + opens - offset, midnight + closes - offset
                continue
            a, b = reaches(self._zone, day, opens), reaches(self._zone, day, closes)
            if a < b:
                yield a, b

    def _opened_once(self, day: int) -> tuple[Span, ...]:
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = tuple(self._opened(day)) if _FIRST <= day <= _LAST else ()
        return known

    def _place(self, at: int) -> tuple[int, int]:
        """The day to which an opened second belongs, and the wall-clock time since that day's midnight."""
        offset = self._steady(at // _DAY + EPOCH_DAY)
        wall = at + (offset_at(self._zone, at) if offset is None else offset)
        today = wall // _DAY + EPOCH_DAY
        # Yesterday's night shift; tomorrow, where clocks go back across midnight; a day left out at the date line.
        for day in (today, today - 1, today + 1, today - 2):
            for opens, closes in self._opened_once(day):
                if opens <= at < closes:
                    return day, wall - (day - EPOCH_DAY) * _DAY
        raise AssertionError(f"{at} is not open in {self._name}")

    def _same_time(self, day: int, shown: int) -> tuple[int, bool]:
        """That time of that day, and whether it can be kept: it is open then, or closes at that very second."""
        target = self._reached(day, shown)
        for opens, closes in self._opened_once(day):
            if opens <= target <= closes:
                return target, True
        return target, self.is_open(target) or self.is_open(target - 1)

    def _step(self, day: int, count: int, at: int) -> int:
        """The day that is `count` opening days away."""
        step, left = (1, count) if count > 0 else (-1, -count)
        for other in range(day + step, day + step * YEARS * 366, step):
            if self._opened_once(other):
                left -= 1
                if not left:
                    return other
        raise self._refused("after" if count > 0 else "before", at)

    def _within(self, start: int, second: int) -> int:
        """The second, if it has a date."""
        if not (_FIRST - EPOCH_DAY) * _DAY <= second <= (_LAST - EPOCH_DAY) * _DAY:
            raise self._refused("after" if second > start else "before", start)
        return second

    def _refused(self, side: str, second: int) -> RefusedError:
        return RefusedError(
            f"calendar {self._name} is not open long enough within {YEARS} years {side} {_day(second)}",
            "look at its hours, holidays and exceptions, and at the duration",
        )


def _day(second: int) -> str:
    return f"{EPOCH + timedelta(seconds=second):%Y-%m-%d}"
