"""An auditor asks whether the past is still what was written."""

import json
import time

import pytest
from msgspec.structs import replace

from csctool.storage.tiny import TinyStore


@pytest.fixture
def worked(csctool):
    """A ticket with a life: opened, taken, noted, resolved."""
    key = csctool.open("Voicemail light stays on", "-c", "phone", "--cc", "boss@dhs.example.gov")
    csctool("start", key)
    csctool("note", key, "checked the switch")
    csctool("resolve", key, "--resolution", "Lamp replaced")
    return key


def tamper(csctool, key, change):
    """Somebody with a Python prompt and the right to write rewrites the past."""
    store = TinyStore(str(csctool.desk))
    with store.unit(key.partition("-")[0]) as unit:
        unit.put(change(unit.get(key)))


def history_with(seq, **new):
    def change(ticket):
        events = [replace(e, **new) if e.seq == seq else e for e in ticket.history]
        return replace(ticket, history=tuple(events))

    return change


def imported(csctool, *keys):
    file = csctool.desk.parent / "old.jsonl"
    file.write_text("".join(f'{{"key":"{key}","subject":"of old"}}\n' for key in keys))
    csctool("import", str(file), "-a", "DHS")


def test_numbers_that_an_import_passed_over_are_no_tickets_that_are_gone(csctool):
    csctool.open()
    imported(csctool, "DHS-50", "DHS-7")
    said = csctool("audit", "verify", "--format", "json").json
    why = "passed over by an import with numbers of its own"
    passed = [{"agency": "DHS", "first": first, "last": last, "why": why} for first, last in ((2, 6), (8, 49))]
    assert (said["breaks"], said["gaps"]) == ([], passed)

    imported(csctool, "DHS-20")
    assert csctool.open() == "DHS-51"
    gaps = csctool("audit", "verify", "--format", "json").json["gaps"]
    assert [(gap["first"], gap["last"]) for gap in gaps] == [(2, 6), (8, 19), (21, 49)]


def test_an_imported_ticket_that_is_gone_is_missed(csctool):
    imported(csctool, "DHS-5")
    imported(csctool, "DHS-3")
    store = TinyStore(str(csctool.desk))
    with store.unit("DHS") as unit:
        unit._work["DHS"].live.tickets.remove(doc_ids=[3])
        unit.raise_to("DHS", "number", 6)
    said = csctool("audit", "verify", "--format", "json", status=10).json
    assert [(wrong["key"], wrong["why"]) for wrong in said["breaks"]] == [
        ("DHS-3", "its number was given out, and there is no such ticket"),
        ("DHS-6", "its number was given out, and there is no such ticket"),
    ]


def test_a_counter_that_somebody_set_to_millions_is_one_line(csctool):
    csctool.open()
    with TinyStore(str(csctool.desk)).unit("DHS") as unit:
        unit.raise_to("DHS", "number", 9_999_999_999)
    (wrong,) = csctool("audit", "verify", "--format", "json", status=10).json["breaks"]
    assert (wrong["key"], wrong["why"]) == (
        "DHS-2", "its number and those up to DHS-9999999999 were given out, and there are no such tickets",
    )  # fmt: skip


def test_an_honest_desk_is_as_it_was_written(csctool, worked):
    csctool("close", worked)
    csctool("archive")
    csctool("reopen", worked, "--reason", "still blinks")
    assert csctool("audit", "verify", "--format", "json").json["breaks"] == []


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        (history_with(3, note="never looked at it"), 3),
        (history_with(2, actor="somebody-else"), 2),
        (lambda t: replace(t, history=(t.history[0], *t.history[2:])), 2),
        (lambda t: replace(t, history=(t.history[0], t.history[2], t.history[1], t.history[3])), 2),
        (lambda t: replace(t, history=()), 0),
    ],
    ids=["a note rewritten", "an actor exchanged", "an event removed", "two events exchanged", "no history left"],
)
def test_a_rewritten_history_is_named_with_the_event_at_which_it_breaks(csctool, worked, change, seq):
    tamper(csctool, worked, change)
    said = csctool("audit", "verify", "--format", "json", status=10)
    assert [(b["key"], b["seq"]) for b in said.json["breaks"]] == [(worked, seq)]


def test_a_field_that_no_event_explains_is_named(csctool, worked):
    tamper(csctool, worked, lambda t: replace(t, minutes=600, cc=()))
    said = csctool("audit", "verify", status=10)
    assert f"{worked}, event 4: no event explains its cc, minutes" in said.err


def test_whoever_cuts_off_the_end_and_mends_the_fields_is_seen_only_by_an_outside_head(csctool, worked):
    time.sleep(1.1)  # a head covers what was written before its second
    head = csctool("audit", "head", "--format", "json").out
    assert [h["agency"] for h in json.loads(head)["heads"]] == ["CSC", "DHS", "DOT"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csctool.storage.codec.seals", lambda _: ())  # and seals everything anew
        tamper(csctool, worked, _without_the_end)
    csctool("audit", "verify")
    said = csctool("audit", "verify", "--head", "-", stdin=head, status=10)
    assert "what stood there before" in said.err
    assert "DHS" in said.err


def _without_the_end(ticket):
    return replace(
        ticket,
        history=ticket.history[:-1],
        version=ticket.version - 1,
        status="in-progress",
        resolution=None,
        code=None,
        resolved_at=None,
    )


def test_work_that_goes_on_leaves_an_outside_head_valid(csctool, worked):
    time.sleep(1.1)
    head = csctool("audit", "head", "--format", "json").out
    csctool("close", worked)
    csctool.open("Another one")
    csctool("audit", "verify", "--head", "-", stdin=head)


def test_a_mail_with_the_heads_in_it_is_as_good_as_the_heads(csctool, worked):
    """The auditor saves the whole message."""
    heads = csctool("audit", "head", "--format", "jsonl").out
    mail = f"From: cron@csc.example.gov\nSubject: heads\n\n{heads}\n-- \ncron\n".replace("\n", "\r\n")
    csctool("audit", "verify", "--head", "-", stdin=mail)
    on_a_terminal = json.dumps(csctool("audit", "head", "--format", "json").json, indent=2)
    csctool("audit", "verify", "--head", "-", stdin=on_a_terminal)
    csctool.refused("audit", "verify", "--head", "-", stdin=mail.replace('"digest"', '"digits"'), status=2)


@pytest.mark.parametrize("fmt", ["table", "csv", "tsv", "markdown", "jsonl", "json"])
def test_heads_may_be_kept_in_any_format_and_show_what_was_cut_off(csctool, worked, fmt):
    time.sleep(1.1)
    mail = f"Subject: H\xe4upter\n\n{csctool('audit', 'head', '--format', fmt).out}\nsent 20261126T090000Z by cron\n"
    csctool("audit", "verify", "--head", "-", stdin=mail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csctool.storage.codec.seals", lambda _: ())
        tamper(csctool, worked, _without_the_end)
    assert "what stood there before" in csctool("audit", "verify", "--head", "-", stdin=mail, status=10).err


@pytest.mark.parametrize(
    "text", ["", "hello", "From: me\n\nno heads here\n", "[" * 100_000, '{"heads":' + "[" * 100_000, "{" * 9]
)
def test_what_holds_no_head_is_refused(csctool, text):
    csctool.refused("audit", "verify", "--head", "-", stdin=text, status=2)


def test_what_is_no_head_is_refused(csctool):
    assert "not the heads of an audit" in csctool("audit", "verify", "--head", "-", stdin="hello", status=2).err


def test_an_end_that_was_cut_off_leaves_its_seal(csctool, worked):
    tamper(csctool, worked, _without_the_end)
    assert f"{worked}, event 4: it was sealed and is gone" in csctool("audit", "verify", status=10).err


def test_a_change_after_the_rewriting_does_not_seal_it(csctool, worked):
    tamper(csctool, worked, history_with(3, note="never looked at it"))
    csctool("note", worked, "nothing to see here")
    assert f"{worked}, event 3: its seal does not fit" in csctool("audit", "verify", status=10).err


def test_an_import_leaves_numbers_for_what_is_opened_after_it(csctool):
    file = csctool.desk.parent / "last.jsonl"
    file.write_text('{"key":"DHS-9999999999","subject":"of old"}\n')
    assert "is no key like DHS-1042" in csctool("import", str(file), "-a", "DHS", status=4).err
    imported(csctool, "DHS-999999999")
    key = csctool.open()
    assert csctool.ticket(key)["number"] == 1_000_000_000
