"""Delivery: what waits in the outbox goes to its transports. The agency's lock is never held while anything is sent.

Of each agency one process delivers at a time. A delivery is recorded as soon as the other end has taken the message,
and brought to the disk before its notice leaves the outbox: whoever is killed in between repeats nothing that was
recorded.
"""

import gc
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

import msgspec

from csctool.desk.answers import Answers
from csctool.desk.desk import Desk
from csctool.desk.ports import Ledger, Letter, Outcome, Reading
from csctool.domain.business_hours.duration import parse_duration
from csctool.domain.notice import Delivery, Notice, delivered, in_turn, ready
from csctool.domain.past import ticket_after
from csctool.domain.retrying import after_failure
from csctool.domain.ticket import Ticket, split_key
from csctool.errors import CscError, DeliveryError, NotFoundError

#: So many messages, or as many as go out within so many seconds, leave the outbox in one write: few enough that a kill
#: repeats little work and readers see it shrink, so many that the writes cost nothing beside the sending.
BATCH, SECONDS = 250, 2.0

Told = Callable[[Delivery], None]


def _silent(_delivery: Delivery) -> None:
    """Nobody wants to hear of each."""


class Round(msgspec.Struct):
    """What a round of delivery did: how many messages went out, what failed by agency (what failed alike is told
    once), and the agencies that another process is delivering."""

    sent: int = 0
    failures: list[tuple[str, CscError]] = []
    busy: list[str] = []


def send(
    desk: Desk, agencies: Iterable[str] = (), *, only: Collection[str] | None = None, told: Told = _silent
) -> Round:  # fmt: skip
    """Deliver by hand what the next sweep would, or these notices now. Raises NotPermittedError."""
    desk.permit("deliver")
    return deliver(desk, agencies, only=only, told=told)


def deliver(
    desk: Desk, agencies: Iterable[str] = (), *, only: Collection[str] | None = None, told: Told = _silent
) -> Round:  # fmt: skip
    """Deliver what is due by now, agency by agency; with `only`, these notices and no others, whenever they are due.

    What fails stays in the outbox, and is told as DeliveryError. An agency whose files can't be used is told of, and
    keeps no other from delivery.
    """
    done = Round()
    try:
        for key in list(agencies) or desk.store.agencies():
            one = _Agency(desk, key, only, told)
            desk.touched.discard(key)
            try:
                one.deliver()
            except CscError as error:
                done.failures.append((key, error))
            done.sent += one.sent
            done.failures += ((key, error) for error in one.failures())
            done.busy += [key] * one.busy
    finally:
        desk.hang_up()
    return done


class _Agency:
    """The delivery of one agency's notices."""

    def __init__(self, desk: Desk, key: str, only: Collection[str] | None, told: Told) -> None:
        self._desk = desk
        self._key = key
        self._only = only
        self._told = told
        self._give_up = parse_duration(desk.settings.notify.give_up).seconds
        self._tried: set[str] = set()
        self._failed: dict[tuple[str, str | None, str], list[Notice]] = {}
        self._tickets: dict[tuple[str, int], Ticket] = {}
        self.sent = 0
        self.busy = False

    def deliver(self) -> None:
        """Until nothing is due. Who came meanwhile and found us at it has left: so at the end there is another look."""
        while self._pending(self._desk.store.reading(self._key)):
            if self._desk.dry_run:
                return self._rehearse()
            with self._desk.store.delivering(self._key) as ledger:
                if ledger is None:
                    self.busy = True
                    return None
                gc.enable()  # mails are full of circles: without it a long round would keep them all
                answers = Answers(self._desk, self._key)
                reading = self._desk.store.reading(self._key)
                known = ledger.known([notice.id for notice in reading.outbox()])
                while batch := self._pending(reading)[:BATCH]:
                    self._batch(ledger, reading, batch, known, answers)
                    reading = self._desk.store.reading(self._key)
        return None

    def failures(self) -> Iterator[DeliveryError]:
        """What could not be delivered; a server that is down is told once, however many wait for it."""
        for (transport, why, state), notices in self._failed.items():
            first, more = notices[0], len(notices)
            if more == 1:
                what = f"{first.ticket}: {first.to} was not told: {why}"
            else:
                what = f"{self._key}: {more} messages by {transport} were not delivered: {why}"
            some = first.id if more == 1 else f"--{state} -a {self._key}"
            yield DeliveryError(what, {
                "waiting": f"the next try is at {min(n.due for n in notices):%Y-%m-%d %H:%M:%SZ}",
                "dead": f"given up; csctool notify retry {some} tries again",
                "held": f"held; csctool notify retry {some} lets it go",
            }[state])  # fmt: skip

    def _pending(self, reading: Reading) -> list[Notice]:
        outbox = reading.outbox()
        if self._only is None:
            wanted = ready(outbox, self._desk.clock())
        else:
            wanted = [notice for notice in outbox if notice.id in self._only]
        return in_turn(notice for notice in wanted if notice.id not in self._tried)

    def _rehearse(self) -> None:
        now = self._desk.clock()
        for notice in self._pending(self._desk.store.reading(self._key)):
            self.sent += 1
            self._told(delivered(notice, now))

    def _batch(
        self, ledger: Ledger, reading: Reading, batch: list[Notice], known: set[str], answers: Answers
    ) -> None:  # fmt: skip
        """Send a batch, record it, and take it out of the outbox in one write."""
        now = self._desk.clock()
        until = time.monotonic() + SECONDS
        gone: set[str] = set()
        kept: dict[str, Notice] = {}
        ledger.expect([delivered(notice, now) for notice in batch if notice.id not in known])
        for notice in batch:
            if time.monotonic() > until:
                break
            self._tried.add(notice.id)
            if notice.id in known:
                gone.add(notice.id)
                continue
            letter, outcome = self._sent(reading, notice, answers)
            if outcome.error is None:
                record = delivered(notice, now, outcome.receipt, outcome.detail, answer=answers.took(letter))
                ledger.note(record)
                gone.add(notice.id)
                self.sent += 1
                self._told(record)
            else:
                kept[notice.id] = self._kept(notice, outcome, now)
        ledger.settle()
        self._save(gone, kept)

    def _save(self, gone: set[str], kept: dict[str, Notice]) -> None:
        with self._desk.store.unit(self._key) as unit:
            there = {notice.id: notice for notice in unit.outbox(self._key)}
            unit.post(self._key, [_meanwhile(there[id], new) for id, new in kept.items() if id in there])
            unit.drop(self._key, gone)

    def _kept(self, notice: Notice, outcome: Outcome, now: datetime) -> Notice:
        why = outcome.error or ""
        if outcome.hold:
            kept = msgspec.structs.replace(notice, state="held", error=why)
        else:
            kept = after_failure(notice, why, now, self._give_up, final=outcome.final)
        self._failed.setdefault((notice.transport, why, kept.state), []).append(kept)
        return kept

    def _sent(self, reading: Reading, notice: Notice, answers: Answers) -> tuple[Letter | None, Outcome]:
        try:
            ticket = self._ticket(reading, notice)
        except NotFoundError as error:
            return None, Outcome(error=error.message, final=True)
        except CscError as error:  # damage that may be repaired, a file that somebody else may read
            return None, Outcome(error=error.message)
        letter = Letter(notice, self._key, ticket, ticket.history[notice.seq - 1])
        return letter, answers.refused(letter) or self._desk.post.send(letter)

    def _ticket(self, reading: Reading, notice: Notice) -> Ticket:
        """The ticket as it stood after the event; the last is kept, since many are told of the same."""
        about = (notice.ticket, notice.seq)
        if about not in self._tickets:
            agency, _ = split_key(notice.ticket)
            whole = reading.ticket(notice.ticket) if agency == self._key else self._desk.store.get(notice.ticket)
            if not 0 < notice.seq <= len(whole.history):
                raise NotFoundError(f"{notice.ticket} has no event {notice.seq} any more")
            self._tickets = {about: ticket_after(whole, notice.seq)}
        return self._tickets[about]


def _meanwhile(there: Notice, new: Notice) -> Notice:
    """A notice after a try, as it is saved: what somebody held meanwhile stays held, and only the try counts."""
    if there.state != "held":
        return new
    return msgspec.structs.replace(there, tries=new.tries, error=new.error)
