"""A desk that promises something, and a technician whose clock moves with the day."""

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Technician

PROMISES = """
[calendars.always]
hours = "24x7"
[sla.standard]
calendar = "business"
[sla.standard.incident.P1]
respond = "15m"
resolve = "4h"
calendar = "always"
[sla.standard.incident.default]
respond = "4h"
resolve = "8h"
[sla.standard.request.default]
resolve = "3wd"
[sla.standard.change.default]
resolve = "14d"
[ola.apps]
respond = "1h"
resolve = "8h"
calendar = "business"
[ola."tier:3"]
resolve = "4h"
calendar = "always"
"""


DAYS = {"Fri": "2026-11-20", "Sat": "2026-11-21", "Mon": "2026-11-23", "Tue": "2026-11-24", "Wed": "2026-11-25"}


class Shift:
    """Commands said at a time of the desk's own clock: Friday is 20 November 2026."""

    def __init__(self, csctool: Technician) -> None:
        self.csctool = csctool

    def at(self, when: str) -> Technician:
        day, time = when.split()
        self.csctool.clock = f"{DAYS.get(day, day)}T{time}"
        return self.csctool

    def ticket(self, when: str, key: str) -> dict[str, Any]:
        return self.at(when).ticket(key)

    def clock(self, when: str, key: str, which: str = "resolution", name: str | None = None) -> dict[str, Any]:
        """One clock of the ledger."""
        ledger = self.at(when)("sla", key, "--format", "json").json
        assert ledger["schema"] == "csctool.sla/1"
        return next(c for c in ledger["clocks"] if (c["clock"], c["name"]) == (which, name))

    def open(self, when: str, *words: str, kind: str = "incident", channel: str = "email", priority: str = "P3") -> str:
        said = ("--kind", kind, "--channel", channel, "--priority", priority, *words)
        return self.at(when).open("No dial tone", *said)


@pytest.fixture
def shift(csctool: Technician) -> Shift:
    settings(csctool.desk, PROMISES)
    return Shift(csctool)


def settings(desk: Path, more: str, *replaced: tuple[str, str]) -> None:
    """Add to csctool.toml, or replace in it."""
    path = desk / "csctool.toml"
    text = path.read_text() + more
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
