"""`search`: tickets that contain all the words."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.filters import filters, query_of
from csctool.commands.list import show
from csctool.commands.options import FILLED, format_option


@click.command("search")
@click.argument("sought", nargs=-1, required=True, type=FILLED, metavar="WORDS...")
@filters
@click.option("--sort", type=FILLED, metavar="FIELD", help="Order by a field; -FIELD turns it round.")
@click.option("--columns", type=FILLED, metavar="A,B,…", help="Which columns.")
@click.option("--limit", "-n", type=click.IntRange(0), help="At most so many; 0 is no limit.")
@format_option()
@click.pass_obj
def command(context: Context, /, sought: tuple[str, ...], fmt: str, **said: Any) -> None:
    """List tickets that contain all the words, in any case, in subject, description, notes, resolution or names."""
    desk = context.desk()
    said["words"] = (*said["words"], *(word for text in sought for word in text.split()))
    show(desk, query_of(desk, said), fmt, said)
