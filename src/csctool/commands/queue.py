"""`queue list/show/add`."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.options import FILLED, PERSON, QUEUE, dry_run_option, format_option


@click.group("queue")
def command() -> None:
    """The groups that take tickets."""


@command.command("list")
@format_option()
@click.pass_obj
def list_(context: Context, fmt: str) -> None:
    """List the queues by tier, with what waits in each."""
    from csctool.desk.organising import queues_of
    from csctool.render.setup import queues

    queues(queues_of(context.desk()), fmt)


@command.command("show")
@click.argument("name", type=QUEUE)
@format_option()
@click.pass_obj
def show(context: Context, name: str, fmt: str) -> None:
    """Show a queue."""
    from csctool.desk.organising import queue_of
    from csctool.render.setup import queues

    queues([queue_of(context.desk(), name)], fmt, whole=True)


@command.command("add")
@click.argument("name", type=FILLED)
@click.option("--tier", type=FILLED, required=True, help="Its support line.")
@click.option("--title", type=FILLED, help="Its name for people.")
@click.option("--desk", is_flag=True, help="A point of contact that owns tickets.")
@click.option("--owner", type=QUEUE, help="The desk that it works for.")
@click.option("--member", "members", multiple=True, type=PERSON, help="Who is in it; may be repeated.")
@click.option("--lead", type=PERSON, help="Who leads it.")
@click.option("--escalates-to", type=QUEUE, help="Where it escalates everything.")
@click.option("--assign", type=click.Choice(("none", "round-robin", "least-loaded")), help="Automatic assignment.")
@dry_run_option
@format_option()
@click.pass_obj
def add(context: Context, /, name: str, dry_run: bool, fmt: str, **said: Any) -> None:
    """Add a queue to csctool.toml."""
    from csctool.desk.organising import add_entry
    from csctool.render.setup import added

    values = {key: list(value) if isinstance(value, tuple) else value for key, value in said.items() if value}
    add_entry(context.desk(dry_run=dry_run), "queues", name, values)
    added("queue", name, dry_run=dry_run, fmt=fmt)
