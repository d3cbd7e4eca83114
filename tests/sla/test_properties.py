"""What holds for every life of a clock: nothing is lost, nothing counts twice, nothing is negative."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from csctool.domain.business_hours import Calendar, Duration, due, elapsed
from csctool.domain.business_hours.reading import parse_hours
from csctool.domain.sla.clock import Clock
from csctool.domain.sla.terms import Goal

WEEK = {day: ["08:00-12:00", "13:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
CALENDARS = {
    "office": Calendar("office", "America/Chicago", parse_hours(WEEK)),
    "nights": Calendar("nights", "Europe/Berlin", parse_hours({"fri": ["22:00-06:00"], "sun": ["10:00-14:00"]})),
    "always": Calendar("always"),
}
START = datetime(2026, 3, 2, tzinfo=UTC)

names = st.sampled_from(sorted(CALENDARS))
steps = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)).map(
    lambda d: timedelta(seconds=int(d.total_seconds()))
)
goals = st.builds(lambda name, seconds: Goal(name, name, seconds, f"{seconds}s"), names, st.integers(0, 400_000))
turns = st.lists(st.tuples(steps, goals, st.booleans()), min_size=1, max_size=8)


def calendar(goal: Goal) -> Calendar:
    return CALENDARS[goal.calendar]


def lived(turns: list[tuple[timedelta, Goal, bool]]) -> tuple[Clock, datetime]:
    clock, at = Clock(calendar), START
    for step, goal, counts in turns:
        at += step
        clock.turn(at, goal, counts, "open" if counts else "on hold")
    return clock, at


@given(turns, steps)
def test_the_segments_add_up_to_what_has_run(turns, last) -> None:
    clock, at = lived(turns)
    at += last
    clock.stop(at)
    counted = [elapsed(calendar(s.goal), s.since, s.until) for s in clock.segments if s.counts]
    assert clock.elapsed == sum(counted) >= 0
    assert all(a.until == b.since for a, b in zip(clock.segments, clock.segments[1:], strict=False))


@given(names, steps, steps, st.integers(1, 400_000))
def test_a_clock_is_additive_over_its_segments(name, first, second, seconds) -> None:
    goal = Goal(name, name, seconds)
    whole, parts = Clock(calendar), Clock(calendar)
    whole.turn(START, goal, True, "open")
    parts.turn(START, goal, True, "open")
    parts.turn(START + first, goal, True, "also open")
    end = START + first + second
    for clock in (whole, parts):
        clock.stop(end)
    assert (whole.elapsed, whole.due()) == (parts.elapsed, parts.due())


@given(names, steps, steps, st.integers(1, 400_000))
def test_a_pause_moves_the_due_time_by_the_working_time_it_took(name, first, pause, seconds) -> None:
    goal = Goal(name, name, seconds)
    clock = Clock(calendar)
    clock.turn(START, goal, True, "open")
    promised = clock.due()
    begins, ends = START + first, START + first + pause
    clock.turn(begins, goal, False, "on hold")
    took = elapsed(calendar(goal), begins, ends)
    if promised is not None and promised < begins:
        assert clock.due() == promised
        return
    assert clock.due() is None
    clock.turn(ends, goal, True, "open")
    left = seconds - elapsed(calendar(goal), START, begins)
    if left and took:
        assert clock.due() == due(calendar(goal), promised, Duration(took, "s"))
    elif left:
        assert clock.due() == promised


@given(names, names, steps, st.integers(1, 400_000), st.integers(1, 400_000))
def test_another_target_keeps_what_has_run(old, new, first, before, after) -> None:
    clock = Clock(calendar)
    clock.turn(START, Goal(old, old, before), True, "open")
    changed = START + first
    clock.turn(changed, Goal(new, new, after), True, "open")
    ran = elapsed(CALENDARS[old], START, changed)
    assert clock.at(changed) == ran
    if ran < after:
        assert clock.due() == due(CALENDARS[new], changed, Duration(after - ran, "s"))
    else:
        assert clock.due() <= changed
        assert elapsed(CALENDARS[old], START, clock.due()) == after


@given(turns, steps)
def test_late_is_who_stops_after_the_due_time_and_only_who_used_it_up(turns, last) -> None:
    clock, at = lived(turns)
    clock.stop(at + last)
    promised = clock.due()
    if clock.elapsed > clock.target:
        assert promised < clock.stopped
    elif clock.elapsed < clock.target and promised is not None:
        assert promised >= clock.stopped


@given(turns, st.integers(-20, 20))
def test_a_stop_before_the_last_change_takes_it_back_and_is_never_negative(turns, days) -> None:
    clock, at = lived(turns)
    clock.stop(at + timedelta(days=days))
    assert clock.elapsed >= 0
    assert clock.stopped >= START
    assert all(s.until >= s.since for s in clock.segments)


def test_terms_go_into_history_and_come_back() -> None:
    from csctool.domain.sla.terms import Terms, plain_terms, terms_of

    terms = Terms("gold", 80, ("requester",), None, Goal("office", "d", 60, "1m"), START)
    assert terms_of(msgspec.json.decode(msgspec.json.encode(plain_terms(terms)))) == terms
