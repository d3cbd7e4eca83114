"""A health and human services agency at work, with the settings that lie in `desk/`, as a reader takes them over."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

import csctool_health as plugin
from csctool.plugins import Event
from csctool.testing import ThrowAwayDesk, agency, ask, change, desk, ticket  # noqa: F401  (desk is a fixture)
from csctool_health.identifiers import Mask, identifiers, without

DESK = Path(__file__).parent.parent / "desk"
TOLD = tomllib.loads((DESK / "agency.toml").read_text())["settings"]["csctool_health"]
TOLD = json.loads(json.dumps(TOLD, default=str))  # times are texts, as csctool hands them over
CIN = {"a Medicaid number": Mask("AA99999A")}
SAID = ("--service", "mail", "--field", "site=Peoria Clinic")
#: Monday 2 November 2026 in Chicago (UTC-6): three in the afternoon, and eleven at night.
BY_DAY, AT_NIGHT = "2026-11-02T21:00:00Z", "2026-11-03T05:00:00Z"


def here(now: str = BY_DAY, **more):
    return agency(now=datetime.fromisoformat(now), zone="America/Chicago", settings={**TOLD, **more})


def objections(subject: str, verb: str = "open", **fields) -> list[str]:
    return ask(plugin, "validate", change=change(verb), ticket=ticket(subject, **fields), agency=here())


# -- numbers that point at a person -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Client 123-45-6789 can't log in", "a Social Security number"),
        ("SSN: 123 45 6789.", "a Social Security number"),
        ("case 123‑45–6789", "a Social Security number"),
        ("１２３-４５-６７８９ full width", "a Social Security number"),
        ("12\u200b3-45-6789 with an invisible blank", "a Social Security number"),
        ("recipient 012345678", "a row of nine digits"),
        ("Medicare 1EG4-TE5-MK73 rejected", "a Medicare number"),
        ("1eg4te5mk73", "a Medicare number"),
        ("Medicaid (AB12345C)", "a Medicaid number"),
    ],
)
def test_a_number_that_points_at_a_person_is_objected_to_by_its_kind_and_not_repeated(subject, kind):
    (said,) = objections(subject)
    assert f"seems to hold {kind}" in said
    assert not any(char.isdigit() for char in said)


@pytest.mark.parametrize(
    "subject",
    ["Call 217-555-0123", "Springfield 62701-1234", "INC0012345 again", "/DHEC/123456// down", "000-12-3456",
     "123-00-4567", "Asset 12345678", "build 1.123.45.6789.2", "Order 1234567890", "2026-11-02 09:00",
     "v123456789", "Part 7-123-45-6789", "Room 12, floor 345"],
)  # fmt: skip
def test_other_numbers_are_no_matter(subject):
    assert objections(subject) == []


def digits(number: int) -> strategies.SearchStrategy[str]:
    return strategies.text("0123456789", min_size=number, max_size=number).filter(lambda part: int(part) > 0)


@settings(max_examples=60)
@given(digits(3), digits(2), digits(4), strategies.sampled_from("- ."), strategies.text(" abcé—(),", max_size=9))
def test_wherever_it_stands_it_is_found_told_by_its_kind_and_hidden_before_it_is_spread(
    area, group, serial, gap, around
):
    number = gap.join((area, group, serial))
    subject = f"{around} {number} {around}"
    (said,) = objections(subject)
    assert number not in said
    assert number not in without(subject, CIN)
    assert list(identifiers(without(subject, CIN), CIN)) == []


@settings(max_examples=60)
@given(strategies.text())
def test_what_holds_none_is_left_as_it_is(text):
    if not list(identifiers(text, CIN)):
        assert without(text, CIN) == text


def test_a_mask_that_finds_everything_is_refused():
    with pytest.raises(ValueError, match="too short to tell"):
        Mask("A9")


# -- service and site ---------------------------------------------------------------------------------------


def test_a_site_that_there_is_not_is_named_with_the_nearest():
    assert objections("Printer jams", fields={"site": "peoria clinik"}) == [
        "there is no site 'peoria clinik'; did you mean Peoria Clinic?"
    ]
    assert "known: Springfield Central" in objections("Printer jams", fields={"site": "Mars"})[0]
    assert objections("Printer jams", fields={"site": "Chicago Lake"}) == []
    assert "6789" not in objections("Printer jams", fields={"site": "123-45-6789"})[0]


def test_only_who_describes_a_ticket_is_asked_and_who_resolves_an_incomplete_one():
    for verb in ("assign", "start", "note", "close", "resolve"):
        assert objections("Client 123-45-6789", verb) == []
    assert len(objections("Client 123-45-6789", "triage")) == 1
    assert len(objections("Client 123-45-6789", "resolve", flags=("incomplete",))) == 1


# -- how bad it is ------------------------------------------------------------------------------------------


def prioritized(subject: str, **fields):
    return ask(plugin, "prioritize", ticket=ticket(subject, **fields), agency=here())


def test_lives_come_first_and_whole_words_count():
    assert prioritized("Nurse call on ward 3 is dead") == {"impact": 1, "urgency": 1}
    assert prioritized("Help", description="the oxygen alarm") == {"impact": 1, "urgency": 1}
    assert prioritized("Oxygenic theme") is None


@pytest.mark.parametrize("who", ["director@dhs.example.gov", "The Director <Director@DHS.example.gov>"])
def test_a_vip_is_known_by_the_address(who):
    assert prioritized("Printer jams", requester=who) == {"urgency": 1}
    assert prioritized("Printer jams", requester=f"x{who}") is None or "<" in who


# -- who is told, and when ----------------------------------------------------------------------------------


def told(verb: str, now: str, changes=(), **fields):
    fields = {"kind": "incident", "fields": {"site": "Peoria Clinic"}, **fields}
    event = Event(1, "op", datetime.fromisoformat(now), "ana", None, verb, dict(changes))
    subject = fields.pop("subject", "Printer jams")
    found = ask(plugin, "notify", event=event, ticket=ticket(subject, **fields), agency=here(now))
    return [(message.to, message.after and message.after.astimezone(UTC).isoformat()) for message in found]


CLINIC, ONCALL = "clinic-it@dhs.example.gov", "oncall@dhs.example.gov"
MORNING = "2026-11-03T13:00:00+00:00"  # 07:00 in Chicago


def test_a_new_incident_is_told_by_day_at_once_and_at_night_in_the_morning():
    assert told("open", BY_DAY) == [(CLINIC, None)]
    assert told("open", AT_NIGHT) == [(CLINIC, MORNING)]
    assert told("open", "2026-11-03T12:59:00Z") == [(CLINIC, MORNING)]
    assert told("open", "2026-11-03T13:00:00Z") == [(CLINIC, None)]
    assert told("open", AT_NIGHT, kind="request") == []
    assert told("note", BY_DAY) == []


def test_what_is_p1_or_becomes_it_wakes_somebody_up():
    assert told("open", AT_NIGHT, {"priority": ("P5", "P1")}, priority="P1") == [(ONCALL, None), (CLINIC, MORNING)]
    assert told("triage", AT_NIGHT, {"priority": ("P3", "P1")}, priority="P1") == [(ONCALL, None)]
    assert told("triage", AT_NIGHT, {"subject": ("a", "b")}, priority="P1") == []


def test_quiet_hours_end_when_the_clocks_say_so_on_the_night_they_are_put_back():
    """1 November 2026, 01:30: the hour comes twice, and 07:00 is at 13:00 UTC."""
    assert told("open", "2026-11-01T06:30:00Z") == [(CLINIC, "2026-11-01T13:00:00+00:00")]


def test_a_number_that_should_not_be_in_the_subject_is_not_spread():
    event = Event(1, "op", datetime.fromisoformat(BY_DAY), "ana", None, "open", {})
    asked = ticket("Client 123-45-6789 locked out", kind="incident")
    (message,) = ask(plugin, "notify", event=event, ticket=asked, agency=here())
    assert "6789" not in f"{message.subject}{message.text}"
    assert "Client [number left out] locked out" in message.text


# -- at the desk --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everybody_s(tmp_path_factory):
    """A desk whose agency took over everything in `desk/`; the tests share it, and each adds tickets of its own."""
    made = ThrowAwayDesk(tmp_path_factory.mktemp("health") / "desk", "DHS")
    made.configure('timezone = "America/Chicago"\n[services.mail]\ntitle = "Mail"', everywhere=True)
    made.configure((DESK / "agency.toml").read_text())
    return made


@pytest.fixture
def health(everybody_s):
    """That desk on a Monday afternoon."""
    everybody_s.now = BY_DAY
    return everybody_s


def test_a_request_without_service_and_site_or_with_a_number_in_it_is_refused(health):
    said = health.refused("open", "Access for client 123-45-6789", "--kind", "request")
    for word in ("service is required", "site is required", "seems to hold a Social Security number"):
        assert word in said
    assert "6789" not in said


def test_an_incident_is_captured_and_can_t_be_resolved_until_it_is_put_right(health):
    opened = health.open("Client 123-45-6789 locked out", "--kind", "incident", *SAID)
    assert opened["flags"] == ["incomplete"]
    assert "leave it out" in health.refused("resolve", opened["key"], "--resolution", "Unlocked")
    health.run("triage", opened["key"], "--subject", "A client is locked out")
    health.run("resolve", opened["key"], "--resolution", "Unlocked")


def test_a_danger_to_life_is_p1_and_wakes_somebody_up_at_night(health):
    health.now = AT_NIGHT
    opened = health.open("Nurse call on ward 3 is dead", "--kind", "incident", "--channel", "phone", *SAID)
    assert opened["priority"] == "P1"
    waiting = [(one["to"], one["due"]) for one in health.messages(opened["key"])]
    assert waiting == [(ONCALL, AT_NIGHT), (CLINIC, "2026-11-03T13:00:00Z")]


def test_the_outbox_lets_the_clinic_sleep_and_tells_it_in_the_morning(desk):  # noqa: F811
    desk.configure('timezone = "America/Chicago"', everywhere=True)
    desk.configure((DESK / "agency.toml").read_text().replace('"smtp"', '"file"'))
    desk.now = AT_NIGHT
    key = desk.open("Nurse call on ward 3 is dead", "--kind", "incident", "--channel", "phone", *SAID)["key"]
    desk.run("notify", "send")
    assert [one["to"] for one in desk.messages(key)] == [CLINIC]
    desk.now = "2026-11-03T13:00:00Z"
    desk.run("notify", "send")
    assert desk.messages(key) == []
    sent = (desk.root / "agencies/DHS/messages.jsonl").read_text().splitlines()
    assert [json.loads(line)["to"] for line in sent] == [ONCALL, CLINIC]


def test_plugin_check_finds_nothing_wrong(health):
    assert "well; answers prioritize, validate, notify" in health.run("plugin", "check")


def test_a_slip_in_the_settings_is_named(desk):  # noqa: F811
    desk.configure('plugins = ["csctool_health"]\n[settings.csctool_health]\nquiet = { start = 20:00:00 }')
    assert "missing required field `end`" in desk.run("plugin", "check", status=10)
