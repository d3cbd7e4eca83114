"""The agenda never names a time too late: whatever a sweep would do, it wakes it for."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from csctool.domain.agenda import agenda, earliest, held_until, quiet_since, together
from csctool.domain.lifecycle import record
from csctool.domain.sla.alarms import due_alarms, next_alarm, told
from csctool.domain.ticket import Due, Stamp, Ticket

MONDAY = datetime(2026, 10, 5, 9, tzinfo=UTC)
TIMES = st.integers(-200, 200).map(lambda hours: MONDAY + timedelta(hours=hours))
MAYBE = st.none() | TIMES


def plain(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


@st.composite
def clocks(draw: st.DrawFn) -> dict[str, object]:
    """A clock as a ticket carries it: late ones know since when, running ones when they are due."""
    state = draw(st.sampled_from(["running", "paused", "met", "breached", "cancelled"]))
    times = {name: draw(MAYBE) for name in ("due", "warns_at")}
    if state == "breached":
        times["breached_at"] = draw(TIMES)
    return {"state": state, **{name: plain(at) for name, at in times.items() if at}}


@st.composite
def tickets(draw: st.DrawFn) -> Ticket:
    sla = {name: draw(clocks()) for name in ("response", "resolution") if draw(st.booleans())}
    if draw(st.booleans()):
        sla["ola"] = [{"name": "apps", "stay": 1, "clock": "resolution", **draw(clocks())}]
    status = draw(st.sampled_from(["queued", "on-hold", "resolved", "closed", "cancelled"]))
    ticket = Ticket("DHS-1", "DHS", 1, "incident", status, "x", due=Due(draw(MAYBE), draw(MAYBE)), sla=sla,
                    responded_at=draw(MAYBE), resolved_at=draw(MAYBE))  # fmt: skip
    held = {"for": "other", "until": plain(until) if (until := draw(MAYBE)) else None}
    ticket = record(ticket, Stamp("op", MONDAY, "ana"), "hold", {}, extra={"hold": (None, held)})
    now = MONDAY + timedelta(hours=draw(st.integers(0, 100)))
    for alarm in due_alarms(ticket, now):
        if draw(st.booleans()):
            ticket = record(ticket, Stamp("op", now, "sweep"), alarm.verb, {}, extra=told(alarm))
    return ticket


@given(tickets(), TIMES)
def test_whatever_is_due_is_on_the_agenda_by_then(ticket, now):
    assume(now >= ticket.history[-1].at)
    waits = agenda(ticket)
    until = held_until(ticket)
    if due_alarms(ticket, now) or (until is not None and until <= now and ticket.live):
        assert waits.at is not None
        assert waits.at <= now
    assert (waits.quiet is not None) == (ticket.status == "resolved")
    assert waits.finished == (ticket.status in ("closed", "cancelled"))


@given(tickets(), TIMES)
def test_when_everything_is_told_the_agenda_names_no_time_that_has_passed(ticket, now):
    """Or a desk whose promises are broken would look at its tickets every five minutes for ever."""
    assume(now >= ticket.history[-1].at)
    while alarms := due_alarms(ticket, now):
        ticket = record(ticket, Stamp("op", now, "sweep"), alarms[0].verb, {}, extra=told(alarms[0]))
    following = next_alarm(ticket)
    assert following is None or following >= now


@given(st.lists(tickets(), max_size=4))
def test_an_agency_waits_for_the_first_of_what_its_tickets_wait_for(found):
    whole = together(map(agenda, found), None, MONDAY)
    assert whole.at == earliest([MONDAY, *(agenda(ticket).at for ticket in found)])
    assert whole.quiet == earliest(quiet_since(ticket) for ticket in found)
    assert whole.finished == sum(not ticket.live for ticket in found)


def test_what_the_sweep_tells_does_not_put_off_the_closing():
    ticket = Ticket("DHS-1", "DHS", 1, "incident", "resolved", "x", resolved_at=MONDAY)
    ticket = record(ticket, Stamp("op", MONDAY, "ana"), "resolve", {})
    late = record(ticket, Stamp("op", MONDAY + timedelta(hours=2), "sweep"), "breach", {})
    assert quiet_since(late) == MONDAY
    assert quiet_since(msgspec.structs.replace(ticket, status="closed")) is None
