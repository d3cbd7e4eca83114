"""`restore`: a desk out of a backup."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, dry_run_option, format_option


@click.command("restore")
@click.argument("file", type=FILLED, metavar="FILE")
@click.argument("directory", required=False, type=FILLED, metavar="[DIR]")
@click.option("--agency", "-a", type=AGENCY, help="Only this one; the desk's settings stay as they are.")
@click.option("--force", is_flag=True, help="Also over newer changes; they are kept beside the desk.")
@dry_run_option
@format_option()
@click.pass_obj
def command(
    context: Context, file: str, directory: str | None, agency: str | None, force: bool, dry_run: bool, fmt: str
) -> None:
    """Put the backup FILE (- is stdin) back: into DIR, new or empty, or over the desk in DIR (else the usual one).

    Everything is checked before anything is replaced. Where the desk has changes that the backup lacks, it is refused
    (exit 4) and the agencies are named; --force restores all the same. What was there is kept in the desk's directory
    as before-restore-TIME. Numbers that were given out since are never given out again.

    \b
      csctool restore desk.tar.gz new-desk         a desk as it was
      csctool restore desk.tar.gz --dry-run        what would be replaced here, and what it lacks
      csctool restore desk.tar.gz -a DHS           one agency
    """
    from csctool.render.errors import notice
    from csctool.render.safekeeping import restored

    done = context.restore(file, directory, agency=agency and agency.upper(), force=force, dry_run=dry_run)
    restored(done, fmt)
    for note in done.notes:
        notice(note)
