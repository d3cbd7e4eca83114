"""What is promised: targets, and the terms of one ticket as its history records them.

The terms stand in the changes of the event that set them (`terms`, and `ola` for the contracts of a queue, a tier or a
vendor), so whatever the settings say later, a clock is followed under what was in force at the time. A target names its
calendar twice: by name, for people, and by the digest of its definition, which the agency's file keeps.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from zlib import adler32, crc32

import msgspec

from csctool.domain.organisation import CalendarTable

#: The causes of a hold that stop a clock where no policy says otherwise (domain: Time).
PAUSES = ("requester", "approval")

Which = Literal["response", "resolution"]


class Goal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One target: `seconds` of working time in a calendar, as the settings wrote it (`target`, e.g. `3wd`).

    Without `seconds` there is only an agreed time; the calendar then tells how much of it a pause took away.
    """

    calendar: str
    digest: str
    seconds: int | None = None
    target: str | None = None


class Contract(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is promised for a stay: in a queue, in a tier, with a vendor (whom a hold for the vendor never excuses)."""

    response: Goal | None = None
    resolution: Goal | None = None
    vendor: bool = False


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is promised for a ticket from some event on. `agreed` is a time that was agreed with the requester."""

    policy: str
    warn_at: int = 75
    pauses: tuple[str, ...] = PAUSES
    response: Goal | None = None
    resolution: Goal | None = None
    agreed: datetime | None = None


def terms_of(plain: Any) -> Terms | None:
    """The terms that an event recorded."""
    return None if plain is None else msgspec.convert(plain, Terms)


def contracts_of(plain: Any) -> dict[str, Contract]:
    """The contracts that an event recorded, by name."""
    return msgspec.convert(plain or {}, dict[str, Contract])


def plain_terms(value: Any) -> Any:
    """Terms, or contracts by name, as an event records them; nothing where there are none."""
    return msgspec.to_builtins(value) if value else None


def definition(table: CalendarTable, timezone: str) -> dict[str, Any]:
    """A calendar as it is kept: what the settings said, the desk's zone filled in, nothing that is empty."""
    said: Mapping[str, Any] = {
        "hours": table.hours,
        "holidays": sorted(table.holidays),
        "statutory": table.statutory,
        "exceptions": table.exceptions,
    }
    return {"timezone": table.timezone or timezone, **{name: value for name, value in said.items() if value}}


def digest(kept: Mapping[str, Any]) -> str:
    """Stands for a calendar's definition, whatever its name: two unrelated sums, as in the header of a store file."""
    data = msgspec.json.encode(kept, order="sorted")
    return f"{crc32(data):08x}{adler32(data):08x}"
