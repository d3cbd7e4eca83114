"""What many agencies suffer at once is one ticket: each hears of it once, and what belongs to it ends with it."""

import os
import signal
import subprocess
import time

import pytest
from tests.conftest import CSCTOOL

RULES = """
[[notify]]
on = ["outage-opened", "outage-updated", "outage-resolved", "outage-planned"]
to = ["contacts"]
transport = "file"
"""


@pytest.fixture
def reached(desk):
    """Both agencies have somebody to tell."""
    (desk / "rules.toml").write_text(RULES)
    for key in ("DHS", "DOT"):
        contacts(desk, key, f"{key.lower()}@x.gov")
    return desk


def contacts(desk, key, *addresses):
    path = desk / "agencies" / key / "agency.toml"
    path.write_text(f"contacts = {list(addresses)!r}\n".replace("'", '"') + path.read_text())


def told(csctool):
    found = csctool("notify", "list", "--format", "json").json["notices"]
    return sorted((n["ticket"], n["event"], n["to"]) for n in found)


def down(csctool, *words, **more):
    return csctool("outage", "open", "voicemail", "--text", "Voice mail is down", *words, **more).out.strip()


def test_every_agency_is_told_once_and_the_outage_lives_in_the_home_agency(csctool, reached):
    key = down(csctool)
    assert key == "CSC-1"
    outage = csctool.ticket(key)
    assert (outage["kind"], outage["priority"], outage["flags"]) == ("incident", "P1", ["outage"])
    assert outage["fields"]["agencies"] == ["DHS", "DOT"]
    assert told(csctool) == [(key, "outage-opened", "dhs@x.gov"), (key, "outage-opened", "dot@x.gov")]
    assert len(csctool("notify", "send").lines) == 2
    assert down(csctool) == key
    assert told(csctool) == []
    assert f"{key} is an outage of voicemail already" in csctool.refused("outage", "open", "voicemail", "--text", "x")


def test_incidents_of_its_service_and_time_are_suggested_and_a_link_confirms_them(csctool, reached):
    csctool.open("Early", "-s", "voicemail", "--kind", "incident")
    csctool.clock = "2026-11-02T15:00:00Z"
    mine = csctool.open("No messages", "-s", "voicemail", "--kind", "incident")
    csctool.open("Printer", "-s", "printing", "--kind", "incident")
    csctool.open("Other agency", "-s", "voicemail", "--kind", "incident", agency="DOT")
    key = down(csctool, "--agencies", "dhs")
    assert csctool("outage", "list", key, "--format", "keys").lines == [mine]
    csctool("link", "-", "--child-of", key, stdin=f"{mine}\n")
    assert csctool("outage", "list", key, "--format", "keys").lines == []
    (row,) = csctool("outage", "list", "--format", "json").json["outages"]
    assert (row["key"], row["agencies"], row["told"], row["incidents"], row["open"]) == (key, 1, 1, 1, 1)


def test_news_goes_to_its_agencies_and_onto_its_incidents(csctool, reached):
    mine = csctool.open("No messages", "-s", "voicemail", "--kind", "incident")
    key = down(csctool, "--agencies", "DHS")
    csctool("link", mine, "--child-of", key)
    csctool("outage", "update", key, "--text", "Half of it works", "--agencies", "DOT")
    assert told(csctool) == [
        (key, "outage-opened", "dhs@x.gov"), (key, "outage-updated", "dhs@x.gov"), (key, "outage-updated", "dot@x.gov")
    ]  # fmt: skip
    last = csctool.events(mine)[-1]
    assert (last["verb"], last["note"], last["changes"]["public"]) == ("note", "Half of it works", [None, True])


def test_its_incidents_end_with_it_each_with_its_own_clock_and_history(csctool, reached):
    first = csctool.open("No messages", "-s", "voicemail", "--kind", "incident")
    csctool.clock = "2026-11-02T10:00:00Z"
    second = csctool.open("No messages", "-s", "voicemail", "--kind", "incident", agency="DOT")
    key = down(csctool)
    csctool("link", first, second, "--child-of", key)
    csctool("resolve", first, "--resolution", "It came back by itself")
    csctool.clock = "2026-11-02T11:00:00Z"
    csctool("outage", "resolve", key, "--resolution", "The server is back")
    assert csctool.ticket(key)["status"] == "resolved"
    assert csctool.ticket(first)["resolution"] == "It came back by itself"
    assert csctool.ticket(second)["resolution"] == "The server is back"
    assert csctool.ticket(second)["resolved_at"] == "2026-11-02T11:00:00Z"
    assert csctool.ticket(second)["opened_at"] == "2026-11-02T10:00:00Z"
    assert [t for t in told(csctool) if t[1] == "outage-resolved"] == [
        (key, "outage-resolved", "dhs@x.gov"), (key, "outage-resolved", "dot@x.gov")
    ]  # fmt: skip
    csctool("outage", "resolve", key, "--resolution", "The server is back")
    assert csctool("outage", "list").out == ""
    assert "CSC-1" in csctool("outage", "list", "--all").out


def test_planned_work_is_announced_before_it_begins(csctool, reached):
    said = (
        "outage",
        "plan",
        "lan",
        "--from",
        "2026-11-07T20:00Z",
        "--until",
        "2026-11-08T02:00Z",
        "--risk",
        "Slow LAN",
    )
    key = csctool(*said).out.strip()
    planned = csctool.ticket(key)
    assert (planned["kind"], planned["description"]) == ("change", "Slow LAN")
    assert planned["fields"]["from"] == "2026-11-07T20:00:00Z"
    assert told(csctool) == [(key, "outage-planned", "dhs@x.gov"), (key, "outage-planned", "dot@x.gov")]
    assert csctool(*said).out.strip() == key
    early = ("--from", "2026-11-07", "--until", "2026-11-06", "--risk", "x")
    assert "--until lies before --from" in csctool.refused("outage", "plan", "wan", *early, status=2)


@pytest.mark.parametrize(("declared", "said"), [
    (
        ("plan", "lan", "--from", "2026-11-07T20:00Z", "--until", "2026-11-08", "--risk", "Slow LAN"),
        "The planned work does not take place: lan.",
    ),
    (("open", "lan", "--text", "LAN is down"), "There is no outage after all: lan."),
])  # fmt: skip
def test_what_does_not_take_place_after_all_is_told_to_whom_it_was_told(csctool, reached, declared, said):
    key = csctool("outage", *declared).out.strip()
    child = csctool.open("No network", "-s", "lan", "--kind", "incident")
    csctool("link", child, "--child-of", key)
    csctool("notify", "send")
    for _ in range(2):
        csctool("outage", "cancel", key, "--reason", "wrong week")
    assert told(csctool) == [(key, "outage-resolved", "dhs@x.gov"), (key, "outage-resolved", "dot@x.gov")]
    text = csctool("notify", "preview", key, "outage-resolved", "--to", "dhs@x.gov").out
    assert said in text
    assert "wrong week" not in text
    assert csctool.ticket(key)["status"] == "cancelled"
    assert csctool.ticket(child)["status"] == "queued"


def test_an_outage_that_is_over_is_not_taken_back(csctool, reached):
    key = down(csctool)
    csctool("outage", "resolve", key, "--resolution", "up")
    assert "it is over" in csctool.refused("outage", "cancel", key, "--reason", "x", status=4)


def test_a_dry_run_says_how_many_would_be_told_and_changes_nothing(csctool, reached):
    before = csctool.files()
    said = csctool("outage", "open", "voicemail", "--text", "Down", "--dry-run").out
    assert said == "would tell of CSC-1: 2 messages for 2 of 2 agencies\n"
    assert csctool.files() == before


def test_a_dry_run_names_ten_people_of_a_line_and_counts_the_others_and_json_has_them_all(csctool, desk):
    (desk / "rules.toml").write_text(RULES)
    contacts(desk, "DHS", *(f"c{number}@dhs.gov" for number in range(25)))
    (line,) = csctool("outage", "open", "voicemail", "--text", "Down", "--dry-run").err.splitlines()
    assert "c9@dhs.gov (contacts) and 15 more of CSC-1 outage-opened" in line
    assert "c10@dhs.gov" not in line
    said = csctool("outage", "open", "voicemail", "--text", "Down", "--dry-run", "--format", "json").err
    assert len(said.splitlines()) == 25


def test_where_nobody_is_told_that_is_said(csctool):
    said = csctool("outage", "open", "voicemail", "--text", "Down")
    assert "nobody is told" in said.err


def test_wrong_names_are_told(csctool, reached):
    key = csctool.open()
    assert f"{key} is no outage" in csctool.refused("outage", "update", key, "--text", "x")
    csctool.refused("outage", "open", "x", "--agencies", "DHS,NOPE", "--text", "x", status=3)
    csctool.refused("outage", "resolve", "CSC-9", "--resolution", "x", status=3)
    done = down(csctool)
    csctool("outage", "resolve", done, "--resolution", "x")
    assert "is resolved" in csctool.refused("outage", "update", done, "--text", "x")


def test_a_command_that_was_killed_goes_on_where_it_was_and_nobody_hears_it_twice(process, reached):
    keys = [f"A{number}" for number in range(12)]
    for key in keys:
        process("agency", "add", key)
        contacts(reached, key, *(f"{who}@{key.lower()}.gov" for who in range(25)))
    command = [*CSCTOOL, "outage", "open", "voicemail", "--agencies", ",".join(keys), "--text", "Down"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not (reached / "agencies" / "A3" / "open.json").exists() and running.poll() is None:
        time.sleep(0.002)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    assert process("outage", "open", "voicemail", "--agencies", ",".join(keys), "--text", "Down").out == "CSC-1\n"
    assert told(process) == sorted(
        ("CSC-1", "outage-opened", f"{who}@{key.lower()}.gov") for key in keys for who in range(25)
    )


def test_somebody_who_may_not_be_reached_is_named_and_the_others_are_told(csctool, reached):
    path = reached / "agencies" / "DHS" / "open.json"
    csctool.open()
    path.write_bytes(path.read_bytes().replace(b"Printer", b"Plinter"))
    said = csctool("outage", "open", "voicemail", "--text", "Down", status=7)
    assert "DHS" in said.err
    assert said.out == "CSC-1\n"
    waiting = csctool("notify", "list", "-a", "DOT", "--format", "json").json["notices"]
    assert [(n["event"], n["to"]) for n in waiting] == [("outage-opened", "dot@x.gov")]
