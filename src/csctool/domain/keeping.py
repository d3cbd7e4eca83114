"""What is said of a backup and of a restore."""

from datetime import datetime

import msgspec


class Backup(msgspec.Struct, frozen=True):
    """What a backup holds: its `file`, its length in `bytes`, when it was made and by which csctool, the `agencies` in
    it, those that were `skipped` because they could not be read, how many `files`, the names of those that were
    `left_out` because they are none of csctool's, and the `digest` over names and contents."""

    file: str
    bytes: int
    made_at: datetime
    csctool: str
    agencies: list[str]
    skipped: list[str]
    files: int
    left_out: list[str]
    digest: str


class Returned(msgspec.Struct, frozen=True):
    """An agency as a restore puts it back: how many `tickets`, the highest `number` that is never given out again, and
    what is `lost`: the keys of those that are newer on the desk, or not in the backup. `unreadable` says why nobody
    can tell. `held` messages wait for a person, since they may have been delivered after the backup was made."""

    agency: str
    tickets: int
    number: int
    lost: list[str]
    unreadable: str = ""
    held: int = 0


class Restored(msgspec.Struct, frozen=True):
    """What a restore did, or would do: from which backup, into which `desk`, the agencies, those of the desk that it
    `left` as they were, the `settings` files that were others before, where what was there is `kept` (None: nothing
    was), and `notes` on what could not be as it was (a Unix group, say)."""

    backup: Backup
    desk: str
    agencies: list[Returned]
    left: list[str]
    settings: list[str]
    kept: str | None
    notes: list[str]
    dry_run: bool = False

    @property
    def losses(self) -> list[Returned]:
        """The agencies that have something which the backup lacks."""
        return [one for one in self.agencies if one.lost or one.unreadable]
