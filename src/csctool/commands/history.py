"""`history`: everything that happened to a ticket."""

import click

from csctool.commands.context import Context
from csctool.commands.options import format_option, keys_argument


@click.command("history")
@keys_argument
@format_option()
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str) -> None:
    """Show every event of a ticket: when, who, what changed from what to what, and which rule decided."""
    from csctool.render.tickets import history

    history(context.took(context.desk().show(keys)).tickets, fmt)
