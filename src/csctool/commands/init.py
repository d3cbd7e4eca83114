"""`init`: make a desk."""

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, dry_run_option, format_option


@click.command("init")
@click.argument("directory", required=False, type=FILLED, metavar="[DIR]")
@click.option("--demo", is_flag=True, help="Full of life: 12 agencies, 40 people, 600 tickets over 60 days.")
@dry_run_option
@format_option()
@click.pass_obj
def command(context: Context, directory: str | None, demo: bool, dry_run: bool, fmt: str) -> None:
    """Make a desk in DIR (else --desk, else here): settings with comments, queues, and the home agency."""
    from csctool.render.setup import made

    made(context.found(directory, demo=demo, dry_run=dry_run), fmt, dry_run=dry_run)
