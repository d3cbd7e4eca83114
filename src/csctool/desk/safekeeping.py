"""Backups and restores: nothing newer is ever overwritten unless that is asked for, and even then it is kept."""

from datetime import datetime

from csctool.desk.ports import Keeper
from csctool.domain.keeping import Restored, Returned
from csctool.errors import RefusedError

#: So many keys are named in a sentence; `--dry-run --format json` has all.
SOME = 5


def restore(
    keeper: Keeper, path: str, agency: str | None, at: datetime, *, force: bool, dry_run: bool
) -> Restored:  # fmt: skip
    """Put a backup, or one agency of it, in the place of what is there.

    Raises RefusedError when something is lost by that, unless `force`; what the keeper raises.
    """
    with keeper.restoring(path, agency, at, dry_run=dry_run) as ready:
        seen = ready.seen()
        if dry_run:
            return seen
        if seen.losses and not force:
            raise lossy(seen)
        return ready.commit()


def lossy(seen: Restored) -> RefusedError:
    """Why a restore is refused: which agencies have what the backup lacks."""
    told = "; ".join(map(_lost, seen.losses))
    return RefusedError(
        f"the desk has what the backup of {seen.backup.made_at:%Y-%m-%d %H:%M:%SZ} lacks: {told}",
        "--force restores all the same and keeps what is there beside it",
    )


def _lost(one: Returned) -> str:
    if one.unreadable:
        return f"{one.agency} can't be read, so nobody knows ({one.unreadable})"
    some = ", ".join(one.lost[:SOME]) + (f" and {len(one.lost) - SOME} more" if len(one.lost) > SOME else "")
    return f"{one.agency} has changes in {some}"
