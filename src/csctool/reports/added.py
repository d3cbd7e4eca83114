"""Reports that plugins of the desk add: which tickets they get, and what becomes of their rows."""

from collections.abc import Callable, Iterable
from typing import Any

from csctool.domain.naming import hint
from csctool.domain.past import ticket_as_of
from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.errors import UsageError
from csctool.reports import REPORTS
from csctool.reports.request import Report, Request


def over(request: Request, find: Callable[[Query], Iterable[Ticket]], agencies: tuple[str, ...] = ()) -> list[Ticket]:
    """The tickets that were opened in the period, finished ones too, as they stood at `as_of`."""
    asked = request.period.since or request.period.until
    found = find(Query(agencies=agencies, everything=True, opened=request.period if asked else None))
    at = request.as_of
    return list(found) if at is None else [past for t in found if (past := ticket_as_of(t, at))]


def report(name: str, offered: Any, rows: Callable[[], list[dict[str, Any]]], *, by: str | None = None) -> Report:
    """The report of a plugin. Raises UsageError where none offers it, or for a wish it can't fulfil."""
    if offered is None:
        raise UsageError(f"no such report: {name!r}", hint(name, list(REPORTS), "one of", len(REPORTS)))
    if by is not None:
        raise UsageError(f"{name} is a plugin's report, with rows of its own", "leave out --by")
    return Report(name, tuple(offered.columns), rows())
