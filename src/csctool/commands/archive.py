"""`archive`: housekeeping."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, dry_run_option, format_option


@click.command("archive")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Move closed and cancelled tickets to the archive of their month. Safe at any time, and twice."""
    from csctool.render.setup import archived

    desk = context.desk(dry_run=dry_run)
    archived(desk.archive(key.upper() for key in agencies), fmt, dry_run=dry_run)
