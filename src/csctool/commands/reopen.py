"""`reopen`: it does not work after all."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PROSE, changing


@click.command("reopen")
@changing
@click.option("--reason", type=PROSE, required=True, help="Why.")
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, reason: str) -> None:
    """Back to the status before resolving; closed tickets within the window."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.reopen(keys, reason))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
