"""Clocks for people and scripts: ledgers, what does not add up, and a policy held against another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from csctool.domain.lifecycle import rfc3339
from csctool.render.rows import document, lines, rows, scalar, write
from csctool.render.text import visible

_COLUMNS = ("key", "clock", "name", "stay", "since", "until", "running", "why", "calendar", "seconds", "left_seconds")


def ledgers(found: Sequence[Any], fmt: str) -> None:
    """The clocks of each ticket, segment by segment."""
    if fmt == "json":
        for ledger in found:
            document({"schema": "csctool.sla/1", **msgspec.to_builtins(ledger)})
    elif fmt == "jsonl":
        lines(found)
    elif fmt == "keys":
        for ledger in found:
            write(f"{ledger.key}\n")
    elif fmt == "table":
        for ledger in found:
            _print(ledger)
    else:
        parts = ((ledger, account, part) for ledger in found for account in ledger.clocks for part in account.segments)
        rows((_row(*each) for each in parts), _COLUMNS, fmt)


def _row(ledger: Any, account: Any, part: Any) -> dict[str, Any]:
    return {
        "key": ledger.key, "clock": account.clock, "name": account.name, "stay": account.stay,
        **{name: getattr(part, name) for name in _COLUMNS[4:]},
    }  # fmt: skip


def _print(ledger: Any) -> None:
    policy = f"policy {visible(ledger.policy)}" if ledger.policy else "no policy"
    write(f"{ledger.key}  {policy}  at {rfc3339(ledger.at)}\n")
    for account in ledger.clocks:
        _print_account(account)
    if not ledger.clocks:
        for name, due in (("response", ledger.due_response), ("resolution", ledger.due_resolution)):
            write(f"  {name}: {f'promised for {rfc3339(due)}, no clock' if due else 'nothing is promised'}\n")


def _print_account(account: Any) -> None:
    name = f"{account.clock} of {visible(account.name)}" if account.name else account.clock
    again = f" (stay {account.stay})" if account.stay and account.stay > 1 else ""
    target = f"{account.target or length(account.target_seconds)} in {visible(account.calendar or '')}"
    agreed = f", agreed for {rfc3339(account.agreed)}" if account.agreed else ""
    write(f"  {name}{again}: {account.state}, target {target}{agreed}, {_left(account)}\n")
    due = f"due {rfc3339(account.due)}" if account.due else "no due time"
    stopped = f", stopped {rfc3339(account.stopped_at)}" if account.stopped_at else ""
    carried = f", {length(account.carried_seconds)} from before" if account.carried_seconds else ""
    write(f"      {due}{stopped}, {length(account.elapsed_seconds)} have run{carried}\n")
    for part in account.segments:
        state = "running" if part.running else "paused"
        left = "" if part.left_seconds is None else f", {_remaining(part.left_seconds)}"
        write(f"      {rfc3339(part.since)}  {_until(part.until)}  {state:<7}  {length(part.seconds):>9}  "
              f"{visible(part.why)}, {visible(part.calendar or '')}{left}\n")  # fmt: skip


def _until(at: datetime | None) -> str:
    return rfc3339(at) if at else "now".ljust(20)


def _left(account: Any) -> str:
    if account.target_seconds is None:
        return "nothing to be late for"
    return _remaining(account.remaining_seconds - account.over_seconds)


def _remaining(seconds: int) -> str:
    return f"{length(seconds)} left" if seconds >= 0 else f"{length(-seconds)} over"


def length(seconds: int | None) -> str:
    """Seconds as people say them: `27h`, `1h5m`, `90s` as `1m30s`."""
    if not seconds:
        return "0s"
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return "".join(f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if n)


def differences(checked: int, found: Sequence[Any], fmt: str) -> None:
    """What does not stand as history says; on a terminal's table also how many were checked."""
    if fmt == "json":
        document({"schema": "csctool.sla.recompute/1", "checked": checked, "differences": found})
    elif fmt == "jsonl":
        lines(found)
    elif fmt == "table":
        for one in found:
            write(f"{one.key}  {one.field}: stored {visible(scalar(one.stored)) or 'nothing'}, "
                  f"by its history {visible(scalar(one.recomputed)) or 'nothing'}\n")  # fmt: skip
        write(f"{checked} tickets checked, {len({one.key for one in found})} differ\n")
    else:
        plain = [
            {"key": one.key, "field": one.field, "stored": one.stored, "recomputed": one.recomputed} for one in found
        ]
        rows(plain, ("key", "field", "stored", "recomputed"), fmt)


def comparison(report: Any, fmt: str) -> None:
    """Compliance as it was and as it would have been."""
    if fmt == "json":
        document({"schema": "csctool.sla.simulate/1", "rows": report.rows})
    elif fmt == "jsonl":
        lines(report.rows)
    else:
        rows(report.rows, report.columns, fmt)
