"""Reports as tables, CSV and JSON."""

import sys
from contextlib import redirect_stdout
from typing import Any

from csctool.render.rows import document, lines, rows


def printed(report: Any, fmt: str, output: str | None) -> None:
    """A report to stdout, or to a file that is replaced when it is whole."""
    if output is None or output == "-":
        _print(report, fmt)
        return
    import os

    part = f"{output}.part"
    with open(part, "w", encoding="utf-8", newline="") as file, redirect_stdout(file):
        _print(report, fmt)
        sys.stdout.flush()
    os.replace(part, output)


def _print(report: Any, fmt: str) -> None:
    if fmt == "json":
        document({"schema": f"csctool.report.{report.name}/1", "rows": report.rows})
    elif fmt == "jsonl":
        lines(report.rows)
    else:
        found = list(report.rows)
        if report.total is not None and len(found) > 1 and fmt in ("table", "markdown"):
            found.append({report.columns[0]: "total", **report.total})
        rows(found, report.columns, fmt)
