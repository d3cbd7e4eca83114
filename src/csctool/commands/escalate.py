"""`escalate`: hand on to the next tier."""

import click

from csctool.commands.context import Context
from csctool.commands.options import PROSE, QUEUE, changing


@click.command("escalate")
@changing
@click.option("--reason", type=PROSE, required=True, help="Why.")
@click.option("--to", type=QUEUE, metavar="QUEUE", help="Instead of the queue that the settings name.")
@click.option("--hierarchic", is_flag=True, help="Tell the lead or the manager; the queue stays.")
@click.option("--by", type=click.Choice(("requester",)), help="Who asked for it.")
@click.option("--force", is_flag=True, help="Send it even to a queue that returned it.")
@click.pass_obj
def command(
    context: Context,
    keys: list[str],
    fmt: str,
    dry_run: bool,
    at: str | None,
    reason: str,
    to: str | None,
    hierarchic: bool,
    by: str | None,
    force: bool,
) -> None:
    """Send tickets to the next tier's queue for their kind, or tell the queue's lead (--hierarchic)."""
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    done = context.took(desk.escalate(keys, reason, to=to, hierarchic=hierarchic, by=by, force=force))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
