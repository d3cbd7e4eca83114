"""What `doctor` found and did."""

from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible

COLUMNS = ("level", "agency", "path", "message", "advice")


def checkup(found: Any, fmt: str) -> None:
    """A line for each repair and each finding, the worst first; one line when all is well."""
    order = ("damage", "warning", "note")
    findings: list[dict[str, Any]] = [
        msgspec.to_builtins(one) for one in sorted(found.findings, key=lambda one: order.index(one.level))
    ]
    if fmt == "json":
        document({
            "schema": "csctool.doctor/1", "agencies": found.agencies, "findings": findings,
            "repairs": [msgspec.to_builtins(one) for one in found.repairs], "dry_run": found.dry_run,
            "sound": found.verdict is None,
        })  # fmt: skip
    elif fmt == "jsonl":
        lines(findings)
    elif fmt != "table":
        rows(findings, COLUMNS, fmt)
    else:
        for repair in found.repairs:
            write(visible(_repaired(repair, dry_run=found.dry_run)) + "\n")
        for one in findings:
            write(visible(f"{one['level']}: {one['message']}; {one['advice']}") + "\n")
        if not findings and not found.repairs:
            write(f"{len(found.agencies)} agencies looked at, nothing wrong\n")


def _repaired(repair: Any, *, dry_run: bool) -> str:
    would = "would keep" if dry_run else "kept"
    told = [f"{repair.path}: {would} {repair.intact} intact tickets"]
    if repair.older:
        told.append(f"{len(repair.older)} as they were one change before: {', '.join(repair.older[:20])}")
    if repair.lost:
        told.append(f"{len(repair.lost)} lost: {', '.join(repair.lost[:20])}")
    if repair.clocks:
        told.append(f"csctool sla recompute proves the clocks of {', '.join(repair.clocks[:20])}")
    if repair.gap:
        told.append(f"its counter was lost, new tickets go on at {repair.agency}-{repair.gap}")
    if repair.kept:
        told.append(f"the original {'would be' if dry_run else 'is'} {repair.kept}")
    return "; ".join(told)
