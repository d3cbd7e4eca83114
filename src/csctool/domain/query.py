"""What to look for, as a value that every store can answer."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from csctool.domain.ticket import Ticket
from csctool.domain.words import FINISHED, LIVE, PRIORITIES, UNDONE


class Range(msgspec.Struct, frozen=True):
    """From `since` (included) to `until` (excluded); None is open-ended."""

    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime | None) -> bool:
        """Whether a time lies in the range; no time never does."""
        if at is None:
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


#: How much of each ticket is wanted: all; all but its history, which stays undecoded; or neither texts nor history. A
#: store may answer with more.
Detail = Literal["whole", "outline", "brief"]


class Query(msgspec.Struct, frozen=True):
    """Which tickets. An empty tuple or None asks nothing of that field; values of one field are alternatives.

    `unassigned` wants no assignee; `everything` includes closed and cancelled tickets, which are otherwise looked at
    only when `statuses` or `closed` names them. `hidden` includes what was undone. `unfinished_since` wants what still
    had a life then: not finished, or with a last time that is not before. `detail`
    says how much of each ticket is looked at.
    """

    agencies: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    desks: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    unassigned: bool = False
    priorities: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    opened: Range | None = None
    resolved: Range | None = None
    closed: Range | None = None
    due: Range | None = None
    breached_at: datetime | None = None
    words: tuple[str, ...] = ()
    everything: bool = False
    hidden: bool = False
    unfinished_since: datetime | None = None
    detail: Detail = "whole"

    def wanted_statuses(self) -> frozenset[str]:
        """The statuses that can match."""
        if self.statuses:
            return frozenset(self.statuses)
        if self.everything:
            return LIVE | FINISHED
        return FINISHED if self.closed else LIVE

    def finished(self) -> bool:
        """Whether closed or cancelled tickets, and so the archives, matter."""
        return bool(self.wanted_statuses() & FINISHED)

    def months(self) -> Range | None:
        """The range that holds the latest of a finished ticket's times, for stores that keep them by month.

        It has no end: imported tickets that were closed before they were opened stand in the later month.
        """
        known = [r.since for r in (self.opened, self.resolved, self.closed) if r and r.since]
        if self.unfinished_since:
            known.append(self.unfinished_since)
        return Range(max(known, default=None), None)

    def matcher(self) -> Callable[[Ticket], bool]:
        """A test for one ticket, built once: only what the query asks is looked at."""
        tests: list[Callable[[Ticket], bool]] = []
        statuses = self.wanted_statuses()
        tests.append(lambda t: t.status in statuses)
        if not self.hidden:
            tests.append(lambda t: UNDONE not in t.flags)
        for field, wanted in self._plain_fields():
            tests.append(_one_of(field, frozenset(wanted)))
        if self.services:
            tests.append(_glob("service", self.services))
        if self.categories:
            tests.append(_glob("category", self.categories))
        if self.requesters:
            wanted_requesters = tuple(r.casefold() for r in self.requesters)
            tests.append(lambda t: any(r in (t.requester or "").casefold() for r in wanted_requesters))
        if self.flags:
            tests.append(lambda t: not set(self.flags).isdisjoint(t.flags))
        if self.unassigned:
            tests.append(lambda t: t.assignee is None)
        tests.extend(self._time_tests())
        if self.words:
            words = tuple(w.casefold() for w in self.words)
            tests.append(lambda t: all(w in _text(t) for w in words))
        return lambda t: _all(tests, t)

    def _plain_fields(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        pairs = (
            ("agency", self.agencies), ("kind", self.kinds), ("queue", self.queues), ("desk", self.desks),
            ("owner", self.owners), ("assignee", self.assignees), ("priority", self.priorities), ("tier", self.tiers),
        )  # fmt: skip
        return ((field, wanted) for field, wanted in pairs if wanted)

    def _time_tests(self) -> Iterable[Callable[[Ticket], bool]]:
        if self.opened:
            yield lambda t, r=self.opened: r.holds(t.opened_at)  # type: ignore[misc]
        if self.resolved:
            yield lambda t, r=self.resolved: r.holds(t.resolved_at)  # type: ignore[misc]
        if self.closed:
            yield lambda t, r=self.closed: r.holds(t.closed_at)  # type: ignore[misc]
        if self.due:
            yield lambda t, r=self.due: r.holds(t.due.resolution)  # type: ignore[misc]
        if self.unfinished_since:
            yield lambda t, since=self.unfinished_since: unfinished(t, since)  # type: ignore[misc]
        if self.breached_at:
            yield lambda t, now=self.breached_at: breached(t, now)  # type: ignore[misc]


def _all(tests: Iterable[Callable[[Ticket], bool]], ticket: Ticket) -> bool:
    for test in tests:  # noqa: SIM110  (a generator costs more than the tests; every ticket of a list comes by here)
        if not test(ticket):
            return False
    return True


def breached(ticket: Ticket, now: datetime) -> bool:
    """Whether a promised time passed before it was kept: resolved (or responded) late, or not yet and late by now."""
    due = ticket.due
    late_answer = due.response is not None and (ticket.responded_at or now) > due.response
    late_end = due.resolution is not None and (ticket.resolved_at or ticket.closed_at or now) > due.resolution
    return late_answer or late_end


def unfinished(ticket: Ticket, since: datetime) -> bool:
    """Whether anything could have happened to it from then on: one that ended before it began lived until the later."""
    if ticket.closed_at is None:
        return True
    return max(at for at in (ticket.closed_at, ticket.resolved_at, ticket.opened_at) if at) >= since


def _one_of(field: str, wanted: frozenset[str]) -> Callable[[Ticket], bool]:
    return lambda t: getattr(t, field) in wanted


def _glob(field: str, patterns: tuple[str, ...]) -> Callable[[Ticket], bool]:
    """`telecom/*` crosses slashes; a bare `telecom` also means everything below it."""
    exact = frozenset(p for p in patterns if "*" not in p)
    below = tuple(f"{p}/" for p in exact)
    matchers = [globber(p) for p in patterns if "*" in p]

    def test(ticket: Ticket) -> bool:
        value = getattr(ticket, field)
        if value is None:
            return False
        return value in exact or value.startswith(below) or any(m(value) for m in matchers)

    return test


def globber(pattern: str) -> Callable[[str], bool]:
    """A test for a `*` glob, linear in the length of the text: `*` stands for any run of characters, `/` too."""
    first, *rest = pattern.split("*")
    if not rest:
        return lambda value: value == pattern
    *middle, last = rest

    def test(value: str) -> bool:
        if not value.startswith(first) or len(value) < len(first) + len(last) or not value.endswith(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return test


def _text(ticket: Ticket) -> str:
    notes = (e.note for e in ticket.history if e.note)
    parts = (ticket.key, ticket.subject, ticket.description, ticket.requester, ticket.affected, ticket.resolution,
             ticket.cause, *notes)  # fmt: skip
    return "\n".join(p for p in parts if p).casefold()


#: Later than every promise: tickets without one come last.
NEVER = datetime.max.replace(tzinfo=UTC)


def most_urgent(ticket: Ticket) -> tuple[Any, ...]:
    """The order of `list`: due first, then by priority, then the longest waiting."""
    due, opened = ticket.due.resolution or NEVER, ticket.opened_at or NEVER
    return (due, PRIORITIES.index(ticket.priority), opened, ticket.agency, ticket.number)


def sort_key(field: str) -> Callable[[Ticket], Any]:
    """How to order by a field of the ticket: empty values last, keys by number."""
    if field == "key":
        return lambda t: (t.agency, t.number)
    if field in ("due", "due.resolution"):
        return lambda t: (t.due.resolution is None, t.due.resolution or NEVER)
    if field == "due.response":
        return lambda t: (t.due.response is None, t.due.response or NEVER)
    if field.startswith("fields."):
        return lambda t: _comparable(t.fields.get(field.removeprefix("fields.")))

    return lambda t: _comparable(getattr(t, field, None))


def _comparable(value: Any) -> tuple[int, Any]:
    """Numbers before times before text before nothing, so that any column can be sorted."""
    if isinstance(value, bool | int | float):
        return (0, value)
    if isinstance(value, datetime):
        return (1, value)
    if value is None:
        return (3, "")
    return (2, value if isinstance(value, str) else repr(value))
