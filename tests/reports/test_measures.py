"""Numbers out of many measurements, and what counts as resolved during the contact."""

import statistics
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctool.domain.handover import escalate, give_back
from csctool.domain.lifecycle import hold, reopen, resolve, resume
from csctool.domain.query import Range
from csctool.domain.ticket import Ticket
from csctool.reports.measures import dirty, first_contact, hours, percent, quantile, resolved_in

from .lives import at, opened, then

durations = st.lists(st.integers(0, 10**8), min_size=2, max_size=60).map(sorted)


@given(durations)
def test_the_median_is_the_one_that_everybody_knows(values: list[int]) -> None:
    assert quantile(values, 0.5) == pytest.approx(statistics.median(values))


@given(durations)
def test_p90_is_the_inclusive_decile_of_the_statistics_module(values: list[int]) -> None:
    assert quantile(values, 0.9) == pytest.approx(statistics.quantiles(values, n=10, method="inclusive")[8])


@given(durations, st.floats(0, 1))
def test_a_quantile_lies_between_the_extremes(values: list[int], share: float) -> None:
    found = quantile(values, share)
    assert found is not None
    assert values[0] <= found <= values[-1]


def test_of_nothing_there_is_no_number_and_never_a_zero() -> None:
    assert (quantile([], 0.5), percent(0, 0), hours(None)) == (None, None, None)
    assert (quantile([7], 0.9), percent(1, 3), hours(5400)) == (7, 33.3, 1.5)


# -- first contact -------------------------------------------------------------------------------------------


def _on_the_phone(resolved: str = "2026-10-02 16:58", **fields: object) -> Ticket:
    ticket = opened("2026-10-02 16:50", **{"channel": "phone", **fields})
    return then(ticket, resolved, resolve, "plugged in")


def test_answered_on_the_phone_by_who_took_the_call_is_first_contact() -> None:
    assert first_contact(_on_the_phone(), "1")
    assert first_contact(_on_the_phone("2026-10-02 16:50"), "1")
    assert first_contact(_on_the_phone(tier="helpdesk"), "helpdesk")


NOT_FIRST: dict[str, Callable[[], Ticket]] = {
    "by e-mail nobody is in contact": lambda: _on_the_phone(channel="email"),
    "the caller had hung up": lambda: _on_the_phone("2026-10-02 17:06"),
    "next Monday": lambda: _on_the_phone("2026-10-05 08:00"),
    "tier 2 answered": lambda: _on_the_phone(tier="2", queue="apps"),
    "a colleague resolved it": lambda: then(
        opened("2026-10-02 16:50", channel="phone"), "2026-10-02 16:55", resolve, "done", by="bo"
    ),
    "it was on hold": lambda: then(
        then(
            then(opened("2026-10-02 16:50", channel="phone"), "2026-10-02 16:51", hold, "requester"),
            "2026-10-02 16:52", resume,
        ),
        "2026-10-02 16:53", resolve, "done",
    ),
    "it went away and came back": lambda: then(
        then(
            then(opened("2026-10-02 16:50", channel="phone"), "2026-10-02 16:51", escalate, "?", queue="apps",
                 tier="2"),
            "2026-10-02 16:52", give_back, "not ours", tier="1",
        ),
        "2026-10-02 16:53", resolve, "done",
    ),
    "it was reopened": lambda: then(
        then(_on_the_phone("2026-10-02 16:51"), "2026-10-02 16:52", reopen, "silent again", until=None),
        "2026-10-02 16:53", resolve, "done",
    ),
    "it is not resolved": lambda: opened("2026-10-02 16:50", channel="phone"),
}  # fmt: skip


@pytest.mark.parametrize("why", NOT_FIRST)
def test_no_first_contact_when(why: str) -> None:
    assert not first_contact(NOT_FIRST[why](), "1")


# -- when a ticket was resolved ------------------------------------------------------------------------------


def _twice() -> Ticket:
    """Resolved in October, reopened in November, resolved in December."""
    ticket = then(opened("2026-10-02 16:50"), "2026-10-05 09:00", resolve, "new cable")
    ticket = then(ticket, "2026-11-02 09:00", reopen, "silent again", until=None)
    return then(ticket, "2026-12-01 09:00", resolve, "new phone")


def test_each_period_sees_the_resolution_that_fell_into_it() -> None:
    ticket = _twice()
    months = [Range(at(f"2026-{m}-01 00:00"), at(f"2026-{m + 1}-01 00:00")) for m in (10, 11)]
    assert resolved_in(ticket, months[0]) == at("2026-10-05 09:00")
    assert resolved_in(ticket, months[1]) is None
    assert resolved_in(ticket, Range()) == at("2026-12-01 09:00")


def test_the_time_that_an_import_knows_beats_the_time_of_its_event() -> None:
    ticket = msgspec.structs.replace(_twice(), resolved_at=at("2026-11-30 17:00"))
    assert resolved_in(ticket, Range(at("2026-11-01 00:00"), at("2026-12-01 00:00"))) == at("2026-11-30 17:00")


@pytest.mark.parametrize("field", ["responded_at", "resolved_at", "closed_at"])
def test_times_before_the_opening_are_dirty(field: str) -> None:
    ticket = opened("2026-10-02 16:50")
    assert not dirty(ticket)
    assert not dirty(msgspec.structs.replace(ticket, **{field: at("2026-10-02 16:50")}))
    assert dirty(msgspec.structs.replace(ticket, **{field: at("2026-10-02 16:49")}))
