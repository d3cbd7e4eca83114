"""Which calendar is each agency's working time, for reports that measure in it."""

from collections.abc import Callable
from functools import cache

from csctool.desk.calendars import calendar_named
from csctool.desk.ports import Directory
from csctool.domain.business_hours import Calendar
from csctool.domain.organisation import DeskSettings


def agency_hours(settings: DeskSettings, directory: Directory) -> Callable[[str], Calendar]:
    """The calendar of an agency, as the settings have it now; each is worked out once, however many agencies share it.

    The answer raises NotFoundError and SettingsError where an agency names a calendar that can't be used.
    """

    @cache
    def named(name: str) -> Calendar:
        return calendar_named(settings, name, directory.statutory)

    @cache
    def of(agency: str) -> Calendar:
        return named(directory.agency(agency).calendar or "business")

    return of
