"""What a ticket looked like at a past time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctool.domain import handover, lifecycle
from csctool.domain.past import ticket_as_of
from csctool.domain.ticket import Due, Link, Stamp, Ticket
from csctool.errors import RefusedError

FRIDAY = datetime(2026, 10, 2, 16, 50, tzinfo=UTC)

Verb = Callable[[Ticket, Stamp], Ticket]


def _draft() -> Ticket:
    return Ticket(
        key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject="No dial tone", channel="phone",
        cc=("bo@example.gov",), queue="service-desk", tier="1", desk="service-desk", fields={"asset": "4711"},
        links=(Link("follows", "DHS-0"),), due=Due(response=FRIDAY + timedelta(hours=4)),
    )  # fmt: skip


def _opened() -> Ticket:
    return lifecycle.open_ticket(_draft(), Stamp("op 0", FRIDAY, "ana"), objections=["which phone?"], once="pbx-7")


VERBS: dict[str, Verb] = {
    "start": lambda t, s: lifecycle.start(t, s),
    "hold": lambda t, s: lifecycle.hold(t, s, "vendor", until=s.at + timedelta(days=3)),
    "resume": lambda t, s: lifecycle.resume(t, s),
    "triage": lambda t, s: lifecycle.triage(
        t, s, {"priority": "P1", "impact": 1, "fields": {"n": t.version}, "cc": (), "due": Due(None, s.at)},
        phone=("P1",),
    ),
    "escalate": lambda t, s: handover.escalate(t, s, "needs a developer", queue="apps", tier="2", person="cy"),
    "tell the lead": lambda t, s: handover.escalate_hierarchic(t, s, "takes long", to="dee", by="requester"),
    "return": lambda t, s: handover.give_back(t, s, "not ours", tier="1"),
    "diagnose": lambda t, s: lifecycle.diagnose(t, s, f"cable {t.version}"),
    "callback": lambda t, s: lifecycle.callback(t, s, True),
    "note": lambda t, s: lifecycle.note(t, s, "asked", public=True, minutes=5, channel="phone"),
    "answer": lambda t, s: lifecycle.note(t, s, "room 7", from_requester=True),
    "link": lambda t, s: lifecycle.link(t, s, "relates-to", f"DHS-{t.version + 10}"),
    "resolve": lambda t, s: lifecycle.resolve(t, s, "new cable", training="needed:voice mail", minutes=10),
    "close": lambda t, s: lifecycle.close(t, s),
    "reopen": lambda t, s: lifecycle.reopen(t, s, "silent again", until=None),
    "cancel": lambda t, s: lifecycle.cancel(t, s, "twice", code="duplicate", links=(Link("duplicate-of", "DHS-9"),)),
}  # fmt: skip


def _lived(verbs: list[str]) -> list[Ticket]:
    """The ticket after each of the verbs that its status allowed, a minute apart."""
    states = [_opened()]
    for minute, verb in enumerate(verbs, 1):
        try:
            states.append(VERBS[verb](states[-1], Stamp(f"op {minute}", FRIDAY + timedelta(minutes=minute), "bo")))
        except RefusedError:
            continue
    return states


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=15))
def test_every_past_state_comes_back_whole(verbs: list[str]) -> None:
    states = _lived(verbs)
    for state in states:
        assert state.updated_at is not None
        assert ticket_as_of(states[-1], state.updated_at) == state


@given(st.lists(st.sampled_from(sorted(VERBS)), max_size=15))
def test_now_is_the_same_ticket_and_before_the_opening_there_is_none(verbs: list[str]) -> None:
    last = _lived(verbs)[-1]
    assert ticket_as_of(last, FRIDAY + timedelta(days=1)) is last
    assert ticket_as_of(last, FRIDAY - timedelta(seconds=1)) is None


def test_the_second_before_the_escalation_it_still_stood_at_the_desk() -> None:
    states = _lived(["start", "escalate", "resolve", "close"])
    then = ticket_as_of(states[-1], FRIDAY + timedelta(minutes=2) - timedelta(seconds=1))
    assert then is not None
    assert (then.queue, then.tier, then.status, then.assignee) == ("service-desk", "1", "in-progress", "bo")
    assert (then.resolved_at, then.closed_at, then.handovers, then.version) == (None, None, 0, 2)


def test_times_links_and_promises_come_back_as_what_they_are() -> None:
    states = _lived(["triage", "link", "resolve", "reopen", "triage", "cancel"])
    then = ticket_as_of(states[-1], FRIDAY + timedelta(minutes=3))
    assert then is not None
    assert then.resolved_at == FRIDAY + timedelta(minutes=3)
    assert then.links == (Link("follows", "DHS-0"), Link("relates-to", "DHS-12"))
    assert then.due == Due(None, FRIDAY + timedelta(minutes=1))


@pytest.mark.parametrize("verb", ["hold", "tell the lead", "callback"])
def test_what_is_no_field_of_the_ticket_is_passed_over(verb: str) -> None:
    before, after = _lived([verb])
    assert ticket_as_of(after, FRIDAY) == before
