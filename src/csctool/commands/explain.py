"""`explain`: why a ticket is where it is."""

import click

from csctool.commands.context import Context
from csctool.commands.options import format_option, keys_argument


@click.command("explain")
@keys_argument
@format_option()
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str) -> None:
    """Show for each decision who was asked, who answered what with which reason and rule, and who was passed over; and
    who is told of what, by which rule."""
    from csctool.desk.outbox import recorded
    from csctool.render.explaining import explained

    desk = context.desk()
    tickets = context.took(desk.show(keys)).tickets
    explained(tickets, fmt, recorded(desk, tickets))
