"""`schema`: what the JSON looks like."""

import click

from csctool.commands.options import FILLED
from csctool.errors import NotFoundError


@click.command("schema")
@click.argument("name", required=False, type=FILLED)
def command(name: str | None) -> None:
    """Print the JSON Schema of an output, or the names of all."""
    from csctool.render.rows import document, write
    from csctool.render.schemas import SCHEMAS, schema

    if name is None:
        write("".join(f"{known}\n" for known in SCHEMAS))
        return
    name = name.removeprefix("csctool.").removesuffix("/1")
    if name not in SCHEMAS:
        raise NotFoundError(f"no such schema: {name}", f"one of: {', '.join(SCHEMAS)}")
    document(schema(name))
