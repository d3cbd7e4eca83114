"""`backup`: a copy of the whole desk at one moment."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, dry_run_option, format_option
from csctool.errors import UsageError


@click.command("backup")
@click.argument("file", type=FILLED, metavar="FILE")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--verify", is_flag=True, help="Write nothing: read the backup FILE to its end and say what it holds.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, file: str, force: bool, verify: bool, dry_run: bool, fmt: str) -> None:
    """Write the whole desk to FILE (- is stdout) while others go on working: a .tar.gz, readable by you alone.

    Every agency is in it as it stands at one moment, and a change over several agencies whole or not at all. It holds
    settings, rules, plugin files, tickets and archives, and nothing else that lies in the desk's directory: no
    passwords. Exits with 5 or 7 when an agency can't be read or is damaged; the others are in it.

    \b
      csctool backup desk.tar.gz                   make one; csctool restore puts it back
      csctool backup --verify desk.tar.gz          is every byte as it was written?
      csctool backup - | ssh elsewhere 'cat > desk.tar.gz'
    """
    from csctool.render.safekeeping import backed_up, progress, progressed, verified

    if file == "-" and fmt != "table" and not (dry_run or verify):
        raise UsageError("stdout carries the backup itself", "leave --format out, or name a file")
    try:
        if verify:
            verified(context.look_at_backup(file, progress), fmt)
            return
        made, troubles = context.back_up(file, force=force, dry_run=dry_run, progress=progress)
    finally:
        progressed()
    backed_up(made, fmt, dry_run=dry_run)
    context.failed += troubles
