"""Quiet hours: nobody is told before they end."""

from datetime import datetime, time, timedelta

import msgspec


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `start` to `end` on the agency's clocks; over midnight when the end comes first."""

    start: time
    end: time

    def until(self, at: datetime) -> datetime | None:
        """When the quiet ends that a local time lies in; None when it lies in none."""
        clock = at.time()
        over_midnight = self.end <= self.start
        inside = clock >= self.start or clock < self.end if over_midnight else self.start <= clock < self.end
        if not inside:
            return None
        day = at.date() + timedelta(days=over_midnight and clock >= self.start)
        return datetime.combine(day, self.end, at.tzinfo)
