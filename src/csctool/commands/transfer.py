"""`transfer`: to the agency it belongs to."""

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, PROSE, changing


@click.command("transfer")
@changing
@click.option("--agency", "-a", type=AGENCY, required=True, help="Where it belongs.")
@click.option("--reason", type=PROSE, help="Why.")
@click.pass_obj
def command(
    context: Context, keys: list[str], fmt: str, dry_run: bool, at: str | None, agency: str, reason: str | None
) -> None:
    """Move tickets to the agency they belong to and print their new keys; the old ones forward."""
    from csctool.desk.pairs import transfer
    from csctool.render.tickets import changed, opened

    done = context.took(transfer(context.desk(dry_run=dry_run, at=at), keys, agency.upper(), reason))
    if fmt != "table":
        changed(done.tickets, fmt, len(keys), dry_run=dry_run)
        return
    for ticket in done.tickets:
        opened(ticket, fmt, fresh=True, dry_run=dry_run)
