"""`show`: look at tickets."""

import click

from csctool.commands.context import Context
from csctool.commands.options import format_option, keys_argument


@click.command("show")
@keys_argument
@format_option()
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str) -> None:
    """Show tickets, whole."""
    from csctool.render.tickets import show

    show(context.took(context.desk().show(keys)).tickets, fmt, len(keys))
