"""`config check`."""

import click

from csctool.commands.context import Context
from csctool.commands.options import format_option


@click.group("config")
def command() -> None:
    """The settings."""


@command.command("check", short_help="Read every settings file and say what is wrong.")
@format_option()
@click.pass_obj
def check(context: Context, fmt: str) -> None:
    """Read every settings file of the desk and say what is wrong, each with file, key and what would be right."""
    from csctool.render.setup import checked

    files, wrong = context.check_settings()
    context.failed += wrong
    checked(files, wrong, fmt)
