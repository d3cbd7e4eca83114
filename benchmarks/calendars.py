"""`python -m benchmarks.calendars`: due times a second in working time, a year of mixed starts.

Promise: at least 200,000 a second (one process, one core). The starts are spread over a year, inside and outside hours;
the calendar has two intervals a day, holidays, a dated exception and two changes of the clock.
"""

import random
import time
from datetime import UTC, date, datetime, timedelta
from statistics import median

from csctool.domain.business_hours import Calendar, Duration, due, elapsed, parse_hours
from csctool.domain.business_hours.calendar import Interval

COUNT, RUNS = 200_000, 5
WEEK = {day: ["08:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def calendar() -> Calendar:
    days = frozenset(date(2026, month, 25) for month in (1, 5, 11, 12))
    return Calendar(
        "office", "America/Chicago", parse_hours(WEEK), days, {date(2026, 12, 24): (Interval(28800, 43200),)}
    )


def main() -> None:
    chance = random.Random(4)
    year = datetime(2026, 1, 1, tzinfo=UTC)
    starts = [year + timedelta(seconds=chance.randrange(365 * 86400)) for _ in range(COUNT)]
    targets = [Duration(amount, "s") for amount in (900, 3600, 4 * 3600, 27 * 3600)] * (COUNT // 4)
    office = calendar()
    ends = [due(office, start, target) for start, target in zip(starts, targets, strict=True)]
    for name, work in (
        ("due", lambda: [due(office, start, target) for start, target in zip(starts, targets, strict=True)]),
        ("elapsed", lambda: [elapsed(office, start, end) for start, end in zip(starts, ends, strict=True)]),
    ):
        took = []
        for _ in range(RUNS):
            since = time.process_time()
            work()
            took.append(time.process_time() - since)
        print(f"{name}: {COUNT / median(took):,.0f} a second of processor time, median of {RUNS}")


if __name__ == "__main__":
    main()
