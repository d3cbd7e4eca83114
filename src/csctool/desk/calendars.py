"""The desk's calendars: settings into working time, for windows, promises and the `calendar` commands."""

from collections.abc import Callable, Collection
from datetime import date, datetime

from csctool.domain.business_hours import Calendar, due, parse_calendar, parse_duration
from csctool.domain.naming import known
from csctool.domain.organisation import AgencySettings, CalendarTable, DeskSettings
from csctool.errors import NotFoundError

#: What a desk has that configured none: Monday to Friday 08:00-17:00 (domain: Time).
BUSINESS = CalendarTable(hours={day: ["08:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")})

Statutory = Callable[[str], Callable[[int], Collection[date]]]


def calendar_named(settings: DeskSettings, name: str, statutory: Statutory) -> Calendar:
    """A calendar of the settings. Raises NotFoundError, SettingsError."""
    table = settings.calendars.get(name) or (BUSINESS if name == "business" else None)
    if table is None:
        known(settings.calendars, name, "calendar")
        raise NotFoundError(f"no such calendar: {name!r}")
    return parse_calendar(
        name, zone=table.timezone or settings.timezone, hours=table.hours, holidays=table.holidays,
        exceptions=table.exceptions, holidays_of=statutory(table.statutory) if table.statutory else None,
    )  # fmt: skip


def calendar_names(settings: DeskSettings) -> list[str]:
    """The names of the calendars, the default one included."""
    return sorted({*settings.calendars, "business"})


def agency_calendar(settings: DeskSettings, agency: AgencySettings, statutory: Statutory) -> Calendar:
    """The calendar of an agency: its own, else `business`."""
    return calendar_named(settings, agency.calendar or "business", statutory)


def window_end(
    settings: DeskSettings, agency: AgencySettings, statutory: Statutory, since: datetime, duration: str
) -> datetime:
    """When a window of `[lifecycle]` ends, in the agency's calendar."""
    return due(agency_calendar(settings, agency, statutory), since, parse_duration(duration, "lifecycle"))
