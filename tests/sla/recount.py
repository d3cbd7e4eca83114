"""An independent recount of the promises on two public logs; it shares no code with the clocks.

python -m tests.sla.recount DESK LOG      the 12,000 incidents of servicenow_incidents.csv.gz, imported into DESK
python -m tests.sla.recount DESK LOG 311  the rows of nyc311_2019-03.csv that state a due date

It reads the vendor's file itself, adds up whole minutes (the log has no seconds) in hours of its own, and compares the
result with what csctool says of each ticket. Exit 1 where one differs.
"""

import csv
import gzip
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

#: priority -> (minutes to respond, minutes to resolve, calendar). The recount's own copy of POLICY below.
TARGETS = {
    "1 - Critical": (15, 4 * 60, "always"),
    "2 - High": (30, 8 * 60, "always"),
    "3 - Moderate": (4 * 60, 24 * 60, "business"),
    "4 - Low": (8 * 60, 45 * 60, "business"),
}
#: The same for csctool.toml.
POLICY = """
[calendars.always]
hours = "24x7"
[calendars.office]
timezone = "UTC"
[calendars.office.hours]
mon = ["08:00-17:00"]
tue = ["08:00-17:00"]
wed = ["08:00-17:00"]
thu = ["08:00-17:00"]
fri = ["08:00-17:00"]
[sla.standard]
calendar = "office"
pauses = ["requester"]
[sla.standard.incident.P1]
respond = "15m"
resolve = "4h"
calendar = "always"
[sla.standard.incident.P2]
respond = "30m"
resolve = "8h"
calendar = "always"
[sla.standard.incident.P3]
respond = "4h"
resolve = "24h"
[sla.standard.incident.P4]
respond = "8h"
resolve = "45h"
"""
ENDS = ("Resolved", "Closed")
LIVE = ("Phone", "IVR", "Direct opening")
MINUTE = timedelta(minutes=1)


@cache
def worked(calendar: str, until: datetime) -> int:
    """Working minutes from 2015-12-28, a Monday, to a time."""
    start = datetime(2015, 12, 28, tzinfo=UTC)
    if calendar == "always":
        return int((until - start) / MINUTE)
    weeks, rest = divmod(int((until - start) / MINUTE), 7 * 1440)
    days, minute = divmod(rest, 1440)
    today = min(max(minute - 480, 0), 540) if days < 5 else 0
    return weeks * 5 * 540 + min(days, 5) * 540 + today


def read(text: str) -> datetime | None:
    return None if text == "?" else datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def incidents(path: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each incident, in the order of their times, rows of one minute as they stand in the file."""
    found: dict[str, list[dict[str, str]]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["number"], []).append(row)
    return {name: sorted(rows, key=lambda row: read(row["sys_updated_at"])) for name, rows in found.items()}


Stretch = tuple[datetime, datetime, bool, str]  # from, to, running, priority


def life(rows: list[dict[str, str]]) -> tuple[list[Stretch], tuple[datetime, str], str]:
    """The stretches of an incident until its last resolution, its response with the priority then, its last priority.

    The first row is the opening; a row whose state is no state (-100) changes none. The last resolution lies where the
    log says `resolved_at`, and on its own row where the log does not know.
    """
    opened = read(rows[0]["opened_at"])
    assert opened
    priority, state, at = rows[0]["priority"], "New", opened
    answered = (opened, priority) if rows[0]["contact_type"] in LIVE else None
    done: list[Stretch] = []
    stretches: list[Stretch] = []
    stop = None
    for row in rows:
        now = max(read(row["sys_updated_at"]) or at, at)
        new = row["incident_state"] if not row["incident_state"].startswith("-") else state
        before = state in ENDS
        if before and new not in ENDS:  # reopened
            at, stop = now, None
        elif not before:
            stretches.append((at, now, state != "Awaiting User Info", priority))
            at = now
        if answered is None and new in ("Active", *ENDS):
            answered = (now, priority)
        if new in ENDS and not before:
            stop = now
        priority = row["priority"] if row["priority"] != "?" else priority
        state = new
    assert answered
    assert stop
    stated = read(rows[-1]["resolved_at"])
    if stated:
        done = [(a, min(b, stated), runs, p) for a, b, runs, p in stretches if a < stated]
        last = (done or stretches)[-1]
        done = [*done[:-1], (last[0], max(stated, last[0]), *last[2:])]
        stretches = done
    return stretches, answered, priority


def late(stretches: list[Stretch], target: int) -> bool:
    """Whether the target had run out before the end: minutes used up, and some time after the last of them."""
    used = 0
    for at, (since, until, runs, priority) in enumerate(stretches):
        calendar = TARGETS[priority][2]
        length = worked(calendar, until) - worked(calendar, since) if runs else 0
        if used + length > target:
            return True
        last = at == len(stretches) - 1
        if (
            used + length == target
            and until > since
            and (not last or worked(calendar, until - MINUTE) == worked(calendar, until))
        ):
            return runs  # used up exactly, and the end came later
        used += length
    return False


def outcomes(rows: list[dict[str, str]]) -> tuple[str, str]:
    """(response, resolution) of an incident: met or breached."""
    stretches, (answered, then), priority = life(rows)
    opened = stretches[0][0]
    waited: list[Stretch] = []
    for since, until, _, level in stretches:  # the response never pauses; changes of priority change its calendar
        if since < answered:
            waited.append((since, min(until, answered), True, level))
    response = late(waited or [(opened, opened, True, then)], TARGETS[then][0])
    resolution = late(stretches, TARGETS[priority][1])
    return ("breached" if response else "met"), ("breached" if resolution else "met")


def said(desk: str, *words: str) -> list[dict[str, object]]:
    """What csctool answers, as JSON Lines."""
    run = subprocess.run([sys.executable, "-m", "csctool", "--desk", desk, *words], check=True, capture_output=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def service_now(desk: str, log: str) -> int:
    """Compare every incident, then the report's totals with the recount's."""
    counted: Counter[tuple[str, str]] = Counter()
    wrong = 0
    tickets = {str(t["fields"]["number"]): t for t in said(desk, "list", "--all", "--format", "jsonl")}  # type: ignore[index]
    for number, rows in incidents(log).items():
        mine = dict(zip(("response", "resolution"), outcomes(rows), strict=True))
        for name, what in mine.items():
            counted[name, what] += 1
            theirs = tickets[number]["sla"][name]["state"]  # type: ignore[index]
            if theirs != what:
                wrong += 1
                print(f"{tickets[number]['key']} {number} {name}: csctool says {theirs}, the recount {what}")
    report = {(row["target"], what): row[what] for row in said(desk, "report", "sla", "--format", "jsonl")
              for what in ("met", "breached")}  # fmt: skip
    for key, number in sorted(counted.items()):
        print(*key, number, "the report says", report[key])
        wrong += number != report[key]  # type: ignore[comparison-overlap]
    print(f"{len(tickets)} tickets, {wrong} differences")
    return int(wrong > 0)


def new_york(desk: str, log: str) -> int:
    """Compare met and breached due times by agency."""
    counted: Counter[tuple[str, str]] = Counter()
    with open(log, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            due, closed = (
                text and datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p")
                for text in (row["Due Date"], row["Closed Date"])
            )
            if due and row["Status"] == "Closed" and closed:
                counted[row["Agency"], "breached" if closed > due else "met"] += 1
            elif due:
                counted[row["Agency"], "breached" if datetime.now() > due else "running"] += 1
    rows = [
        row
        for row in said(desk, "report", "sla", "--by", "agency", "--format", "jsonl")
        if row["target"] == "resolution"
    ]
    theirs = Counter({(str(row["agency"]), what): row[what] for row in rows for what in ("met", "breached", "running")})
    wrong = [key for key in counted | theirs if counted[key] != theirs[key]]
    for agency in sorted({agency for agency, _ in counted}):
        print(agency, *(f"{what} {counted[agency, what]}" for what in ("met", "breached", "running")))
    for key in wrong:
        print(*key, f"csctool says {theirs[key]}, the recount {counted[key]}")
    print(f"{counted.total()} due dates, {len(wrong)} differences")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit((new_york if "311" in sys.argv[3:] else service_now)(*sys.argv[1:3]))
