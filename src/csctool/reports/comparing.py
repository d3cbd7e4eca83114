"""What another policy would have done: the outcomes of the same tickets, side by side."""

from collections import Counter
from collections.abc import Iterable

from csctool.domain.ticket import Ticket
from csctool.reports.measures import percent
from csctool.reports.request import Report, Request
from csctool.reports.sla import FELL, verdicts

COLUMNS = (
    "target", "met", "breached", "compliance_pct", "new_met", "new_breached", "new_compliance_pct", "difference_pct",
)  # fmt: skip


def compared(request: Request, pairs: Iterable[tuple[Ticket, Ticket]]) -> Report:
    """One row a target: kept and broken as it was, and as it would have been. The period is that of `report sla`."""
    counts: Counter[tuple[str, str, bool]] = Counter()
    for pair in pairs:
        for new, ticket in enumerate(pair):
            for verdict in verdicts(ticket, request.now):
                if verdict.what not in FELL or request.period.holds(verdict.at):
                    counts[verdict.target, verdict.what, bool(new)] += 1
    rows = []
    for target in sorted({target for target, _, _ in counts} | {"response", "resolution"}):
        met, breached, new_met, new_breached = (counts[target, what, new] for new in (False, True) for what in FELL[:2])
        was, would = percent(met, met + breached), percent(new_met, new_met + new_breached)
        change = None if was is None or would is None else round(would - was, 1)
        values = (target, met, breached, was, new_met, new_breached, would, change)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return Report("sla.simulate", COLUMNS, rows)
