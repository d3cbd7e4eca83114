"""What an undo took back: the tickets for scripts, a confirmation for people."""

import sys
from typing import Any

import click
import msgspec

from csctool.domain.operation import short
from csctool.domain.ticket import Ticket
from csctool.render.rows import write
from csctool.render.text import visible
from csctool.render.tickets import changes, tickets, time

#: Of how many tickets a terminal is told one by one.
FEW = 12


def undone(done: Any, fmt: str, *, dry_run: bool) -> None:
    """The tickets as they stand now. Without a format: nothing on stdout, a confirmation on a terminal's stderr."""
    if fmt != "table":
        tickets(done.tickets, fmt)
    elif dry_run:
        write(f"would undo {_headline(done)}\n")
        for ticket in done.tickets:
            write(f"{_line(ticket)}\n")
    elif sys.stderr.isatty():
        click.echo(f"undid {_headline(done)}", err=True)
        for ticket in done.tickets[:FEW]:
            click.echo(_line(ticket), err=True)
        if len(done.tickets) > FEW:
            click.echo(f"  and {len(done.tickets) - FEW} more", err=True)


def _headline(done: Any) -> str:
    count = f"{len(done.tickets)} ticket{'s' * (len(done.tickets) != 1)}"
    recalled = f", {done.recalled} message{'s' * (done.recalled != 1)} recalled" if done.recalled else ""
    return f"{short(done.op)}: {done.verb} by {visible(done.actor)}, {time(done.at)}; {count}{recalled}"


def _line(ticket: Ticket) -> str:
    event = ticket.history[-1]
    fields = msgspec.structs.replace(event, changes={n: c for n, c in event.changes.items() if n != "undid"})
    return f"  {ticket.key}  {changes(fields, times=True) or 'nothing but what was said'}"
