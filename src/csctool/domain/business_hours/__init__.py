"""Calendars and working-time arithmetic: when a desk is open, when a duration runs out, how much time has run.

Rules: design, settings (Durations in a calendar; Conventions, where peers differ). Start at `arithmetic`.
"""

from csctool.domain.business_hours.arithmetic import (
    back,
    due,
    elapsed,
    is_holiday,
    is_open,
    openings,
    working_seconds,
)
from csctool.domain.business_hours.calendar import ALWAYS, DAYS, Calendar, Interval, Weekly
from csctool.domain.business_hours.duration import Duration, parse_duration
from csctool.domain.business_hours.reading import (
    check_zone,
    parse_calendar,
    parse_exceptions,
    parse_holidays,
    parse_hours,
)

__all__ = [
    "ALWAYS", "DAYS", "Calendar", "Duration", "Interval", "Weekly", "back", "check_zone", "due", "elapsed",
    "is_holiday", "is_open", "openings", "parse_calendar", "parse_duration", "parse_exceptions", "parse_holidays",
    "parse_hours", "working_seconds",
]  # fmt: skip
