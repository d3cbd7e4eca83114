"""`import`: take in tickets from files."""

import gc

import click

from csctool.commands.context import Context
from csctool.commands.options import AGENCY, FILLED, dry_run_option, format_option


@click.command("import")
@click.argument("file", type=FILLED)
@click.option(
    "--map", "map_word", type=FILLED, metavar="NAME|FILE", help="Which column is what: a ready map or a file."
)
@click.option("--agency", "-a", type=AGENCY, help="Whose the tickets are, whatever the file says.")
@click.option("--rejects", type=FILLED, metavar="FILE", help="Write rows that can't be taken there, with the reasons.")
@click.option("--encoding", type=FILLED, help="Of the file, when it is not UTF-8: latin-1, cp1252.")
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Save so many agencies at once; as many as processors when left out.",
)
@click.option("--add-agencies", is_flag=True, help="Make the agencies that are not there yet.")
@dry_run_option
@format_option()
@click.pass_obj
def command(
    context: Context, file: str, map_word: str | None, agency: str | None, rejects: str | None, encoding: str | None,
    jobs: int | None, add_agencies: bool, dry_run: bool, fmt: str,
) -> None:  # fmt: skip
    """Take in tickets from CSV, TSV or JSON Lines, plain or gzip; - is stdin.

    The same file again adds nothing. JSON Lines with the ticket's own field names (what export writes) need no map;
    ready maps are servicenow and nyc311. Rows that can't be taken are told, and the others stay in.
    """
    from csctool.desk.intake import default_agency, require_agency, take_in
    from csctool.render.transfer import imported, progress, progressed
    from csctool.transfer.importing import Import

    gc.enable()
    gc.set_threshold(200_000, 20, 100)  # tickets make little rubbish; looking for it all the time takes an eighth
    desk = context.desk(dry_run=dry_run)
    default = default_agency(desk, agency.upper() if agency else None)
    with Import(file, map_word, encoding) as source:
        if source.needs_agency:
            require_agency(desk, default)
        rows = source.tickets(agency=default, forced=agency is not None, zone=desk.zone)
        refused = source.refusals(None if dry_run else rejects)
        crew = context.crew(desk, jobs)
        try:
            taken = take_in(desk, rows, refused.add, add_agencies=add_agencies, progress=progress, crew=crew)
        finally:
            if crew is not None:
                crew.dismiss()
            progressed()
            context.failed += refused.close()
    imported({"rows": source.rows, **taken.counts(), "rejected_rows": refused.rows}, fmt, dry_run=dry_run)
