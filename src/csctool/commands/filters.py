"""Which tickets: the filters that `list`, `search`, `export` and others share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from csctool.commands.options import AGENCY, FILLED, PERSON, QUEUE, SERVICE
from csctool.domain.words import KINDS, PRIORITIES, STATUSES, UNDONE

if TYPE_CHECKING:
    from csctool.desk.desk import Desk
    from csctool.domain.query import Query, Range

F = TypeVar("F", bound=Callable[..., Any])

STATUS = click.Choice((*STATUSES, "open", "live"))
FILTERS = (
    click.option("--agency", "-a", "agencies", multiple=True, type=AGENCY, help="Of this agency; may be repeated."),
    click.option("--status", "statuses", multiple=True, type=STATUS, help="open, live or a status."),
    click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Of this kind."),
    click.option("--queue", "-q", "queues", multiple=True, type=QUEUE, help="In this queue."),
    click.option("--my-queues", is_flag=True, help="In the queues you are a member of."),
    click.option("--desk-queue", "desks", multiple=True, type=QUEUE, help="Owned by this desk."),
    click.option("--owner", "owners", multiple=True, type=PERSON, help="Owned by this person."),
    click.option("--assignee", "assignees", multiple=True, type=PERSON, help="Assigned to this person."),
    click.option("--mine", is_flag=True, help="Assigned to you."),
    click.option("--unassigned", is_flag=True, help="Assigned to nobody."),
    click.option("--priority", "-p", "priorities", multiple=True, type=click.Choice(PRIORITIES), help="P1 to P5."),
    click.option("--tier", "tiers", multiple=True, type=FILLED, help="On this support line."),
    click.option("--service", "-s", "services", multiple=True, type=SERVICE, help="About this service; * is any run."),
    click.option("--category", "categories", multiple=True, type=FILLED, help="Or below it; * is any run."),
    click.option("--requester", "requesters", multiple=True, type=FILLED, help="Part of a name or address."),
    click.option("--flag", "flags", multiple=True, type=FILLED, help="Such as callback-required, incomplete, undone."),
    click.option("--opened", type=FILLED, metavar="RANGE", help="Opened in: 2026-11, 7d, A..B."),
    click.option("--resolved", type=FILLED, metavar="RANGE", help="Resolved in."),
    click.option("--due", type=FILLED, metavar="RANGE", help="To be resolved in."),
    click.option("--closed", type=FILLED, metavar="RANGE", help="Closed or cancelled in."),
    click.option("--breached", is_flag=True, help="Promised for earlier and not kept."),
    click.option("--text", "words", multiple=True, type=FILLED, help="Contains this."),
    click.option("--all", "everything", is_flag=True, help="Closed and cancelled ones too."),
)  # fmt: skip


def filters(f: F) -> F:
    """The options that say which tickets."""
    for option in reversed(FILTERS):
        f = option(f)
    return f


def query_of(desk: "Desk", said: dict[str, Any]) -> "Query":
    """The filters as a query. What was undone is found by who names its flag, and by nobody else."""
    from csctool.domain.query import Query
    from csctool.domain.words import LIVE, OPEN

    groups = {"open": OPEN, "live": LIVE}
    statuses = sorted({s for word in said["statuses"] for s in groups.get(word, (word,))})
    times = ("opened", "resolved", "due", "closed")
    ranges: dict[str, Any] = {name: _span(desk, said[name]) for name in times if said[name]}
    assignees = (*said["assignees"], *((desk.actor.name,) if said["mine"] else ()))
    queues = (*said["queues"], *(desk.my_queues() if said["my_queues"] else ()))
    names = ("kinds", "desks", "owners", "unassigned", "priorities", "tiers", "requesters", "flags", "words")
    undone = UNDONE in said["flags"]
    return Query(
        agencies=tuple(key.upper() for key in said["agencies"]), statuses=tuple(statuses), queues=queues,
        assignees=assignees, services=tuple(desk.settings.service_named(s) or s for s in said["services"]),
        categories=said["categories"], breached_at=desk.clock() if said["breached"] else None,
        everything=said["everything"] or undone, hidden=undone, **ranges, **{name: said[name] for name in names},
    )  # fmt: skip


def _span(desk: "Desk", text: str) -> "Range":
    from csctool.domain.times import span

    return span(text, desk.clock(), desk.zone, fiscal=desk.settings.fiscal_year)
