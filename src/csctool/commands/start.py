"""`start`: begin work."""

import click

from csctool.commands.context import Context
from csctool.commands.options import changing, note_option


@click.command("start")
@changing
@note_option
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, note: str | None) -> None:
    """Begin work. From a queue it also takes the ticket."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.start(keys, note=note))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
