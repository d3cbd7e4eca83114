"""`triage`: correct what describes a ticket."""

from typing import Any

import click

from csctool.commands.context import Context
from csctool.commands.open import LEVEL
from csctool.commands.options import (
    FILLED,
    PERSON,
    PROSE,
    QUEUE,
    SERVICE,
    TEXT,
    Prose,
    changing,
    field_option,
)  # fmt: skip
from csctool.domain.words import CHANNELS, DESCRIBING, KINDS, PRIORITIES


@click.command("triage")
@changing
@click.option("--subject", type=PROSE, help="A better subject.")
@click.option("--kind", type=click.Choice(KINDS), help="What it really is.")
@click.option("--requester", type=TEXT, help="Who needs help.")
@click.option("--phone", type=TEXT, help="Where to call back.")
@click.option("--affected", type=TEXT, help="Who has the trouble.")
@click.option("--cc", multiple=True, type=FILLED, help="Who else is told; replaces the list.")
@click.option("--channel", type=click.Choice(CHANNELS), help="How it came in.")
@click.option("--service", type=SERVICE, help="The service.")
@click.option("--category", type=TEXT, help="The category.")
@click.option("--impact", type=LEVEL, help="1 high to 3 low.")
@click.option("--urgency", type=LEVEL, help="1 high to 3 low.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="Instead of impact and urgency.")
@click.option("--description", type=Prose(), help="What it is about.")
@field_option
@click.option("--desk", "owning", type=QUEUE, help="The desk that owns it; needs --reason.")
@click.option("--owner", type=PERSON, help="Who answers for it to the requester.")
@click.option("--due", type=FILLED, metavar="TIME", help="When it is promised, as agreed; needs --reason.")
@click.option("--reason", type=PROSE, help="Why.")
@click.option("--reroute", is_flag=True, help="Ask categorisation and routing again for what is not set.")
@click.pass_obj
def command(context: Context, /, keys: list[str], fmt: str, dry_run: bool, at: str | None, **said: Any) -> None:
    """Correct what describes tickets; priority follows impact and urgency."""
    from csctool.desk.opening import Correction, triage
    from csctool.render.tickets import changed

    desk = context.desk(dry_run=dry_run, at=at)
    given = {n: (said[n] if said[n] != "" else None) for n in DESCRIBING if said.get(n) not in (None, ())}
    correction = Correction(
        given, said["fields"], desk=said["owning"], owner=said["owner"], reason=said["reason"],
        due=context.moment(desk, said["due"], ahead=True) if said["due"] else None, reroute=said["reroute"],
    )  # fmt: skip
    done = context.took(triage(desk, keys, correction))
    changed(done.tickets, fmt, len(keys), dry_run=dry_run)
