"""`schema`: what the JSON looks like."""

import click

from csctool.commands.options import FILLED, format_option
from csctool.errors import NotFoundError


@click.command("schema")
@click.argument("name", required=False, type=FILLED)
@format_option()
def command(name: str | None, fmt: str) -> None:
    """Print the JSON Schema of an output, or the names of all.

    A schema is JSON; the formats for tables have its fields, each with its type.
    """
    from csctool.render.schemas import SCHEMAS, named, shown

    if name is None:
        named(fmt)
        return
    name = name.removeprefix("csctool.").removesuffix("/1")
    if name not in SCHEMAS:
        raise NotFoundError(f"no such schema: {name}", f"one of: {', '.join(SCHEMAS)}")
    shown(name, fmt)
