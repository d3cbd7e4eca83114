"""Delivery: what waits in the outbox goes to its transports. The agency's lock is never held while anything is sent.

Of each agency one process delivers at a time. A delivery is recorded as soon as the other end has taken the message,
and brought to the disk before its notice leaves the outbox: whoever is killed in between repeats nothing that was
recorded.
"""

import gc
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from csctool.desk.answers import Answers
from csctool.desk.desk import Desk
from csctool.desk.ports import Ledger, Letter, Outcome, Reading
from csctool.domain.bundles import HOUR, Bundle, Limits, Place, Plan, limits, place, plan, repeats, singly
from csctool.domain.business_hours.duration import parse_duration
from csctool.domain.notice import Delivery, Notice, delivered, identity, ready
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
        self._letters: dict[Place, list[datetime]] = {}
        self._last: dict[tuple[Place, str, str], datetime] = {}
        self._looked = False
        self.sent = 0
        self.busy = False

    def deliver(self) -> None:
        """Until nothing is due. Who came meanwhile and found us at it has left: so at the end there is another look."""
        while (plan := self._plan(self._desk.store.reading(self._key))).bundles or plan.later:
            if self._desk.dry_run:
                return self._rehearse(plan)
            with self._desk.store.delivering(self._key) as ledger:
                if ledger is None:
                    self.busy = True
                    return None
                gc.enable()  # mails are full of circles: without it a long round would keep them all
                answers = Answers(self._desk, self._key)
                reading = self._desk.store.reading(self._key)
                known = ledger.known([notice.id for notice in reading.outbox()])
                while (plan := self._plan(reading)).bundles or plan.later:
                    self._batch(ledger, reading, self._sealed(plan), known, answers)
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

    def _plan(self, reading: Reading) -> Plan:
        outbox = [notice for notice in reading.outbox() if notice.id not in self._tried]
        if self._only is not None:
            return Plan(singly(notice for notice in outbox if notice.id in self._only), [])
        now = self._desk.clock()
        if not ready(outbox, now):
            return Plan([], [])
        bounds = limits(self._desk.settings, self._desk.directory.agency(self._key))
        free = self._desk.teller.agency(self._key).allowed
        return plan(outbox, now, bounds, lambda one: max(free(one, now), self._again(one, bounds, now)), self._recent)

    def _again(self, notice: Notice, bounds: Limits, now: datetime) -> datetime:
        """When a notice may go out that tells of the same event of the same ticket as a letter just now."""
        if not bounds.merge or not repeats(notice):
            return now
        self._look_back(bounds.merge)
        last = self._last.get((place(notice), notice.ticket, notice.event))
        return last + bounds.merge if last is not None and last <= now else now

    def _recent(self) -> dict[Place, list[datetime]]:
        """When each place got a letter within the last hour. A letter that told several things is one."""
        self._look_back(HOUR)
        return self._letters

    def _look_back(self, over: timedelta) -> None:
        """Read what was delivered lately."""
        if self._looked:
            return
        self._looked = True
        now = self._desk.clock()
        seen: set[str] = set()
        for one in self._desk.store.deliveries(self._key, now - max(HOUR, over)):
            self._last[place(one), one.ticket, one.event] = one.at
            if one.at > now - HOUR and (one.letter is None or one.letter not in seen):
                seen.add(one.letter or "")
                self._letters.setdefault(place(one), []).append(one.at)

    def _remember(self, notices: list[Notice], now: datetime) -> None:
        """What has just left as one letter, where what was delivered lately has been read already."""
        if self._looked:
            there = place(notices[-1])
            self._letters.setdefault(there, []).append(now)
            self._last.update({(there, notice.ticket, notice.event): now for notice in notices})

    def _rehearse(self, plan: Plan) -> None:
        now = self._desk.clock()
        for bundle in plan.bundles:
            self.sent += 1
            for notice in bundle.told:
                self._told(delivered(notice, now))

    def _sealed(self, plan: Plan) -> list[Bundle]:
        """The next bundles to be sent. What is put off is saved, and so is what goes into one letter, before that
        leaves: whatever happens then, it is this letter that is tried again."""
        bundles: list[Bundle] = []
        count = 0
        for bundle in plan.bundles:
            bundles.append(bundle)
            count += len(bundle.notices)
            if count >= BATCH:
                break
        new = {notice.id: notice for notice in plan.later}
        seals = {
            n.id: one.lead.id for one in bundles for n in one.told if not n.letter and (len(one.told) > 1 or n.group)
        }
        if not new and not seals:
            return bundles
        with self._desk.store.unit(self._key) as unit:
            there = {notice.id: notice for notice in unit.outbox(self._key) if notice.state == "waiting"}
            later = [msgspec.structs.replace(there[id], due=one.due) for id, one in new.items() if id in there]
            sealed = {id: msgspec.structs.replace(there[id], letter=to) for id, to in seals.items() if id in there}
            unit.post(self._key, [*later, *sealed.values()])
        found = []
        for bundle in bundles:
            told = [sealed.get(n.id, n) for n in bundle.told if n.id in sealed or n.id not in seals]
            if told:
                found.append(Bundle(tuple(told), bundle.also))
        return found

    def _batch(
        self, ledger: Ledger, reading: Reading, batch: list[Bundle], known: set[str], answers: Answers
    ) -> None:  # fmt: skip
        """Send a batch, record it, and take it out of the outbox in one write."""
        now = self._desk.clock()
        until = time.monotonic() + SECONDS
        gone: set[str] = set()
        kept: dict[str, Notice] = {}
        ledger.expect([delivered(n, now) for bundle in batch for n in bundle.notices if n.id not in known])
        for bundle in batch:
            if time.monotonic() > until:
                break
            self._tried.update(notice.id for notice in bundle.notices)
            gone.update(notice.id for notice in bundle.notices if notice.id in known)
            told = [notice for notice in bundle.told if notice.id not in known]
            if not told:
                gone.update(notice.id for notice in bundle.also)
                continue
            also = [notice for notice in bundle.also if notice.id not in known]
            letters, lost = self._sayable(reading, told, also)
            for notice, why in lost:
                kept |= self._kept([_apart(notice)], why, now)
            if not letters:
                continue
            told = [letter.notice for letter in letters]
            letter, outcome = self._sent(letters, answers)
            rest = [notice for notice in (*also, *told) if notice.id not in kept]
            if outcome.error is None:
                answer = answers.took(letter)
                several = (told[-1].letter or told[-1].id) if len(rest) > 1 else None
                for notice in rest:
                    record = delivered(notice, now, outcome.receipt, outcome.detail, answer=answer, letter=several)
                    ledger.note(record)
                    gone.add(notice.id)
                    if notice in told:
                        self._told(record)
                self.sent += 1
                self._remember(rest, now)
            else:
                kept |= self._kept(rest, outcome, now)
        ledger.settle()
        self._save(gone, kept)

    def _save(self, gone: set[str], kept: dict[str, Notice]) -> None:
        with self._desk.store.unit(self._key) as unit:
            there = {notice.id: notice for notice in unit.outbox(self._key)}
            unit.post(self._key, [_meanwhile(there[id], new) for id, new in kept.items() if id in there])
            unit.drop(self._key, gone)

    def _kept(self, notices: list[Notice], outcome: Outcome, now: datetime) -> dict[str, Notice]:
        """The notices of a letter that was not taken: they go on together, the last leading."""
        why, lead = outcome.error or "", notices[-1]
        if outcome.hold:
            new = msgspec.structs.replace(lead, state="held", error=why)
        else:
            new = after_failure(lead, why, now, self._give_up, final=outcome.final)
        letter = lead.letter or (lead.id if len(notices) > 1 else None)
        kept = {
            one.id: msgspec.structs.replace(
                one, state=new.state, tries=new.tries, error=new.error, due=new.due, letter=letter
            )
            for one in notices
        }
        self._failed.setdefault((lead.transport, why, new.state), []).extend(kept.values())
        return kept

    def _sent(self, letters: list[Letter], answers: Answers) -> tuple[Letter, Outcome]:
        letter = letters[-1]
        if letter.notice.letter:
            notice = msgspec.structs.replace(letter.notice, id=letter.notice.letter)
            letter = msgspec.structs.replace(letter, notice=notice, others=tuple(letters[:-1]))
        return letter, answers.refused(letter) or self._desk.post.send(letter)

    def _sayable(
        self, reading: Reading, told: list[Notice], also: list[Notice]
    ) -> tuple[list[Letter], list[tuple[Notice, Outcome]]]:  # fmt: skip
        """What is told, and what can't be and why: a ticket that is missing keeps no other from being told."""
        letters: list[Letter] = []
        lost: list[tuple[Notice, Outcome]] = []
        for notice in told:
            try:
                letters.append(self._letter(reading, notice))
            except NotFoundError as error:
                lost.append((notice, Outcome(error=error.message, final=True)))
            except CscError as error:  # damage that may be repaired, a file that somebody else may read
                lost.append((notice, Outcome(error=error.message)))
        why = {notice.ticket: outcome for notice, outcome in lost}
        said = {letter.notice.ticket for letter in letters}
        lost += [(one, why[one.ticket]) for one in also if one.ticket in why and one.ticket not in said]
        return letters, lost

    def _letter(self, reading: Reading, notice: Notice) -> Letter:
        ticket = self._ticket(reading, notice)
        return Letter(notice, self._key, ticket, ticket.history[notice.seq - 1])

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


def _apart(notice: Notice) -> Notice:
    """A notice that its letter could not tell. It goes on by itself, and under a name of its own: the letter may leave
    without it, and of two letters of one name mail programs show one."""
    if not notice.letter:
        return notice
    name = identity(notice.ticket, notice.seq, notice.transport, f"{notice.letter} {notice.id}")
    return msgspec.structs.replace(notice, letter=name)


def _meanwhile(there: Notice, new: Notice) -> Notice:
    """A notice after a try, as it is saved: what somebody held meanwhile stays held, and only the try counts."""
    if there.state != "held":
        return new
    return msgspec.structs.replace(there, tries=new.tries, error=new.error)
