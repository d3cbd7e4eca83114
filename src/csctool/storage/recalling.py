"""Messages after a restore: nobody is told twice, and nobody is told of an old desk what is not true any more.

What the old desk delivered stays delivered. A message that waits in the backup goes on waiting where it still waited;
any other is held for a person to look at: it may have been delivered since, or the desk may be a copy to look at.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from csctool.domain.notice import Delivery, Notice
from csctool.storage.journal import Journal, Ledger

#: Why a message is held that nobody held.
RESTORED = "the desk was restored: it may have been delivered"


class Lives(NamedTuple):
    """What the desk before a restore and the one after it have in common: of the agencies that are restored, by key of
    a ticket, so many of its first events. Nothing changes with the others."""

    restored: Collection[str]
    common: Mapping[str, int]

    def both_have(self, ticket: str, seq: int) -> bool:
        """Whether an event of the desk before has happened in the one after it, too."""
        return self.elsewhere(ticket) or seq <= self.common.get(ticket, 0)

    def elsewhere(self, ticket: str) -> bool:
        """Whether a ticket is one of an agency that is not restored: outages of the home agency are told by others."""
        return ticket.rpartition("-")[0] not in self.restored


def outbox(
    backup: Mapping[int, Notice], before: Iterable[Notice], delivered: Iterable[Delivery], lives: Lives
) -> dict[int, Notice]:  # fmt: skip
    """The outbox to go on with: what the backup has, what still waited `before`, what was `delivered` by then; and what
    waited about tickets that are not restored."""
    known, gone = {notice.id: notice for notice in before}, {one.id for one in delivered}
    found = {}
    for at, notice in backup.items():
        if notice.id in known and known[notice.id].op == notice.op:  # else it is of what takes that event's place
            found[at] = known[notice.id]
        elif notice.id not in gone:
            found[at] = _held(notice)
    there = {notice.id for notice in backup.values()}
    more = [one for one in known.values() if one.id not in there and lives.elsewhere(one.ticket)]
    return found | dict(enumerate(more, max(backup, default=0) + 1))


def _held(notice: Notice) -> Notice:
    if notice.state != "waiting":
        return notice
    return msgspec.structs.replace(notice, state="held", error=notice.error or RESTORED)


def still_true(journal: Journal, lives: Lives) -> list[Delivery]:
    """The deliveries that tell of events which have happened after the restore, too. Others told of what has not
    happened any more; the same numbers may come to mean something else."""
    return [one for one in journal.since() if lives.both_have(one.ticket, one.seq)]


def merge(new: str, deliveries: Iterable[Delivery]) -> None:
    """Add deliveries of the old desk to the record in the agency's directory `new`. Raises StorageError."""
    ledger = Ledger(new)
    there = set(ledger.since())
    ledger.add(one for one in deliveries if one not in there)
