"""Tickets for people and scripts: one, many, their history, and what a change did."""

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from csctool.domain.effects import standing
from csctool.domain.lifecycle import holding
from csctool.domain.operation import short
from csctool.domain.ticket import Event, Ticket
from csctool.render.rows import document, lines, listing, rows, scalar, write
from csctool.render.text import paragraphs, visible

COLUMNS = ("key", "priority", "status", "kind", "queue", "assignee", "due", "subject")

_HUES = {"P1": "red", "P2": "yellow", "incomplete": "magenta", "callback-required": "red"}


def tickets(found: Iterable[Ticket], fmt: str, columns: Sequence[str] = COLUMNS) -> None:
    """Several tickets in any format."""
    if fmt == "json":
        listing("csctool.tickets/1", "tickets", list(found))
    elif fmt == "jsonl":
        lines(found)
    elif fmt == "keys":
        for ticket in found:
            write(f"{ticket.key}\n")
    else:
        shrink = "subject" if "subject" in columns else columns[-1]
        paint = _painted if colour() else None
        rows((_row(ticket, columns) for ticket in found), columns, fmt, shrink=shrink, paint=paint)


def _painted(column: str, text: str) -> str:
    """A cell of a list as a terminal shows it: what is urgent or wanting stands out."""
    if column not in ("priority", "flags"):
        return text
    return " ".join(_style(word, fg=_HUES[word]) if word in _HUES else word for word in text.split(" "))


def _row(ticket: Ticket, columns: Sequence[str]) -> dict[str, Any]:
    return {name: field(ticket, name) for name in columns}


def field(ticket: Ticket, name: str) -> Any:
    """A column of a ticket: a field, `due` (of the resolution), `due.response`, `hold`, or `fields.NAME`."""
    if name.startswith("fields."):
        return ticket.fields.get(name.removeprefix("fields."))
    if name in ("due", "due.resolution"):
        return ticket.due.resolution
    if name == "due.response":
        return ticket.due.response
    if name == "hold":
        return holding(ticket)
    if name == "links":
        return [f"{link.type}:{link.key}" for link in ticket.links]
    if name == "history":
        return len(ticket.history)
    return getattr(ticket, name)


def one_or_many(found: Sequence[Ticket], fmt: str, asked: int) -> None:
    """The envelope of one ticket where one was asked for, of several where several were, whatever was found of them."""
    if fmt != "json" or asked != 1:
        tickets(found, fmt)
    elif found:
        document({"schema": "csctool.ticket/1", "ticket": found[0]})


def changed(found: Sequence[Ticket], fmt: str, asked: int, *, dry_run: bool = False) -> None:
    """What a changing command did. Without a format: nothing on stdout, a confirmation on a terminal's stderr."""
    if fmt != "table":
        one_or_many(found, fmt, asked)
    elif dry_run:
        for ticket in found:
            write(f"would {_deed(ticket)}\n")
    elif sys.stderr.isatty():
        for ticket in found:
            click.echo(_deed(ticket), err=True)


def opened(ticket: Ticket, fmt: str, *, fresh: bool, dry_run: bool, explain: bool = False) -> None:
    """The key alone on a line, or the ticket; `explain` says why it would go where it goes."""
    if explain:
        from csctool.render.explaining import explained

        if fmt == "table":
            opened(ticket, fmt, fresh=fresh, dry_run=dry_run)
        explained([ticket], fmt)
    elif fmt != "table":
        one_or_many([ticket], fmt, 1)
    elif dry_run:
        if not fresh:
            write(f"would find {ticket.key}\n")
            return
        where = f" for {ticket.assignee}" if ticket.assignee else ""
        write(f"would open {ticket.key}: {ticket.kind} {ticket.priority} in {ticket.queue}{where}\n")
    else:
        write(f"{ticket.key}\n")
        if sys.stderr.isatty():
            _opened_note(ticket, fresh)


def foretold(ticket: Ticket, fmt: str, *, fresh: bool, dry_run: bool) -> None:
    """What would be opened, with who would decide what; for scripts the explanation alone."""
    from csctool.render.explaining import explained

    if fmt == "table":
        opened(ticket, fmt, fresh=fresh, dry_run=dry_run)
    explained([ticket], fmt)


def _opened_note(ticket: Ticket, fresh: bool) -> None:
    said = "found" if not fresh else f"{ticket.kind} {ticket.priority} in {ticket.queue}, {ticket.status}"
    flags = f" ({', '.join(ticket.flags)})" if ticket.flags else ""
    click.echo(f"{ticket.key}: {said}{flags}", err=True)


def _deed(ticket: Ticket) -> str:
    event = ticket.history[-1]
    return f"{event.verb} {ticket.key}: {changes(event) or ticket.status}"


def changes(event: Event, *, times: bool = False) -> str:
    """The changes of an event in a line: `queue service-desk → apps, status assigned → queued`; times where asked."""
    parts: list[str] = []
    for name, (old, new) in event.changes.items():
        if name in ("responded_at", "resolved_at", "closed_at", "opened_at") and not times:
            continue
        if name == "undid":
            parts.insert(0, f"undid {visible(short(str(new)))}")
        elif name in _PROMISES:
            parts.append(_promised(name, new or {}))
        elif old in (None, "", [], {}):
            parts.append(f"{name} {visible(scalar(new))}")
        else:
            parts.append(f"{name} {visible(scalar(old))} → {visible(scalar(new)) or 'none'}")
    return ", ".join(parts)


#: Changes that hold what is promised, at length; people read the targets, `sla KEY` and JSON have the rest.
_PROMISES = ("terms", "ola")


def _promised(name: str, new: dict[str, Any]) -> str:
    """`promised by standard: respond 15m, resolve 4h`, `contract of apps: resolve 8h`."""
    whose = (
        {f"promised by {new['policy']}": new} if "policy" in new else {f"contract of {n}": c for n, c in new.items()}
    )
    said = [visible(f"{words}: {', '.join(_targets(goals))}") for words, goals in whose.items()]
    return "; ".join(said) or f"no {name} any more"


def _targets(goals: dict[str, Any]) -> list[str]:
    named = (("respond", goals.get("response")), ("resolve", goals.get("resolution")))
    found = [f"{word} {goal['target']}" for word, goal in named if goal and goal.get("target")]
    return found + ([f"agreed {goals['agreed']}"] if goals.get("agreed") else []) or ["nothing"]


# -- one ticket ----------------------------------------------------------------------------------------------

#: What `show` prints, in groups; empty fields are left out.
_SHOWN: tuple[tuple[str, ...], ...] = (
    ("requester", "phone", "affected", "cc", "channel"),
    ("service", "category", "impact", "urgency"),
    ("queue", "tier", "desk", "owner", "assignee", "hold"),
    ("opened_at", "responded_at", "due", "due.response", "resolved_at", "closed_at"),
    ("cause", "resolution", "code", "training", "minutes", "handovers", "bounces"),
    ("links",),
)


def show(found: Sequence[Ticket], fmt: str, asked: int) -> None:
    """Whole tickets."""
    if fmt != "table":
        one_or_many(found, fmt, asked)
        return
    for at, ticket in enumerate(found):
        if at:
            write("\n")
        _show(ticket)


def _show(ticket: Ticket) -> None:
    hue = _HUES.get(ticket.priority)
    head = f"{_style(ticket.key, bold=True)}  {visible(ticket.subject)}"
    flags = "".join(f"  {_style(flag, fg=_HUES.get(flag))}" for flag in ticket.flags)
    write(f"{head}\n{_style(ticket.priority, fg=hue)}  {ticket.kind}  {ticket.status}{flags}\n")
    for group in _SHOWN:
        for name in group:
            _line(name, field(ticket, name))
    for name, value in ticket.fields.items():
        _line(visible(name), value)
    forward = next((link.key for link in ticket.links if link.type == "transferred-to"), None)
    if forward:
        write(f"  transferred: go on with {forward}\n")
    if ticket.description:
        write("\n")
        for line in paragraphs(ticket.description):
            write(f"    {line}\n")
    notes = [event for event in standing(ticket.history) if event.verb == "note"]
    if notes:
        write("\n")
    for event in notes:
        write(f"  {time(event.at)}  {visible(event.actor)}{_whose(event)}\n")
        for line in paragraphs(event.note or ""):
            write(f"    {line}\n")


def _whose(event: Event) -> str:
    if "from" in event.changes:
        return " (from the requester)"
    return " (public)" if "public" in event.changes else ""


def _line(name: str, value: Any) -> None:
    if value in (None, "", (), [], {}, 0):
        return
    text = visible(time(value) if isinstance(value, datetime) else scalar(value))
    write(f"  {name.replace('_', ' '):<13} {text}\n")


def _style(text: str, **how: Any) -> str:
    return click.style(text, **how) if colour() else text


def colour() -> bool:
    """Whether stdout shows colours: a terminal, and NO_COLOR is not set."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def time(at: datetime) -> str:
    """A time as people read it, UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%SZ")


# -- history -------------------------------------------------------------------------------------------------


def history(found: Sequence[Ticket], fmt: str) -> None:
    """Every event, the first one first, with the operation that it belongs to."""
    if fmt == "json":
        for ticket in found:
            document({"schema": "csctool.history/1", "key": ticket.key, "events": ticket.history})
    elif fmt == "jsonl":
        lines(event for ticket in found for event in ticket.history)
    elif fmt == "keys":
        tickets(found, fmt)
    elif fmt == "table":
        for ticket in found:
            _history(ticket, len(found) > 1)
    else:
        columns: tuple[str, ...] = ("seq", "at", "actor", "via", "verb", "changes", "note", "op")
        if len(found) > 1:
            columns = ("key", *columns)
        rows((_event_row(ticket, event) for ticket in found for event in ticket.history), columns, fmt)


def _event_row(ticket: Ticket, event: Event) -> dict[str, Any]:
    return {
        "key": ticket.key, "seq": event.seq, "at": time(event.at), "actor": event.actor, "via": event.via,
        "verb": event.verb, "changes": changes(event), "note": event.note, "op": event.op,
    }  # fmt: skip


def _history(ticket: Ticket, headed: bool) -> None:
    if headed:
        write(f"{_style(ticket.key, bold=True)}  {visible(ticket.subject)}\n")
    for event in ticket.history:
        via = f" (via {visible(event.via)})" if event.via and event.via != event.actor else ""
        head = f"{event.seq:>3}  {visible(short(event.op))}  {time(event.at)}  {visible(event.actor)}{via}"
        write(f"{head}  {_style(event.verb, bold=True)}  {changes(event)}".rstrip() + "\n")
        for line in paragraphs(event.note) if event.note else ():
            write(f"       {line}\n")
        for decision in event.decisions:
            reason = f": {visible(decision.reason)}" if decision.reason else ""
            rule = f" {decision.rule}" if decision.rule else ""
            write(f"       {decision.hook} → {visible(scalar(decision.answer))} by {decision.plugin}{rule}{reason}\n")
