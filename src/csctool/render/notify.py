"""What waits in the outbox and what was delivered."""

from collections.abc import Sequence
from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible

_COLUMNS = ("id", "ticket", "event", "role", "to", "transport", "state", "due", "tries", "error")


def listed(notices: Sequence[Any], fmt: str) -> None:
    """The outbox; nothing to say in a table when it is empty."""
    plain = [_whole(notice) for notice in notices]
    if fmt == "json":
        document({"schema": "csctool.notices/1", "notices": plain})
    elif fmt == "jsonl":
        lines(plain)
    elif plain or fmt != "table":
        rows(plain, _COLUMNS, fmt)


def sent(deliveries: Sequence[Any], fmt: str, *, dry_run: bool) -> None:
    """A line for each delivery."""
    if fmt == "json":
        document({"schema": "csctool.deliveries/1", "deliveries": deliveries})
    elif fmt == "jsonl":
        lines(deliveries)
    elif fmt == "table":
        for one in deliveries:
            what = f"{'would tell' if dry_run else 'told'} {one.to} of {one.ticket} {one.event} by {one.transport}"
            write(visible(what) + "\n")
    else:
        rows([msgspec.to_builtins(one) for one in deliveries], ("id", "ticket", "event", "to", "transport", "at"), fmt)


def _whole(notice: Any) -> dict[str, Any]:
    """Every field, defaults too: scripts look for `state` and `tries`."""
    return {name: msgspec.to_builtins(getattr(notice, name)) for name in notice.__struct_fields__}
