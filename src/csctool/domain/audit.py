"""The chain over a ticket's history: a store seals each event over its content and the seal of its predecessor.

Whoever changes, removes or reorders an event breaks the chain from there on, unless they recompute the rest. Against
that only a copy of the last seals in somebody else's hands helps: `head` is made for it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from csctool.domain.ticket import Event, Frozen, Ticket

try:  # the same function as in hashlib, without loading OpenSSL at every start
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: Bytes of a digest: 128 bits, so that nobody finds another history with the same digest.
SIZE = 16

_encode = msgspec.json.Encoder(order="deterministic").encode


class Break(Frozen, frozen=True):
    """Where a ticket stops being what its history says: the event (0 for the ticket itself) and why."""

    key: str
    seq: int
    why: str


class Gap(Frozen, frozen=True):
    """Numbers from `first` to `last` that are never given out any more and have no tickets, and why: a restore or a
    repair lost them, or an import passed them over."""

    first: int
    last: int
    why: str


PASSED_OVER = "passed over by an import with numbers of its own"


def gaps_after(gaps: Iterable[Gap], given: int, entered: Sequence[int]) -> list[Gap]:
    """What is left of the gaps, and becomes one, when tickets with the numbers `entered` (at least one, in order) come
    to an agency that had given out numbers up to `given`."""
    spans = list(gaps)
    if entered[-1] > given:
        spans.append(Gap(given + 1, entered[-1], PASSED_OVER))
    return [piece for span in spans for piece in _around(span, entered)]


def _around(span: Gap, entered: Sequence[int]) -> Iterator[Gap]:
    first = span.first
    for number in entered[bisect_left(entered, span.first) : bisect_right(entered, span.last)]:
        if number > first:
            yield Gap(first, number - 1, span.why)
        first = number + 1
    if first <= span.last:
        yield Gap(first, span.last, span.why)


def seal(key: str, previous: str, event: Event) -> str:
    """The digest of an event that follows one with the digest `previous` ("" for the first): 32 hexadecimal digits.

    Digests are taken over the content in a fixed order of fields, so that fields which a later version adds to an event
    do not break older chains.
    """
    decisions = [
        (d.hook, d.answer, d.plugin, d.version, d.rule, d.reason, [(p.plugin, p.why) for p in d.passed])
        for d in event.decisions
    ]
    content = (
        key, previous, event.seq, event.op, event.at, event.actor, event.via, event.verb, event.changes, event.note,
        decisions,
    )  # fmt: skip
    digest: str = blake2b(_encode(content), digest_size=SIZE).hexdigest()
    return digest


def chain(ticket: Ticket, kept: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The seals of a ticket's events, in order. Those that were `kept` when earlier events were saved stay as they are,
    so that no later change seals a rewritten past."""
    seals = list(kept)
    for event in ticket.history[len(kept) :]:
        seals.append(seal(ticket.key, seals[-1] if seals else "", event))
    return tuple(seals)


def broken(ticket: Ticket, seals: tuple[str, ...]) -> Break | None:
    """The first place at which the seals do not hold; None for a sound history."""
    if not ticket.history:
        return Break(ticket.key, 0, "it has no history")
    previous = ""
    for at, event in enumerate(ticket.history, 1):
        if event.seq != at:
            return Break(ticket.key, at, f"event {event.seq} stands where event {at} belongs")
        if at > len(seals):
            return Break(ticket.key, at, "it is not sealed")
        if seals[at - 1] != seal(ticket.key, previous, event):
            return Break(ticket.key, at, "its seal does not fit its content and its predecessor")
        previous = seals[at - 1]
    if len(seals) > len(ticket.history):
        return Break(ticket.key, len(ticket.history) + 1, "it was sealed and is gone")
    return None


class Sealed(NamedTuple):
    """A ticket with the seals of its events, and the `number` under which the store has filed it."""

    ticket: Ticket
    seals: tuple[str, ...]
    number: int


def head(sealed: Iterable[Sealed], before: str) -> tuple[int, str]:
    """(how many tickets, one digest over the last seal of each), of all that operations wrote before a real time.

    `before` is a real time as operation ids begin with, `20261122T013407Z`. What is added later changes nothing in it,
    so that a head which was kept elsewhere can be compared at any time.
    """
    last = [(number, t.key, found) for t, seals, number in sealed if (found := _last(t, seals, before))]
    whole = blake2b(digest_size=SIZE)
    for _, key, found in sorted(last):
        whole.update(f"{key} {found}\n".encode())
    return len(last), whole.hexdigest()


def _last(ticket: Ticket, seals: tuple[str, ...], before: str) -> str | None:
    """The seal of the last event that was really written before then."""
    pairs = zip(ticket.history, seals, strict=False)
    return next((s for e, s in reversed(list(pairs)) if e.op[: len(before)] < before), None)
