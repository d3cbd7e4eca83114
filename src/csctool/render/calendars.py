"""Calendars, and the answers of working-time arithmetic."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from csctool.domain.business_hours import DAYS, Calendar, is_open
from csctool.domain.lifecycle import rfc3339
from csctool.render.rows import document, lines, rows, write

SCHEMA = "csctool.calendar/1"


def _plain(calendar: Calendar) -> dict[str, Any]:
    hours: Any = {day: [str(i) for i in spans] for day, spans in zip(DAYS, calendar.weekly, strict=True) if spans}
    return {
        "name": calendar.name,
        "timezone": calendar.zone,
        "hours": "24x7" if calendar.always_open else hours,
        "holidays": sorted(day.isoformat() for day in calendar.holidays),
        "exceptions": {d.isoformat(): [str(i) for i in spans] for d, spans in sorted(calendar.exceptions.items())},
        "statutory": calendar.holidays_of is not None,
    }


def calendars(found: Sequence[Calendar], fmt: str) -> None:
    """Every calendar in a row."""
    plain = [_plain(calendar) for calendar in found]
    if fmt == "json":
        document({"schema": "csctool.calendars/1", "calendars": plain})
    elif fmt == "jsonl":
        lines(plain)
    else:
        rows(plain, ("name", "timezone", "hours"), fmt, shrink="hours")


def calendar(found: Calendar, now: datetime, fmt: str) -> None:
    """One calendar, whole."""
    plain = {**_plain(found), "open": is_open(found, now)}
    if fmt in ("json", "jsonl"):
        document({"schema": SCHEMA, "calendar": plain})
        return
    if fmt != "table":
        rows([plain], ("name", "timezone", "hours", "holidays", "exceptions", "open"), fmt)
        return
    write(f"{found.name}  {found.zone}  {'open' if plain['open'] else 'closed'} now\n")
    for day, spans in zip(DAYS, found.weekly, strict=True):
        write(f"  {day}  {' '.join(map(str, spans)) or '-'}\n")
    for day_off in plain["holidays"]:
        write(f"  {day_off}  holiday\n")
    for day, texts in plain["exceptions"].items():
        write(f"  {day}  {' '.join(texts) or 'closed'}\n")


def due_time(at: datetime, fmt: str) -> None:
    """A time alone on a line, or the document."""
    if fmt in ("json", "jsonl"):
        document({"schema": SCHEMA, "due": at})
    else:
        write(f"{rfc3339(at)}\n")


def elapsed_time(seconds: int, fmt: str) -> None:
    """A number of seconds alone on a line, or the document."""
    if fmt in ("json", "jsonl"):
        document({"schema": SCHEMA, "elapsed_seconds": seconds})
    else:
        write(f"{seconds}\n")
