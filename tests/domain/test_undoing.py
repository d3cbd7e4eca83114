"""An operation that is undone has not happened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csctool.domain import handover, lifecycle
from csctool.domain.effects import standing
from csctool.domain.past import unexplained
from csctool.domain.ticket import Due, Event, Link, Stamp, Ticket
from csctool.domain.undoing import Share
from csctool.errors import RefusedError

FRIDAY = datetime(2026, 10, 2, 16, 50, tzinfo=UTC)
LATER = FRIDAY + timedelta(days=3)

Verb = Callable[[Ticket, Stamp], Ticket]

VERBS: dict[str, Verb] = {
    "start": lambda t, s: lifecycle.start(t, s),
    "give to bo": lambda t, s: handover.assign(t, s, queue=None, tier=None, person="bo"),
    "give to apps": lambda t, s: handover.assign(t, s, queue="apps", tier="2", person=None),
    "hold": lambda t, s: lifecycle.hold(t, s, "vendor", until=LATER),
    "wait for them": lambda t, s: lifecycle.hold(t, s, "requester"),
    "resume": lambda t, s: lifecycle.resume(t, s),
    "more urgent": lambda t, s: lifecycle.triage(t, s, {"priority": "P1", "impact": 1}, phone=("P1",)),
    "less urgent": lambda t, s: lifecycle.triage(t, s, {"priority": "P4", "impact": 3}, phone=("P1",)),
    "a room": lambda t, s: lifecycle.triage(t, s, {"fields": {**t.fields, "room": "7"}}),
    "an asset": lambda t, s: lifecycle.triage(t, s, {"fields": {**t.fields, "asset": "4711"}}),
    "tell cy too": lambda t, s: lifecycle.triage(t, s, {"cc": tuple(dict.fromkeys((*t.cc, "cy")))}),
    "no fields": lambda t, s: lifecycle.triage(t, s, {"fields": {}, "cc": ()}),
    "agree": lambda t, s: lifecycle.triage(t, s, {"due": Due(None, LATER)}, note="agreed"),
    "escalate": lambda t, s: handover.escalate(t, s, "needs a developer", queue="apps", tier="2", person="cy"),
    "tell the lead": lambda t, s: handover.escalate_hierarchic(t, s, "takes long", to="dee", by="requester"),
    "return": lambda t, s: handover.give_back(t, s, "not ours", tier="1"),
    "diagnose": lambda t, s: lifecycle.diagnose(t, s, "cable"),
    "callback": lambda t, s: lifecycle.callback(t, s, True),
    "note": lambda t, s: lifecycle.note(t, s, "asked", minutes=5),
    "tell": lambda t, s: lifecycle.note(t, s, "looked at it", public=True, channel="phone", minutes=2),
    "answer": lambda t, s: lifecycle.note(t, s, "room 7", from_requester=True),
    "link": lambda t, s: lifecycle.link(t, s, "relates-to", "DHS-8"),
    "another link": lambda t, s: lifecycle.link(t, s, "caused-by", "DHS-9"),
    "resolve": lambda t, s: lifecycle.resolve(t, s, "new cable", training="needed:voice mail", minutes=10),
    "close": lambda t, s: lifecycle.close(t, s),
    "reopen": lambda t, s: lifecycle.reopen(t, s, "silent again", until=None),
    "cancel": lambda t, s: lifecycle.cancel(t, s, "twice", code="duplicate", links=(Link("duplicate-of", "DHS-9"),)),
}  # fmt: skip

deeds = st.lists(st.sampled_from(sorted(VERBS)), max_size=14)


def opened() -> Ticket:
    draft = Ticket(
        key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject="No dial tone", channel="email",
        cc=("bo@example.gov",), queue="service-desk", tier="1", desk="service-desk", fields={"asset": "12"},
        links=(Link("follows", "DHS-7"),),
    )  # fmt: skip
    return lifecycle.open_ticket(draft, stamp(0), once="pbx-7")


def stamp(number: int, op: str = "") -> Stamp:
    return Stamp(op or f"op {number}", FRIDAY + timedelta(minutes=number), "ana")


def done(ticket: Ticket, verb: str, op: str = "") -> Ticket | None:
    """The ticket a minute later; None when the verb is refused."""
    try:
        return VERBS[verb](ticket, stamp(ticket.version, op))
    except RefusedError:
        return None


def undone(ticket: Ticket, op: str, by: str = "") -> Ticket:
    share = Share(ticket, op)
    assert share.stands
    assert share.obstacle() is None
    after = share.undone(stamp(ticket.version, by or f"undo of {op}"))
    assert not Share(after, op).stands
    assert unexplained(after) == []
    return after


def said(event: Event) -> set[str]:
    """What an event changed; that it was the response shows only when it is the first."""
    return {*event.changes} - {"responded_at"}


def looks(ticket: Ticket) -> dict[str, Any]:
    """What can be seen of a ticket, and what its next verbs go by."""
    fields = {name: value for name, value in msgspec.structs.asdict(ticket).items()
              if name not in ("version", "updated_at", "history")}  # fmt: skip
    return fields | {
        "hold": lifecycle.holding(ticket),
        "left": handover.queues_left(ticket),
        "returned": handover.returned_by(ticket),
        "before": {status: lifecycle.status_before(ticket, status) for status in ("on-hold", "resolved")},
    }


@given(deeds)
def test_one_after_the_other_goes_back_the_way_it_came(verbs: list[str]) -> None:
    ticket = opened()
    seen = []
    for verb in verbs:
        after = done(ticket, verb)
        if after is not None:
            seen.append((looks(ticket), after.history[-1].op))
            ticket = after
    for before, op in reversed(seen):
        ticket = undone(ticket, op)
        assert looks(ticket) == before
    assert [event.verb for event in standing(ticket.history) if event.verb != "undo"] == ["open"]


@given(deeds, st.integers(1, 4))
def test_an_operation_of_several_events_goes_as_one_and_comes_back_as_one(verbs: list[str], many: int) -> None:
    ticket = before = opened()
    for number, verb in enumerate(verbs):
        if number == max(0, len(verbs) - many):
            before = ticket
        op = "last" if number >= len(verbs) - many else f"op {number}"
        ticket = done(ticket, verb, op) or ticket
    if ticket is before:
        return
    gone = undone(ticket, "last", "undo")
    assert looks(gone) == looks(before)
    back = undone(gone, "undo", "redo")
    assert looks(back) == looks(ticket)
    assert looks(undone(back, "redo")) == looks(gone)
    assert looks(undone(back, "last")) == looks(gone)


@settings(max_examples=300)
@given(deeds, st.data())
def test_undone_in_the_midst_of_others_is_as_if_it_had_never_happened(verbs: list[str], data: st.DataObject) -> None:
    with_it = without = opened()
    lived = []
    for verb in verbs:
        after = done(with_it, verb)
        if after is not None:
            with_it = after
            lived.append(verb)
    if not lived:
        return
    chosen = data.draw(st.integers(0, len(lived) - 1))
    op = f"op {chosen + 1}"
    if Share(with_it, op).obstacle() is not None:
        return
    for number, verb in enumerate(lived):
        if number != chosen:
            without = VERBS[verb](without, stamp(number + 1))
            # What was the case already when somebody said it again, history does not know.
            assume(said(without.history[-1]) == said(with_it.history[number + 1]))
    assert looks(undone(with_it, op)) == looks(without)
    again = undone(undone(with_it, op, "undo"), "undo")
    assert looks(again) == looks(with_it)


@given(deeds)
def test_an_opening_that_is_undone_is_hidden_and_comes_back(verbs: list[str]) -> None:
    ticket = opened()
    for verb in verbs:
        ticket = done(ticket, verb, "op 0") or ticket
    gone = undone(ticket, "op 0", "undo")
    assert (gone.status, gone.flags[-1:], gone.closed_at) == ("cancelled", ("undone",), gone.updated_at)
    assert len(standing(gone.history)) == len(gone.history)
    assert looks(undone(gone, "undo")) == looks(ticket)
