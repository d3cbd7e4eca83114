"""Delivery: what waits in the outbox goes to its transports. The agency's lock is never held while anything is sent.

Of each agency one process delivers at a time. Every delivery is recorded before its notice leaves the outbox, so that a
process that is killed in between repeats nothing that was recorded.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.ports import Letter, Outcome
from csctool.domain.notice import Delivery, Notice, delivered, failed, ready
from csctool.domain.past import ticket_after
from csctool.errors import CscError, DeliveryError

#: First and longest wait after a failure, and for how long it is tried.
FIRST, LONGEST, GIVE_UP = timedelta(minutes=1), timedelta(hours=4), timedelta(days=3)


class Round(msgspec.Struct):
    """What a round of delivery did: who was told, what was tried in vain, and failures by agency."""

    sent: list[Delivery]
    failed: list[Notice]
    failures: list[tuple[str, CscError]]


def send(desk: Desk, agencies: Iterable[str] = ()) -> Round:
    """Deliver by hand what the next sweep would. Raises NotPermittedError."""
    desk.permit("deliver")
    return deliver(desk, agencies)


def deliver(desk: Desk, agencies: Iterable[str] = ()) -> Round:
    """Deliver what is due by now, agency by agency. What fails stays in the outbox, and is told as DeliveryError."""
    done = Round([], [], [])
    for key in list(agencies) or desk.store.agencies():
        try:
            _agency(desk, key, done)
        except CscError as error:
            done.failures.append((key, error))
    return done


def _agency(desk: Desk, key: str, done: Round) -> None:
    now = desk.clock()
    if not ready(desk.store.outbox(key), now):
        return
    if desk.dry_run:
        done.sent += [delivered(notice, now) for notice in ready(desk.store.outbox(key), now)]
        return
    with desk.store.delivering(key) as mine:
        if not mine:
            return  # somebody else is at it
        notices = ready(desk.store.outbox(key), now)
        known = {d.id for d in desk.store.deliveries(key)}
        gone = [notice.id for notice in notices if notice.id in known]
        kept: list[Notice] = []
        letters = [_letter(desk, key, notice) for notice in notices if notice.id not in known]
        for letter, outcome in desk.post.send(letters):
            if outcome.error is None:
                record = delivered(letter.notice, now, outcome.receipt, outcome.detail)
                desk.store.record(key, [record])
                done.sent.append(record)
                gone.append(letter.notice.id)
            else:
                again = _again(letter.notice, outcome, now)
                kept.append(again)
                done.failed.append(again)
                done.failures.append((key, DeliveryError(f"{again.ticket}: {again.to} was not told: {again.error}")))
        with desk.store.unit(key) as unit:
            unit.post(key, kept)
            unit.drop(key, gone)


def _letter(desk: Desk, key: str, notice: Notice) -> Letter:
    ticket = ticket_after(desk.store.get(notice.ticket), notice.seq)
    return Letter(notice, key, ticket, ticket.history[notice.seq - 1])


def _again(notice: Notice, outcome: Outcome, now: datetime) -> Notice:
    wait = min(LONGEST, FIRST * 2 ** min(notice.tries, 16))
    dead = outcome.final or now + wait - notice.at > GIVE_UP
    return failed(notice, outcome.error or "", now + wait, dead=dead)
