"""Cron sweeps the desk: what is due and nobody did, once, however often and however late it comes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from csctool.domain import lifecycle
from csctool.domain.ticket import Stamp
from csctool.storage import codec, container

PROMISES = """
[sla.standard]
calendar = "business"
warn_at = 75
[sla.standard.incident.default]
respond = "4h"
resolve = "8h"

[[sweep.escalate]]
on = "breach"
how = "functional"
priorities = ["P1", "P2"]
[[sweep.escalate]]
on = "breach"
how = "hierarchic"
"""


@pytest.fixture
def promising(csctool):
    """A desk in UTC that promises eight working hours; it is Monday 2 November 2026, 09:00."""
    settings = csctool.desk / "csctool.toml"
    text = settings.read_text().replace('timezone = "America/Chicago"', 'timezone = "UTC"')
    settings.write_text(text + PROMISES)
    return csctool


def at(csctool, clock):
    csctool.clock = clock
    return csctool


def lines(said):
    return said.out.splitlines()


def test_nothing_due_is_nothing_said_and_nothing_written(promising):
    promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    before = promising.files()
    assert promising("sweep").out == ""
    assert promising.files() == before


def test_a_promise_is_warned_of_and_its_breach_told_once_for_ever(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    said = at(promising, "2026-11-02T15:30:00Z")("sweep")
    assert lines(said) == [f"warn {key}: resolution is at risk since 2026-11-02T15:00:00Z"]
    assert at(promising, "2026-11-02T16:30:00Z")("sweep").out == ""
    said = at(promising, "2026-11-03T09:00:00Z")("sweep")
    assert lines(said)[0] == f"breach {key}: resolution was promised for 2026-11-02T17:00:00Z"
    assert at(promising, "2026-12-01T09:00:00Z")("sweep").out == ""
    assert [e["verb"] for e in promising.events(key)].count("breach") == 1


def test_a_target_that_was_set_when_its_time_had_passed_is_told_by_the_time_that_was_promised(promising, desk):
    """At 12:00 the ticket becomes a P1, which is promised within an hour of its opening at 9:00."""
    with (desk / "csctool.toml").open("a") as file:
        file.write('[sla.standard.incident.P1]\nresolve = "1h"\n[people.kim]\nemail = "kim@x.gov"\n')
        file.write('roles = ["coordinator"]\n[notify]\ntransport = "file"\n')
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    at(promising, "2026-11-02T12:00:00Z")("triage", key, "--priority", "P1")
    told = "resolution was promised for 2026-11-02T10:00:00Z, and counts as broken since 2026-11-02T12:00:00Z"
    said = at(promising, "2026-11-02T12:30:00Z")("sweep")
    assert lines(said)[0] == f"breach {key}: {told}"
    assert "due 2026-11-02T10:00:00Z" in promising("sla", key).out
    (breach,) = (event for event in promising.events(key) if event["verb"] == "breach")
    assert breach["changes"]["due_at"] == [None, "2026-11-02T10:00:00Z"]
    assert breach["changes"]["broken_at"] == [None, "2026-11-02T12:00:00Z"]
    words = " ".join(promising("notify", "preview", key, "breached", "--to", "coordinator").out.split())
    assert "promised for Monday, November 2, 2026, 10:00 AM UTC; it counts as broken since Monday" in words


def test_a_clock_that_jumps_back_and_forth_tells_nothing_twice(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    at(promising, "2026-11-10T09:00:00Z")("sweep")
    at(promising, "2026-11-02T10:00:00Z")("sweep")
    at(promising, "2027-11-10T09:00:00Z")("sweep")
    verbs = [e["verb"] for e in promising.events(key)]
    assert (verbs.count("warn"), verbs.count("breach")) == (0, 1)


def test_a_dry_run_says_what_would_happen_and_writes_nothing(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    before = promising.files()
    said = at(promising, "2026-11-03T09:00:00Z")("sweep", "--dry-run")
    assert lines(said)[0].startswith(f"would breach {key}")
    assert promising.files() == before


def test_a_broken_promise_of_high_priority_goes_up_a_tier_and_another_is_told(promising):
    urgent = promising.open("Payroll is down", "--kind", "incident", "-c", "phone", "--priority", "P1")
    plain = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    at(promising, "2026-11-03T09:00:00Z")("sweep")
    assert promising.ticket(urgent)["queue"] == "apps"
    assert promising.ticket(plain)["queue"] == "service-desk"
    told = promising.events(plain)[-1]
    assert (told["verb"], told["actor"], told["note"]) == ("escalate", "sweep", "breach of resolution")
    assert told["changes"]["escalation"] == [None, "hierarchic"]


def test_a_hold_ends_on_its_date_even_when_cron_was_down(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    promising("hold", key, "--for", "requester", "--until", "2026-11-04T10:00:00Z")
    assert at(promising, "2026-11-04T09:59:59Z")("sweep").out == ""
    said = at(promising, "2026-11-04T13:00:00Z")("sweep")
    assert lines(said) == [f"resume {key}: held until 2026-11-04T10:00:00Z"]
    resumed = promising.events(key)[-1]
    assert (resumed["verb"], resumed["at"]) == ("resume", "2026-11-04T10:00:00Z")
    assert promising.ticket(key)["status"] == "queued"


def test_what_stays_quiet_is_closed_after_three_working_days_and_archived(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    promising("resolve", key, "--resolution", "Paper tray was open")
    assert at(promising, "2026-11-05T08:59:59Z")("sweep").out == ""
    said = at(promising, "2026-11-05T09:00:00Z")("sweep")
    assert lines(said) == [f"close {key}: quiet since it was resolved", "archive DHS: 1 finished ticket"]
    assert promising.ticket(key)["status"] == "closed"
    assert (promising.desk / "agencies/DHS/closed/2026-11.json").exists()


def test_a_note_of_the_requester_puts_the_closing_off(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    promising("resolve", key, "--resolution", "Paper tray was open")
    at(promising, "2026-11-04T09:00:00Z")("note", key, "--from", "requester", "let me try tomorrow")
    assert at(promising, "2026-11-05T09:00:00Z")("sweep").out == ""
    assert "close" in at(promising, "2026-11-09T09:00:00Z")("sweep").out


# -- what is not due is not looked at


def flip(path, at):
    """One bit of a file, turned; `at` is where, or the text behind which."""
    blob = bytearray(path.read_bytes())
    blob[at if isinstance(at, int) else blob.index(at) + len(at)] ^= 1
    path.write_bytes(bytes(blob))


def test_where_nothing_is_due_no_ticket_is_read(promising):
    promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    flip(promising.desk / "agencies/DHS/open.json", -40)
    promising("list", "-a", "DHS", status=7)
    assert at(promising, "2026-11-02T14:59:59Z")("sweep").out == ""
    assert "open.json is damaged" in at(promising, "2026-11-02T15:00:00Z").refused("sweep", status=7)


def test_an_agenda_that_was_damaged_is_not_believed(promising):
    promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    path = promising.desk / "agencies/DHS/open.json"
    whole = path.read_bytes()
    begin, end = whole.index(b'"agenda"'), whole.index(b'"tickets"')
    for place in range(begin, end):
        path.write_bytes(whole)
        flip(path, place)
        assert "damaged" in promising.refused("sweep", status=7)


def test_an_agenda_of_an_older_writing_is_not_believed(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    path = promising.desk / "agencies/DHS/open.json"
    header, tables = container.unpack(path.read_bytes(), str(path))
    ticket = codec.decode(tables["tickets"]["1"])
    held = lifecycle.hold(
        ticket, Stamp("op", ticket.updated_at, "ana"), "other", ticket.updated_at + timedelta(hours=1)
    )
    tables["tickets"]["1"] = codec.sealed(held, tables["tickets"]["1"])
    path.write_bytes(container.pack(tables, header.generation + 1))  # as by somebody who knows nothing of agendas
    assert f"resume {key}" in at(promising, "2026-11-02T10:00:00Z")("sweep").out


def test_a_quiet_ticket_closes_on_time_when_the_settings_shorten_the_wait(promising):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    promising("resolve", key, "--resolution", "Paper tray was open")
    assert at(promising, "2026-11-03T09:00:00Z")("sweep").out == ""
    settings = promising.desk / "csctool.toml"
    settings.write_text(settings.read_text().replace('close_after = "3wd"', 'close_after = "1wd"'))
    assert f"close {key}" in promising("sweep").out


def test_a_desk_of_an_older_csctool_is_swept(promising):
    """It has no agendas: everything is looked at until a file is written."""
    old = Path(__file__).parents[1] / "storage/format1/desk"
    shutil.rmtree(promising.desk)
    shutil.copytree(old, promising.desk)
    said = at(promising, "2026-09-30T09:00:00Z")("sweep").out
    assert "breach DHS-2: resolution" in said
    assert promising("sweep").out == ""


def test_two_sweeps_at_once_do_everything_once(promising):
    keys = [promising.open(f"Printer {n} jams", "--kind", "incident", "-c", "phone") for n in range(5)]
    words = [sys.executable, "-m", "csctool", "--now", "2026-11-03T09:00:00Z", "sweep"]
    with ThreadPoolExecutor(3) as pool:
        outs = list(pool.map(lambda _: subprocess.run(words, capture_output=True, check=True).stdout, range(3)))
    told = b"".join(outs).decode().splitlines()
    assert sorted(line.split(":")[0] for line in told if line.startswith("breach")) == sorted(
        f"breach {key}" for key in keys
    )
    for key in keys:
        assert [e["verb"] for e in promising.events(key)].count("breach") == 1


def test_a_damaged_agency_keeps_no_other_from_being_swept(promising):
    here = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    promising.open("Printer jams", "--kind", "incident", "-c", "phone", agency="DOT")
    (promising.desk / "agencies/DOT/open.json").write_bytes(b"")
    said = at(promising, "2026-11-03T09:00:00Z")("sweep", status=7)
    assert f"breach {here}" in said.out
    assert "DOT/open.json" in said.err


def test_a_rule_for_a_queue_that_is_not_there_is_named(promising):
    settings = promising.desk / "csctool.toml"
    settings.write_text(
        settings.read_text().replace('on = "breach"\nhow = "h', 'queues = ["nope"]\non = "breach"\nhow = "h')
    )
    assert "sweep.escalate[2].queues: there is no 'nope'" in promising("sweep", status=2).err


@pytest.mark.skipif(
    shutil.which("cron") is None or os.getuid() != 0, reason="needs Debian's cron and root: apt-get install cron"
)
def test_real_cron_sweeps_a_real_desk(promising, tmp_path):
    key = promising.open("Printer jams", "--kind", "incident", "-c", "phone")
    log = tmp_path / "log"
    place = f"/etc/cron.d/csctool-test-{os.getpid()}"
    line = f"* * * * * root CSCTOOL_DESK={promising.desk} {sys.executable} -m csctool sweep >>{log} 2>&1\n"
    with open(place, "w") as file:
        file.write(f"PATH=/usr/bin:/bin\n{line}")
    daemon = subprocess.Popen(
        ["cron", "-f"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 75
        while time.monotonic() < deadline and not (log.exists() and "breach" in log.read_text()):
            time.sleep(0.5)
    finally:
        os.remove(place)
        os.killpg(daemon.pid, signal.SIGTERM)
        daemon.wait()
    assert f"breach {key}" in log.read_text()
