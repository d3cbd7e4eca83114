"""Somebody who may write the files sits down with an editor and a little program that mends checksums.

What `audit verify` finds by itself, what only a head finds that somebody else keeps, and what nobody can find.
"""

import json
import shutil
import time

import msgspec
import pytest

from csctool.domain import audit
from csctool.domain.ticket import Ticket
from csctool.storage import codec, container

LIVE, MONTH = "agencies/DHS/open.json", "agencies/DHS/closed/2026-11.json"


@pytest.fixture
def desk_with_a_past(csctool):
    """DHS-1 and DHS-2 are live, DHS-3 is archived, DHS-4 came last; the head of it all is in somebody else's hands."""
    csctool.open("Voicemail light stays on", "-c", "phone", "--cc", "boss@dhs.example.gov")
    csctool("start", "DHS-1")
    csctool("note", "DHS-1", "the switch is fine")
    csctool("resolve", "DHS-1", "--resolution", "Lamp replaced", "--minutes", "25")
    csctool.open("Printer jams", "-r", "Ann <ann@dhs.example.gov>")
    csctool("escalate", "DHS-2", "--reason", "beyond us")
    csctool.open("Forgot the password", "--resolution", "reset", "--close")
    csctool("archive")
    csctool.open("The latest")
    time.sleep(1.1)  # a head covers what was written before its second
    csctool.head = csctool("audit", "head", "--format", "json").out
    return csctool


def edit(csctool, change, path=LIVE):
    """Change the plain JSON of a store file's tables, and mend the file's checksum. The documents are in the file's
    own format; a ticket's is a dictionary by its number."""
    place = csctool.desk / path
    header, tables = container.unpack(place.read_bytes(), str(place))
    plain = {
        name: {number: json.loads(bytes(line)) for number, line in table.items()} for name, table in tables.items()
    }
    change(plain)
    packed = {
        name: {number: msgspec.Raw(msgspec.json.encode(line)) for number, line in table.items()}
        for name, table in plain.items()
    }
    place.write_bytes(container.pack(packed, header.generation))


def resealed(line):
    """The line with every seal computed anew: the attacker has read csctool's source."""
    ticket = codec.decode(msgspec.Raw(msgspec.json.encode(line)))
    return {**line, "seals": list(audit.chain(ticket))}


def tickets(change):
    return lambda tables: change(tables["tickets"])


def swap_events(found):
    history = found["1"]["history"]
    history[1], history[2] = history[2], history[1]


def cut_end(found, reseal):
    line = found["1"]
    del line["history"][-1]
    for name in ("resolution", "code", "resolved_at", "minutes"):
        line.pop(name, None)
    line |= {"status": "in-progress", "version": 3, "updated_at": line["history"][-1]["at"]}
    if reseal:
        found["1"] = resealed(line)


def rewrite(found, reseal):
    found["1"]["history"][2]["note"] = "never looked at it"
    if reseal:
        found["1"] = resealed(found["1"])


def change_field(found):
    found["1"]["minutes"] = 600


def exchange_lines(found):
    found["1"], found["2"] = found["2"], found["1"]


def exchange_names(found):
    """Each with the other's key and number, everything else as it was."""
    exchange_lines(found)
    for number in ("1", "2"):
        found[number] |= {"key": f"DHS-{number}", "number": int(number)}


def forge(found, reseal=True):
    """A ticket that never was, in the place of one that nobody gave out yet."""
    found["5"] = resealed({**json.loads(json.dumps(found["2"])), "key": "DHS-5", "number": 5})


def remove(number):
    def change(tables):
        del tables["tickets"][number]

    return change


def remove_and_count_back(tables):
    del tables["tickets"]["4"]
    tables["counters"]["1"]["number"] = 3


def remove_and_explain(tables):
    del tables["tickets"]["2"]
    tables["gaps"] = {"1": [{"first": 2, "last": 2, "why": "restored 2026-10-01 from an earlier backup"}]}


#: What is done, where, and where `audit verify` says that it breaks.
FOUND = {
    "a note rewritten": (tickets(lambda t: rewrite(t, reseal=False)), LIVE, "DHS-1, event 3: its seal does not fit"),
    "an actor exchanged": (tickets(lambda t: t["1"]["history"][1].update(actor="bo")), LIVE, "DHS-1, event 2: its"),
    "a time moved": (tickets(lambda t: t["1"]["history"][0].update(at="2026-11-01T09:00:00Z")), LIVE, "DHS-1, event 1"),
    "an event removed": (tickets(lambda t: t["1"]["history"].pop(1)), LIVE, "DHS-1, event 2: event 3 stands where"),
    "two events exchanged": (tickets(swap_events), LIVE, "DHS-1, event 2: event 3 stands where event 2 belongs"),
    "an event repeated": (
        tickets(lambda t: t["1"]["history"].append(t["1"]["history"][-1])), LIVE, "DHS-1, event 5: event 4 stands",
    ),
    "the last event removed": (tickets(lambda t: cut_end(t, reseal=False)), LIVE, "DHS-1, event 4: it was sealed"),
    "a field changed": (tickets(change_field), LIVE, "DHS-1, event 4: no event explains its minutes"),
    "the history emptied": (tickets(lambda t: t["1"].update(history=[])), LIVE, "DHS-1: it has no history"),
    "a ticket removed": (remove("2"), LIVE, "DHS-2: its number was given out, and there is no such ticket"),
    "two tickets' lines exchanged": (tickets(exchange_lines), LIVE, "DHS-1: what is filed there says that it is DHS-2"),
    "two tickets' names exchanged": (tickets(exchange_names), LIVE, "DHS-1, event 1: its seal does not fit"),
    "a history of another ticket": (
        tickets(lambda t: t["1"].update({k: t["2"][k] for k in ("history", "seals")})), LIVE, "DHS-1, event 1: its",
    ),
    "a version raised": (tickets(lambda t: t["1"].update(version=9)), LIVE, "event 4: no event explains its version"),
    "a moment of change moved": (
        tickets(lambda t: t["1"].update(updated_at="2026-11-09T00:00:00Z")), LIVE, "DHS-1, event 4: no event explains",
    ),
    "an agency changed": (tickets(lambda t: t["1"].update(agency="DOT")), LIVE, "no event explains its agency"),
    "an archived note rewritten": (
        tickets(lambda t: t["3"]["history"][0].update(note="nothing")), MONTH, "DHS-3, event 1: its seal does not fit",
    ),
    "an archived field changed": (
        tickets(lambda t: t["3"].update(subject="Praise")), MONTH, "DHS-3, event 3: no event explains its subject",
    ),
    "an archived ticket removed": (remove("3"), MONTH, "DHS-3: its number was given out"),
}  # fmt: skip

#: What stays within the rules of the file, so that only what somebody else knows shows it.
ONLY_BY_THE_HEAD = {
    "a note rewritten and sealed anew": (tickets(lambda t: rewrite(t, reseal=True)), LIVE),
    "the end cut off and sealed anew": (tickets(lambda t: cut_end(t, reseal=True)), LIVE),
    "the last ticket removed and the counter set back": (remove_and_count_back, LIVE),
    "a ticket removed and called lost": (remove_and_explain, LIVE),
    "a ticket that never was": (tickets(forge), LIVE),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_desk_itself_finds(desk_with_a_past, name):
    change, path, told = FOUND[name]
    edit(desk_with_a_past, change, path)
    said = desk_with_a_past("audit", "verify", status=10)
    assert told in said.err


@pytest.mark.parametrize("name", ONLY_BY_THE_HEAD)
def test_only_who_keeps_the_head_finds(desk_with_a_past, name):
    edit(desk_with_a_past, *ONLY_BY_THE_HEAD[name])
    desk_with_a_past("audit", "verify")
    said = desk_with_a_past("audit", "verify", "--head", "-", stdin=desk_with_a_past.head, status=10)
    assert said.err.startswith("csctool: DHS: what stood there before ")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("name", [*FOUND, *ONLY_BY_THE_HEAD])
def test_the_head_finds_whatever_touches_the_past(desk_with_a_past, name):
    """But not a field that no event explains: that is what `verify` looks for by itself."""
    change, path, *_ = {**FOUND, **ONLY_BY_THE_HEAD}[name]
    edit(desk_with_a_past, change, path)
    said = desk_with_a_past("audit", "verify", "--head", "-", stdin=desk_with_a_past.head, status=10)
    assert said.err


def test_what_has_been_called_lost_is_shown_even_without_a_head(desk_with_a_past):
    edit(desk_with_a_past, remove_and_explain)
    assert "DHS-2: no tickets (restored 2026-10-01 from an earlier backup)" in desk_with_a_past("audit", "verify").out


@pytest.mark.parametrize("field", sorted(set(Ticket.__struct_fields__) - {"sla", "key", "number", "agency", "history"}))
def test_no_field_of_a_ticket_can_be_changed_without_an_event(desk_with_a_past, field):
    """The outcome of the clocks (`sla`) is proved by `sla recompute`."""

    def change(found):
        old = found["1"].get(field)
        new = {
            "kind": "request",
            "status": "closed",
            "channel": "chat",
            "priority": "P1",
            "impact": 1,
            "urgency": 1,
            "due": {"response": "2026-11-09T00:00:00Z"},
            "fields": {"site": "x"},
            "training": "none",
            "links": [{"type": "fixes", "key": "DHS-2"}],
        }.get(
            field,
            ["x"]
            if field in ("cc", "flags", "objections")
            else 7
            if isinstance(old, int) or field in ("handovers", "bounces", "minutes", "version")
            else "2026-11-09T00:00:00Z"
            if field.endswith("_at")
            else "x",
        )
        assert new != old
        found["1"][field] = new

    edit(desk_with_a_past, tickets(change))
    assert "DHS-1" in desk_with_a_past("audit", "verify", status=10).err


def test_an_agency_that_is_gone_is_missed_by_who_keeps_the_head(desk_with_a_past):
    shutil.rmtree(desk_with_a_past.desk / "agencies/DHS")
    desk_with_a_past("audit", "verify")
    said = desk_with_a_past("audit", "verify", "--head", "-", stdin=desk_with_a_past.head, status=10)
    assert "DHS: it had 4 tickets before" in said.err


def test_an_event_that_is_added_later_is_nobodys_to_find(desk_with_a_past):
    """Who may write may also write what is new: no digest tells a forger's event from a technician's."""
    desk_with_a_past("--as", "somebody-else", "note", "DHS-1", "I was never here")
    desk_with_a_past("audit", "verify", "--head", "-", stdin=desk_with_a_past.head)
