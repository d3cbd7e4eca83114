"""What an audit found, and heads for somebody else's keeping."""

from collections.abc import Sequence
from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write


def verified(looked: int, breaks: Sequence[Any], fmt: str) -> None:
    """How many histories were checked. The breaks themselves are told on stderr."""
    if fmt in ("json", "jsonl"):
        document({"schema": "csctool.audit/1", "tickets": looked, "breaks": breaks})
    elif fmt == "table":
        if not breaks:
            write(f"{looked} histories are as they were written\n")
    else:
        rows([msgspec.to_builtins(b) for b in breaks], ("key", "seq", "why"), fmt)


def headed(heads: Sequence[Any], fmt: str) -> None:
    """The head of each agency."""
    if fmt == "json":
        document({"schema": "csctool.audit-head/1", "heads": heads})
    elif fmt == "jsonl":
        lines(heads)
    else:
        rows([msgspec.to_builtins(h) for h in heads], ("agency", "before", "tickets", "digest"), fmt)
