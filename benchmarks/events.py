"""An event log, one row an event, as other desks export it; with the map that says which column is what."""

import csv
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import desks, organisation
from benchmarks.lives import EVENTS, TALES

COLUMNS = ("number", "sys_updated_at", "updated_by", "state", "opened_at", "priority", "short_description", "agency",
           "assignment_group", "assigned_to", "resolved_at", "closed_at")  # fmt: skip


#: Which column is what.
MAP = """\
title = "event log of the benchmark"
row = "event"
id = "number"

[times]
form = "%Y-%m-%d %H:%M:%S"
zone = "UTC"

[event]
at = "sys_updated_at"
by = "updated_by"

[constants]
kind = "incident"

[columns]
agency = "agency"
subject = "short_description"
priority = "priority"
status = "state"
queue = "assignment_group"
assignee = "assigned_to"
opened_at = "opened_at"
resolved_at = "resolved_at"
closed_at = "closed_at"

[values.status]
"New" = "open"
"Active" = "in-progress"
"Awaiting User Info" = "on-hold:requester"
"Resolved" = "resolved"
"Closed" = "closed"

[values.priority]
"1" = "P1"
"2" = "P2"
"3" = "P3"
"4" = "P4"
"5" = "P5"
"""


def log(count: int, path: Path) -> tuple[Path, Path]:
    """`count` events, six a ticket and together, as ServiceNow's log has them; answers the log and its map."""
    map_file = path.with_suffix(".toml")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{path}.new", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_rows(count // EVENTS))
        Path(f"{path}.new").rename(path)
    map_file.write_text(MAP)
    return path, map_file


def _rows(tickets: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random("events")
    agencies = organisation.agencies()
    for number in range(tickets):
        opened = desks.FIRST_DAY + timedelta(minutes=365 * 24 * 60 * number // tickets)
        yield from _life(chance, f"INC{number:07}", opened, chance.choice(agencies))


def _life(chance: random.Random, number: str, opened: datetime, agency: str) -> list[tuple[str, ...]]:
    at, rows = opened, []
    subject = chance.choice(TALES)[0].format(chance.randrange(100, 999))
    resolved = opened + timedelta(hours=chance.uniform(4, 80))
    closed = resolved + timedelta(days=3)
    for step, state in enumerate(("New", "Active", "Active", "Awaiting User Info", "Resolved", "Closed")):
        at = resolved if state == "Resolved" else closed if state == "Closed" else at + timedelta(minutes=step * 37)
        rows.append(
            (number, f"{at:%Y-%m-%d %H:%M:%S}", f"person {chance.randrange(40)}", state, f"{opened:%Y-%m-%d %H:%M:%S}",
             str(1 + chance.randrange(5)), subject, agency, organisation.QUEUES[step][0],
             organisation.FIRST[step].lower(), f"{resolved:%Y-%m-%d %H:%M:%S}",
             f"{closed:%Y-%m-%d %H:%M:%S}")
        )  # fmt: skip
    return rows
