"""Delivery: when, how often, by whom; and what becomes of what can't be delivered."""

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctool.domain.retrying import FIRST, JITTER, LONGEST, last_try, pause

DAY = 86400


@pytest.fixture
def at_once(desk):
    path = desk / "csctool.toml"
    path.write_text(f'{path.read_text()}\n[notify]\ndeliver = "at-once"\n')


def messages(desk, agency="DHS"):
    path = desk / "agencies" / agency / "messages.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def soon(found):
    """What is there as soon as there is anything; a process that nobody waits for brings it."""
    for _ in range(500):
        if what := found():
            return what
        time.sleep(0.02)
    raise AssertionError("nothing came")


# -- pauses ----------------------------------------------------------------------------------------------------

IDS = st.text("0123456789abcdef", min_size=16, max_size=16)


@given(IDS, st.integers(1, 60))
def test_pauses_double_up_to_a_limit_each_a_quarter_shorter_or_longer(id, tries):
    whole = min(LONGEST, FIRST * 2 ** (tries - 1))
    assert whole * (1 - JITTER) - 1 <= pause(id, tries) <= whole * (1 + JITTER) + 1
    assert pause(id, tries) == pause(id, tries)


@given(IDS, st.integers(0, 30 * DAY))
def test_a_message_is_given_up_when_its_pauses_exceed_the_limit_and_not_before(id, limit):
    last = last_try(id, limit)
    waited = sum(pause(id, n) for n in range(1, last))
    assert waited <= limit < waited + pause(id, last)


def test_what_failed_together_is_not_tried_together_for_ever():
    assert len({pause(f"{n:016x}", 5) for n in range(100)}) > 50


# -- again, given up, and another chance -----------------------------------------------------------------------


def test_who_is_not_reached_is_tried_again_later_and_given_up_in_the_end(csctool, desk, tell, box):
    path = desk / "csctool.toml"
    path.write_text(f'{path.read_text()}\n[notify]\ngive_up = "10m"\n')
    tell("pigeon", "ops")
    key = csctool.open()
    due = []
    for _ in range(9):
        (waits,) = box()
        due.append(waits["due"])
        if waits["state"] == "dead":
            break
        csctool.clock = waits["due"]
        csctool("notify", "send", status=9)
        assert csctool("notify", "send").out == ""
    (dead,) = box("--state", "dead")
    assert dead["tries"] == len(due) - 1 == last_try(dead["id"], 600)
    csctool.clock = "2026-12-24T00:00:00Z"
    assert csctool("sweep").err == ""
    assert csctool("notify", "list", "--ticket", key, "--format", "keys").lines == [dead["id"]]


def test_the_dead_get_another_chance_by_name_by_ticket_or_all(csctool, desk, tell, transport, box):
    transport("pager", kind="command", run=["/bin/sh", "-c", "exit 67"])
    tell("pager", "ops", "noc")
    keys = [csctool.open(), csctool.open()]
    csctool("notify", "send", status=9)
    assert [n["state"] for n in box()] == ["dead"] * 4
    (one, *_) = box()
    csctool("notify", "retry", one["id"][:6])
    assert [n["id"] for n in box("--state", "waiting")] == [one["id"]]
    assert box("--state", "waiting")[0]["tries"] == 0
    csctool("notify", "retry", keys[1])
    assert [n["ticket"] for n in box("--state", "waiting")] == [keys[0], keys[1], keys[1]]
    csctool("notify", "retry", "--dead", "--dry-run")
    assert len(box("--state", "dead")) == 1
    csctool("notify", "retry", "--dead")
    assert box("--state", "dead") == []
    assert csctool("notify", "send", status=9).err.count("given up") == 1


@pytest.mark.parametrize(("words", "status", "why"), [
    ((), 2, "which messages?"), (("123",), 2, "at least its first four digits"),
    (("beef",), 3, "no such message waits: beef"),
    (("DHS-9",), 3, "no message about DHS-9 waits"), (("DHS-9", "-a", "DOT"), 3, "no message about DHS-9"),
])  # fmt: skip
def test_a_name_that_is_no_messages(csctool, words, status, why):
    assert why in csctool.refused("notify", "retry", *words, status=status)


def test_nothing_on_stdin_is_nothing_and_not_everything(csctool, tell, box):
    tell("file", "ops")
    csctool.open()
    csctool("notify", "send", "-", stdin="")
    assert len(box()) == 1
    csctool("notify", "send", "-", stdin=f"{box()[0]['id']}\n")
    assert box() == []


def test_a_message_that_is_named_goes_now_whenever_it_is_due_or_given_up(csctool, transport, tell, box, desk):
    transport("pager", kind="command", run=["/bin/sh", "-c", f"test -e {desk}/up"])
    tell("pager", "ops", "noc")
    csctool.open()
    csctool("notify", "send", status=9)
    (desk / "up").touch()
    assert csctool("notify", "send").out == ""
    (first, _) = box()
    assert csctool("notify", "send", first["id"]).lines == ["told ops of DHS-1 opened by pager"]
    assert [n["to"] for n in box()] == ["noc"]


# -- what was sent ---------------------------------------------------------------------------------------------


def test_what_was_sent_is_listed_since_when_and_about_which_ticket(csctool, tell, box):
    tell("file", "ops")
    csctool.open()
    csctool("sweep")
    csctool.clock = "2026-11-05T09:00:00Z"
    key = csctool.open(agency="DHS")
    csctool("sweep")
    assert [n["ticket"] for n in box("--state", "sent")] == ["DHS-1", key]
    assert [n["ticket"] for n in box("--state", "sent", "--since", "yesterday")] == [key]
    assert [n["state"] for n in box("--state", "sent", "--ticket", key.lower())] == ["sent"]
    assert box("--state", "sent", "-a", "DOT") == []
    csctool("notify", "list", "-a", "XXX", status=3)


@pytest.mark.parametrize("fmt", ["table", "json", "jsonl", "csv", "keys", "markdown"])
def test_deliveries_are_told_in_every_format(csctool, tell, fmt):
    tell("file", "ops")
    key = csctool.open()
    said = csctool("notify", "send", "--format", fmt).out
    assert (key in said) == (fmt != "keys")
    assert len(said.strip()) >= 16


def test_what_scripts_get_is_what_the_schemas_say(csctool, desk, tell, box):
    import msgspec

    from csctool.render.schemas import SCHEMAS

    tell("file", "ops")
    csctool.open()
    csctool("sweep")
    tell("pigeon", "ops")
    csctool.open()
    listed = ("notify", "list", "--state", "waiting", "--state", "sent")
    for words, name in ((listed, "notices"), (("notify", "send", "--dry-run"), "deliveries")):
        msgspec.json.decode(csctool(*words, "--format", "json").out, type=SCHEMAS[name](), strict=True)
    assert {n["state"] for n in box("--state", "waiting", "--state", "sent")} == {"waiting", "sent"}
    (line,) = (desk / "agencies" / "DHS" / "messages.jsonl").read_text().splitlines()
    msgspec.json.decode(line, type=SCHEMAS["notice"](), strict=True)


# -- trouble with the store ------------------------------------------------------------------------------------


def test_a_ticket_that_is_not_there_any_more_makes_a_dead_letter(csctool, desk, tell, box):
    """As after a restore, or when an agency was taken away: the notice speaks of what nobody can read."""
    from csctool.storage.tiny import TinyStore

    tell("file", "ops")
    csctool.open()
    store = TinyStore(str(desk))
    import msgspec

    (notice,) = store.outbox("DHS")
    others = [msgspec.structs.replace(notice, id=f"{n:016x}", ticket=t, seq=s)
              for n, (t, s) in enumerate((("DHS-99", 1), ("DHS-1", 7), ("GONE-1", 1), ("DOT-1", 1)))]  # fmt: skip
    with store.unit("DHS") as unit:
        unit.post("DHS", others)
    said = csctool("notify", "send", status=9)
    assert said.lines == ["told ops of DHS-1 opened by file"]
    assert {(n["ticket"], n["state"], n["error"]) for n in box()} == {
        ("DHS-99", "dead", "no such ticket: DHS-99"), ("DHS-1", "dead", "DHS-1 has no event 7 any more"),
        ("GONE-1", "dead", "no such agency: GONE"), ("DOT-1", "dead", "no such ticket: DOT-1"),
    }  # fmt: skip


def test_a_message_about_a_ticket_that_was_closed_and_archived_is_delivered(csctool, desk, tell):
    tell("file", "ops", on=("opened", "closed"))
    csctool.open(*("Asked", "--resolution", "Answered", "--close"))
    csctool("archive")
    csctool("notify", "send")
    assert [one["status"] for one in messages(desk)] == ["queued", "closed"]


def test_one_damaged_agency_keeps_no_other_from_delivery(csctool, desk, tell):
    for agency in ("DHS", "DOT"):
        tell("file", "ops", agency=agency)
        csctool.open(agency=agency)
    (desk / "agencies" / "DHS" / "open.json").write_text("nonsense")
    said = csctool("notify", "send", status=7)
    assert said.lines == ["told ops of DOT-1 opened by file"]
    assert "is damaged" in said.err


def test_a_busy_agency_is_told_and_what_went_out_goes_out_once(csctool, desk, tell, box):
    from csctool.storage.tiny import TinyStore

    tell("file", "ops")
    csctool.open()
    with TinyStore(str(desk)).unit("DHS") as unit:
        unit.discard()
        assert "DHS is busy" in csctool("notify", "send", status=6, CSCTOOL_WAIT="0.05").err
        assert len(messages(desk)) == 1
    assert csctool("notify", "send").out == ""
    assert box() == []
    assert len(messages(desk)) == 1


def test_who_comes_second_is_told_that_somebody_is_at_it(csctool, desk, tell, box):
    from csctool.storage.tiny import TinyStore

    tell("file", "ops")
    csctool.open()
    with TinyStore(str(desk)).delivering("DHS"):
        assert "another process is delivering" in csctool("notify", "send").err
        assert csctool("sweep").err == ""
    assert len(box()) == 1


def test_what_cant_be_recorded_is_not_sent(csctool, desk, tell, box):
    tell("file", "ops")
    csctool.open()
    (desk / "agencies" / "DHS" / "sent").write_text("in the way")
    csctool("notify", "send", status=7)
    assert messages(desk) == []
    assert len(box()) == 1


# -- at once ---------------------------------------------------------------------------------------------------


def test_at_once_nobody_waits_for_the_other_end(process, desk, transport, tell, at_once):
    """The program that is told waits for a file that appears only after `open` has ended."""
    go = desk / "go"
    transport("pager", kind="command", run=["/bin/sh", "-c", f"until test -e {go}; do sleep 0.05; done"], timeout=20)
    tell("pager", "ops")
    key = process.open()
    assert process("notify", "list", "--state", "sent", "--format", "keys").out == ""
    go.touch()
    soon(lambda: process("notify", "list", "--state", "sent", "--format", "keys").lines)
    assert soon(lambda: not process("notify", "list", "--ticket", key, "--format", "keys").out)


def test_at_once_what_nobody_takes_waits_for_the_sweep(process, desk, tell, at_once):
    tell("pigeon", "ops")
    said = process("open", "x", "-a", "DHS")
    assert said.err == ""
    assert soon(lambda: [n for n in process("notify", "list", "--format", "json").json["notices"] if n["tries"]])


def test_a_dry_run_and_what_tells_nobody_start_nothing(csctool, desk, tell, at_once, monkeypatch):
    started = []
    monkeypatch.setattr(os, "posix_spawn", lambda *words, **_: started.append(words))
    tell("file", "ops")
    csctool("open", "x", "-a", "DHS", "--dry-run")
    csctool.open(agency="DOT")
    assert started == []
    csctool.open(agency="DHS")
    assert [words[1][-2:] for words in started] == [["--agency", "DHS"]]
    csctool("sweep")
    assert len(started) == 1
