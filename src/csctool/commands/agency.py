"""`agency add/list/show`."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, dry_run_option, format_option


@click.group("agency")
def command() -> None:
    """The customers: each agency's tickets, rules and files stand apart."""


@command.command("add")
@click.argument("key", type=FILLED)
@click.option("--name", type=FILLED, help="Its full name.")
@click.option("--group", type=FILLED, help="The Unix group that may read and write its files.")
@dry_run_option
@format_option()
@click.pass_obj
def add(context: Context, key: str, name: str | None, group: str | None, dry_run: bool, fmt: str) -> None:
    """Add an agency: its directory and a commented agency.toml."""
    from csctool.desk.organising import add_agency
    from csctool.render.setup import added, agencies

    desk = context.desk(dry_run=dry_run)
    found = add_agency(desk, key, name or key, group)
    if fmt == "table":
        added("agency", key, dry_run=dry_run)
    else:
        agencies([found], fmt)


@command.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, fmt: str) -> None:
    """List the agencies."""
    from csctool.desk.organising import agencies_of
    from csctool.render.setup import agencies

    agencies(agencies_of(context.desk()), fmt)


@command.command("show")
@click.argument("key", type=AGENCY)
@format_option()
@click.pass_obj
def show(context: Context, key: str, fmt: str) -> None:
    """Show an agency."""
    from csctool.desk.organising import agency_of
    from csctool.render.setup import agencies

    agencies([agency_of(context.desk(), key.upper())], fmt, whole=True)
