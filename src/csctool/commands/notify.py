"""`notify list/send/preview`: what waits for delivery, delivery now, and the words before."""

import click

from csctool.commands.context import Context
from csctool.commands.notify_preview import preview
from csctool.commands.options import AGENCY, dry_run_option, format_option


@click.group("notify")
def command() -> None:
    """Messages to people: what waits, what was delivered, what failed."""


@command.command("list")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@format_option()
@click.pass_obj
def list_(context: Context, agencies: tuple[str, ...], fmt: str) -> None:
    """List what waits in the outbox."""
    from csctool.desk.outbox import waiting
    from csctool.render.notify import listed

    listed(waiting(context.desk(), [key.upper() for key in agencies]), fmt)


@command.command("send")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@dry_run_option
@format_option()
@click.pass_obj
def send(context: Context, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Deliver what is due; exit 9 when something could not be delivered, which stays in the outbox."""
    from csctool.desk.delivering import send as deliver
    from csctool.render.notify import sent

    done = deliver(context.desk(dry_run=dry_run), [key.upper() for key in agencies])
    context.failed += [error for _, error in done.failures]
    sent(done.sent, fmt, dry_run=dry_run)


command.add_command(preview)
