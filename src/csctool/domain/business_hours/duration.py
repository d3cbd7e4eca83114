"""Durations as settings write them: `90s 15m 4h 3wd 14d 2w`."""

import re
from typing import Literal

import msgspec

from csctool.errors import SettingsError

Unit = Literal["s", "m", "h", "wd", "d", "w"]

#: Units of working time, in seconds.
WORKING = {"s": 1, "m": 60, "h": 3600}
_SECONDS = {**WORKING, "d": 86400, "w": 604800}
# Nine digits: more than any promise, less than what would overflow.
_ONE = re.compile(r"(\d{1,9})(s|m|h|wd|d|w)", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)


class Duration(msgspec.Struct, frozen=True):
    """So many of a unit: `s m h` working time, `wd` working days, `d` (24 h) and `w` (7 d) elapsed time."""

    amount: int
    unit: Unit

    @property
    def seconds(self) -> int:
        """The length in seconds; ValueError for working days, whose length depends on where they begin."""
        if self.unit == "wd":
            raise ValueError(f"{self} has no fixed length")
        return self.amount * _SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def parse_duration(text: object, where: str = "") -> Duration:
    """A duration; hours, minutes and seconds may be combined in that order: `1h30m` is `90m`.

    Working days and elapsed units stand alone: a sum of working and elapsed time would depend on the order of adding.
    Raises SettingsError, beginning with the key `where`.
    """
    if isinstance(text, str):
        found = _ONE.fullmatch(text)
        if found:
            return msgspec.convert({"amount": int(found[1]), "unit": found[2]}, Duration)
        parts = _CLOCK.fullmatch(text)
        if text and parts:
            return _combined(*parts.groups())
    raise SettingsError(
        f"{where}: not a duration: {text!r}" if where else f"not a duration: {text!r}",
        "write e.g. 90s, 15m, 4h or 1h30m (working time), 3wd (working days), 14d or 2w (elapsed)",
    )


def _combined(hours: str | None, minutes: str | None, seconds: str | None) -> Duration:
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return Duration(total, "s") if seconds else Duration(total // 60, "m")
