"""`service list`."""

import click

from csctool.commands.context import Context
from csctool.commands.options import format_option


@click.group("service")
def command() -> None:
    """The catalogue."""


@command.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, fmt: str) -> None:
    """List the catalogue: what is supported, and by which desk."""
    from csctool.desk.organising import services_of
    from csctool.render.setup import services

    services(services_of(context.desk()), fmt)
