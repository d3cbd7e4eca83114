"""Messages after a restore: nobody is told twice, and nobody is told of an old desk what is not true any more.

What the old desk delivered stays delivered. A message that waits in the backup goes on waiting where it still waited;
any other is held for a person to look at: it may have been delivered since, or the desk may be a copy to look at.
"""

from collections.abc import Iterable, Mapping

import msgspec

from csctool.domain.notice import Delivery, Notice
from csctool.storage.journal import Journal, Ledger

#: Why a message is held that nobody held.
RESTORED = "the desk was restored: it may have been delivered"


def outbox(backup: Mapping[int, Notice], before: Iterable[Notice], delivered: Iterable[Delivery]) -> dict[int, Notice]:
    """The outbox to go on with: what the backup has, what still waited `before`, what was `delivered` by then."""
    known, gone = {notice.id: notice for notice in before}, {one.id for one in delivered}
    found = {}
    for at, notice in backup.items():
        if notice.id in known and known[notice.id].op == notice.op:  # else it is of what takes that event's place
            found[at] = known[notice.id]
        elif notice.id not in gone:
            found[at] = _held(notice)
    return found


def _held(notice: Notice) -> Notice:
    if notice.state != "waiting":
        return notice
    return msgspec.structs.replace(notice, state="held", error=notice.error or RESTORED)


def still_true(journal: Journal, common: Mapping[str, int]) -> list[Delivery]:
    """The deliveries that tell of events which the restored tickets have, too: by key, the first `common` of each.
    Others told of what has not happened any more; the same numbers may come to mean something else."""
    return [one for one in journal.since() if one.seq <= common.get(one.ticket, 0)]


def merge(new: str, deliveries: Iterable[Delivery]) -> None:
    """Add deliveries of the old desk to the record in the agency's directory `new`. Raises StorageError."""
    ledger = Ledger(new)
    there = set(ledger.since())
    ledger.add(one for one in deliveries if one not in there)
