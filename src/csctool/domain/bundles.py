"""Several notices, one letter: what a later one says as well, what gathers for a digest, and what would be too much.

Nothing is dropped here: every notice is in a bundle, or put off until a moment that is named.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from csctool.domain.address import mailbox
from csctool.domain.notice import Delivery, Notice, in_turn
from csctool.domain.organisation import AgencySettings, DeskSettings
from csctool.domain.recipients import CLIENTS, WORDS
from csctool.domain.ticket import Frozen
from csctool.domain.timing import elapsed_seconds

#: Events whose letters tell how the ticket stands: the latest says all that the earlier ones said. A client reads the
#: state; the staff reads reasons too, so there each letter that has one goes out.
_STATE = frozenset({
    "opened", "triaged", "promised", "assigned", "started", "held", "resumed", "diagnosed", "resolved", "closed",
    "reopened", "undone",
})  # fmt: skip
_CLIENTS_STATE = _STATE | {"escalated", "returned"}
_END = frozenset({"cancelled", "merged", "transferred"})

#: The time over which letters to one recipient are counted.
HOUR = timedelta(hours=1)
#: What would be superseded waits so long at most for the letter that says it as well.
PATIENCE = timedelta(minutes=15)

#: To whom and by which transport.
Place = tuple[str, str]


class Bundle(Frozen, frozen=True):
    """One letter: `told` are the notices that it tells, the latest last; `also` those whose news the latest says as
    well."""

    told: tuple[Notice, ...]
    also: tuple[Notice, ...] = ()

    @property
    def lead(self) -> Notice:
        """The notice whose letter it is."""
        return self.told[-1]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """All that has left when the letter has."""
        return (*self.also, *self.told)


class Limits(Frozen, frozen=True):
    """`merge`: within so long the same event of the same ticket is told once; `cap`: so many letters an hour go to one
    recipient, what exceeds that is told together; None: there is no such limit."""

    merge: timedelta = timedelta(0)
    cap: int | None = None


def limits(desk: DeskSettings, agency: AgencySettings) -> Limits:
    """Those of an agency. Where no transport is named, only those that somebody wrote down."""
    own = desk.notify
    named = own.transport or agency.notify.transport
    merge = own.merge or ("5m" if named else "0s")
    cap = own.letters_per_hour or (30 if named else None)
    return Limits(timedelta(seconds=elapsed_seconds(merge) or 0), cap)


class Plan(msgspec.Struct, frozen=True):
    """What is to be sent now, in order, and what is put off, with its new `due`."""

    bundles: list[Bundle]
    later: list[Notice]


def place(notice: Notice | Delivery) -> Place:
    """Where a notice goes, however the mailbox is written."""
    return notice.transport, mailbox(notice.to) or notice.to


def absorbs(later: Notice, earlier: Notice) -> bool:
    """Whether a later notice to the same recipient about the same ticket leaves nothing of an earlier one to be said.

    Never where the earlier one has words of its own, unless the later has the same; nor to whom a rule names by key or
    address: it asked for these very events, and may be a program.
    """
    if earlier.role not in WORDS:
        return False
    news = _CLIENTS_STATE if earlier.role in CLIENTS else _STATE
    if earlier.event not in news or (later.event not in news and later.event not in _END):
        return False
    mine, theirs = _words(earlier), _words(later)
    return (mine == theirs or not any(mine + theirs)) and (later.urgent or not earlier.urgent)


def repeats(notice: Notice) -> bool:
    """Whether a notice may wait for what the recipient was told of the same event of the same ticket just now: it only
    tells how the ticket stands, and nobody asked for this very event."""
    if notice.urgent or notice.tries or notice.letter or notice.group or notice.role not in WORDS:
        return False
    return notice.event in (_CLIENTS_STATE if notice.role in CLIENTS else _STATE) and not any(_words(notice))


def plan(
    outbox: Iterable[Notice], now: datetime, limits: Limits, allowed: Callable[[Notice], datetime],
    recent: Callable[[], Mapping[Place, Sequence[datetime]]],
) -> Plan:  # fmt: skip
    """What goes out now. `allowed` answers when a notice may be delivered at the earliest; `recent` are the times of
    the letters that each place got within the last hour, asked only where they matter."""
    waiting = [_when_free(notice, now, allowed) for notice in outbox if notice.state == "waiting"]
    put_off = {new.id: new for new, old in waiting if new is not old}
    there = [new for new, _ in waiting]
    heirs = _heirs(there, limits.merge)
    also: dict[str, list[Notice]] = {}
    letters: dict[tuple[str, ...], list[Notice]] = {}
    for notice in in_turn(there):
        heir = heirs.get(notice.id)
        if heir is not None and heir.due <= now:  # with what says it as well, so that it is not told after that
            also.setdefault(heir.id, []).append(notice)
            put_off.pop(notice.id, None)
        elif notice.due > now:
            continue
        elif heir is None:
            letters.setdefault(_letter(notice), []).append(notice)
        else:
            put_off[notice.id] = msgspec.structs.replace(notice, due=heir.due)
    bundles = [
        _bundle((*told, *(one for notice in told for one in also.get(notice.id, ())))) for told in letters.values()
    ]
    later: list[Notice] = []
    if limits.cap is not None:
        bundles, later = _capped(bundles, now, limits.cap, recent)
    return Plan(_in_turn(bundles), [*put_off.values(), *later])


def singly(notices: Iterable[Notice]) -> list[Bundle]:
    """Each as a letter of its own, but those that once were in one letter in that one."""
    letters: dict[str, list[Notice]] = {}
    for notice in in_turn(notices):
        letters.setdefault(notice.letter or notice.id, []).append(notice)
    return [_bundle(one) for one in letters.values()]


def _when_free(notice: Notice, now: datetime, allowed: Callable[[Notice], datetime]) -> tuple[Notice, Notice]:
    """A notice that is due, put off to when it may be delivered; and as it was."""
    moment = allowed(notice) if notice.due <= now else now
    return (msgspec.structs.replace(notice, due=moment) if moment > now else notice), notice


def _letter(notice: Notice) -> tuple[str, ...]:
    """What is told together has the same."""
    if notice.letter:
        return (notice.letter,)
    return (*place(notice), notice.group) if notice.group else (notice.id,)


def _bundle(notices: Iterable[Notice]) -> Bundle:
    """One letter of several notices to one place, in the order in which things happened."""
    told: list[Notice] = []
    also: list[Notice] = []
    later: dict[str, list[Notice]] = {}
    for one in sorted(notices, key=lambda n: (n.at, n.ticket, n.seq), reverse=True):
        said = later.setdefault(one.ticket, [])
        if any(absorbs(other, one) for other in said):
            also.append(one)
        else:
            told.append(one)
            said.append(one)
    return Bundle(tuple(reversed(told)), tuple(reversed(also)))


# -- what a later letter says as well ------------------------------------------------------------------------


def _heirs(waiting: Iterable[Notice], merge: timedelta) -> dict[str, Notice]:
    """For each notice to which a later one leaves nothing to say, that later one: the last of its ticket and place.

    That is so for the same event again within `merge`, and for whatever happened while the earlier one waited: for its
    delay, or in quiet hours. What was tried goes out as it is: it may have arrived.
    """
    there: dict[tuple[str, Place], list[Notice]] = {}
    for notice in waiting:
        if notice.role in WORDS and not (notice.tries or notice.letter or notice.group):
            there.setdefault((notice.ticket, place(notice)), []).append(notice)
    found: dict[str, Notice] = {}
    for some in there.values():
        if len(some) > 1:
            _inherit(sorted(some, key=lambda n: n.seq), merge, found)
    return found


def _inherit(some: Sequence[Notice], merge: timedelta, found: dict[str, Notice]) -> None:
    """The heirs of notices to one place about one ticket, the earliest first. The last is looked at first, so that an
    heir of an heir is known."""
    for at in range(len(some) - 2, -1, -1):
        notice = some[at]
        for other in reversed(some[at + 1 :]):
            again = bool(merge) and other.event == notice.event and other.at - notice.at <= merge
            meanwhile = notice.at <= other.at < notice.due
            heir = found.get(other.id, other)
            if (again or meanwhile) and absorbs(other, notice) and heir.due - notice.due <= PATIENCE:
                found[notice.id] = heir
                break


# -- how many letters ----------------------------------------------------------------------------------------


def _capped(
    bundles: Sequence[Bundle], now: datetime, cap: int, recent: Callable[[], Mapping[Place, Sequence[datetime]]]
) -> tuple[list[Bundle], list[Notice]]:
    """No more than `cap` letters an hour to a mailbox: what exceeds that is the last letter of the hour, or waits for
    the next. What is urgent waits for nothing, and is told together. What was tried goes out as it is."""
    found: list[Bundle] = []
    places: dict[Place, list[Bundle]] = {}
    for bundle in bundles:
        there = place(bundle.lead)
        if bundle.lead.tries or bundle.lead.letter or mailbox(there[1]) is None:
            found.append(bundle)
        else:
            places.setdefault(there, []).append(bundle)
    later: list[Notice] = []
    times_of = recent() if places else {}
    for there, some in places.items():
        times = sorted(times_of.get(there, ()))
        left = cap - len(times)
        if left > 0:
            most = left if len(some) <= left else left - 1
            found += some[:most]
            rest = some[most:]
        else:
            free = max(times[-cap] + HOUR, now + timedelta(seconds=1))
            later += [msgspec.structs.replace(n, due=free) for one in some if not one.lead.urgent for n in one.notices]
            rest = [one for one in some if one.lead.urgent]
        if rest:
            found.append(_together(rest))
    return found, later


def _together(bundles: Sequence[Bundle]) -> Bundle:
    return bundles[0] if len(bundles) == 1 else _bundle(notice for bundle in bundles for notice in bundle.notices)


def _in_turn(bundles: Sequence[Bundle]) -> list[Bundle]:
    """The letters in the order of delivery: the longest due first, but places where letters failed after those where
    none did, since letters at which a server chokes keep from delivery what comes after them."""
    tries: dict[Place, int] = {}
    for bundle in bundles:
        there = place(bundle.lead)
        tries[there] = max(bundle.lead.tries, tries.get(there, 0))

    def turn(bundle: Bundle) -> tuple[int, datetime, str, int]:
        return (tries[place(bundle.lead)], *min((n.due, n.ticket, n.seq) for n in bundle.notices))

    return sorted(bundles, key=turn)


def _words(notice: Notice) -> tuple[str | None, ...]:
    return notice.template, notice.subject, notice.text
