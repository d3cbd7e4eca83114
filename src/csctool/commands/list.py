"""`list`: look for tickets."""

import sys
from typing import TYPE_CHECKING, Any

import click

from csctool.commands.context import Context
from csctool.commands.filters import filters, query_of
from csctool.commands.options import FILLED, format_option

if TYPE_CHECKING:
    from csctool.desk.desk import Desk
    from csctool.domain.query import Query


@click.command("list")
@filters
@click.option(
    "--sort", type=FILLED, metavar="FIELD", help="Order by a field; -FIELD turns it round. Default: most urgent."
)
@click.option("--columns", type=FILLED, metavar="A,B,…", help="Which columns; fields.NAME is one too.")
@click.option("--limit", "-n", type=click.IntRange(0), help="At most so many; 0 is no limit.")
@format_option()
@click.pass_obj
def command(context: Context, /, fmt: str, **said: Any) -> None:
    """List tickets: live ones, the most urgent first."""
    desk = context.desk()
    show(desk, query_of(desk, said), fmt, said)


def show(desk: "Desk", query: "Query", fmt: str, said: dict[str, Any]) -> None:
    """The matching tickets, ordered and cut; on a terminal a screenful unless --limit says more."""
    from csctool.render.tickets import COLUMNS, tickets

    names = tuple(name.strip() for name in said["columns"].split(",")) if said["columns"] else COLUMNS
    found = desk.listed(query, said["sort"], names if said["columns"] else ())
    limit = said["limit"]
    if limit is None and fmt == "table" and sys.stdout.isatty():
        limit = screenful()
    cut = found[:limit] if limit else found
    tickets(cut, fmt, names)
    if len(cut) < len(found) and sys.stderr.isatty():
        click.echo(f"{len(cut)} of {len(found)} tickets; --limit 0 shows all", err=True)
    elif not found and fmt == "table" and sys.stderr.isatty():
        click.echo("no tickets", err=True)


def screenful() -> int:
    """How many rows fit the terminal under a heading and a prompt."""
    from shutil import get_terminal_size

    return max(5, get_terminal_size().lines - 4)
