"""`return`: not ours."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PROSE, changing


@click.command("return")
@changing
@click.option("--reason", type=PROSE, required=True, help="Why it is not ours.")
@click.pass_obj
def command(context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, reason: str) -> None:
    """Send tickets back to the desk that owns them."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.give_back(keys, reason))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
