"""Messages that are kept back: held for a time, or recalled before they leave."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from csctool.desk.desk import Desk
from csctool.desk.ports import Ledger, Unit
from csctool.domain.bundles import place
from csctool.domain.lifecycle import rfc3339
from csctool.domain.notice import Delivery, Notice
from csctool.domain.operation import means
from csctool.domain.ticket import split_key
from csctool.domain.words import TICKET_KEY
from csctool.errors import BusyError, CscError, NotFoundError, RefusedError, UsageError

#: Shorter beginnings of an id than this are no names.
SHORTEST = 4
#: What left longer ago is not looked for.
RECENTLY = timedelta(days=62)
#: Why a message is held that somebody held.
BY = "held by "

How = Literal["hold", "release", "recall"]


class Withheld(msgspec.Struct):
    """The messages that were held, let go or recalled, and what failed, by what was named."""

    notices: list[Notice] = []
    failures: list[tuple[str, CscError]] = []


class Name(msgspec.Struct, frozen=True):
    """Something that names messages: the beginning of an id, a ticket's key, or an operation."""

    word: str
    what: Literal["id", "ticket", "operation"]

    def means(self, notice: Notice) -> bool:
        """Whether this notice is meant."""
        if self.what == "operation":
            return means(self.word, notice.op)
        return notice.ticket == self.word if self.what == "ticket" else notice.id.startswith(self.word)

    def left(self, one: Delivery) -> bool:
        """Whether this delivery was meant; of an operation nothing is told there."""
        return one.ticket == self.word if self.what == "ticket" else self.what == "id" and one.id.startswith(self.word)


def withhold(
    desk: Desk, how: How, words: Iterable[str] | None, *, tickets: Iterable[str] = (), operations: Iterable[str] = (),
    agencies: Sequence[str] = (),
) -> Withheld:  # fmt: skip
    """Hold, release or recall the messages that are named; `words` are ids, beginnings of ids, or keys of tickets, None
    where nobody gave any.

    Each agency is one unit of work. What has left already is a RefusedError, what may be leaving just now a BusyError,
    by the name that meant it. Raises UsageError, NotPermittedError.
    """
    desk.permit("recall")
    names = [_name(word) for word in words or ()]
    names += [Name(key.upper(), "ticket") for key in tickets]
    names += [Name(word, "operation") for word in operations]
    if words is None and not names:
        raise UsageError("which messages?", "give their IDs, --ticket KEY or --op OP")
    for key in agencies:
        desk.directory.agency(key)
    keys = list(agencies) or _agencies(desk, names)
    done = Withheld([], [])
    met: set[Name] = set()
    for key in keys:
        there = desk.store.outbox(key)
        found = {name: [notice for notice in there if name.means(notice)] for name in names}
        _unique(found)
        met.update(name for name, notices in found.items() if notices)
        wanted = {notice.id: name.word for name, notices in found.items() for notice in notices}
        if wanted:
            _agency(desk, key, how, wanted, done)
    done.failures += [(name.word, _missing(desk, name, keys)) for name in names if name not in met]
    return done


def recall(unit: Unit, agency: str, op: str, by: str) -> int:
    """Take what operation `op` wants told out of the outbox, as far as it still waits; `by` is the operation that takes
    it back. Who would hear only of the taking back hears nothing. Answers how many messages were recalled."""
    there = unit.outbox(agency)
    gone = [notice for notice in there if notice.op == op]
    told = {(notice.ticket, place(notice)) for notice in gone}
    moot = [n.id for n in there if n.op == by and n.event == "undone" and (n.ticket, place(n)) in told]
    unit.drop(agency, {*(notice.id for notice in gone), *moot})
    return len(gone)


def _agency(desk: Desk, key: str, how: How, wanted: dict[str, str], done: Withheld) -> None:
    """One agency's messages, by what named them. While somebody delivers, what is due may be on its way."""
    now = desk.clock()
    with _right(desk, key) as ledger, desk.unit(key) as unit:
        there = [notice for notice in unit.outbox(key) if notice.id in wanted]
        known = ledger.known([notice.id for notice in there]) if ledger else set()
        changed: list[Notice] = []
        for notice in there:
            if notice.id in known:
                done.failures.append((wanted[notice.id], _left(notice.id, notice, now)))
            elif ledger is None and not desk.dry_run and notice.state == "waiting" and notice.due <= now:
                why = f"{notice.id} is being delivered just now, or about to be"
                done.failures.append((wanted[notice.id], BusyError(why, "try again in a moment")))
            elif (new := _CHANGES[how](notice, desk.actor.name)) is not notice:
                changed.append(new)
        if how == "recall":
            unit.drop(key, {notice.id for notice in changed})
        else:
            unit.post(key, changed)
    done.notices += changed


def _right(desk: Desk, key: str) -> AbstractContextManager[Ledger | None]:
    return nullcontext() if desk.dry_run else desk.store.delivering(key)


def _held(notice: Notice, actor: str) -> Notice:
    if notice.state == "held":
        return notice
    return msgspec.structs.replace(notice, state="held", error=f"{BY}{actor}")


def _released(notice: Notice, _actor: str) -> Notice:
    """What was held waits for the moment that it always had."""
    if notice.state != "held":
        return notice
    return msgspec.structs.replace(notice, state="waiting", error=None)


def _recalled(notice: Notice, _actor: str) -> Notice:
    return msgspec.structs.replace(notice)


_CHANGES: dict[str, Callable[[Notice, str], Notice]] = {"hold": _held, "release": _released, "recall": _recalled}


# -- names ---------------------------------------------------------------------------------------------------


def _name(word: str) -> Name:
    if TICKET_KEY.fullmatch(word.upper()):
        return Name(word.upper(), "ticket")
    if len(word) < SHORTEST:
        raise UsageError(f"{word!r} is no message", "give its id, or at least its first four digits")
    return Name(word.lower(), "id")


def _agencies(desk: Desk, names: Iterable[Name]) -> list[str]:
    """Where to look: a ticket's messages wait with its agency; outages are told by each agency that they concern."""
    found = desk.store.agencies()
    if all(name.what == "ticket" for name in names):
        home = desk.settings.home_agency
        own = {split_key(name.word)[0] for name in names}
        return found if home in own else [key for key in found if key in own]
    return found


def _unique(found: dict[Name, list[Notice]]) -> None:
    for name, notices in found.items():
        if name.what == "id" and len(notices) > 1:
            raise UsageError(f"{name.word} is the beginning of {len(notices)} messages", "give more of it")


def _missing(desk: Desk, name: Name, keys: Iterable[str]) -> CscError:
    """Why there is no such message in the outbox: it has left, or there never was one."""
    now = desk.clock()
    last: Delivery | None = None
    for key in keys:
        for one in desk.store.deliveries(key, now - RECENTLY):
            if name.left(one):
                last = one
    if last is not None:
        return _left(name.word, last, last.at)
    of = {"id": f"no such message waits: {name.word}", "ticket": f"no message about {name.word} waits",
          "operation": f"no message of operation {name.word} waits"}[name.what]  # fmt: skip
    return NotFoundError(of, "csctool notify list shows what does")


def _left(word: str, one: Notice | Delivery, at: datetime) -> RefusedError:
    told = f"{one.to} was told of {one.ticket} {one.event} at {rfc3339(at)}"
    return RefusedError(f"{word} has left: {told}", "what has left can't be called back")
