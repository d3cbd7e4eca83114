"""What is worth a picture: charts as plain values, which `render` draws in a page, as SVG or PNG, or on a terminal."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import msgspec

from csctool.domain.query import Query, Range
from csctool.domain.ticket import Ticket
from csctool.domain.words import KINDS
from csctool.reports import report, series, tiers, wanted
from csctool.reports.backlog import BUCKETS
from csctool.reports.request import Report, Request, Row

Find = Callable[[Query], Iterable[Ticket]]

#: As many bars as a page of paper holds in legible size; the table under a chart always has every row.
MOST = 24
#: The longest time that is drawn by the day, and by the week; what is longer is drawn by the month.
DAYS, WEEKS = 92, 2 * 366


class Chart(msgspec.Struct, frozen=True):
    """One picture and its data.

    `kind` is how it is drawn: `lines` over time, `bars` beside each other, `stacked` bars, or the `flow` between
    places. `series` are the columns that are drawn, `label` is the one that names a row. `rows` are all the data,
    `drawn` those in the picture. `text` says in a sentence or two what is to be seen, for those who can't see it.
    """

    name: str
    kind: Literal["lines", "bars", "stacked", "flow"]
    title: str
    text: str
    unit: str
    label: str
    series: tuple[str, ...]
    columns: tuple[str, ...]
    rows: list[Row]
    drawn: list[Row]
    places: tuple[str, ...] = ()


class Source:
    """Where charts get their data: reports over the tickets that `find` finds, each made once."""

    def __init__(self, request: Request, agencies: tuple[str, ...], find: Find) -> None:
        self.request = request
        self._agencies = agencies
        self._find = find

    def report(self, name: str, by: str | None, **other: Any) -> Report:
        """A report on the same question, grouped as its chart wants it, and whatever else is `other`."""
        request = msgspec.structs.replace(self.request, by=by, **other)
        return report(name, request, self._find(wanted(name, request, self._agencies)))

    @cached_property
    def steps(self) -> tuple[str, list[Row]]:
        """The desk over time: `day`, `week` or `month`, and a row for each."""
        found = series.daily(self.request, self._tickets(series.wanted(self.request)))
        return _stepped(found.rows)

    def moves(self) -> Report:
        """What went from tier to tier."""
        return tiers.moves(self.request, self._tickets(tiers.wanted(self.request)))

    def _tickets(self, query: Query) -> Iterable[Ticket]:
        return self._find(msgspec.structs.replace(query, agencies=self._agencies))


def charts(name: str, request: Request, agencies: tuple[str, ...], find: Find) -> list[Chart]:
    """The charts of a report. Each asks `find` for the tickets it has to see: they go by and are not kept."""
    source = Source(request, agencies, find)
    return [draw(source) for draw in CHARTS[name]]


def volume_over_time(source: Source) -> Chart:
    """What came in and what was settled."""
    step, rows = source.steps
    opened, resolved = (sum(row[what] for row in rows) for what in ("opened", "resolved"))
    return Chart(
        "volume", "lines", f"Opened and resolved, by {step}", f"{opened} times opened, {resolved} times resolved"
        f"{_between(rows, step)}.", "tickets", step, ("opened", "resolved"),
        (step, "opened", "resolved", "cancelled", "reopened"), rows, rows,
    )  # fmt: skip


def backlog_over_time(source: Source) -> Chart:
    """What waited at the end of each day."""
    step, rows = source.steps
    text = "Nothing happened."
    if rows:
        most = max(rows, key=lambda row: row["backlog"])
        first, last = rows[0]["backlog"], rows[-1]["backlog"]
        text = f"From {first} to {last} open tickets{_between(rows, step)}; the most were {most['backlog']}."
    return Chart("backlog", "lines", f"Backlog at the end of each {step}", text, "open tickets", step, ("backlog",),
                 (step, "backlog"), rows, rows)  # fmt: skip


def ageing(source: Source) -> Chart:
    """How long what waits has been waiting; of the tickets opened in the period where one is asked for."""
    return _ages(source.report("backlog", source.request.by or "agency"))


def ageing_of_all(source: Source) -> Chart:
    """The same of everything that waits at the report's moment: a summary's backlog knows no period."""
    return _ages(source.report("backlog", source.request.by or "agency", period=Range()))


def _ages(found: Report) -> Chart:
    by = found.columns[0]
    total = found.total or {}
    old = total.get("over_30d", 0)
    text = f"{total.get('open', 0)} open tickets, {old} of them for more than 30 days."
    rows = [row for row in found.rows if row["open"]]
    drawn, rest = _largest(rows, by, "open")
    return Chart("ageing", "stacked", f"Age of the open tickets, by {by}", text + rest, "open tickets", by, BUCKETS,
                 (by, "open", *BUCKETS, "oldest"), rows, drawn)  # fmt: skip


def kinds(source: Source) -> Chart:
    """What came in, by group and kind."""
    found = source.report("volume", source.request.by or "agency")
    by = found.columns[0]
    present = tuple(kind for kind in KINDS if any(row[kind] for row in found.rows))
    drawn, rest = _largest(found.rows, by, "opened")
    text = f"{(found.total or {}).get('opened', 0)} tickets opened."
    return Chart("kinds", "stacked", f"Opened, by {by} and kind", text + rest, "tickets", by, present,
                 (by, "opened", "share_pct", *present), found.rows, drawn)  # fmt: skip


def compliance(source: Source) -> Chart:
    """How many of the promises were kept: response and resolution, the worst first."""
    by = source.request.by or "agency"
    pivot: dict[str | None, Row] = {}
    for row in source.report("sla", by).rows:
        if row["target"] in _TARGETS:
            mine = pivot.setdefault(row[by], {by: row[by], **dict.fromkeys(_COMPLIANCE)})
            for what in ("met", "breached", "compliance_pct"):
                mine[f"{row['target']}_{what}"] = row[what]
    rows = list(pivot.values())
    pct = [f"{target}_compliance_pct" for target in _TARGETS]
    known = [row for row in rows if any(row[name] is not None for name in pct)]
    known = _in_time(by, known) or sorted(known, key=lambda row: min(row[n] for n in pct if row[n] is not None))
    met, all_ = (sum(row[f"{t}_{what}"] or 0 for row in rows for t in _TARGETS for what in whats)
                 for whats in (("met",), ("met", "breached")))  # fmt: skip
    text = f"{met} of {all_} promises kept ({100 * met / all_:.1f} %)." if all_ else "No promise was due."
    return Chart("compliance", "bars", f"Promises kept, by {by}", text + _left_out(len(known), "the worst"), "per cent",
                 by, tuple(pct), (by, *_COMPLIANCE), rows, known[:MOST])  # fmt: skip


_TARGETS = ("response", "resolution")
_COMPLIANCE = tuple(f"{target}_{what}" for target in _TARGETS for what in ("met", "breached", "compliance_pct"))


def breach_reasons(source: Source) -> Chart:
    """Why promises were broken, as `resolve --breach-reason` told."""
    count: dict[str | None, int] = {}
    for row in source.report("sla", None).rows:
        for reason, times in row["breach_reasons"].items():
            count[reason] = count.get(reason, 0) + times
        count[None] = count.get(None, 0) + row["unexplained"]
    rows: list[Row] = [{"reason": why, "breached": n} for why, n in sorted(count.items(), key=lambda e: -e[1]) if n]
    drawn, rest = _largest(rows, "reason", "breached")
    text = f"{sum(count.values())} promises broken, {count.get(None, 0)} of them without a reason told."
    return Chart("reasons", "bars", "Why promises were broken", text + rest, "targets", "reason", ("breached",),
                 ("reason", "breached"), rows, drawn)  # fmt: skip


def resolution_times(source: Source) -> Chart:
    """How long resolving took."""
    found = source.report("resolution", source.request.by or "agency")
    by = found.columns[0]
    total = found.total or {}
    text = f"{total.get('resolved', 0)} tickets resolved"
    if total.get("resolve_median_h") is not None:
        text += f", half of them within {total['resolve_median_h']} hours, 90 % within {total['resolve_p90_h']}"
    drawn = [row for row in found.rows if row["resolve_median_h"] is not None]
    drawn = _in_time(by, drawn) or sorted(drawn, key=lambda row: -row["resolve_p90_h"])
    return Chart("times", "bars", f"Time from opening to resolution, by {by}",
                 f"{text}.{_left_out(len(drawn), 'the slowest')}", "hours", by, ("resolve_median_h", "resolve_p90_h"),
                 (by, "resolved", "resolve_mean_h", "resolve_median_h", "resolve_p90_h"),
                 found.rows, drawn[:MOST])  # fmt: skip


def first_contact(source: Source) -> Chart:
    """How well the first line did."""
    found = source.report("resolution", source.request.by or "agency")
    by = found.columns[0]
    pct = ("first_contact_pct", "first_level_pct", "reopened_pct")
    known = [row for row in found.rows if row["resolved"]]
    drawn = _in_time(by, known) or sorted(known, key=lambda row: -row["resolved"])
    total = found.total or {}
    text = "Nothing was resolved."
    if total.get("resolved"):
        text = (
            f"Of {total['resolved']} resolved tickets {total['first_contact_pct']} % during the contact, "
            f"{total['first_level_pct']} % by the first tier; {total['reopened_pct']} % were reopened."
        )
    return Chart("first-line", "bars", f"First contact, first level, reopened, by {by}",
                 text + _left_out(len(known), "those with most tickets"), "per cent", by, pct, (by, "resolved", *pct),
                 found.rows, drawn[:MOST])  # fmt: skip


def between_tiers(source: Source) -> Chart:
    """Where tickets entered, where they went, where they were settled."""
    found = source.moves()
    times = {(row["from"], row["to"]): row["times"] for row in found.rows}
    order = list(source.request.tiers)
    order += sorted({place for pair in times for place in pair} - {*order, *tiers.ENDS})
    up = sum(n for (a, b), n in times.items() if a in order and b in order and order.index(a) < order.index(b))
    back = sum(n for (a, b), n in times.items() if a in order and b in order and order.index(a) > order.index(b))
    text = f"{found.total['tickets'] if found.total else 0} tickets: {up} times to a higher tier, {back} times back."
    return Chart("tiers", "flow", "The way through the tiers", text, "times", "from", ("times",), found.columns,
                 found.rows, found.rows, tuple(order))  # fmt: skip


def stays(source: Source) -> Chart:
    """How long tickets stay."""
    found = source.report("flow", source.request.by or "queue")
    by = found.columns[0]
    drawn = [row for row in found.rows if row["stays"]]
    drawn = _in_time(by, drawn) or sorted(drawn, key=lambda row: -row["stay_p90_h"])
    text = f"{sum(row['stays'] for row in found.rows)} stays." + _left_out(len(drawn), "the longest")
    return Chart("stays", "bars", f"Length of a stay, by {by}", text, "hours", by, ("stay_median_h", "stay_p90_h"),
                 (by, "tickets", "stays", "time_h", "stay_median_h", "stay_p90_h"),
                 found.rows, drawn[:MOST])  # fmt: skip


def on_the_table(source: Source) -> Chart:
    """What everybody has, and got done."""
    found = source.report("workload", None)
    by = "person"
    drawn, rest = _largest(found.rows, by, "open", "resolved")
    text = f"{sum(row['open'] for row in found.rows)} open, {sum(row['resolved'] for row in found.rows)} resolved."
    return Chart("workload", "bars", "Open and resolved, by person", text + rest, "tickets", by, ("open", "resolved"),
                 (by, "open", "in_progress", "on_hold", "resolved", "minutes"), found.rows, drawn)  # fmt: skip


#: The charts of each report, in the order in which they are read.
CHARTS: dict[str, tuple[Callable[[Source], Chart], ...]] = {
    "summary": (volume_over_time, backlog_over_time, compliance, ageing_of_all, between_tiers),
    "volume": (volume_over_time, kinds),
    "backlog": (backlog_over_time, ageing),
    "sla": (compliance, breach_reasons),
    "resolution": (resolution_times, first_contact),
    "flow": (between_tiers, stays),
    "workload": (on_the_table,),
}


def _stepped(rows: list[Row]) -> tuple[str, list[Row]]:
    """Days as they are, or put together to weeks (named by their Monday) or months, so that a line can be read."""
    if len(rows) <= DAYS:
        return "day", rows
    step = "week" if len(rows) <= WEEKS else "month"
    found: dict[str, Row] = {}
    for row in rows:
        day = date.fromisoformat(row["day"])
        name = row["day"][:7] if step == "month" else (day - timedelta(days=day.weekday())).isoformat()
        mine = found.setdefault(name, {step: name, "opened": 0, "resolved": 0, "cancelled": 0, "reopened": 0})
        for what in ("opened", "resolved", "cancelled", "reopened"):
            mine[what] += row[what]
        mine["backlog"] = row["backlog"]
    return step, list(found.values())


def _between(rows: list[Row], step: str) -> str:
    return f" from {rows[0][step]} to {rows[-1][step]}" if rows else ""


def _in_time(by: str, rows: Sequence[Row]) -> list[Row]:
    """The last rows of a time axis in their order; none where the groups are no times."""
    return list(rows[-MOST:]) if by in ("month", "day") else []


def _largest(rows: list[Row], by: str, *counts: str) -> tuple[list[Row], str]:
    """What a picture has room for, the most first (times in their order), and a sentence about what it leaves out."""
    if len(rows) <= MOST or by in ("month", "day"):
        drawn = _in_time(by, rows) or sorted(rows, key=lambda row: -sum(row[name] for name in counts))
        return drawn, ""
    drawn = sorted(rows, key=lambda row: -sum(row[name] for name in counts))[:MOST]
    return drawn, _left_out(len(rows), "the largest")


def _left_out(known: int, which: str) -> str:
    return f" The picture shows {which} {MOST} of {known}; the table has all." if known > MOST else ""
