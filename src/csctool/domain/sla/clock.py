"""One clock: it runs in working time, pauses, changes its target, stops, and goes on after a reopening."""

from collections.abc import Callable
from datetime import datetime

from csctool.domain.business_hours import Calendar, Duration, due, elapsed
from csctool.domain.sla.terms import Goal
from csctool.errors import RefusedError

#: The calendar of a target, as it was when the target was set.
CalendarOf = Callable[[Goal], Calendar]


class Segment:
    """A stretch of a clock's life in which nothing changed. `counts` tells whether its working time counts.

    `until` is None while it lasts; `seconds` is the working time that it added.
    """

    __slots__ = ("counts", "goal", "seconds", "since", "until", "why")

    def __init__(self, since: datetime, counts: bool, why: str, goal: Goal | None) -> None:
        self.since, self.counts, self.why, self.goal = since, counts, why, goal
        self.until: datetime | None = None
        self.seconds = 0


class Clock:
    """A clock while history goes by. Times never run backwards: an earlier one counts as the last.

    `elapsed` is the working time of the closed segments, each in the calendar of its own target; `ran` is what had run
    before this history began (in another agency). Time before the first target counts in the first target's calendar:
    somebody waited, whatever was promised later.
    """

    def __init__(self, calendars: CalendarOf, ran: int = 0) -> None:
        self._calendars = calendars
        self.ran = self.elapsed = ran
        self.segments: list[Segment] = []
        self.agreed: datetime | None = None
        self.target: int | None = None
        self.stopped: datetime | None = None
        self.ended = False
        self.set_at: datetime | None = None
        self._shift = 0
        self._due: datetime | None = None
        self._due_known = False
        self._agreed_in: Segment | None = None

    # -- what happens to it

    def turn(self, at: datetime, goal: Goal | None, counts: bool, why: str) -> None:
        """From `at` on it runs (`counts`) or stands, under this target. A stopped clock goes on."""
        last = self.segments[-1] if self.segments else None
        goal = goal or (last.goal if last and self.agreed else None)
        if last and self.stopped is None and (last.goal, last.counts, last.why) == (goal, counts, why):
            return
        self._due_known = False
        at = self._close(at)
        self.stopped, self.ended = None, False
        self._promise(at, goal)
        self.segments.append(Segment(at, counts, why, goal))
        if last and last is self._agreed_in and not last.counts and not counts:
            self._agreed_in = self.segments[-1]  # still the pause in which it was agreed

    def agree(self, at: datetime, until: datetime | None) -> None:
        """A time was agreed: it stands, moved only by the pauses that begin after the agreement."""
        if until == self.agreed or not self.segments:
            return
        self._due_known = False
        last = self.segments[-1]
        at = self._close(at)
        self.segments.append(Segment(at, last.counts, last.why, last.goal))
        self.agreed, self._shift, self._agreed_in, self.set_at = until, 0, self.segments[-1], at
        if until is not None and last.goal:
            self.target = self.elapsed + elapsed(self._calendars(last.goal), at, until)

    def stop(self, at: datetime, *, ended: bool = False) -> None:
        """It stops, or ends without an answer (cancelled). A time before the last segments takes them back."""
        if self.stopped is not None or not self.segments:
            return
        last = self.segments[-1]
        # A clock that ran until then is due when it was due before; any other one tells only now when it would be.
        self._due_known = self._due_known and self.agreed is None and last.counts and last.since <= at
        while len(self.segments) > 1 and self.segments[-1].since > at:
            self.segments.pop()
            self.elapsed -= self.segments[-1].seconds
            self.segments[-1].until = None
        self.stopped, self.ended = self._close(at), ended

    def unstop(self) -> None:
        """What stopped it was taken back: it went on all the while."""
        if self.stopped is not None:
            self._due_known = False
            self.elapsed -= self.segments[-1].seconds
            self.segments[-1].until = self.stopped = None

    # -- what it shows

    @property
    def goal(self) -> Goal | None:
        """The target in force."""
        return self.segments[-1].goal if self.segments else None

    @property
    def paused(self) -> bool:
        """Whether it stands, and may go on."""
        return bool(self.segments) and self.stopped is None and not self.segments[-1].counts

    def due(self) -> datetime | None:
        """When the promised time runs out; None without a promise, while the clock stands, and where it never does."""
        if not self._due_known:  # asked after every event, and most of them change nothing
            agreed = self.agreed is not None
            self._due = self._agreed_due() if agreed else None if self.target is None else self.point(self.target)
            self._due_known = True
        return self._due

    def point(self, seconds: int) -> datetime | None:
        """When so much working time has run: in the past where it has, ahead while the clock runs, else None.

        A clock that stopped before tells when it would have been, had it gone on.
        """
        before = self.ran
        for number, segment in enumerate(self.segments, 1):
            if segment.until is None or not segment.counts or segment.goal is None:
                continue
            if before + segment.seconds >= seconds:
                at = self._after(segment.goal, segment.since, seconds - before)
                pauses = number < len(self.segments) and not self.segments[number].counts
                if not pauses or at is None or at < segment.until:
                    return at  # else the pause began at that very second: nothing is left, and nothing is late
            before += segment.seconds
        if not self.segments or self.goal is None or self.paused:
            return None
        since = self.segments[-1].since if self.stopped is None else self.stopped
        return self._after(self.goal, since, seconds - before)

    def at(self, now: datetime) -> int:
        """The working time that has run by `now`, which is not before the last change."""
        if not self.segments or self.stopped is not None or self.paused:
            return self.elapsed
        return self.elapsed + self._length(self.segments[-1], now)

    # -- how it is worked out

    def _promise(self, at: datetime, goal: Goal | None) -> None:
        seconds = goal.seconds if goal else None
        if self.agreed is None and seconds != self.target:
            self.target, self.set_at = seconds, at
        if goal is None:
            return
        for segment in self.segments:  # what ran while nothing was promised
            if segment.goal is not None:
                continue
            segment.goal = goal
            if segment.counts:
                segment.seconds = self._length(segment, segment.until or at)
                self.elapsed += segment.seconds

    def _close(self, at: datetime) -> datetime:
        """End the last segment; answers when, for it may have begun later."""
        if not self.segments:
            return at
        last = self.segments[-1]
        if last.until is not None:
            return max(at, last.until)
        at = max(at, last.since)
        last.until = at
        if last.goal is not None:
            length = self._length(last, at)
            if last.counts:
                last.seconds = length
                self.elapsed += length
            elif self.agreed is not None and last is not self._agreed_in:
                self._shift += length
        return at

    def _length(self, segment: Segment, until: datetime) -> int:
        return elapsed(self._calendars(segment.goal), segment.since, until) if segment.goal else 0

    def _agreed_due(self) -> datetime | None:
        due_at = self.agreed
        if due_at is not None and self._shift and self.goal:
            due_at = self._after(self.goal, due_at, self._shift)
        last = self.segments[-1]
        stands = self.paused and last is not self._agreed_in
        return None if stands and due_at is not None and due_at >= last.since else due_at

    def _after(self, goal: Goal, since: datetime, seconds: int) -> datetime | None:
        """None in a calendar that is not open long enough: nothing is ever due in it."""
        try:
            return due(self._calendars(goal), since, Duration(max(seconds, 0), "s"))
        except RefusedError:
            return None
