"""What the columns of the reports are called and mean, in a sentence each; docs/measures.md has the formulas."""

#: Column -> what it is. Where a report means something of its own by it, `report column` comes first.
MEANINGS: dict[str, str] = {
    "opened": "Tickets opened in the period.",
    "resolved": "Tickets resolved in the period, also when they were reopened since; each counts once.",
    "closed": "Tickets closed in the period, also when they were reopened since.",
    "cancelled": "Tickets cancelled, merged as duplicates or transferred in the period; they never count as resolved.",
    "volume cancelled": "Of those opened, the ones that are cancelled by now.",
    "sla cancelled": "Promises of tickets that were cancelled or transferred; neither met nor breached.",
    "duplicate": "Of those opened, the ones that ended as duplicates.",
    "sla duplicate": "Promises of tickets that ended as duplicates; neither met nor breached.",
    "reopened": "Tickets reopened in the period.",
    "resolution reopened": "Of those resolved, the ones that were ever reopened.",
    "flow reopened": "Tickets that were reopened at least once.",
    "backlog": "Open tickets now: queued, assigned, in progress, on hold.",
    "open": "Open tickets now: queued, assigned, in progress, on hold.",
    "workload open": "Open tickets that are assigned to the person now.",
    "untriaged": "Live tickets of the kind contact: nobody has said yet what they are.",
    "incomplete": "Live tickets on which a required field is missing or an objection stands.",
    "callback_required": "Live tickets of high priority whose requester nobody has reached by phone yet.",
    "on_hold": "Tickets on hold now.",
    "in_progress": "Tickets in progress now.",
    "unassigned": "Open tickets without a person.",
    "breached": "Promises whose due time passed first, counted when it passed.",
    "backlog breached": "Open tickets with a promised time that has passed unkept or was kept late.",
    "first_contact": "Tickets resolved during the contact: a live channel, the first tier, the person who opened it, "
    "within 15 minutes, no hand-over, no hold, never reopened.",
    "first_contact_pct": "Tickets resolved during the contact, of those resolved.",
    "first_level": "Tickets that were at the first tier when they were resolved.",
    "first_level_pct": "Tickets resolved at the first tier, of those resolved.",
    "reopened_pct": "Tickets ever reopened, of those resolved.",
    "respond_mean_h": "Mean time from opening to response, elapsed.",
    "respond_median_h": "Half of the resolved tickets were answered within this time, elapsed.",
    "respond_p90_h": "Nine of ten resolved tickets were answered within this time, elapsed.",
    "resolve_mean_h": "Mean time from opening to resolution, elapsed.",
    "resolve_median_h": "Half of the tickets were resolved within this time, elapsed.",
    "resolve_p90_h": "Nine of ten tickets were resolved within this time, elapsed.",
    "respond_working_mean_h": "Mean time from opening to response, in the working time of the agency's calendar.",
    "respond_working_median_h": "Half were answered within this working time of the agency's calendar.",
    "respond_working_p90_h": "Nine of ten were answered within this working time of the agency's calendar.",
    "resolve_working_mean_h": "Mean time from opening to resolution, in the working time of the agency's calendar.",
    "resolve_working_median_h": "Half were resolved within this working time of the agency's calendar.",
    "resolve_working_p90_h": "Nine of ten were resolved within this working time of the agency's calendar.",
    "handovers": "How many times tickets changed their queue after the first routing.",
    "handed_over": "Tickets that changed their queue at least once.",
    "handed_over_pct": "Tickets handed over at least once, of all in the row.",
    "bounces": "How many times tickets went to a queue that they had left before.",
    "bounced": "Tickets that bounced at least once.",
    "bounced_pct": "Tickets that bounced at least once, of all in the row.",
    "dirty": "Tickets whose times can't be true (resolved before opened …); they stay out of every duration.",
    "share_pct": "The part of all groups.",
    "contact": "Opened, of the kind contact: not classified.",
    "incident": "Opened, of the kind incident: something is lost or degraded.",
    "request": "Opened, of the kind request: something from the catalogue.",
    "information": "Opened, of the kind information: a question.",
    "new-service": "Opened, of the kind new service: something that is not in the catalogue.",
    "complaint": "Opened, of the kind complaint.",
    "change": "Opened, of the kind change.",
    "problem": "Opened, of the kind problem: the cause of incidents.",
    "under_1d": "Open for less than a day.",
    "1_to_3d": "Open for one day or more, less than three.",
    "3_to_7d": "Open for three days or more, less than seven.",
    "7_to_30d": "Open for seven days or more, less than thirty.",
    "over_30d": "Open for thirty days or more.",
    "oldest": "The open ticket that has waited longest.",
    "oldest_h": "How long it has waited.",
    "met": "Promises kept: the clock stopped at the due time or before.",
    "compliance_pct": "Promises kept, of those kept or broken.",
    "running": "Promises not decided yet, their clocks running now.",
    "paused": "Promises not decided yet, their clocks paused now.",
    "breach_reasons": "What was said about broken promises, with how often.",
    "unexplained": "Broken promises that nobody has explained.",
    "minutes": "Minutes of effort on these tickets until now.",
    "workload minutes": "Minutes of effort booked by the person in the period, on whosever ticket.",
    "training_none": "Resolved tickets whose requester needs no training.",
    "training_needed": "Resolved tickets that showed a need of training.",
    "training_undetermined": "Resolved tickets where nobody determined it.",
    "training_topics": "The topics of which training is needed, with how often.",
    "satisfaction_answers": "Resolved tickets on which the requester said how satisfied they were.",
    "satisfaction_mean": "The mean of what they said.",
    "tickets": "Tickets that stayed there, or of that group.",
    "stays": "How many times a ticket came to a queue.",
    "time_h": "The time of all stays together, elapsed.",
    "stay_mean_h": "Mean length of a stay, elapsed.",
    "stay_median_h": "Half of the stays were not longer, elapsed.",
    "stay_p90_h": "Nine of ten stays were not longer, elapsed.",
    "holds": "How many times tickets were put on hold.",
    "held": "Tickets that were on hold at least once.",
    "functional": "How many times tickets were escalated to another queue.",
    "hierarchic": "How many times a lead or manager was told.",
    "returns": "How many times a queue sent a ticket back to its desk.",
    "reopenings": "How many times tickets were reopened.",
    "value": "",
}

#: What a column of a group, of a chart or of a list of measures says by itself.
PLAIN = frozenset({
    "agency", "queue", "tier", "kind", "category", "service", "priority", "assignee", "channel", "desk", "month", "day",
    "week", "person", "target", "measure", "unit", "from", "to", "times", "reason",
})  # fmt: skip

_NAMES = {
    "under_1d": "under 1 day", "1_to_3d": "1 to 3 days", "3_to_7d": "3 to 7 days", "7_to_30d": "7 to 30 days",
    "over_30d": "over 30 days", "new-service": "new service",
}  # fmt: skip
_UNITS = {"_h": "hours", "_pct": "%"}


def heading(column: str) -> str:
    """A column's name for people, with its unit where it has one: `resolve_median_h` is `resolve median (hours)`."""
    for suffix, unit in _UNITS.items():
        if column.endswith(suffix):
            return f"{name(column)} ({unit})"
    return name(column)


def name(column: str) -> str:
    """A column's name for people, without the unit."""
    if column in _NAMES:
        return _NAMES[column]
    for suffix in _UNITS:
        column = column.removesuffix(suffix)
    return column.removeprefix("code_").replace("_", " ") if column.startswith("code_") else column.replace("_", " ")


def meaning(report: str, column: str) -> str:
    """What a column of a report is, in a sentence; nothing for what says it by itself."""
    if column.startswith("code_"):
        return "Tickets resolved with this code."
    return MEANINGS.get(f"{report} {column}") or MEANINGS.get(column, "")


def label(value: object) -> str:
    """What names a row; nobody and nothing have a name too."""
    return "(none)" if value is None else str(value)
