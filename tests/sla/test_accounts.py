"""Does it add up, what if, and what a sweep has to tell."""

import gzip
import itertools
import json
from pathlib import Path

import msgspec
import pytest
from tests.reports.lives import at
from tests.sla.conftest import Shift
from tests.sla.recount import POLICY, new_york, service_now

from csctool.domain.lifecycle import record
from csctool.domain.sla.alarms import due_alarms, fired, next_alarm, told
from csctool.domain.ticket import Stamp, Ticket
from csctool.storage.tiny import TinyStore

DATA = Path(__file__).parents[3] / "shared" / "data"


def stored(shift: Shift, key: str) -> Ticket:
    return TinyStore(str(shift.csctool.desk)).get(key)


def changed(shift: Shift, key: str, **new: object) -> None:
    """The stored ticket with other fields, as nobody should write them."""
    store = TinyStore(str(shift.csctool.desk))
    with store.unit("DHS") as unit:
        unit.put(msgspec.structs.replace(unit.get(key), **new))


def test_recompute_finds_what_somebody_wrote_by_hand(shift: Shift) -> None:
    good, bad = shift.open("Mon 08:00"), shift.open("Mon 08:00")
    shift.at("Mon 09:00")("resolve", good, "--resolution", "x")
    ticket = stored(shift, bad)
    changed(shift, bad, sla={**ticket.sla, "resolution": {**ticket.sla["resolution"], "target_seconds": 1}})
    said = shift.at("Mon 10:00")("sla", "recompute", "--format", "json", status=10)
    assert said.json["checked"] == 2
    assert [(d["key"], d["field"]) for d in said.json["differences"]] == [(bad, "sla.resolution")]
    assert json.loads(said.err)["error"]["code"] == "differences"


def test_recompute_finds_a_due_time_that_was_moved(shift: Shift) -> None:
    key = shift.open("Mon 08:00")
    due = stored(shift, key).due
    changed(shift, key, due=msgspec.structs.replace(due, resolution=at("2027-01-01 00:00")))
    assert f"{key}  due:" in shift.at("Mon 10:00")("sla", "recompute", status=10).out


def test_recompute_follows_only_the_tickets_that_are_asked_for(shift: Shift) -> None:
    shift.open("Mon 08:00", priority="P1")
    shift.open("Mon 08:00")
    assert shift.at("Mon 09:00")("sla", "recompute", "-p", "P1").out == "1 tickets checked, 0 differ\n"


def test_the_report_says_the_same_of_live_archived_and_brief_tickets(shift: Shift) -> None:
    for when, more in (("Mon 12:00", ()), ("Tue 12:00", ("--breach-reason", "no spare part"))):
        key = shift.open("Mon 08:00", "--queue", "apps")
        shift.at("Mon 10:00")("hold", key, "--for", "vendor")
        shift.at(when)("resolve", key, "--resolution", "x", *more)
        shift.at(when)("close", key)
    shift.at("Mon 09:00")("cancel", shift.open("Mon 08:00"), "--reason", "gone", "--code", "duplicate")
    shift.open("Mon 08:00", priority="P1")
    words = (("--format", "json"), ("--by", "queue", "--format", "json"), ("--period", "2026-11", "--by", "month"))

    def said() -> list[str]:
        return [shift.at("Wed 09:00")("report", "sla", *more).out for more in words]

    before = said()
    assert '"ola:apps"' in before[0]
    assert '"no spare part":1' in before[0]
    shift.csctool("archive")
    assert said() == before
    for path in shift.csctool.desk.glob("agencies/*/closed/*.brief-*"):
        path.unlink()
    assert said() == before


def test_the_ledger_of_a_ticket_without_promises_says_so(csctool) -> None:
    key = csctool.open("x")
    assert csctool("sla", key).out == (
        f"{key}  no policy  at 2026-11-02T09:00:00Z\n"
        "  response: nothing is promised\n  resolution: nothing is promised\n"
    )
    assert "no such ticket" in csctool.refused("sla", "DHS-99", status=3)


def test_simulate_shows_what_another_policy_would_have_done(shift: Shift, tmp_path: Path) -> None:
    for when in ("Mon 09:00", "Mon 12:00", "Mon 15:00"):
        key = shift.open("Mon 08:00", channel="phone")
        shift.at(when)("resolve", key, "--resolution", "x")
    policy = tmp_path / "strict.toml"
    policy.write_text('[sla.strict.default.default]\nrespond = "1h"\nresolve = "4h"\n')
    said = shift.at("Tue 08:00")("sla", "simulate", "--policy", str(policy), "--format", "json").json
    assert said["schema"] == "csctool.sla.simulate/1"
    row = next(row for row in said["rows"] if row["target"] == "resolution")
    assert (row["met"], row["breached"], row["new_met"], row["new_breached"]) == (3, 0, 2, 1)
    outside = shift.at("Tue 08:00")(
        "sla", "simulate", "--policy", str(policy), "--period", "2026-10", "--format", "json"
    )
    assert all(row["met"] == row["new_met"] == 0 for row in outside.json["rows"])


@pytest.mark.parametrize(
    ("text", "status"),
    [("", 2), ("[sla.x", 2), ("[queues.x]\n", 2), ('[sla.x.default.default]\nresolve = "soon"\n', 2),
     ('[sla.x]\ncalendar = "nowhere"\n', 2), (None, 3)],
)  # fmt: skip
def test_a_policy_file_that_is_none_is_refused_in_one_line(shift: Shift, tmp_path: Path, text, status) -> None:
    path = tmp_path / "policy.toml"
    if text is not None:
        path.write_text(text)
    assert "policy.toml" in shift.at("Mon 08:00").refused("sla", "simulate", "--policy", str(path), status=status)


# -- alarms


def alarms(ticket: Ticket, now: str) -> list[tuple[str, str]]:
    return [(alarm.verb, alarm.clock) for alarm in due_alarms(ticket, at(now))]


def test_a_warning_and_a_breach_are_due_once_each(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    ticket = stored(shift, key)
    assert alarms(ticket, "2026-11-23 19:59") == []
    assert next_alarm(ticket) == at("2026-11-23 20:00"), "75 per cent of eight hours"
    assert alarms(ticket, "2026-11-23 20:00") == [("warn", "resolution")]
    (alarm,) = due_alarms(ticket, at("2026-11-23 20:00"))
    ticket = record(ticket, Stamp("op", at("2026-11-23 20:00"), "cron"), alarm.verb, {}, extra=told(alarm))
    assert fired(ticket) == {("warn", "resolution")}
    assert alarms(ticket, "2026-11-23 21:00") == []
    assert alarms(ticket, "2026-11-23 22:00") == []
    assert alarms(ticket, "2026-11-23 22:01") == [("breach", "resolution")]


def test_after_a_long_downtime_there_is_only_the_breach(shift: Shift) -> None:
    ticket = stored(shift, shift.open("Mon 08:00", channel="phone"))
    assert alarms(ticket, "2026-12-24 00:00") == [("breach", "resolution")]


def test_on_hold_for_the_requester_there_is_no_alarm(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 09:00")("hold", key, "--for", "requester")
    assert alarms(stored(shift, key), "2027-01-01 00:00") == []


def test_resolved_late_before_any_sweep_ran_is_told_all_the_same(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Tue 12:00")("resolve", key, "--resolution", "x")
    assert alarms(stored(shift, key), "2026-11-25 00:00") == [("breach", "resolution")]
    shift.at("Tue 12:01")("close", key)
    assert alarms(stored(shift, key), "2026-11-25 00:00") == []


def test_a_contract_has_breaches_by_its_name(shift: Shift) -> None:
    key = shift.open("Mon 08:00", channel="phone")
    shift.at("Mon 08:30")("escalate", key, "--reason", "x")
    assert alarms(stored(shift, key), "2026-11-23 16:00") == [("breach", "ola:apps:response")]


# -- the report


def test_the_report_counts_a_promise_when_it_was_kept_or_broken(shift: Shift) -> None:
    kept, late = shift.open("Fri 08:00", channel="phone"), shift.open("Fri 16:00", channel="phone")
    twin = shift.open("Fri 08:00")
    shift.at("Fri 09:00")("resolve", kept, "--resolution", "x")
    shift.at("Fri 16:30")("merge", twin, "--into", late)
    shift.at("Tue 10:00")("resolve", late, "--resolution", "x", "--breach-reason", "nobody looked")
    rows = {r["target"]: r for r in shift.at("Wed 08:00")("report", "sla", "--format", "json").json["rows"]}
    found = rows["resolution"]
    assert (found["met"], found["breached"], found["duplicate"], found["compliance_pct"]) == (1, 1, 1, 50.0)
    assert found["breach_reasons"] == {"nobody looked": 1}
    by_day = shift.at("Wed 08:00")(
        "report", "sla", "--since", "2026-11-23", "--until", "2026-11-24", "--format", "json"
    )
    day = next(row for row in by_day.json["rows"] if row["target"] == "resolution")
    assert (day["met"], day["breached"]) == (0, 1), "it broke on Monday, not when it was resolved"
    then = shift.at("Wed 08:00")("report", "sla", "--as-of", "2026-11-21", "--format", "json").json["rows"]
    assert [(r["met"], r["breached"], r["running"]) for r in then if r["target"] == "resolution"] == [(1, 0, 1)]


def test_the_report_is_the_same_from_the_archives(shift: Shift) -> None:
    key = shift.open("Fri 08:00", channel="phone")
    shift.at("Fri 09:00")("resolve", key, "--resolution", "x")
    shift.at("Fri 10:00")("close", key)
    before = shift.at("Wed 08:00")("report", "sla", "--format", "json").out
    shift.at("Wed 08:00")("archive")
    assert shift.at("Wed 08:00")("report", "sla", "--format", "json").out == before
    assert shift.at("Wed 08:00")("sla", "recompute").out == "1 tickets checked, 0 differ\n"


# -- public logs


def test_a_recount_of_real_incidents_agrees_with_every_one(process, tmp_path, capsys) -> None:
    """Of the first eight hundred here; `python -m tests.sla.recount` plays all 12,000."""
    log, part = DATA / "servicenow_incidents.csv.gz", tmp_path / "part.csv.gz"
    if not log.exists():
        pytest.skip("the log lies beside the project, not in it")
    with gzip.open(log, "rt", encoding="utf-8") as whole, gzip.open(part, "wt", encoding="utf-8") as some:
        incidents = itertools.groupby(whole, key=lambda line: line.partition(",")[0])
        some.writelines(line for _, lines in itertools.islice(incidents, 801) for line in lines)
    _promise(process.desk)
    process("import", str(part), "--map", "servicenow", "-a", "DHS")
    assert service_now(str(process.desk), str(part)) == 0, capsys.readouterr().out[-2000:]


def test_a_recount_of_the_due_dates_of_new_york_agrees_by_agency(process, capsys) -> None:
    log = DATA / "nyc311_2019-03.csv"
    if not log.exists():
        pytest.skip("the log lies beside the project, not in it")
    process("import", str(log), "--map", "nyc311", "--add-agencies")
    assert new_york(str(process.desk), str(log)) == 0, capsys.readouterr().out


def _promise(desk: Path) -> None:
    path = desk / "csctool.toml"
    path.write_text(path.read_text() + POLICY)
