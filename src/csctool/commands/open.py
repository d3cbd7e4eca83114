"""`open`: register a ticket."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.options import (
    AGENCY,
    FILLED,
    KEY,
    PERSON,
    PROSE,
    QUEUE,
    SERVICE,
    TEXT,
    TRAINING,
    Prose,
    at_option,
    dry_run_option,
    field_option,
    format_option,
)  # fmt: skip
from csctool.domain.words import CHANNELS, DESCRIBING, KINDS, PRIORITIES, LinkType
from csctool.errors import UsageError

LEVEL = click.IntRange(1, 3)
TIES: tuple[LinkType, ...] = ("fixes", "follows")


@click.command("open")
@click.argument("subject", type=PROSE)
@click.option("--agency", "-a", type=AGENCY, help="Whose ticket; else the agency of the requester's domain.")
@click.option("--kind", type=click.Choice(KINDS), help="What it is; else rules say, else contact.")
@click.option("--requester", "-r", type=FILLED, help="Who needs help: name and e-mail.")
@click.option("--phone", type=TEXT, help="Where to call back.")
@click.option("--affected", type=TEXT, help="Who has the trouble, when it is not the requester.")
@click.option("--cc", multiple=True, type=FILLED, help="Who else is told; may be repeated.")
@click.option("--channel", "-c", type=click.Choice(CHANNELS), help="How it came in.")
@click.option("--service", "-s", type=SERVICE, help="The service, by any of its names.")
@click.option("--category", type=FILLED, help="A path: telecom/voice/voicemail.")
@click.option("--impact", type=LEVEL, help="1 high to 3 low.")
@click.option("--urgency", type=LEVEL, help="1 high to 3 low.")
@click.option("--priority", "-p", type=click.Choice(PRIORITIES), help="Instead of impact and urgency.")
@click.option("--description", "-d", type=Prose(), help="What was said; - reads it from stdin.")
@field_option
@click.option("--queue", "-q", type=QUEUE, help="Where it goes, instead of routing.")
@click.option("--to", type=PERSON, help="Who takes it.")
@click.option("--fixes", type=KEY, help="The incident that this change fixes.")
@click.option("--follows", type=KEY, help="The ticket that this one goes on from.")
@click.option("--once", type=FILLED, metavar="ID", help="Open no second live ticket with this ID.")
@click.option("--resolution", type=PROSE, help="Answered already: what the client was told.")
@click.option("--code", type=FILLED, help="Resolution code.")
@click.option("--training", type=TRAINING, help="Training need: none, or needed:TOPIC.")
@click.option("--minutes", type=click.IntRange(0), default=0, help="Effort.")
@click.option("--close", is_flag=True, help="Close it too.")
@at_option
@dry_run_option
@click.option("--explain", is_flag=True, help="With --dry-run: show who would decide what, and why.")
@format_option()
@click.pass_obj
def command(
    context: Context, /, fmt: str, dry_run: bool, explain: bool, at: str | None, agency: str | None, **said: Any
) -> None:  # fmt: skip
    """Register a ticket and print its key.

    \b
      csctool open "Printer on 3rd floor jams" -a DHS -r "Ann Lee <ann@dhs.example.gov>" -c phone
      csctool open "Password reset" -a DHS --kind request -c phone --resolution "Reset and tested" --close
      csctool open "Disk full on db1" -a DOT -c monitoring --impact 1 --once nagios-db1-disk
    """
    from csctool.desk.opening import NewTicket, open_ticket
    from csctool.render.tickets import foretold, opened

    if explain and not dry_run:
        raise UsageError("--explain goes with --dry-run", "csctool explain KEY tells it afterwards")
    given = {name: said[name] for name in DESCRIBING if said.get(name)}
    if said["fields"]:
        given["fields"] = said["fields"]
    ties = tuple((kind, said[kind].upper()) for kind in TIES if said[kind])
    new = NewTicket(
        given, agency=agency.upper() if agency else None, queue=said["queue"], person=said["to"], once=said["once"],
        ties=ties, resolution=said["resolution"], code=said["code"], training=said["training"],
        minutes=said["minutes"], close=said["close"],
    )  # fmt: skip
    result = open_ticket(context.desk(dry_run=dry_run, at=at), new)
    show = foretold if explain else opened
    show(result.ticket, fmt, fresh=result.fresh, dry_run=dry_run)
    if result.failure:
        context.failed.append(result.failure)
