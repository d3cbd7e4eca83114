"""`outage resolve/cancel`: it is over, or was none, and its agencies hear of it."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, KEY, PROSE, dry_run_option, format_option


@click.command("resolve", short_help="End the outage and its incidents, and tell of it.")
@click.argument("key", type=KEY)
@click.option("--resolution", type=PROSE, required=True, help="What people read; - reads it from stdin.")
@click.option("--code", type=FILLED, help="One of the resolution codes; default: the first.")
@dry_run_option
@format_option()
@click.pass_obj
def resolve(context: Context, key: str, resolution: str, code: str | None, dry_run: bool, fmt: str) -> None:
    """End the outage and the incidents that belong to it, and tell the agencies.

    The same command again goes on where it was interrupted.
    """
    from csctool.desk.outages import resolve
    from csctool.render.outages import announced, progress

    done = resolve(context.desk(dry_run=dry_run), key, resolution, code=code, progress=progress)
    announced(context.took(done), fmt, dry_run=dry_run)


@click.command("cancel", short_help="Take it back, and tell of it.")
@click.argument("key", type=KEY)
@click.option("--reason", type=PROSE, required=True, help="Why, for colleagues; - reads it from stdin.")
@dry_run_option
@format_option()
@click.pass_obj
def cancel(context: Context, key: str, reason: str, dry_run: bool, fmt: str) -> None:
    """Tell the agencies that planned work does not take place, or that there is no outage after all.

    Incidents that belong to it stay open. The same command again goes on where it was interrupted.
    """
    from csctool.desk.outages import cancel
    from csctool.render.outages import announced, progress

    done = cancel(context.desk(dry_run=dry_run), key, reason, progress=progress)
    announced(context.took(done), fmt, dry_run=dry_run)
