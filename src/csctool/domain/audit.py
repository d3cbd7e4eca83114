"""The chain over a ticket's history: each event carries a digest over its predecessor's and its own content.

Whoever changes, removes or reorders an event breaks the chain from there on, unless they recompute the rest. Against
that only a copy of the last digest in somebody else's hands helps: `head` is made for it.
"""

from collections.abc import Iterable

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


def broken(ticket: Ticket) -> Break | None:
    """The first place at which the chain does not hold; None for a sound history."""
    previous = ""
    for at, event in enumerate(ticket.history, 1):
        if event.seq != at:
            return Break(ticket.key, at, f"event {event.seq} stands where event {at} belongs")
        if event.digest != seal(ticket.key, previous, event):
            return Break(ticket.key, at, "its digest does not fit its content and its predecessor")
        previous = event.digest
    if not ticket.history:
        return Break(ticket.key, 0, "it has no history")
    return None


def head(tickets: Iterable[Ticket], before: str) -> tuple[int, str]:
    """(how many tickets, one digest over the last event of each), of all that operations wrote before a real time.

    `before` is a real time as operation ids begin with, `20261122T013407Z`. What is added later changes nothing in it,
    so that a head which was kept elsewhere can be compared at any time.
    """
    last = [(t.number, t.key, digest) for t in tickets if (digest := _last(t, before))]
    whole = blake2b(digest_size=SIZE)
    for _, key, digest in sorted(last):
        whole.update(f"{key} {digest}\n".encode())
    return len(last), whole.hexdigest()


def _last(ticket: Ticket, before: str) -> str | None:
    """The digest of the last event that was really written before then."""
    return next((e.digest for e in reversed(ticket.history) if e.op[: len(before)] < before), None)
