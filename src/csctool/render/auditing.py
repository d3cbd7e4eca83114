"""What an audit found, and heads for somebody else's keeping."""

from collections.abc import Sequence
from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible


def verified(found: Any, fmt: str) -> None:
    """How many histories were checked, and which numbers are known to be lost. The breaks are told on stderr."""
    if fmt in ("json", "jsonl"):
        gaps = [{"agency": agency, **msgspec.to_builtins(gap)} for agency, gap in found.gaps]
        document({"schema": "csctool.audit/1", "tickets": found.tickets, "breaks": found.breaks, "gaps": gaps})
    elif fmt == "table":
        if not found.breaks:
            write(f"{found.tickets} histories are as they were written\n")
        for agency, gap in found.gaps:
            keys = f"{agency}-{gap.first}" + (f" to {agency}-{gap.last}" if gap.last > gap.first else "")
            write(visible(f"{keys}: no tickets ({gap.why})") + "\n")
    else:
        rows([msgspec.to_builtins(b) for b in found.breaks], ("key", "seq", "why"), fmt)


def headed(heads: Sequence[Any], fmt: str) -> None:
    """The head of each agency."""
    if fmt == "json":
        document({"schema": "csctool.audit-head/1", "heads": heads})
    elif fmt == "jsonl":
        lines(heads)
    else:
        rows([msgspec.to_builtins(h) for h in heads], ("agency", "before", "tickets", "digest"), fmt)
