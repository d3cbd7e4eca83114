"""A network and telecom desk at work, with the settings and rules that lie in `desk/`, as a reader takes them over."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

import csctool_telecom as plugin
from csctool.testing import ThrowAwayDesk, agency, ask, desk, ticket  # noqa: F401  (desk is a fixture)
from csctool_telecom.circuits import Circuit, circuits
from csctool_telecom.oncall import Turn, on_call

DESK = Path(__file__).parent.parent / "desk"
PEOPLE = '[people.dee]\nroles = ["resolver"]\n[people.eli]\nroles = ["resolver"]\n[people.ana]\nuser = "root"\n'
#: Monday 2 November 2026, 09:00 and 22:00 in Chicago (UTC-6).
BY_DAY, AT_NIGHT = "2026-11-02T15:00:00Z", "2026-11-03T04:00:00Z"


@pytest.fixture(scope="module")
def everybody_s(tmp_path_factory):
    """A desk that took over everything in `desk/`; the tests share it, and each adds tickets of its own."""
    made = ThrowAwayDesk(tmp_path_factory.mktemp("telecom") / "desk", "DHS")
    made.configure('timezone = "America/Chicago"\n' + PEOPLE, everywhere=True)
    made.configure((DESK / "csctool.toml").read_text(), everywhere=True)
    (made.root / "rules.toml").write_text((DESK / "rules.toml").read_text())
    return made


@pytest.fixture
def telecom(everybody_s):
    """That desk on a Monday morning."""
    everybody_s.now = BY_DAY
    return everybody_s


def circuits_in(text: str) -> list[str]:
    return list(map(str, circuits(text)))


# -- circuit numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/DHEC/123456// is down", ["/DHEC/123456"]),
        ("Circuit 32/HCGS/012345//NW flaps", ["32/HCGS/012345//NW"]),
        ("73.HCGS.12345.000.NE", ["73/HCGS/012345/000/NE"]),
        ("/dhec/4711// (typed in a hurry)", ["/DHEC/004711"]),
        ("DHEC.402117 reports open loop", ["/DHEC/402117"]),
        ("alarm 32/XPGS/004711//NW and 44/AQDU/987654", ["32/XPGS/004711//NW", "44/AQDU/987654"]),
        ("101/T1ZF/CHCGILDTK01/SPFDILSD", ["101/T1ZF/CHCGILDTK01/SPFDILSD"]),
        ("101 T1ZF CHCGILDT SPFDILSD lost carrier", ["101/T1ZF/CHCGILDT/SPFDILSD"]),
    ],
)
def test_circuit_numbers_are_found_as_people_write_them(text, found):
    assert circuits_in(text) == found


@pytest.mark.parametrize(
    "text",
    ["see /docs/123456 on the server", "https://x.example/abcd/123456", "call 217/555/0123", "/home/dhec/123456x",
     "room 12", "FILE.123456", "11/02/2026", "and/or 123456", "\\\\files\\DHEC\\123456", "/DHEC/1234567//", ""],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(text):
    assert circuits_in(text) == []


@settings(max_examples=50)
@given(strategies.text())
def test_any_text_can_be_looked_at(text):
    assert all(circuit.code and circuit.serial for circuit in circuits(text))


letters = strategies.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)


@given(
    strategies.sampled_from(["", "3", "32", "A1"]), letters, letters, strategies.integers(100000, 999999),
    strategies.sampled_from(["", "/", "//", "//NW", "/001", "/001/NE"]),
)  # fmt: skip
def test_a_number_is_found_whatever_its_parts_and_found_again_in_its_own_spelling(
    prefix, service, modifier, serial, end
):
    (one,) = circuits(f"it is {prefix}/{service}{modifier}/{serial}{end} that fails")
    assert one.same(Circuit(prefix, service + modifier, str(serial)))
    assert list(circuits(str(one))) == [one]


def test_numbers_that_leave_parts_out_are_the_same_circuit():
    known = Circuit("32", "HCGS", "012345", "", "NW")
    assert known.same(Circuit("", "HCGS", "012345"))
    assert not known.same(Circuit("33", "HCGS", "012345"))
    assert not known.same(Circuit("32", "HCGS", "012346"))


# -- who is on call -----------------------------------------------------------------------------------------

NIGHT = Turn("17:00-08:00", days=("fri",), people=("dee", "eli", "fay"), since=date(2026, 11, 2))


@pytest.mark.parametrize(
    ("at", "person"),
    [
        ("2026-11-06T16:59", None),  # Friday, still open
        ("2026-11-06T17:00", "dee"),
        ("2026-11-07T07:59", "dee"),  # Saturday morning is Friday's night
        ("2026-11-07T08:00", None),
        ("2026-11-13T23:00", "eli"),
        ("2026-11-20T23:00", "fay"),
        ("2026-11-28T02:00", "dee"),
    ],
)
def test_nights_belong_to_the_day_on_which_they_begin_and_people_take_turns_by_the_week(at, person):
    turn = on_call([NIGHT], datetime.fromisoformat(at), "P1")
    assert (turn and turn.person) == person


def test_the_first_line_that_fits_time_and_priority_counts():
    table = [
        Turn("08:00-17:00", person="ana"),
        Turn("00:00-24:00", priorities=("P1",), person="dee"),
        Turn("00:00-24:00"),
    ]
    assert on_call(table, datetime(2026, 11, 2, 9), "P1").person == "ana"
    assert on_call(table, datetime(2026, 11, 2, 20), "P1").person == "dee"
    assert on_call(table, datetime(2026, 11, 2, 20), "P4").rule == "on_call[3]"


@given(
    strategies.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    strategies.integers(0, 1439),
    strategies.integers(0, 1439),
)
def test_an_interval_and_the_rest_of_the_day_leave_no_minute_out_and_none_twice(at, start, end):
    def hours(one, other):
        return f"{one // 60:02}:{one % 60:02}-{other // 60:02}:{other % 60:02}"

    inside, outside = Turn(hours(start, end)).began(at), Turn(hours(end, start)).began(at)
    if start == end:
        assert inside is not None
    else:
        assert (inside is None) != (outside is None)


@pytest.mark.parametrize(
    "wrong", ["9-17", "25:00-26:00", "08:00", "08:60-09:00", "08:00-17:00-18:00"],
)  # fmt: skip
def test_hours_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="is no interval"):
        Turn(wrong)


# -- at the desk --------------------------------------------------------------------------------------------


def test_what_the_desk_looks_after_is_known_by_its_words(telecom):
    """`rules test` asks rules and plugins about every expectation of a file."""
    assert "13 of 13 expectations met" in telecom.run("rules", "test", str(DESK / "expect.toml"), "--agency", "DHS")


def test_a_critical_circuit_is_p1_wherever_its_number_stands(telecom):
    opened = telecom.open("Calls fail", "--description", "they say it is 36/DHEC/123456//SW", "--channel", "phone")
    assert (opened["priority"], opened["kind"], opened["category"]) == ("P1", "incident", "telecom/data/t1")
    reasons = [decision["reason"] for decision in opened["history"][0]["decisions"]]
    assert "36/DHEC/123456//SW, the 911 trunk in Springfield, is critical" in reasons


def test_by_day_it_waits_in_the_queue_and_at_night_somebody_is_called(telecom):
    assert telecom.open("/DHEC/123456// is down", "--channel", "phone")["assignee"] is None
    telecom.now = AT_NIGHT
    called = telecom.open("/DHEC/123456// is down", "--channel", "phone")
    assert (called["assignee"], called["queue"]) == ("dee", "network-telecom")
    assert telecom.open("Voicemail light blinks")["assignee"] is None
    telecom.now = "2026-11-10T04:00:00Z"  # the week after
    assert telecom.open("/DHEC/123456// is down", "--channel", "phone")["assignee"] == "eli"


@pytest.mark.parametrize("text", ["ICN circuit /DHEC/777777// down", "Line /HCGS/555001// down"])
def test_what_is_the_icn_s_is_referred_elsewhere(telecom, text):
    opened = telecom.open(text)
    assert (opened["service"], opened["queue"]) == ("icn-circuit", "service-desk")


def test_a_number_that_nobody_knows_is_still_a_circuit(telecom):
    opened = telecom.open("44/AQDU/987654 is noisy")
    assert (opened["category"], opened["service"]) == ("telecom/data/circuit", None)
    assert telecom.open("Alarm circuit DHEC.402117 reports open loop")["service"] == "alarm-circuit"
    assert telecom.open("101/T1ZF/CHCGILDTK01/SPFDILSD is down")["service"] == "t1"


def test_a_known_circuit_counts_before_an_unknown_one_and_only_a_critical_one_is_urgent():
    listed = {
        "number": "/HCGS/555002//",
        "name": "the lunch room's line",
        "service": "voip",
        "category": "telecom/voice/voip",
    }
    asked = {
        "ticket": ticket("44/AQDU/987654 and /HCGS/555002// are noisy"),
        "agency": agency(settings={"circuits": [listed]}),
    }
    assert ask(plugin, "categorize", **asked)["service"] == "voip"
    assert ask(plugin, "prioritize", **asked) is None


def test_other_tickets_are_left_to_the_next_in_line():
    for hook in ("categorize", "prioritize", "route"):
        assert ask(plugin, hook, ticket=ticket("Printer jams")) is None


def test_a_slip_in_the_settings_is_named(desk):  # noqa: F811
    desk.configure('plugins = ["csctool_telecom"]\n[settings.csctool_telecom]\nqueu = 1')
    assert "unknown field `queu`" in desk.run("plugin", "check", status=10)


def test_a_wrong_line_of_the_table_is_named_with_its_place():
    wrong = {"on_call": [{"hours": "8-17"}]}
    with pytest.raises(ValueError, match=r"is no interval.*on_call\[0\]"):
        ask(plugin, "route", ticket=ticket("x", category="telecom/voice"), agency=agency(settings=wrong))


def test_the_agency_s_own_clock_counts():
    table = {"on_call": [{"hours": "17:00-08:00", "person": "dee"}]}
    evening = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)  # 17:30 in Chicago
    asked = {"ticket": ticket("x", category="telecom/voice"), "queues": ("network-telecom",)}
    there = agency(now=evening, zone="America/Chicago", settings=table)
    assert ask(plugin, "route", agency=there, **asked)["person"] == "dee"
    before = agency(now=evening - timedelta(hours=1), zone="America/Chicago", settings=table)
    assert "person" not in ask(plugin, "route", agency=before, **asked)
