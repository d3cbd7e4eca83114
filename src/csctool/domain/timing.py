"""How rules write when something is told: durations of elapsed time, and hours that are quiet."""

import re

from csctool.domain.organisation import DeskSettings
from csctool.domain.quiet import CLOSED, parse_quiet

#: Elapsed time: an hour is an hour, whatever any calendar says.
_ELAPSED = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: A digest is made at least so often, and at most: else people would not hear, or it would be none.
SHORTEST_DIGEST, LONGEST_DIGEST = 60, 86400
LONGEST_DELAY = 7 * 86400


def elapsed_seconds(text: str) -> int | None:
    """`90s`, `2m`, `1h`, `1d`, `1w` in seconds; None for what is none of these."""
    found = _ELAPSED.fullmatch(text)
    return int(found[1]) * _SECONDS[found[2]] if found else None


def wrong_timing(
    desk: DeskSettings, delay: str | None = None, digest: str | None = None, quiet: str | None = None
) -> tuple[str, str] | None:
    """What is wrong with the timing of a rule or a message, and what would be right; None where all is well."""
    if delay is not None and not 0 <= (_or_minus(delay)) <= LONGEST_DELAY:
        return f"delay {delay!r}, which is no time of at most a week", "write e.g. 90s, 2m or 1h"
    if digest is not None and not SHORTEST_DIGEST <= _or_minus(digest) <= LONGEST_DIGEST:
        return f"digest {digest!r}, which is no time from a minute to a day", "write e.g. 30m, 1h or 1d"
    if quiet is not None and not known_quiet(desk, quiet):
        return f"quiet {quiet!r}, which is neither hours nor a calendar of this desk", right_quiet(desk)
    return None


def known_quiet(desk: DeskSettings, text: str) -> bool:
    """Whether a text says when it is quiet: never (empty), an interval, `closed`, or while a calendar is closed."""
    return text in ("", CLOSED, "business", *desk.calendars) or parse_quiet(text) is not None


def right_quiet(desk: DeskSettings) -> str:
    """What would be right for quiet hours."""
    calendars = ", ".join(sorted({*desk.calendars, "business"}))
    return f'write e.g. "22:00-07:00", "closed" for whenever the recipient\'s calendar is, or one of: {calendars}'


def _or_minus(text: str) -> int:
    seconds = elapsed_seconds(text)
    return -1 if seconds is None else seconds
