"""`sweep`: the cron job."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, dry_run_option, format_option


@click.command("sweep")
@click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Only this one; may be repeated.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, agencies: tuple[str, ...], dry_run: bool, fmt: str) -> None:
    """Do what is due: resume, warn, tell breaches, escalate by rule, close what stayed quiet, archive.

    Quiet when nothing is due, a line for each change otherwise. Safe to run twice, also at once.
    """
    from csctool.desk.sweeping import sweep
    from csctool.render.sweeping import swept

    found = sweep(context.desk(dry_run=dry_run), [key.upper() for key in agencies])
    context.failed += [error for _, error in found.failures]
    swept(found.done, fmt, dry_run=dry_run)
