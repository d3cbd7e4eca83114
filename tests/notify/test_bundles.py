"""Several messages, one letter: digests, the same again, and too many for one person; and nothing is ever lost."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csctool.domain.bundles import HOUR, Limits, place, plan
from csctool.domain.notice import Notice, identity
from csctool.storage.tiny import TinyStore

ANN = "Ann Lee <ann@dhs.example.gov>"


def letters(people, agency="DHS"):
    """The letters in the agency's file, as (events in the order told, subject)."""
    path = people.desk / "agencies" / agency / "messages.jsonl"
    found = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [([*(o["event"] for o in one["others"]), one["event"]], one["subject"]) for one in found]


# -- digests ---------------------------------------------------------------------------------------------------


@pytest.fixture
def hourly(people):
    """kim gets one letter an hour with all that was opened."""
    people.settings('transport = "file"\ndefaults = false')
    people.rules('[[notify]]\non = ["opened", "escalated"]\nto = ["kim"]\ndigest = "1h"\n')
    return people


def test_what_gathers_within_an_hour_is_one_letter_at_its_end(hourly):
    hourly.at("2026-11-02T09:10:00Z").open("No dial tone")
    hourly.at("2026-11-02T09:50:00Z").open("Printer jams")
    assert hourly.sweep("2026-11-02T09:59:59Z") == []
    assert hourly.sweep("2026-11-02T10:00:00Z") == [("opened", "kim@csc.example.gov")] * 2
    assert letters(hourly) == [(["opened", "opened"], "News of 2 tickets")]
    assert hourly.notices() == []
    sent = hourly.notices("--state", "sent")
    assert len({n["letter"] for n in sent}) == 1


def test_a_digest_of_one_is_a_letter_like_any_other(hourly):
    hourly.at("2026-11-02T09:10:00Z").open("No dial tone")
    hourly.sweep("2026-11-02T10:00:00Z")
    assert letters(hourly) == [(["opened"], "[DHS-1] No dial tone")]


def test_a_digest_that_was_not_taken_is_tried_again_as_it_was(hourly):
    hourly.rules('[[notify]]\non = ["opened"]\nto = ["kim"]\ndigest = "1h"\ntransport = "pigeon"\n')
    hourly.at("2026-11-02T09:10:00Z").open("No dial tone")
    hourly.open("Printer jams")
    hourly.at("2026-11-02T10:00:00Z")("sweep", status=9)
    hourly.open("Screen flickers")
    waiting = hourly.notices()
    assert [bool(n["letter"]) for n in waiting] == [True, True, False]
    assert waiting[0]["letter"] == waiting[1]["letter"] == waiting[1]["id"]
    assert waiting[0]["due"] == waiting[1]["due"]
    assert [n["tries"] for n in waiting] == [1, 1, 0]
    said = hourly.at("2026-11-02T11:00:00Z")("sweep", status=9)
    assert said.err.count("were not delivered") == 1
    assert [n["tries"] for n in hourly.notices()] == [2, 2, 1]


def test_a_message_of_a_digest_can_be_recalled_and_the_others_go(hourly):
    hourly.at("2026-11-02T09:10:00Z").open("No dial tone")
    hourly.open("Printer jams")
    hourly("notify", "recall", "DHS-2")
    hourly.sweep("2026-11-02T10:00:00Z")
    assert letters(hourly) == [(["opened"], "[DHS-1] No dial tone")]


def gone(people, *keys):
    """As after a restore: what waits about these tickets speaks of tickets that nobody has."""
    with TinyStore(str(people.desk)).unit("DHS") as unit:
        unit.post("DHS", [
            msgspec.structs.replace(one, ticket=one.ticket.replace("DHS-", "DHS-9")) for one in unit.outbox("DHS")
            if one.ticket in keys
        ])  # fmt: skip


@pytest.mark.parametrize("lost", [("DHS-1",), ("DHS-2",), ("DHS-3",), ("DHS-1", "DHS-3")])
def test_a_ticket_that_is_missing_keeps_no_other_of_a_digest_from_being_told(hourly, lost):
    """The last one gives the letter its name; it may be the one that is missing."""
    hourly.at("2026-11-02T09:10:00Z")
    keys = [hourly.open(subject) for subject in ("No dial tone", "Printer jams", "Screen flickers")]
    gone(hourly, *lost)
    said = hourly.at("2026-11-02T10:00:00Z")("sweep", status=9)
    assert [len(events) for events, _ in letters(hourly)] == [3 - len(lost)]
    assert {n["ticket"] for n in hourly.notices("--state", "sent")} == set(keys) - set(lost)
    dead = hourly.notices()
    missing = [key.replace("DHS-", "DHS-9") for key in lost]
    assert [(n["ticket"], n["state"], n["error"]) for n in dead] == [
        (key, "dead", f"no such ticket: {key}") for key in missing
    ]
    assert all(key in said.err for key in missing)


def test_what_a_digest_could_not_tell_goes_by_itself_when_its_ticket_is_back(hourly):
    hourly.at("2026-11-02T09:10:00Z")
    for subject in ("No dial tone", "Printer jams"):
        hourly.open(subject)
    waiting = TinyStore(str(hourly.desk)).outbox("DHS")
    gone(hourly, "DHS-2")
    hourly.at("2026-11-02T10:00:00Z")("sweep", status=9)
    with TinyStore(str(hourly.desk)).unit("DHS") as unit:
        unit.post("DHS", [msgspec.structs.replace(one, ticket="DHS-2") for one in unit.outbox("DHS")])
    hourly("notify", "retry", "--dead")
    hourly("notify", "send")
    assert letters(hourly) == [(["opened"], "[DHS-1] No dial tone"), (["opened"], "[DHS-2] Printer jams")]
    names = [
        line["id"] for line in map(json.loads, (hourly.desk / "agencies/DHS/messages.jsonl").read_text().splitlines())
    ]
    assert len(set(names)) == 2
    assert names[0] == waiting[-1].id  # that of the letter as it was first made


# -- the same again --------------------------------------------------------------------------------------------


@pytest.fixture
def client(people):
    people.settings('transport = "file"\ndefaults = ["requester"]')
    return people


def test_the_same_event_again_within_five_minutes_is_told_once_the_latest(client):
    key = client.open("No dial tone", "-r", ANN)
    client.sweep()
    for clock in ("09:10:00", "09:11:00", "09:12:00"):
        client.at(f"2026-11-02T{clock}Z")("hold", key, "--for", "vendor")
        client("resume", key)
    assert client.sweep() == [("held", "ann@dhs.example.gov"), ("resumed", "ann@dhs.example.gov")]
    sent = client.notices("--state", "sent")
    assert Counter(n["event"] for n in sent) == {"opened": 1, "held": 3, "resumed": 3}
    assert [events for events, _ in letters(client)] == [["opened"], ["held"], ["resumed"]]


def test_the_same_event_again_waits_out_the_five_minutes_when_the_first_has_left(client):
    key = client.open("No dial tone", "-r", ANN)
    client.sweep()
    client.at("2026-11-02T09:10:00Z")("hold", key, "--for", "vendor")
    assert client.sweep("2026-11-02T09:10:10Z") == [("held", "ann@dhs.example.gov")]
    client.at("2026-11-02T09:11:00Z")("resume", key)
    assert client.sweep("2026-11-02T09:11:00Z") == [("resumed", "ann@dhs.example.gov")]
    for clock in ("09:12:00", "09:13:00"):
        client.at(f"2026-11-02T{clock}Z")("hold", key, "--for", "vendor")
        assert client.sweep(f"2026-11-02T{clock}Z") == []
        client("resume", key)
    client.at("2026-11-02T09:14:00Z")("hold", key, "--for", "requester")
    assert client.sweep("2026-11-02T09:15:09Z") == []
    client.sweep("2026-11-02T09:15:10Z")
    client.sweep("2026-11-02T09:16:00Z")
    assert [events for events, _ in letters(client)] == [["opened"], ["held"], ["resumed"], ["held"]]
    assert client.notices() == []


def test_a_letter_of_which_the_first_has_left_may_be_sent_by_hand_all_the_same(client):
    key = client.open("No dial tone", "-r", ANN)
    client("hold", key, "--for", "vendor")
    client.sweep()
    client("resume", key)
    client("hold", key, "--for", "requester")
    client("notify", "send", key)
    assert [events for events, _ in letters(client)][-1] == ["held"]


def test_later_than_that_it_is_told_again(client):
    key = client.open("No dial tone", "-r", ANN)
    client.sweep()
    for clock in ("09:10:00", "09:16:00"):
        client.at(f"2026-11-02T{clock}Z")("hold", key, "--for", "vendor")
        client("resume", key)
    assert len(client.sweep()) == 4


def test_no_note_for_the_client_is_lost_in_another(client):
    key = client.open("No dial tone", "-r", ANN)
    client("note", key, "--public", "We look at it")
    client("note", key, "--public", "We know what it is")
    assert client.sweep() == [("opened", "ann@dhs.example.gov")] + [("noted", "ann@dhs.example.gov")] * 2


def test_a_program_that_a_rule_names_gets_each_event(client):
    client.settings('transport = "file"\ndefaults = false')
    client.rules('[[notify]]\non = ["held"]\nto = ["board"]\n')
    key = client.open("No dial tone")
    for _ in range(3):
        client("hold", key, "--for", "vendor")
        client("resume", key)
    assert len(client.sweep()) == 3


def test_where_no_transport_is_named_each_message_that_a_rule_wants_goes_by_itself(client):
    client.settings("")
    client.rules('[[notify]]\non = ["held"]\nto = ["requester"]\ntransport = "file"\n')
    key = client.open("No dial tone", "-r", ANN)
    for _ in range(40):
        client("hold", key, "--for", "vendor")
        client("resume", key)
    assert len(client.sweep()) == 40
    assert len(letters(client)) == 40


# -- too many --------------------------------------------------------------------------------------------------


def opened(people, count):
    for _ in range(count):
        people.open("No dial tone", "--queue", "vendors")


@pytest.fixture
def three(people):
    """Nobody gets more than three letters an hour."""
    people.settings('transport = "file"\ndefaults = false\nletters_per_hour = 3')
    people.rules('[[notify]]\non = ["opened"]\nto = ["kim", "board"]\n')
    return people


def test_what_is_too_much_for_an_hour_is_its_last_letter(three):
    opened(three, 10)
    three.sweep()
    assert sorted(len(events) for events, _ in letters(three)) == [1] * 12 + [8]
    assert three.notices() == []


def test_what_comes_when_the_hour_is_full_waits_and_is_told_together(three):
    opened(three, 10)
    three.sweep()
    before = len(letters(three))
    opened(three, 4)
    assert three.sweep("2026-11-02T09:30:00Z") == [("opened", "board")] * 4
    waiting = three.notices()
    assert {n["due"] for n in waiting} == {"2026-11-02T10:00:00Z"}
    assert three.sweep("2026-11-02T10:00:00Z") == [("opened", "kim@csc.example.gov")] * 4
    assert [len(events) for events, _ in letters(three)[before:]] == [1, 1, 1, 1, 1, 1, 2]


def test_what_is_urgent_waits_for_no_hour(three):
    three.rules('[[notify]]\non = ["opened"]\nto = ["kim"]\nurgent = true\n')
    opened(three, 10)
    three.sweep()
    opened(three, 2)
    assert len(three.sweep("2026-11-02T09:30:00Z")) == 2
    assert [len(events) for events, _ in letters(three)] == [1, 1, 8, 2]


# -- nothing is lost -------------------------------------------------------------------------------------------

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
EVENTS = ("opened", "started", "held", "resumed", "resolved", "reopened", "closed", "noted", "warned", "cancelled")


WISHES = st.tuples(
    st.integers(1, 3), st.integers(1, 30), st.sampled_from(["ann@x.gov", "Ann <ANN@x.gov>", "bo@x.gov", "board"]),
    st.integers(0, 240), st.sampled_from([0, 0, 2, 30]), st.sampled_from(EVENTS),
    st.sampled_from(["requester", "assignee", "noc@x.gov"]), st.sampled_from([None, None, "words"]),
    st.sampled_from([None, None, "1h"]), st.booleans(),
)  # fmt: skip


def wish(number, seq, to, minute, delay, event, role, text, group, urgent):
    """A notice as rules may want it at some minute."""
    ticket, at = f"DHS-{number}", START + timedelta(minutes=minute)
    return Notice(
        identity(ticket, seq, "smtp", to), ticket, seq, event, "op", "smtp", to, role, "rule", at,
        at + timedelta(minutes=delay), text=text, group=group, urgent=urgent,
    )  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(WISHES, max_size=40), st.sampled_from([None, 1, 2, 5]),
    st.sampled_from([0, 5, 60]), st.lists(st.booleans(), max_size=60), st.integers(0, 23),
)  # fmt: skip
def test_every_message_that_is_wanted_is_in_exactly_one_letter_that_was_sent(wanted, cap, merge, luck, quiet):
    """Through failures, quiet hours, digests and caps; and no mailbox gets more letters than the cap allows."""
    wanted = list({one.id: one for one in (wish(*values) for values in wanted)}.values())
    limits = Limits(timedelta(minutes=merge), cap)
    outbox: dict[str, Notice] = {}
    sent: Counter[str] = Counter()
    times: dict[tuple[str, str], list[datetime]] = {}
    fate = iter(luck)

    def allowed(notice):
        """Ann is not told in one hour of the day."""
        moment = now
        while "x.gov" in place(notice)[1] and moment.hour == quiet and not notice.urgent:
            moment = moment.replace(minute=0, second=0) + HOUR
        return moment

    for step in range(0, 60 * 24 * 2, 7):
        now = START + timedelta(minutes=step)
        outbox |= {n.id: n for n in wanted if now - timedelta(minutes=7) < n.at <= now and n.id not in sent}
        recent = {there: [at for at in some if at > now - HOUR] for there, some in times.items()}
        found = plan(outbox.values(), now, limits, allowed, lambda recent=recent: recent)
        for notice in found.later:
            assert notice.due > now
            outbox[notice.id] = notice
        for bundle in found.bundles:
            assert len({place(n) for n in bundle.notices}) == 1
            assert allowed(bundle.lead) <= now
            assert bundle.lead not in bundle.also
            assert all(outbox[notice.id].due <= now for notice in bundle.told)
            assert all(outbox[notice.id].state == "waiting" for notice in bundle.notices)
            if next(fate, True):
                there = place(bundle.lead)
                times.setdefault(there, []).append(now)
                for notice in bundle.notices:
                    sent[notice.id] += 1
                    del outbox[notice.id]
            else:
                for notice in bundle.notices:
                    again = now + timedelta(minutes=10)
                    letter = bundle.lead.id if len(bundle.notices) > 1 else notice.letter
                    outbox[notice.id] = msgspec.structs.replace(notice, tries=1, due=again, letter=letter)
    assert outbox == {}
    assert sent == Counter(n.id for n in wanted)
