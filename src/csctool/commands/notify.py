"""`notify list/send/retry/preview/hold/recall`: what waits, what was delivered, delivery now, and second thoughts."""

import click

from csctool.commands.context import Context
from csctool.commands.notify_hold import hold, recall
from csctool.commands.notify_preview import preview
from csctool.commands.notify_send import agencies_option, retry, send
from csctool.commands.options import FILLED, KEY, format_option

STATE = click.Choice(("waiting", "held", "dead", "sent"))


@click.group("notify")
def command() -> None:
    """Messages to people: what waits, what was delivered, what failed.

    An ID is that of a message, the beginning of it, or the key of a ticket for all that waits about it; - reads stdin.
    """


@command.command("list", short_help="Messages that wait, are held or were given up.")
@agencies_option
@click.option("--state", "states", multiple=True, type=STATE, help="All but those that were sent, when left out.")
@click.option("--ticket", type=KEY, metavar="KEY", help="About this one.")
@click.option("--since", type=FILLED, metavar="TIME", help="Caused, or sent, since then: yesterday, 7d, 2026-11-01.")
@format_option()
@click.pass_obj
def list_(
    context: Context, agencies: tuple[str, ...], states: tuple[str, ...], ticket: str | None, since: str | None,
    fmt: str,
) -> None:  # fmt: skip
    """List the messages that wait, are held or were given up (dead), and those that were sent."""
    from csctool.desk.outbox import Wanted, messages
    from csctool.render.notify import listed

    desk = context.desk()
    moment = context.moment(desk, since) if since else None
    listed(messages(desk, Wanted(agencies, states, ticket, moment)), fmt, sent=set(states) == {"sent"})


command.add_command(send)
command.add_command(retry)
command.add_command(preview)
command.add_command(hold)
command.add_command(recall)
