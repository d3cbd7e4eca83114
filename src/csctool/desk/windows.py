"""When a window that the settings give as a duration ends, in the agency's calendar."""

from datetime import datetime

from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.times import elapsed


def after(desk: DeskSettings, agency: AgencySettings, since: datetime, duration: str) -> datetime:
    """`duration` after `since`."""
    return since + elapsed(duration)
