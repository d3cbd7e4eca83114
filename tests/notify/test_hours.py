"""When somebody is told: not in quiet hours, after a delay, with the others of an hour; and in the end always."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csctool.domain.quiet import free_from, is_quiet, next_slot, parse_quiet

ANN = "Ann Lee <ann@dhs.example.gov>"
NIGHT = "2026-11-03T05:00:00Z"  # 23:00 in Chicago


def due(people):
    """When each role is told."""
    return {n["role"]: n["due"] for n in people.notices()}


# -- quiet hours -----------------------------------------------------------------------------------------------


def test_a_message_waits_until_the_quiet_hours_of_a_person_end_and_is_not_lost(people):
    people.person("bo", 'quiet = "22:00-07:00"')
    people.at(NIGHT).open("No dial tone", "--kind", "incident")
    assert due(people) == {"queue": "2026-11-03T13:00:00Z", "lead": NIGHT}
    assert people.sweep() == [("opened", "cy@csc.example.gov")]
    assert people.sweep("2026-11-03T12:59:59Z") == []
    assert people.sweep("2026-11-03T13:00:00Z") == [("opened", "bo@csc.example.gov")]


def test_quiet_hours_are_those_of_the_persons_own_clock(people):
    people.person("bo", 'quiet = "22:00-07:00"\ntimezone = "Asia/Tokyo"')
    people.at("2026-11-02T14:00:00Z").open("No dial tone")  # 23:00 in Tokyo, 08:00 in Chicago
    assert due(people)["queue"] == "2026-11-02T22:00:00Z"


def test_an_agencys_clients_are_told_when_its_calendar_is_open(people):
    people.agency('[notify]\nquiet = "closed"\n')
    people.at(NIGHT).open("No dial tone", "-r", ANN)
    assert due(people) == {"requester": "2026-11-03T14:00:00Z", "queue": NIGHT, "lead": NIGHT}


def test_the_desks_quiet_hours_are_everybodys_who_says_nothing_else(people):
    people.settings('transport = "file"\nquiet = "22:00-07:00"')
    people.person("bo", 'quiet = ""')
    people.at(NIGHT).open("No dial tone", "-r", ANN)
    morning = "2026-11-03T13:00:00Z"
    assert due(people) == {"requester": morning, "queue": NIGHT, "lead": morning}


def test_a_rule_has_quiet_hours_besides_the_recipients(people):
    people.settings('transport = "file"\ndefaults = false')
    people.person("bo", 'quiet = "07:00-09:00"')
    people.rules('[[notify]]\non = ["opened"]\nto = ["bo", "noc@example.gov"]\nquiet = "22:00-07:00"\n')
    people.at(NIGHT).open("No dial tone")
    assert due(people) == {"bo": "2026-11-03T15:00:00Z", "noc@example.gov": "2026-11-03T13:00:00Z"}


def test_a_rule_may_wait_for_a_calendar(people):
    people.settings('transport = "file"\ndefaults = false')
    people.rules('[[notify]]\non = ["opened"]\nto = ["noc@example.gov"]\nquiet = "business"\n')
    people.at("2026-11-06T23:30:00Z").open("No dial tone")  # Friday, after hours
    assert due(people) == {"noc@example.gov": "2026-11-09T14:00:00Z"}


def test_what_is_urgent_waits_for_nothing(people):
    people.settings('transport = "file"\ndelay = "10m"\nquiet = "22:00-07:00"')
    people.rules('[[notify]]\nwhen = { priority = "P1" }\non = ["opened"]\nto = ["kim"]\nurgent = true\n')
    people.at(NIGHT).open("Fire", "--priority", "P1", "-c", "phone", "-r", ANN)
    assert due(people) == {"kim": NIGHT, "requester": "2026-11-03T13:00:00Z", "queue": NIGHT, "lead": NIGHT}
    people.open("Printer", "--priority", "P3", "-c", "phone")
    assert {n["due"] for n in people.notices("--ticket", "DHS-2")} == {"2026-11-03T13:00:00Z"}


def test_a_try_that_comes_in_quiet_hours_waits_for_their_end(people):
    people.person("bo", 'quiet = "22:00-07:00"')
    people.settings('transport = "smtp"\ndefaults = ["queue"]', "[transports.smtp]\nport = 1\n")
    people.at("2026-11-03T03:59:50Z").open("No dial tone", "--queue", "service-desk")
    people("sweep", status=9)
    people.at("2026-11-03T04:02:00Z")("sweep", status=9)
    waiting = {n["role"]: (n["due"], n["tries"]) for n in people.notices()}
    assert waiting["queue"] == ("2026-11-03T13:00:00Z", 1)
    assert waiting["lead"][1] == 2


def test_a_calendar_that_never_opens_keeps_nobody_from_hearing_and_is_named(people):
    people.settings('transport = "file"', "[calendars.never]\n")
    people.person("bo", 'quiet = "never"')
    said = people("open", "No dial tone", "-a", "DHS")
    assert said.out == "DHS-1\n"
    assert said.err.count("calendar never is not open long enough") == 1
    assert ("opened", "bo@csc.example.gov") in people.sweep()


def test_a_plugin_may_name_a_moment_and_quiet_hours_count_from_there(people):
    people.person("bo", 'quiet = "22:00-07:00"')
    place = people.desk / "agencies" / "DHS" / "plugins"
    place.mkdir()
    (place / "dhs.py").write_text(
        "from datetime import timedelta\nfrom csctool.plugins import Message, hookimpl\n@hookimpl\n"
        "def notify(event, agency):\n    return [Message('file', 'bo', after=agency.now + timedelta(hours=14))]\n"
    )
    path = people.desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text().replace("plugins = []", 'plugins = ["plugins/dhs.py"]'))
    people.open("No dial tone", "--queue", "vendors")  # 09:00 UTC, 03:00 in Chicago
    assert due(people) == {"bo": "2026-11-02T23:00:00Z"}
    people.at("2026-11-02T15:00:00Z").open("No dial tone", "--queue", "vendors")
    assert people.notices("--ticket", "DHS-2")[0]["due"] == "2026-11-03T13:00:00Z"


@pytest.mark.parametrize(("more", "said"), [
    ('quiet = "7-22"', "people.bo.quiet: neither hours nor a calendar: '7-22'; write e.g. \"22:00-07:00\""),
    ('quiet = "22:00-22:00"', "people.bo.quiet: neither hours"), ('quiet = "25:00-07:00"', "people.bo.quiet: neither"),
    ('calendar = "busness"', "people.bo.calendar: there is no 'busness'; did you mean `business`?"),
    ('timezone = "Mars/Base"', "people.bo.timezone: unknown time zone 'Mars/Base'"),
    ('locale = "English"', "people.bo: locale: 'English' is no language"),
])  # fmt: skip
def test_hours_of_a_person_that_cant_be_are_refused(people, more, said):
    people.person("bo", more)
    assert said in people.refused("list", status=2)


def test_a_person_reads_in_a_language_and_on_a_clock_of_their_own(people):
    people.person("bo", 'locale = "ru"\ntimezone = "Asia/Tokyo"')
    key = people.open("No dial tone", "-r", ANN)
    said = people("notify", "preview", key, "warned", "--to", "bo").out
    assert "in:      ru\n" in said
    assert "2 ноября 2026" in said
    assert "18:00 " in said
    assert "in:      en\n" in people("notify", "preview", key, "warned", "--to", "cy").out


# -- arithmetic ------------------------------------------------------------------------------------------------

ZONES = st.sampled_from(["America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC",
                         "America/St_Johns", "Africa/Casablanca"]).map(ZoneInfo)  # fmt: skip
SECONDS = st.integers(0, 86400 // 60 - 1).map(lambda minute: minute * 60)
QUIET = st.tuples(SECONDS, SECONDS).filter(lambda pair: pair[0] != pair[1])
MOMENTS = st.integers(1_700_000_000, 1_900_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def wall(zone, at):
    local = at.astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


@given(QUIET, ZONES, MOMENTS)
@example((79200, 5400), ZoneInfo("America/Chicago"), datetime(2026, 11, 1, 6, 10, tzinfo=UTC))  # 01:10, first pass
@example((79200, 5400), ZoneInfo("America/Chicago"), datetime(2026, 11, 1, 7, 10, tzinfo=UTC))  # 01:10, second pass
@example((79200, 9000), ZoneInfo("America/Chicago"), datetime(2026, 3, 8, 7, 0, tzinfo=UTC))  # 02:30 is skipped
def test_nothing_goes_out_while_the_wall_clock_shows_a_quiet_time_and_all_goes_out_within_a_day(quiet, zone, at):
    free = free_from(quiet, zone, at)
    begins, ends = quiet
    shown = wall(zone, free)
    assert not (begins <= shown < ends if begins < ends else shown >= begins or shown < ends)
    assert at <= free <= at + timedelta(hours=26)
    assert free == at or is_quiet(quiet, zone, free - timedelta(seconds=1))


@given(QUIET, ZONES, MOMENTS, st.integers(0, 1000))
def test_what_waits_for_the_end_of_quiet_hours_waits_no_longer_than_it_must(quiet, zone, at, part):
    free = free_from(quiet, zone, at)
    between = at + (free - at) * part / 1001
    between = between.replace(microsecond=0)
    assert free == at or is_quiet(quiet, zone, between)


@given(st.sampled_from([60, 900, 3600, 7200, 10000, 86400]), ZONES, MOMENTS)
def test_a_digest_goes_out_soon_and_not_at_once(length, zone, at):
    slot = next_slot(length, zone, at)
    assert at < slot <= at + timedelta(seconds=max(length, 60) + 7200)
    assert next_slot(length, zone, slot - timedelta(seconds=1)) == slot


@pytest.mark.parametrize("text", ["", "22:00", "22:00-", "7:00-8:00", "24:00-07:00", "08:00-08:00", "00:00-24:00", "x"])
def test_what_is_no_interval(text):
    assert parse_quiet(text) is None


def test_an_interval_may_end_at_midnight_written_either_way():
    assert parse_quiet("22:00-24:00") == parse_quiet("22:00-00:00") == (79200, 0)
