"""What the desk may expect of every store."""

import random
from datetime import timedelta
from random import Random

import pytest
from msgspec.json import encode
from msgspec.structs import replace

from csctool.desk.ports import Store
from csctool.domain import lifecycle
from csctool.domain.agenda import Agenda
from csctool.domain.audit import broken
from csctool.domain.notice import Notice, delivered, identity
from csctool.domain.query import Query, Range
from csctool.domain.ticket import Due, Ticket
from csctool.errors import BusyError, NotFoundError, UsageError
from csctool.storage.memory import MemoryStore
from csctool.storage.tiny import TinyStore

from .helpers import MONDAY, draft, ended, opened, stamp


@pytest.fixture(params=["memory", "tiny"])
def store(request: pytest.FixtureRequest, tmp_path) -> Store:
    made: Store = MemoryStore() if request.param == "memory" else TinyStore(str(tmp_path / "desk"), wait=0.05)
    made.create("DHS")
    made.create("DOT")
    return made


def save(store: Store, *tickets: Ticket) -> None:
    with store.unit(*{ticket.agency for ticket in tickets}) as unit:
        for ticket in tickets:
            unit.put(ticket)


def keys(found) -> list[str]:
    return sorted(ticket.key for ticket in found)


def test_a_ticket_comes_back_as_it_was_put(store):
    ticket = opened(
        1, description="„kein Ton“ \u202e \x00 \n", cc=("a@x", "b@x"), fields={"room": 12, "x": [None, 1.5]}
    )
    save(store, ticket)
    assert encode(store.get("DHS-1")) == encode(ticket)
    assert store.get("dhs-1") == store.get("DHS-1")


def test_a_word_that_is_no_key_and_a_number_that_nobody_has_name_no_ticket(store):
    for key in ("DHS-1", "XYZ-1", "printer", "DHS-0", "../DHS-1"):
        with pytest.raises(NotFoundError):
            store.get(key)
        with pytest.raises(NotFoundError), store.unit("DHS") as unit:
            unit.get(key)


def test_agencies_are_listed_in_order_and_making_one_twice_changes_nothing(store):
    save(store, opened(1))
    store.create("DHS")
    assert store.agencies() == ["DHS", "DOT"]
    assert store.get("DHS-1").number == 1


@pytest.mark.parametrize("name", ["dhs", "D", "../X", "D/S", "", "DHS\n", "ABCDEFGHIJK"])
def test_only_an_agency_key_names_an_agency(store, name):
    with pytest.raises(UsageError):
        store.create(name)
    with pytest.raises(NotFoundError), store.unit(name):
        pass
    with pytest.raises(NotFoundError):
        list(store.find(Query(agencies=(name,))))


def test_numbers_count_from_one_and_are_never_given_twice(store):
    with store.unit("DHS") as unit:
        assert [unit.count("DHS", "number") for _ in range(2)] == [1, 2]
    with store.unit("DHS") as unit:
        assert unit.count("DHS", "number") == 3
        assert unit.count("DHS", "turn:voice") == 1


def test_agencies_count_for_themselves(store):
    with store.unit("DHS", "DOT") as unit:
        assert unit.count("DHS", "number") == 1
        assert unit.count("DOT", "number") == 1


def test_an_import_with_numbers_of_its_own_is_counted_on_from(store):
    with store.unit("DHS") as unit:
        unit.raise_to("DHS", "number", 40)
        unit.raise_to("DHS", "number", 7)
    save(store, opened(90))
    with store.unit("DHS") as unit:
        assert unit.count("DHS", "number") == 91


def test_a_unit_that_fails_saves_nothing(store):
    save(store, opened(1))
    with pytest.raises(ZeroDivisionError), store.unit("DHS") as unit:  # noqa: PT012 - the whole block is the unit
        unit.put(opened(unit.count("DHS", "number")))
        assert 1 / 0
    assert keys(store.find(Query())) == ["DHS-1"]
    with store.unit("DHS") as unit:
        assert unit.count("DHS", "number") == 2


def test_a_dry_run_sees_its_changes_and_saves_nothing(store):
    with store.unit("DHS") as unit:
        unit.put(opened(unit.count("DHS", "number")))
        assert unit.get("DHS-1").status == "queued"
        unit.discard()
    assert keys(store.find(Query())) == []


def test_a_unit_sees_what_it_put_and_others_do_not_before_it_ends(store):
    save(store, opened(1), opened(2))
    with store.unit("DHS") as unit:
        unit.put(lifecycle.start(unit.get("DHS-1"), stamp(1)))
        unit.put(opened(3))
        assert unit.get("DHS-1").status == "in-progress"
        assert keys(unit.find(Query(agencies=("DHS",)))) == ["DHS-1", "DHS-2", "DHS-3"]
        assert keys(unit.find(Query(statuses=("queued",)))) == ["DHS-2", "DHS-3"]
        assert store.get("DHS-1").status == "queued"
    assert store.get("DHS-1").status == "in-progress"


def test_a_unit_over_two_agencies_saves_both(store):
    save(store, opened(1), opened(1, "DOT"))
    with store.unit("DOT", "DHS") as unit:
        unit.put(lifecycle.note(unit.get("DHS-1"), stamp(1), "see DOT-1"))
        unit.put(lifecycle.note(unit.get("DOT-1"), stamp(1), "see DHS-1"))
    assert store.get("DHS-1").version == store.get("DOT-1").version == 2


def test_a_unit_reads_tickets_of_other_agencies_and_refuses_to_put_them(store):
    save(store, opened(1, "DOT"))
    with store.unit("DHS") as unit:
        assert unit.get("DOT-1").key == "DOT-1"
        with pytest.raises(KeyError):
            unit.put(opened(2, "DOT"))


def test_two_writers_of_an_agency_wait_for_each_other_and_those_of_two_do_not(store):
    with store.unit("DHS"):
        with pytest.raises(BusyError, match="DHS is busy"), store.unit("DHS"):
            pass
        with store.unit("DOT") as unit:
            unit.put(opened(1, "DOT"))
    with store.unit("DHS") as unit:
        unit.put(opened(1))
    assert keys(store.find(Query())) == ["DHS-1", "DOT-1"]


def test_an_unknown_agency_is_named(store):
    with pytest.raises(NotFoundError, match="no such agency: XYZ"):
        list(store.find(Query(agencies=("XYZ",))))
    with pytest.raises(NotFoundError, match="no such agency: XYZ"), store.unit("XYZ"):
        pass
    with pytest.raises(NotFoundError, match="no such agency: XYZ"):
        store.archive("XYZ")


FULL = draft(
    1, kind="request", status="assigned", queue="voice", desk="telecom", owner="carol", assignee="bob", priority="P2",
    tier="2", service="voicemail", category="telecom/voice", requester="Ada@DHS.gov", flags=("vip",),
    opened_at=MONDAY, updated_at=MONDAY, due=Due(resolution=MONDAY + timedelta(days=1)),
    description="the light blinks",
)  # fmt: skip
DAY = Range(MONDAY, MONDAY + timedelta(days=2))


@pytest.mark.parametrize(
    ("query", "other"),
    [
        (Query(agencies=("DHS",)), Query(agencies=("DOT",))),
        (Query(statuses=("assigned",)), Query(statuses=("queued",))),
        (Query(kinds=("request",)), Query(kinds=("change",))),
        (Query(queues=("voice",)), Query(queues=("data",))),
        (Query(desks=("telecom",)), Query(desks=("it",))),
        (Query(owners=("carol",)), Query(owners=("bob",))),
        (Query(assignees=("bob",)), Query(unassigned=True)),
        (Query(priorities=("P2",)), Query(priorities=("P1",))),
        (Query(tiers=("2",)), Query(tiers=("3",))),
        (Query(services=("voice*",)), Query(services=("fax*",))),
        (Query(categories=("telecom",)), Query(categories=("tele",))),
        (Query(requesters=("ada@",)), Query(requesters=("bob@",))),
        (Query(flags=("vip",)), Query(flags=("incomplete",))),
        (Query(opened=DAY), Query(opened=Range(until=MONDAY))),
        (Query(due=DAY), Query(due=Range(until=MONDAY))),
        (Query(breached_at=MONDAY + timedelta(days=3)), Query(breached_at=MONDAY)),
        (Query(words=("BLINKS",)), Query(words=("blinks", "hums"))),
        (Query(words=("blinks",), assignees=("bob",)), Query(words=("hums",), assignees=("bob",))),
        (Query(everything=True), Query(resolved=DAY)),
    ],
)
def test_each_question_finds_the_ticket_or_not(store, query, other):
    save(store, FULL)
    assert keys(store.find(query)) == ["DHS-1"]
    assert keys(store.find(other)) == []
    with store.unit("DHS", "DOT") as unit:
        assert keys(unit.find(query)) == ["DHS-1"]
        assert keys(unit.find(other)) == []


def test_finished_tickets_are_found_only_when_asked_for(store):
    save(store, opened(1), ended(2))
    for _ in range(2):  # before and after they are archived
        assert keys(store.find(Query())) == ["DHS-1"]
        assert keys(store.find(Query(statuses=("closed",)))) == ["DHS-2"]
        assert keys(store.find(Query(everything=True))) == ["DHS-1", "DHS-2"]
        assert keys(store.find(Query(closed=DAY))) == ["DHS-2"]
        assert keys(store.find(Query(closed=Range(until=MONDAY)))) == []
        assert store.get("DHS-2").status == "closed"
        store.archive("DHS")


def test_archiving_moves_finished_tickets_once(store):
    save(store, opened(1), ended(2), ended(3, hours=24 * 40))
    assert store.archivable("DHS") == 2
    assert store.archive("DHS") == 2
    assert store.archivable("DHS") == 0
    assert store.archive("DHS") == 0
    assert keys(store.find(Query(everything=True))) == ["DHS-1", "DHS-2", "DHS-3"]
    with store.unit("DHS") as unit:
        assert unit.get("DHS-3").status == "closed"
        assert unit.count("DHS", "number") == 4


def test_an_archived_ticket_is_reopened_and_closed_again_and_stays_one_ticket(store):
    save(store, ended(1))
    store.archive("DHS")
    with store.unit("DHS") as unit:
        unit.put(lifecycle.reopen(unit.get("DHS-1"), stamp(800), "it is back", until=None))
    assert store.get("DHS-1").status == "queued"
    assert keys(store.find(Query())) == ["DHS-1"]
    assert keys(store.find(Query(statuses=("closed",)))) == []
    assert keys(store.find(Query(everything=True))) == ["DHS-1"]
    with store.unit("DHS") as unit:
        resolved = lifecycle.resolve(unit.get("DHS-1"), stamp(801), "plugged in again")
        unit.put(lifecycle.close(resolved, stamp(801)))
    assert store.archive("DHS") == 1
    assert store.get("DHS-1").version == 6
    assert [t.version for t in store.find(Query(everything=True))] == [6]
    assert keys(store.find(Query(closed=Range(MONDAY, MONDAY + timedelta(days=5))))) == []


def test_a_monitoring_script_finds_the_live_ticket_that_it_opened(store):
    save(store, opened(1, once="disk full on web1"), ended(2, once=None), opened(3, once='a "quoted" ÿ'))
    with store.unit("DHS") as unit:
        found = unit.once("DHS", "disk full on web1")
        assert found is not None
        assert found.key == "DHS-1"
        assert unit.once("DHS", "disk full") is None
        assert unit.once("DHS", 'a "quoted" ÿ') is not None
        unit.put(lifecycle.cancel(found, stamp(1), "gone"))
        assert unit.once("DHS", "disk full on web1") is None
        unit.put(opened(4, once="new"))
        assert unit.once("DHS", "new") is not None
    with store.unit("DHS") as unit:
        assert unit.once("DHS", "disk full on web1") is None


def test_imported_identities_are_told_archives_included(store):
    def imported(ticket: Ticket, identity: str) -> Ticket:
        first, *rest = ticket.history
        changes = {**first.changes, "identity": (None, identity)}
        return replace(ticket, history=(replace(first, changes=changes), *rest))

    save(store, imported(opened(1), "snow:1"), imported(ended(2), "snow:2"), opened(3))
    store.archive("DHS")
    with store.unit("DHS") as unit:
        unit.put(imported(opened(4), "snow:4"))
        told = {identity: ticket.key for identity, ticket in unit.identities("DHS")}
    assert told == {"snow:1": "DHS-1", "snow:2": "DHS-2", "snow:4": "DHS-4"}


def test_nothing_is_in_the_way_of_an_untroubled_desk(store):
    save(store, opened(1))
    list(store.find(Query(everything=True)))
    assert store.troubles() == []


def test_an_imported_ticket_that_ended_before_it_began_is_found_by_both_days_when_it_is_archived(store):
    backwards = replace(ended(1), opened_at=MONDAY, closed_at=MONDAY - timedelta(days=40))
    save(store, backwards)
    store.archive("DHS")
    since_monday = Query(everything=True, opened=Range(MONDAY, MONDAY + timedelta(days=1)))
    forty_days_ago = Query(closed=Range(MONDAY - timedelta(days=41), MONDAY - timedelta(days=39)))
    assert keys(store.find(since_monday)) == keys(store.find(forty_days_ago)) == ["DHS-1"]


DEFINITION = {"timezone": "America/Chicago", "hours": {"mon": ["08:00-17:00"]}}


def test_a_calendar_once_kept_is_kept_for_ever(store):
    with store.unit("DHS") as unit:
        unit.keep_calendar("DHS", "1234abcd", DEFINITION)
        assert unit.calendars("DHS") == {"1234abcd": DEFINITION}
    save(store, opened(1), ended(2))
    store.archive("DHS")
    assert store.calendars("DHS") == {"1234abcd": DEFINITION}
    assert store.calendars("DOT") == {}


def test_a_discarded_unit_keeps_no_calendar(store):
    with store.unit("DHS") as unit:
        unit.keep_calendar("DHS", "1234abcd", DEFINITION)
        unit.discard()
    assert store.calendars("DHS") == {}


# -- the agenda ----------------------------------------------------------------------------------------------


def test_the_agenda_names_the_first_thing_that_waits_for_its_time(store):
    save(store, opened(1))
    assert store.agenda("DHS") == Agenda()
    for number, hours in ((2, 30), (3, 20), (4, 40)):
        until = MONDAY + timedelta(hours=hours)
        save(store, lifecycle.hold(opened(number), stamp(1), "requester", until))
    assert store.agenda("DHS").at == MONDAY + timedelta(hours=20)
    with store.unit("DHS") as unit:
        unit.put(lifecycle.resume(unit.get("DHS-3"), stamp(2)))
    assert store.agenda("DHS") == Agenda(MONDAY + timedelta(hours=30))
    due = Due(resolution=MONDAY + timedelta(hours=5))
    save(store, opened(5, due=due))
    assert store.agenda("DHS").at == due.resolution
    assert store.agenda("DOT") in (None, Agenda())


def test_the_agenda_knows_the_longest_quiet_and_what_is_to_be_archived(store):
    for number, hours in ((1, 3), (2, 2)):
        save(store, lifecycle.resolve(opened(number), stamp(hours), "done"))
    assert store.agenda("DHS") == Agenda(quiet=MONDAY + timedelta(hours=2))
    with store.unit("DHS") as unit:
        unit.put(lifecycle.note(unit.get("DHS-2"), stamp(4), "thanks"))
    assert store.agenda("DHS").quiet == MONDAY + timedelta(hours=3)
    for number in (1, 2):
        with store.unit("DHS") as unit:
            unit.put(lifecycle.close(unit.get(f"DHS-{number}"), stamp(5)))
    assert store.agenda("DHS") == Agenda(finished=2)
    store.archive("DHS")
    assert store.agenda("DHS") == Agenda()


def test_a_message_that_waits_is_on_the_agenda_and_one_that_was_given_up_is_not(store):
    with store.unit("DHS") as unit:
        unit.put(opened(1))
        unit.post("DHS", [notice(1), replace(notice(1, "bo@x"), due=MONDAY + timedelta(hours=2))])
    assert store.agenda("DHS") == Agenda(MONDAY)
    with store.unit("DHS") as unit:
        unit.post("DHS", [replace(notice(1), state="dead")])
    assert store.agenda("DHS") == Agenda(MONDAY + timedelta(hours=2))
    with store.unit("DHS") as unit:
        unit.drop("DHS", {notice(1, "bo@x").id})
    assert store.agenda("DHS") == Agenda()


def test_a_message_that_joins_others_leaves_the_agenda_at_the_first_of_them(store):
    hours = [3, 2, 5, 1, 4]
    for number, hour in enumerate(hours, 1):
        with store.unit("DHS") as unit:
            unit.post("DHS", [replace(notice(number), due=MONDAY + timedelta(hours=hour))])
        assert store.agenda("DHS") == Agenda(MONDAY + timedelta(hours=min(hours[:number])))
    with store.unit("DHS") as unit:
        unit.drop("DHS", {notice(4).id})
        unit.post("DHS", [replace(notice(6), state="held")])
    with store.unit("DHS") as unit:
        unit.put(opened(1))
    assert store.agenda("DHS") == Agenda(MONDAY + timedelta(hours=2))


# -- the outbox ----------------------------------------------------------------------------------------------


def notice(number=1, to="ann@x", **more):
    key = f"DHS-{number}"
    return Notice(identity(key, 1, "file", to), key, 1, "opened", "op", "file", to, "requester", "rule", MONDAY, MONDAY, **more)  # noqa: E501  # fmt: skip


def test_a_notice_is_saved_with_its_change_or_not_at_all(store):
    with store.unit("DHS") as unit:
        unit.put(opened(1))
        unit.post("DHS", [notice(1), notice(1, "bo@x")])
        assert [n.to for n in unit.outbox("DHS")] == ["ann@x", "bo@x"]
    with store.unit("DHS") as unit:
        unit.post("DHS", [notice(2)])
        unit.discard()
    assert store.outbox("DHS") == [notice(1), notice(1, "bo@x")]
    assert store.outbox("DOT") == []


def test_the_same_notice_is_there_once_and_can_be_replaced_and_dropped(store):
    for more in ({}, {"tries": 1, "error": "busy"}):
        with store.unit("DHS") as unit:
            unit.post("DHS", [notice(1, **more), notice(2)])
    assert [(n.ticket, n.tries) for n in store.outbox("DHS")] == [("DHS-1", 1), ("DHS-2", 0)]
    with store.unit("DHS") as unit:
        unit.drop("DHS", {notice(1).id, "never was"})
    assert [n.ticket for n in store.outbox("DHS")] == ["DHS-2"]


def test_what_waits_is_what_was_posted_last_and_not_dropped_however_they_follow_each_other(store):
    chance, waiting = random.Random(7), {}
    for step in range(120):
        with store.unit("DHS") as unit:
            # Often one about a ticket of which nothing waits, sometimes the same again, and not in every unit a look.
            for number in chance.sample([step + 1000, *range(12)], 2):
                late = replace(notice(number), due=MONDAY + timedelta(minutes=chance.randrange(600)))
                unit.post("DHS", [late])
                waiting[late.id] = late
            if chance.random() < 0.3 and waiting:
                gone = chance.choice(list(waiting))
                unit.drop("DHS", {gone})
                del waiting[gone]
            if chance.random() < 0.2:
                assert {n.id: n for n in unit.outbox("DHS")} == waiting
        assert {n.id: n for n in store.outbox("DHS")} == waiting
        assert store.agenda("DHS") == Agenda(min((n.due for n in waiting.values()), default=None))


def test_the_outbox_keeps_its_order_whatever_comes_goes_and_comes_again(store):
    """A hundred units of work, against a plain dictionary."""
    chance = Random(6)
    there: dict[str, Notice] = {}
    for _ in range(100):
        some = [notice(chance.randrange(12), tries=chance.randrange(3)) for _ in range(chance.randrange(4))]
        gone = {notice(chance.randrange(12)).id for _ in range(chance.choice((0, 0, 3)))}
        with store.unit("DHS") as unit:
            unit.drop("DHS", gone)
            unit.post("DHS", some)
            there = {id: one for id, one in there.items() if id not in gone}
            there.update((one.id, one) for one in some)
            assert chance.random() < 0.5 or unit.outbox("DHS") == list(there.values())
        assert store.outbox("DHS") == list(there.values())


def test_one_process_delivers_while_others_may_write(store):
    with store.delivering("DHS") as mine, store.delivering("DHS") as also_mine, store.delivering("DOT") as elsewhere:
        assert (mine is None, also_mine is None, elsewhere is None) == (False, True, False)
        save(store, opened(1))
    with store.delivering("DHS") as mine:
        assert mine is not None


def wrote(store, *deliveries):
    for one in deliveries:
        with store.delivering("DHS") as ledger:
            ledger.expect([one])
            ledger.note(one)
            ledger.settle()


def test_deliveries_are_recorded_in_their_order(store):
    months = [delivered(notice(n), MONDAY + timedelta(days=20 * n), f"r{n}") for n in (1, 2, 3)]
    wrote(store, *months)
    assert list(store.deliveries("DHS", MONDAY)) == list(store.deliveries("DHS")) == months
    assert list(store.deliveries("DHS", MONDAY + timedelta(days=30))) == months[1:]
    assert list(store.deliveries("DOT")) == []


def test_the_ledger_knows_what_was_recorded_last_whatever_the_clock_said(store):
    last = delivered(notice(9), MONDAY - timedelta(days=400))
    wrote(store, *(delivered(notice(n), MONDAY + timedelta(days=40 * n)) for n in (1, 2, 3, 4)), last)
    with store.delivering("DHS") as ledger:
        assert ledger.known([notice(4).id, last.id, notice(5).id]) == {notice(4).id, last.id}
        assert ledger.known([]) == set()


def test_what_is_read_at_one_moment_stays_as_it_was(store):
    save(store, opened(1), opened(2))
    with store.unit("DHS") as unit:
        unit.post("DHS", [notice(1)])
    reading = store.reading("DHS")
    with store.unit("DHS") as unit:
        unit.put(lifecycle.note(unit.get("DHS-1"), stamp(1), "later"))
        unit.drop("DHS", {notice(1).id})
    assert reading.outbox() == [notice(1)]
    assert reading.ticket("DHS-1") == opened(1)
    assert store.reading("DHS").outbox() == []
    assert store.reading("DHS").ticket("DHS-1").version == 2
    for key in ("DHS-3", "DOT-1"):
        with pytest.raises(NotFoundError):
            reading.ticket(key)


def test_archived_tickets_are_read_among_the_others(store):
    save(store, ended(1), opened(2), ended(3))
    store.archive("DHS")
    reading = store.reading("DHS")
    assert [reading.ticket(f"DHS-{n}").status for n in (1, 2, 3)] == ["closed", "queued", "closed"]


def test_tickets_are_found_by_operation_and_actor_archived_ones_too(store):
    done = ended(2, hours=3)
    save(store, opened(1), done, opened(1, "DOT", hours=1))
    store.archive("DHS")
    deed = done.history[-1].op

    def traced(*wanted):
        return sorted({ticket.key for batch in store.traces(*wanted) for ticket in batch.tickets})

    assert traced(("op", deed)) == ["DHS-2"]
    assert traced(("op", deed[:8])) == ["DHS-1", "DHS-2", "DOT-1"]
    assert traced(("op", "never")) == traced(("actor", "alic")) == []
    assert traced(("actor", "nobody"), ("actor", "alice")) == ["DHS-1", "DHS-2", "DOT-1"]
    with store.unit("DHS") as unit:
        assert keys(unit.traces("DHS", deed, MONDAY)) == ["DHS-2"]
        assert keys(unit.traces("DHS", "never", MONDAY)) == []
        unit.put(lifecycle.note(opened(1), stamp(5), "seen"))
        assert "DHS-1" in keys(unit.traces("DHS", stamp(5).op, MONDAY))


def test_what_is_found_of_archived_tickets_can_be_changed_and_saved(store):
    save(store, *(ended(number) for number in (1, 2, 3)))
    store.archive("DHS")
    with store.unit("DHS") as unit:
        for ticket in unit.traces("DHS", ended(1).history[-1].op, MONDAY):
            unit.put(lifecycle.note(ticket, stamp(5), "seen"))
    assert [ticket.version for ticket in store.find(Query(everything=True))] == [4, 4, 4]
    assert [found for sealed in store.sealed("DHS") if (found := broken(sealed.ticket, sealed.seals))] == []
