"""A desk that an older csctool wrote: read as it is, migrated file by file as it is written, the old files kept.

`format1/desk` was made by the last csctool of format 1; beside it lies what that csctool printed of it.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Technician

from csctool.domain.audit import chain
from csctool.domain.ticket import Decision, Due, Event, Link, Passed, Ticket
from csctool.domain.words import CHANNELS, KINDS, PRIORITIES, STATUSES
from csctool.storage import codec, container
from csctool.storage.written import in_format_1

HERE = Path(__file__).parent / "format1"
THEN = "2026-09-08T10:00:00Z"


@pytest.fixture
def old_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    desk = tmp_path / "old"
    shutil.copytree(HERE / "desk", desk)
    monkeypatch.setenv("CSCTOOL_DESK", str(desk))
    return desk


@pytest.fixture
def old(csctool: Technician, old_desk: Path) -> Technician:
    """A technician who upgraded csctool over night."""
    return Technician(old_desk, csctool._run, THEN)


def said_then(name: str) -> object:
    return json.loads((HERE / name).read_bytes())


def format_of(path: Path) -> int:
    with open(path, "rb") as file:
        return container.read_header(file.read(container.HEADER_SIZE), str(path)).format


def in_full(old: Technician) -> str:
    return old("list", "--all", "--sort", "key", "--format", "json").out


# -- reading -----------------------------------------------------------------------------------------------------


def test_everything_that_was_printed_of_an_old_desk_is_printed_the_same(old):
    before = old.files()
    assert in_full(old).encode() == (HERE / "tickets.json").read_bytes()
    for ticket in said_then("tickets.json")["tickets"]:
        assert old.ticket(ticket["key"]) == ticket
        assert old.events(ticket["key"]) == ticket["history"]
    for name in ("summary", "sla"):
        assert old("report", name, "--format", "json").json == said_then(f"{name}.json")
    assert old("audit", "verify", "--head", str(HERE / "heads.json")).out == "9 histories are as they were written\n"
    assert old("sla", "recompute").status == 0
    assert old.files() == before


def test_a_doctor_finds_an_old_desk_sound(old):
    assert old("doctor", "--format", "json").json["findings"] == []


# -- the first write ---------------------------------------------------------------------------------------------


def test_the_first_change_migrates_the_file_and_keeps_the_old_one(old):
    place = old.desk / "agencies" / "DHS"
    before, others = (place / "open.json").read_bytes(), (old.desk / "agencies/DOT/open.json").read_bytes()
    os.chmod(place / "open.json", 0o640)
    changed = old.after("assign", "DHS-2", "--to", "cy")
    assert changed["assignee"] == "cy"
    assert format_of(place / "open.json") == codec.FORMAT == 2
    assert (place / "open.format1.json").read_bytes() == before
    assert os.stat(place / "open.format1.json").st_mode & 0o777 == os.stat(place / "open.json").st_mode & 0o777 == 0o640
    assert len((place / "open.json").read_bytes()) < len(before)
    assert (old.desk / "agencies/DOT/open.json").read_bytes() == others
    now, then = json.loads(in_full(old))["tickets"], said_then("tickets.json")["tickets"]
    assert [t for t in now if t["key"] != "DHS-2"] == [t for t in then if t["key"] != "DHS-2"]
    assert old("audit", "verify", "--head", str(HERE / "heads.json")).status == 0
    assert old("doctor", "--format", "json").json["findings"] == []


def test_the_old_file_is_that_of_the_last_writing_in_the_old_format(old):
    place = old.desk / "agencies" / "DHS"
    before = (place / "open.json").read_bytes()
    for person in ("cy", "dee", "eli"):
        old("assign", "DHS-2", "--to", person)
    assert (place / "open.format1.json").read_bytes() == before
    assert format_of(place / "open.prev.json") == 2


def test_archives_are_migrated_when_they_are_written_next(old):
    closed = old.desk / "agencies" / "DHS" / "closed"
    before = (closed / "2026-09.json").read_bytes()
    old("resolve", "DHS-2", "--resolution", "New toner")
    old("close", "DHS-2")
    assert (closed / "2026-09.json").read_bytes() == before
    old("archive")
    assert format_of(closed / "2026-09.json") == 2
    assert (closed / "2026-09.format1.json").read_bytes() == before
    assert (old.desk / "agencies/DOT/closed/2026-08.format1.json").exists() is False
    assert format_of(old.desk / "agencies/DOT/closed/2026-08.json") == 1
    assert old.ticket("DHS-2")["status"] == "closed"
    then = {t["key"]: t for t in said_then("tickets.json")["tickets"] if t["key"] != "DHS-2"}
    assert {t["key"]: t for t in json.loads(in_full(old))["tickets"] if t["key"] != "DHS-2"} == then
    assert old("audit", "verify", "--head", str(HERE / "heads.json")).status == 0
    assert old("doctor", "--format", "json").json["findings"] == []


def test_a_finished_ticket_of_an_old_file_goes_to_its_month_in_the_new_format(old):
    old("resolve", "DHS-1", "--resolution", "It was the lamp")
    old("close", "DHS-1")
    for name in ("open", "open.prev"):
        (old.desk / f"agencies/DHS/{name}.json").write_bytes(in_old_format(old.desk / f"agencies/DHS/{name}.json"))
    old("archive")
    month = json.loads((old.desk / "agencies/DHS/closed/2026-09.json").read_bytes())
    assert "affected" not in month["tickets"]["1"]
    assert old.ticket("DHS-1")["affected"] is None
    assert old("audit", "verify").status == 0


def in_old_format(path: Path) -> bytes:
    """A file as a csctool of format 1 would have written it."""
    header, tables = container.unpack(path.read_bytes(), str(path))
    for number, document in tables["tickets"].items():
        tables["tickets"][number] = msgspec.Raw(in_format_1(codec.decode(document), codec.seals(document)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "FORMAT", 1)
        return bytes(container.pack(tables, header.generation))


def test_units_over_two_agencies_migrate_both(old):
    old("link", "DOT-1", "--relates-to", "DHS-1")
    old("merge", "DOT-5", "--into", "DOT-1")
    old("transfer", "DOT-1", "--agency", "DHS")
    for agency in ("DHS", "DOT"):
        assert format_of(old.desk / f"agencies/{agency}/open.json") == 2
        assert format_of(old.desk / f"agencies/{agency}/open.format1.json") == 1
    assert old("audit", "verify").status == 0


def test_a_damaged_old_file_is_repaired_ticket_by_ticket(old):
    path = old.desk / "agencies" / "DHS" / "open.json"
    blob = path.read_bytes()
    at = blob.index(b'"bo"')
    path.write_bytes(blob[:at] + b'"xx"' + blob[at + 4 :])
    old("show", "DHS-1", status=7)
    repaired = old("doctor", "--repair", "--format", "json").json["repairs"][0]
    assert (repaired["intact"], repaired["older"], repaired["lost"]) == (1, ["DHS-2"], [])
    assert format_of(path) == 2
    assert old.ticket("DHS-2")["assignee"] is None
    assert old("audit", "verify").status == 0


def test_a_csctool_that_is_too_old_says_so_and_touches_nothing(desk, csctool):
    key = csctool.open()
    path = desk / "agencies" / "DHS" / "open.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "FORMAT", 1)
        before = csctool.files()
        for words in (("show", key), ("assign", key, "--to", "ana"), ("open", "One more", "--agency", "DHS")):
            said = csctool.refused(*words, status=7)
            assert "written by a newer csctool (format 2; this one knows up to 1)" in said
            assert "upgrade csctool; nothing was changed" in said
        assert str(path) in said
        assert csctool.files() == before


# -- any history -------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MAYBE = st.none() | TEXT
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
MAYBE_TIME = st.none() | TIMES
DECISIONS = st.builds(
    Decision, TEXT, st.dictionaries(TEXT, PLAIN, max_size=3), TEXT, MAYBE, MAYBE, MAYBE,
    st.lists(st.builds(Passed, TEXT, st.just("no answer") | TEXT), max_size=2).map(tuple),
)  # fmt: skip
CHANGES = st.dictionaries(st.sampled_from(Ticket.__struct_fields__) | TEXT, st.tuples(PLAIN, PLAIN), max_size=4)
EVENTS = st.builds(
    Event,
    st.integers(1, 99),
    TEXT,
    TIMES,
    TEXT,
    MAYBE,
    TEXT,
    CHANGES,
    MAYBE,
    st.lists(DECISIONS, max_size=2).map(tuple),
)
TICKETS = st.builds(
    Ticket, st.just("DHS-7"), st.just("DHS"), st.just(7), st.sampled_from(KINDS), st.sampled_from(STATUSES), TEXT,
    description=MAYBE, channel=st.none() | st.sampled_from(CHANNELS), requester=MAYBE,
    cc=st.lists(TEXT, max_size=2).map(tuple), impact=st.integers(1, 3), urgency=st.integers(1, 3),
    priority=st.sampled_from(PRIORITIES).map(lambda word: "".join(word)), queue=MAYBE, owner=MAYBE,
    flags=st.lists(TEXT, max_size=2).map(tuple), fields=st.dictionaries(TEXT, PLAIN, max_size=3), code=MAYBE,
    minutes=st.integers(0, 9), links=st.lists(st.just(Link("fixes", "DOT-1")), max_size=1).map(tuple),
    handovers=st.integers(0, 2), opened_at=MAYBE_TIME, closed_at=MAYBE_TIME, due=st.builds(Due, MAYBE_TIME, MAYBE_TIME),
    sla=st.dictionaries(TEXT, PLAIN, max_size=2), version=st.integers(0, 9),
    history=st.lists(EVENTS, max_size=4).map(tuple),
)  # fmt: skip


def as_saved(ticket: Ticket) -> Ticket:
    """The ticket as JSON gives it back: lists for tuples among the changes."""
    return msgspec.json.decode(msgspec.json.encode(ticket), type=Ticket)


@settings(deadline=None)
@given(TICKETS)
def test_any_ticket_is_read_as_it_was_written(ticket):
    seals = chain(ticket)
    document = codec.sealed(ticket)
    assert codec.decode(document) == as_saved(ticket)
    assert codec.seals(document) == seals
    assert codec.document(codec.decode(document), seals) == document
    assert codec.is_ours(document)


@settings(deadline=None)
@given(TICKETS)
def test_any_ticket_of_format_1_reads_the_same_before_and_after_its_migration(ticket):
    old = msgspec.Raw(in_format_1(ticket, chain(ticket)))
    assert codec.is_ours(old)
    new = codec.upgrade(1, {"tickets": {"7": old}})["tickets"]["7"]
    assert new == codec.sealed(ticket)
    assert codec.decode(new) == codec.decode(old) == as_saved(ticket)
    assert codec.seals(new) == codec.seals(old)
    assert codec.upgrade(1, {"tickets": {"7": new}})["tickets"]["7"] == new


@settings(deadline=None)
@given(TICKETS)
def test_a_ticket_of_which_only_an_outline_is_decoded_has_the_same_public_json(ticket):
    whole = codec.decode(codec.sealed(ticket))
    assert msgspec.json.encode(codec.outline(codec.sealed(ticket))) == msgspec.json.encode(whole)
