"""`export`: write tickets out."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.filters import filters, query_of
from csctool.commands.options import FILLED, FORMATS

#: The columns of a table; JSON carries everything, the history too.
COLUMNS = (
    "key", "agency", "number", "kind", "status", "subject", "description", "channel", "requester", "phone", "affected",
    "cc", "service", "category", "impact", "urgency", "priority", "queue", "tier", "desk", "owner", "assignee", "flags",
    "resolution", "code", "cause", "training", "minutes", "links", "handovers", "bounces", "opened_at", "updated_at",
    "responded_at", "resolved_at", "closed_at", "due.response", "due.resolution", "fields",
)  # fmt: skip


@click.command("export")
@filters
@click.option("--columns", type=FILLED, metavar="A,B,…", help="Which columns of a CSV, TSV or Markdown table.")
@click.option("--format", "fmt", type=click.Choice(FORMATS), default="jsonl", help="How to write; default jsonl.")
@click.pass_obj
def command(context: Context, /, fmt: str, columns: str | None, **said: Any) -> None:
    """Write tickets out: the whole desk, closed ones too, unless filters say less.

    \b
      csctool export > desk.jsonl                  everything, for import into another desk
      csctool export -a DHS --format csv > dhs.csv
    """
    import msgspec

    from csctool.desk.intake import given_out
    from csctool.render.tickets import tickets

    desk = context.desk()
    said["everything"] = not said["statuses"] and not said["closed"]
    names = tuple(columns.split(",")) if columns else COLUMNS
    for name in names if columns else ():
        desk.column(name)
    tickets(given_out(desk, msgspec.structs.replace(query_of(desk, said), hidden=True)), fmt, names)
