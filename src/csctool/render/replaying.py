"""What a replay found: which decisions would be others, and whether tickets would come to the right queue at once."""

import sys
from typing import Any

import click
import msgspec

from csctool.render.rows import document, lines, rows, write

#: So many changes of each decision are shown to people; the other formats have them all.
SHOWN = 10


def replayed(found: Any, fmt: str) -> None:
    """The changes, commonest first, then how well the first queue did; the format `keys` names those that differ."""
    changes = [msgspec.to_builtins(change) for change in found.changes]
    if fmt == "json":
        document({"schema": "csctool.replay/1", **_plain(found), "changes": changes})
    elif fmt == "jsonl":
        lines(changes)
    elif fmt == "keys":
        for key in found.keys:
            write(f"{key}\n")
    elif fmt == "table":
        _print(found, changes)
    else:
        rows(changes, ("decision", "from", "to", "tickets", "examples"), fmt)


def _plain(found: Any) -> dict[str, Any]:
    return {
        "tickets": found.tickets,
        "differ": found.differ,
        "skipped": found.skipped,
        "decisions": found.changed,
        "first_queue": {"before": msgspec.to_builtins(found.before), "after": msgspec.to_builtins(found.after)},
    }


def _print(found: Any, changes: list[dict[str, Any]]) -> None:
    write(f"{found.tickets} tickets, {found.differ} would be decided otherwise\n")
    if changes:
        write("\n")
        left: dict[str, int] = {}
        shown = []
        for change in changes:
            left[change["decision"]] = left.get(change["decision"], 0) + 1
            if left[change["decision"]] <= SHOWN:
                shown.append({**change, "from": change["from"] or "none", "to": change["to"] or "none",
                              "for instance": change["examples"]})  # fmt: skip
        rows(shown, ("decision", "from", "to", "tickets", "for instance"), "table", shrink="for instance")
        for name, number in left.items():
            if number > SHOWN:
                write(f"and {number - SHOWN} more changes of {name}; --format csv has them all\n")
    if found.before.resolved:
        write("\n")
        rows([_luck("before", found.before), _luck("after", found.after)], _LUCK, "table")


_LUCK = ("", "resolved", "right first queue", "rate pct", "handovers", "bounces")


def _luck(name: str, luck: Any) -> dict[str, Any]:
    return dict(
        zip(_LUCK, (name, luck.resolved, luck.hits, luck.hit_rate, luck.handovers, luck.bounces), strict=True)
    )  # fmt: skip


def progress(tickets: int) -> None:
    """How far a replay is, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r{tickets} tickets …", nl=False, err=True)


def progressed() -> None:
    """Clear the line that told how far."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
