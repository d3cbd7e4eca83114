"""What waits in the outbox and what was delivered."""

import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

import click
import msgspec

from csctool.domain.lifecycle import rfc3339
from csctool.render.rows import document, lines, rows, write
from csctool.render.text import in_json, visible

_COLUMNS = ("id", "ticket", "event", "role", "to", "transport", "state", "due", "tries", "error")
_DELIVERED = ("id", "ticket", "event", "role", "to", "transport", "at", "receipt")
_FORETOLD = ("ticket", "event", "role", "to", "transport", "rule", "due")
#: So many lines of a dry run are shown, and so many people in each.
_NAMED, _PEOPLE = 50, 10
_SENT = ("id", "ticket", "event", "to", "transport", "at")


def listed(messages: Iterable[Any], fmt: str, *, sent: bool = False, quiet: bool = False) -> None:
    """Messages that wait, or that were `sent`; `quiet` after a change, which says nothing unless a script asks."""
    plain = map(_whole, messages)
    if fmt == "json":
        document({"schema": "csctool.notices/1", "notices": list(plain)})
    elif fmt == "jsonl":
        lines(plain)
    elif quiet and fmt == "table":
        found = len(list(plain))
        if sys.stderr.isatty():
            click.echo(f"{found} message{'s' * (found != 1)}", err=True)
    else:
        rows(plain, _DELIVERED if sent else _COLUMNS, fmt, shrink="receipt" if sent else "error")


class Sending:
    """Tells of deliveries as they are made: a line for each; how many so far on a terminal."""

    def __init__(self, fmt: str, *, dry_run: bool) -> None:
        self._fmt = fmt
        self._dry_run = dry_run
        self._kept: list[Any] = []
        self._told = 0

    def __enter__(self) -> "Sending":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        self._clear()
        if self._fmt == "json":
            document({"schema": "csctool.deliveries/1", "deliveries": self._kept})
        elif self._fmt not in ("table", "jsonl"):
            rows([msgspec.to_builtins(one) for one in self._kept], _SENT, self._fmt)

    def sent(self, one: Any) -> None:
        """One more."""
        self._told += 1
        if self._fmt == "jsonl":
            lines([one])
        elif self._fmt != "table":
            self._kept.append(one)
        else:
            self._clear()
            what = (
                f"{'would tell' if self._dry_run else 'told'} {one.to} of {one.ticket} {one.event} by {one.transport}"
            )
            write(visible(what) + "\n")
        if self._fmt != "table" or not sys.stdout.isatty():
            self._progress()

    def _progress(self) -> None:
        if sys.stderr.isatty() and self._told % 10 == 0:
            click.echo(f"\r{self._told} messages …", nl=False, err=True)

    def _clear(self) -> None:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)


def _whole(message: Any) -> dict[str, Any]:
    """Every field, defaults too: scripts look for `state` and `tries`. What was sent is in the state `sent`."""
    plain = {name: msgspec.to_builtins(getattr(message, name)) for name in message.__struct_fields__}
    return plain if "state" in plain else {**plain, "state": "sent"}


def withheld(notices: Sequence[Any], fmt: str, how: str, *, dry_run: bool) -> None:
    """The messages that were held, let go or recalled: told on a terminal, listed where a script asks."""
    if fmt != "table":
        listed(notices, fmt)
        return
    for one in notices:
        line = visible(f"{how} {one.id}: {one.to} of {one.ticket} {one.event}")
        if dry_run:
            write(f"would {line}\n")
        elif sys.stderr.isatty():
            click.echo(line, err=True)


def foretold(notices: Sequence[Any], *, as_json: bool) -> None:
    """Who would be told, of what and by which rule, on stderr: a line for each event and rule, or a document for each
    message where JSON is asked for.

    A dry run over many tickets names the first and counts the others, and so a line its people; a script gets them all.
    """
    if as_json:
        for notice in notices:
            tell = {name: msgspec.to_builtins(getattr(notice, name)) for name in _FORETOLD}
            click.echo(in_json(msgspec.json.encode({"notice": tell})).decode(), err=True)
        return
    same: dict[tuple[str, ...], list[str]] = {}
    for notice in notices:
        later = f" at {rfc3339(notice.due)}" if notice.due > notice.at else ""
        of = (notice.ticket, f"{notice.event} by {notice.transport}{later}", notice.rule)
        same.setdefault(of, []).append(notice.to if notice.to == notice.role else f"{notice.to} ({notice.role})")
    for (ticket, how, rule), people in list(same.items())[:_NAMED]:
        more = f" and {len(people) - _PEOPLE} more" if len(people) > _PEOPLE else ""
        whom = ", ".join(people[:_PEOPLE])
        click.echo("csctool: " + visible(f"would tell {whom}{more} of {ticket} {how}: {rule}"), err=True)
    if len(same) > _NAMED:
        click.echo(f"csctool: … and of {len(same) - _NAMED} more events", err=True)
