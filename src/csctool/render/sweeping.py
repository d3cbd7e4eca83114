"""What a sweep did: a line a change, nothing when nothing was due."""

from collections.abc import Sequence
from typing import Any

import msgspec

from csctool.render.rows import document, lines, rows, write
from csctool.render.text import visible


def swept(done: Sequence[Any], fmt: str, *, dry_run: bool) -> None:
    """The changes, in the order in which they were made."""
    if fmt == "json":
        document({"schema": "csctool.sweep/1", "rows": done})
    elif fmt == "jsonl":
        lines(done)
    elif fmt == "table":
        for change in done:
            write(f"{'would ' if dry_run else ''}{change.verb} {change.key}: {visible(change.what)}\n")
    else:
        rows([msgspec.to_builtins(change) for change in done], ("key", "verb", "what"), fmt)
