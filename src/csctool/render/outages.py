"""Outages: what an announcement did, and what is under way."""

import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from csctool.domain import outage
from csctool.render.rows import document, lines, rows, write
from csctool.render.tickets import one_or_many

_COLUMNS = ("key", "status", "kind", "service", "from", "until", "agencies", "told", "incidents", "open", "suggested")


def announced(done: Any, fmt: str, *, dry_run: bool, fresh: bool = False) -> None:
    """The key of a new outage alone on a line, or the ticket; how many are told, on a terminal or in a dry run."""
    said = f"{done.messages} message{'s' * (done.messages != 1)} for {done.agencies} of {_count(done.ticket)} agencies"
    if fmt != "table":
        one_or_many([done.ticket], fmt, 1)
    elif dry_run:
        write(f"would tell of {done.ticket.key}: {said}\n")
    elif fresh:
        write(f"{done.ticket.key}\n")
    if sys.stderr.isatty() and not dry_run:
        click.echo(f"\r\x1b[K{done.ticket.key}: {said}", err=True)
    if done.unheard:
        click.echo(
            "csctool: nobody is told: the agencies have no contacts, or nothing says by which transport", err=True
        )


def progress(done: int, of: int) -> None:
    """How many agencies were told, on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {of} agencies …", nl=False, err=True)


def listed(found: Sequence[Any], fmt: str) -> None:
    """Outages, the latest first; in JSON each with its ticket."""
    plain = [_row(seen) for seen in found]
    if fmt == "json":
        document({"schema": "csctool.outages/1", "outages": plain})
    elif fmt == "jsonl":
        lines(plain)
    elif fmt == "keys":
        for row in plain:
            write(f"{row['key']}\n")
    elif plain or fmt != "table":
        rows(plain, _COLUMNS, fmt)


def _row(seen: Any) -> dict[str, Any]:
    ticket = seen.ticket
    kind = "planned" if outage.planned(ticket) else "outage"
    counts = {name: getattr(seen, name) for name in ("agencies", "told", "incidents", "open", "suggested")}
    begin = outage.when(ticket, "from") or ticket.opened_at
    times = {"from": msgspec.to_builtins(begin), "until": msgspec.to_builtins(outage.when(ticket, "until"))}
    return {"key": ticket.key, "status": ticket.status, "kind": kind, "service": ticket.service,
            "subject": ticket.subject, **times, **counts}  # fmt: skip


def _count(ticket: Any) -> int:
    return len(outage.agencies(ticket))
