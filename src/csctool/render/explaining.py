"""Why a ticket is where it is: the decisions that its history holds."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from csctool.domain.ticket import Ticket
from csctool.render.rows import document, lines, rows, scalar, write
from csctool.render.text import visible


def explained(found: Sequence[Ticket], fmt: str) -> None:
    """Each decision: who was asked, who answered what and why, who was passed over."""
    for ticket in found:
        decisions = list(decided(ticket))
        if fmt == "json":
            document({"schema": "csctool.explain/1", "key": ticket.key, "decisions": decisions})
        elif fmt == "jsonl":
            lines({"key": ticket.key, **row} for row in decisions)
        elif fmt == "table":
            _print(ticket, decisions)
        elif fmt == "keys":
            write(f"{ticket.key}\n")
        else:
            columns = ("key", "seq", "at", "hook", "answer", "plugin", "rule", "version", "reason", "passed")
            rows(({"key": ticket.key, **row} for row in decisions), columns, fmt)


def decided(ticket: Ticket) -> Iterable[dict[str, Any]]:
    """The decisions of a ticket with the event in which each was taken."""
    for event in ticket.history:
        for decision in event.decisions:
            yield {"seq": event.seq, "at": event.at, "verb": event.verb, **msgspec.to_builtins(decision)}


def _print(ticket: Ticket, decisions: Sequence[dict[str, Any]]) -> None:
    write(f"{ticket.key}  {visible(ticket.subject)}\n")
    for row in decisions:
        who = " ".join(part for part in (row["plugin"], row["version"], row["rule"]) if part)
        write(f"  {row['verb']}: {row['hook']} → {visible(scalar(row['answer']))}\n")
        write(f"      answered by {visible(who)}" + (f": {visible(row['reason'])}\n" if row["reason"] else "\n"))
        for passed in row["passed"]:
            write(f"      asked before: {visible(passed['plugin'])}, {visible(passed['why'])}\n")
