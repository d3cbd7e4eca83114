"""`init --demo`: full of life, the same every time, usable at once by whoever made it."""

import os
import pwd
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from csctool import bootstrap
from csctool.domain.lifecycle import holding
from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.domain.words import CALLBACK, FINISHED, HOLD_CAUSES, INCOMPLETE, KINDS, STATUSES
from csctool.settings.initial import demo_text
from csctool.settings.load import desk_from

#: A Friday afternoon, a Monday before the doors open, a Saturday night after a change to summer time, a New Year's day.
MOMENTS = (
    "2026-11-20T15:00:00-06:00",
    "2026-11-23T07:30:00-06:00",
    "2027-03-14T23:00:00-05:00",
    "2028-01-01T12:00:00Z",
)
VERBS = {
    "open", "triage", "assign", "start", "hold", "resume", "escalate", "return", "diagnose", "resolve", "close",
    "reopen", "cancel", "merge", "transfer", "note", "link", "callback",
}  # fmt: skip


def founded(place: Path, now: str) -> list[Ticket]:
    wishes = bootstrap.Wishes(now=now)
    made = bootstrap.found_desk(wishes, str(place), demo=True)
    assert made.tickets == 600
    return sorted(bootstrap.open_desk(wishes, root=str(place)).find(Query(everything=True)), key=lambda t: t.key)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "desk"


@pytest.fixture(scope="module")
def tickets(place: Path) -> list[Ticket]:
    return founded(place, MOMENTS[0])


def csctool(place: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "csctool", "--desk", str(place), "--now", MOMENTS[0], *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_same_now_gives_the_same_tickets_whoever_makes_it(
    tickets: list[Ticket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "unix_user", lambda: "ana")
    again = founded(tmp_path / "again", MOMENTS[0])
    assert msgspec.json.encode(again) == msgspec.json.encode(tickets)


@pytest.mark.parametrize("now", MOMENTS[1:])
def test_whatever_the_clock_says_everything_is_there(now: str, tmp_path: Path) -> None:
    everything_is_there(founded(tmp_path / "desk", now))


def test_everything_is_there(tickets: list[Ticket]) -> None:
    everything_is_there(tickets)


def everything_is_there(found: list[Ticket]) -> None:
    assert len(found) == 600
    assert {t.status for t in found} == set(STATUSES)
    assert {t.kind for t in found} == set(KINDS)
    assert {held["for"] for t in found if (held := holding(t))} == set(HOLD_CAUSES)
    assert {e.verb for t in found for e in t.history} == VERBS
    assert {f for t in found if t.live for f in t.flags} == {CALLBACK, INCOMPLETE}


def test_most_tickets_are_done_with(tickets: list[Ticket]) -> None:
    counts = Counter(t.status in FINISHED for t in tickets)
    assert counts[True] > 400
    assert counts[False] > 80


def test_it_spans_sixty_days_up_to_now(tickets: list[Ticket]) -> None:
    last = max(e.at for t in tickets for e in t.history)
    first = min(t.opened_at for t in tickets if t.opened_at)
    assert 55 <= (last - first).days <= 60


def test_every_history_is_whole_and_runs_forward(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        assert [e.seq for e in ticket.history] == list(range(1, ticket.version + 1))
        assert [e.at for e in ticket.history] == sorted(e.at for e in ticket.history)


def test_numbers_follow_the_openings(tickets: list[Ticket]) -> None:
    """Only a transferred ticket was opened before it got its number."""
    for agency in {t.agency for t in tickets}:
        own = sorted((t for t in tickets if t.agency == agency), key=lambda t: t.number)
        assert [t.number for t in own] == list(range(1, len(own) + 1))
        registered = [t.history[0].at for t in own]
        assert registered == sorted(registered)


def test_links_are_seen_from_both_sides(tickets: list[Ticket]) -> None:
    known = {t.key: t for t in tickets}
    ties = {(t.key, link.key) for t in tickets for link in t.links}
    assert ties
    assert all((other, one) in ties for one, other in ties)
    assert all(other in known for _, other in ties)


def test_due_times_were_agreed_for_before_and_after_now(tickets: list[Ticket]) -> None:
    now = max(e.at for t in tickets for e in t.history)
    agreed = [t.due.resolution > now for t in tickets if t.live and t.due.resolution]
    assert {True, False} == set(agreed)


def test_texts_come_in_several_scripts(tickets: list[Ticket]) -> None:
    notes = "".join(e.note or "" for t in tickets for e in t.history)
    assert any("\u0400" <= c <= "\u04ff" for c in notes)
    assert any("\u4e00" <= c <= "\u9fff" for c in notes)
    assert "{" not in notes + "".join(t.subject + (t.description or "") for t in tickets)


def test_the_next_ticket_gets_the_next_number(place: Path, tickets: list[Ticket]) -> None:
    number = max(t.number for t in tickets if t.agency == "DHS") + 1
    assert csctool(place, "open", "One more", "-a", "DHS", "--dry-run").startswith(f"would open DHS-{number}:")


def test_the_settings_are_clean(place: Path, tickets: list[Ticket]) -> None:
    assert csctool(place, "config", "check") == "13 settings files read, nothing wrong\n"


def test_its_clocks_its_histories_and_its_files_are_sound(place: Path, tickets: list[Ticket]) -> None:
    assert csctool(place, "sla", "recompute", "--all") == "600 tickets checked, 0 differ\n"
    assert csctool(place, "audit", "verify") == "600 histories are as they were written\n"
    assert csctool(place, "doctor") == "12 agencies looked at, nothing wrong\n"


def test_its_clocks_keep_the_hours_in_which_they_were_promised(place: Path, tickets: list[Ticket]) -> None:
    settings = place / "csctool.toml"
    before = settings.read_text()
    try:
        settings.write_text(before.replace('"08:00-17:00"', '"10:00-12:00"'))
        assert settings.read_text() != before
        assert csctool(place, "sla", "recompute", "--all") == "600 tickets checked, 0 differ\n"
    finally:
        settings.write_text(before)


def test_twelve_agencies_two_desks_four_tiers_forty_people(place: Path, tickets: list[Ticket]) -> None:
    desk = bootstrap.open_desk(bootstrap.Wishes(), root=str(place))
    settings = desk.settings
    assert len(desk.directory.keys()) == 12
    assert len([q for q in settings.queues.values() if q.desk]) == 2
    assert [t.name for t in settings.tiers] == ["1", "1.5", "2", "3"]
    assert len(settings.people) == 40 + 1
    assert {q.assign for q in settings.queues.values()} == {"none", "round-robin", "least-loaded"}


def test_whoever_makes_it_may_do_anything_in_it(place: Path, tickets: list[Ticket]) -> None:
    desk = bootstrap.open_desk(bootstrap.Wishes(), root=str(place))
    assert (desk.actor.name, desk.actor.via) == ("you", pwd.getpwuid(os.getuid()).pw_name)
    assert len(desk.settings.people["you"].roles) == 6
    assert len(csctool(place, "list", "--mine", "--format", "keys").splitlines()) >= 5


@pytest.mark.parametrize("user", ["ana", "you", "csc.bo2", 'we"ird', "Ольга", "1000"])
def test_any_unix_user_is_you(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "unix_user", lambda: user)
    settings = desk_from(demo_text(user), "csctool.toml")
    assert bootstrap.who(settings, None, "/").name == "you"
