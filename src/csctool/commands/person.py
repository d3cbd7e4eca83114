"""`person list/add`."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, dry_run_option, format_option
from csctool.domain.words import ROLES


@click.group("person")
def command() -> None:
    """The people who work tickets."""


@command.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, fmt: str) -> None:
    """List the people with their roles and queues."""
    from csctool.desk.organising import people_of
    from csctool.render.setup import people

    people(people_of(context.desk()), fmt)


@command.command("add")
@click.argument("key", type=FILLED)
@click.option("--name", type=FILLED, help="The full name.")
@click.option("--email", type=FILLED, help="The address.")
@click.option("--user", type=FILLED, help="The Unix user; the key when left out.")
@click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="May be repeated; default csr.")
@click.option("--away", multiple=True, type=FILLED, metavar="A..B", help="No automatic assignment then.")
@dry_run_option
@format_option()
@click.pass_obj
def add(context: Context, /, key: str, dry_run: bool, fmt: str, **said: Any) -> None:
    """Add a person to csctool.toml. From the first one on, names are checked."""
    from csctool.desk.organising import add_entry
    from csctool.render.setup import added

    said["roles"] = said["roles"] or ("csr",)
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items() if value}
    add_entry(context.desk(dry_run=dry_run), "people", key, values)
    added("person", key, dry_run=dry_run, fmt=fmt)
