"""Measuring the desk: tickets go by once, rows come out; pure functions. Definitions: docs/measures.md."""

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import cast

import msgspec

from csctool.domain.query import Query
from csctool.domain.ticket import Ticket
from csctool.errors import UsageError
from csctool.reports.request import Report, Request

__all__ = ["REPORTS", "Report", "Request", "report", "wanted"]

#: name -> the module that has its `wanted` and `build`, imported only when that report is asked for.
REPORTS = {
    "summary": "csctool.reports.summary",
    "volume": "csctool.reports.volume",
    "backlog": "csctool.reports.backlog",
    "sla": "csctool.reports.sla",
    "resolution": "csctool.reports.resolution",
    "flow": "csctool.reports.flow",
    "workload": "csctool.reports.workload",
}


def wanted(name: str, request: Request, agencies: tuple[str, ...] = ()) -> Query:
    """Which tickets a report has to see; a store may leave out every other. No agencies means all.

    Raises UsageError for a report that does not exist.
    """
    query = cast(Callable[[Request], Query], _of(name, "wanted"))(request)
    return msgspec.structs.replace(query, agencies=agencies)


def report(name: str, request: Request, tickets: Iterable[Ticket]) -> Report:
    """The report over the tickets of `wanted`, which are read once and not kept.

    Raises UsageError for a report or a grouping that does not exist.
    """
    return cast(Callable[[Request, Iterable[Ticket]], Report], _of(name, "build"))(request, tickets)


def _of(name: str, function: str) -> object:
    if name not in REPORTS:
        raise UsageError(f"no such report: {name!r}", f"one of {', '.join(REPORTS)}")
    return getattr(import_module(REPORTS[name]), function)
