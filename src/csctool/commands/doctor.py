"""`doctor`: is the desk sound, and what is there to do?"""

import click

from csctool.commands.context import Context
from csctool.commands.options import dry_run_option, format_option


@click.command("doctor")
@click.option("--repair", is_flag=True, help="Save what can be saved of damaged files; the originals are kept.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, repair: bool, dry_run: bool, fmt: str) -> None:
    """Look at settings, files, permissions, locks, clocks, plugins and archives, and say what to do.

    Exits with 0 when nothing is damaged (warnings and notes are no damage), with 7 for damaged files, with 2 for
    settings that can't be used. --repair saves every ticket that is intact, takes the others from the generation
    before, and keeps the damaged file beside the new one; it exits with 7 when a ticket is lost.
    """
    from csctool.render.doctor import checkup

    found = context.took(context.doctor(repair=repair, dry_run=dry_run))
    checkup(found, fmt)
    context.failed += [found.verdict] if found.verdict else []
