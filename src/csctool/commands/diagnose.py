"""`diagnose`: record the cause."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PROSE, changing, note_option


@click.command("diagnose")
@changing
@click.option("--cause", type=PROSE, required=True, help="The cause.")
@note_option
@click.pass_obj
def command(
    context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, cause: str, note: str | None
) -> None:
    """Record what caused it."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.diagnose(keys, cause, note))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
