"""Statutory holidays, from the holidays library: an extra, imported when a calendar names a region and is asked."""

from collections.abc import Callable, Collection
from datetime import date

from csctool.errors import SettingsError


def holidays_of(region: str, where: str = "statutory") -> Callable[[int], Collection[date]]:
    """The public holidays of `US` or `US-IL`, by year.

    Raises SettingsError when the library is not installed or does not know the region.
    """
    try:
        import holidays
    except ImportError:
        raise SettingsError(
            f"{where}: {region} needs the holidays library",
            "pip install 'csctool[holidays]', or list the days in holidays",
        ) from None
    country, _, part = region.partition("-")
    try:
        holidays.country_holidays(country, subdiv=part or None, years=2026)
    except (NotImplementedError, AttributeError):
        raise SettingsError(f"{where}: no such region: {region!r}", "write e.g. US, US-IL or DE-BY") from None
    return lambda year: set(holidays.country_holidays(country, subdiv=part or None, years=year))
