"""`hold`: wait for somebody."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, changing, note_option
from csctool.domain.words import HOLD_CAUSES


@click.command("hold")
@changing
@click.option("--for", "cause", type=click.Choice(HOLD_CAUSES), required=True, help="Whom or what for.")
@click.option("--until", type=FILLED, metavar="TIME", help="When it ends by itself: a time, or 3d from now.")
@note_option
@click.pass_obj
def command(
    context: Context,
    keys: list[str],
    fmt: str,
    dry_run: bool,
    at: str | None,
    cause: str,
    until: str | None,
    note: str | None,
) -> None:
    """Wait for somebody; the cause decides whether the clock runs on. It ends by itself at --until."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.hold(keys, cause, context.moment(desk, until, ahead=True) if until else None, note))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
