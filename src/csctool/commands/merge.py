"""`merge`: end as a duplicate."""

import click

from csctool.commands.context import Context
from csctool.commands.options import KEY, PROSE, changing


@click.command("merge")
@changing
@click.option("--into", type=KEY, required=True, help="The ticket that goes on.")
@click.option("--reason", type=PROSE, help="Why.")
@click.pass_obj
def command(
    context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, into: str, reason: str | None
) -> None:
    """End tickets as duplicates of another one, which takes over requesters and notes."""
    from csctool.desk.pairs import merge
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(merge(desk, keys, into.upper(), reason))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
