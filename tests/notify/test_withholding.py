"""Second thoughts: what has not left is held or recalled; what has left is said to have left."""

import pytest

ANN = "Ann Lee <ann@dhs.example.gov>"


@pytest.fixture
def office(people):
    """A desk that waits two minutes before it tells its clients."""
    people.settings('transport = "file"\ndefaults = ["requester"]\ndelay = "2m"')
    return people


def states(office):
    return [(n["event"], n["state"]) for n in office.notices()]


def sent(office):
    return [n["event"] for n in office.notices("--state", "sent")]


def test_within_the_delay_a_message_can_be_recalled(office):
    key = office.open("No dial tone", "-r", ANN)
    assert [n["due"] for n in office.notices()] == ["2026-11-02T09:02:00Z"]
    assert office("notify", "recall", key).out == ""
    assert states(office) == []
    assert office.sweep("2026-11-02T09:05:00Z") == []


def test_what_has_left_cant_be_recalled_and_the_line_says_when_it_left(office):
    key = office.open("No dial tone", "-r", ANN)
    id = office.notices()[0]["id"]
    office.sweep("2026-11-02T09:02:00Z")
    left = f"{ANN} was told of {key} opened at 2026-11-02T09:02:00Z; what has left can't be called back\n"
    assert office.refused("notify", "recall", key) == f"csctool: {key} has left: {left}"
    assert office.refused("notify", "recall", id[:6]) == f"csctool: {id[:6]} has left: {left}"


def test_what_never_was_is_not_found(office):
    key = office.open("No dial tone")
    assert f"no message about {key} waits" in office.refused("notify", "recall", key, status=3)
    assert "no such message waits: 0badcafe" in office.refused("notify", "recall", "0badcafe", status=3)
    assert "no message of operation 20260101T" in office.refused(
        "notify", "recall", "--op", "20260101T000000Z-0badcafe", status=3
    )
    assert "which messages?" in office.refused("notify", "recall", status=2)
    assert "give its id" in office.refused("notify", "recall", "ab", status=2)


def test_every_name_is_worked_by_itself_and_every_failure_told(office):
    one, other = office.open("No dial tone", "-r", ANN), office.open("Printer")
    said = office("notify", "recall", one, other, status=3)
    assert said.err.count("\n") == 1
    assert states(office) == []


def test_all_that_an_operation_caused_is_recalled_by_its_name(office):
    one, other = office.open("No dial tone", "-r", ANN), office.open("Printer", "-r", ANN)
    office("start", one, other)
    op = office.events(one)[-1]["op"]
    office("notify", "recall", "--op", op)
    assert states(office) == [("opened", "waiting"), ("opened", "waiting")]


def test_what_is_held_stays_until_somebody_lets_it_go(office):
    key = office.open("No dial tone", "-r", ANN)
    office("notify", "hold", "--ticket", key)
    assert states(office) == [("opened", "held")]
    assert office.notices()[0]["error"] == "held by ana"
    assert office.sweep("2026-11-02T12:00:00Z") == []
    office("notify", "hold", "--release", key)
    assert states(office) == [("opened", "waiting")]
    assert office.sweep() == [("opened", "ann@dhs.example.gov")]


def test_what_is_let_go_before_its_time_waits_for_its_time(office):
    key = office.open("No dial tone", "-r", ANN)
    office("notify", "hold", key)
    office("notify", "hold", "--release", key)
    assert [n["due"] for n in office.notices()] == ["2026-11-02T09:02:00Z"]


def test_a_script_gets_what_was_recalled(office):
    key = office.open("No dial tone", "-r", ANN)
    found = office("notify", "recall", key, "--format", "json").json["notices"]
    assert [(n["ticket"], n["event"]) for n in found] == [(key, "opened")]


def test_a_dry_run_recalls_nothing(office):
    key = office.open("No dial tone", "-r", ANN)
    id = office.notices()[0]["id"]
    assert office("notify", "recall", key, "--dry-run").out == f"would recall {id}: {ANN} of {key} opened\n"
    assert office("notify", "hold", key, "--dry-run").out == f"would hold {id}: {ANN} of {key} opened\n"
    assert states(office) == [("opened", "waiting")]


def test_what_is_being_delivered_just_now_may_have_left(office):
    from csctool.storage.tiny import TinyStore

    key = office.open("No dial tone", "-r", ANN)
    with TinyStore(str(office.desk)).delivering("DHS"):
        office("notify", "recall", key)  # it is not due
        other = office.open("Printer", "-r", ANN)
        office.at("2026-11-02T09:02:00Z")
        assert "is being delivered just now" in office.refused("notify", "recall", other, status=6)
    assert len(states(office)) == 1
    office("notify", "recall", other)


def test_what_is_on_record_as_delivered_has_left_though_it_stands_in_the_outbox(office):
    from datetime import UTC, datetime

    from csctool.domain.notice import delivered
    from csctool.storage.tiny import TinyStore

    key = office.open("No dial tone", "-r", ANN)
    store = TinyStore(str(office.desk))
    with store.delivering("DHS") as ledger:
        record = delivered(store.outbox("DHS")[0], datetime(2026, 11, 2, 9, tzinfo=UTC))
        ledger.expect([record])
        ledger.note(record)
        ledger.settle()
    assert "has left" in office.refused("notify", "recall", key)


def test_undoing_recalls_what_waits_and_tells_nobody_who_was_not_told(office):
    key = office.open("No dial tone", "-r", ANN)
    office.sweep("2026-11-02T09:05:00Z")
    office("resolve", key, "--resolution", "Wrong ticket")
    assert states(office) == [("resolved", "waiting")]
    assert "undone" not in office("undo", "--dry-run").err
    office("undo")
    assert states(office) == []
    office("resolve", key, "--resolution", "Wrong ticket, again")
    office.sweep("2026-11-02T09:10:00Z")
    assert sent(office) == ["opened", "resolved"]
    office("undo")
    assert states(office) == [("undone", "waiting")]


def test_an_operation_of_the_delay_is_superseded_by_what_happens_meanwhile(office):
    key = office.open("No dial tone", "-r", ANN)
    office.sweep("2026-11-02T09:05:00Z")
    office("resolve", key, "--resolution", "Done")
    office.at("2026-11-02T09:06:00Z")("reopen", key, "--reason", "not done")
    assert office.sweep("2026-11-02T09:07:00Z") == []
    assert office.sweep("2026-11-02T09:08:00Z") == [("reopened", "ann@dhs.example.gov")]
    assert states(office) == []
    office("hold", key, "--for", "vendor")
    assert office.sweep("2026-11-02T09:10:00Z") == [("held", "ann@dhs.example.gov")]
    office.at("2026-11-02T09:10:30Z")("resume", key)
    assert office.sweep("2026-11-02T09:12:30Z") == [("resumed", "ann@dhs.example.gov")]


def test_nobody_without_a_role_holds_or_recalls(office):
    key = office.open("No dial tone", "-r", ANN)
    path = office.desk / "csctool.toml"
    path.write_text(path.read_text() + '[permissions]\nrecall = ["coordinator"]\n')
    assert "notify hold and recall is for coordinator" in office.refused("notify", "recall", key, status=5)
    assert "is for coordinator" in office.refused("notify", "hold", key, status=5)
