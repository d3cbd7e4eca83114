"""Reports as tables, CSV, JSON and metrics, as pages and pictures; to stdout, or to a file that is never half there."""

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout, suppress
from datetime import datetime, timedelta
from typing import Any

from csctool.errors import NotPermittedError, StorageError, UsageError
from csctool.render.rows import document, lines, raw, rows

#: Formats that are drawn from charts by a library of the extra `charts`.
DRAWN = ("html", "svg", "png")


def ready(fmt: str, output: str | None, *, plot: bool) -> None:
    """Refuse what can't be printed before any ticket is read. Raises UsageError."""
    if plot and fmt != "table":
        raise UsageError("--plot draws on the terminal instead of a table", f"leave out --plot or --format {fmt}")
    if fmt in DRAWN:
        from csctool.render.charts import ready

        ready()
    if fmt == "png" and output in (None, "-") and sys.stdout.isatty():
        raise UsageError("a terminal shows no PNG", "write it to a file with -o FILE")
    if output == "":
        raise UsageError("-o is empty", "name a file")
    if output not in (None, "-"):
        folder = os.path.dirname(os.path.realpath(output or ""))
        if os.path.isdir(output or "") or not os.path.isdir(folder):
            wrong = "is a directory" if os.path.isdir(output or "") else "lies in no directory that there is"
            raise UsageError(f"-o {output} {wrong}", "name a file")


def plain(name: str, fmt: str, *, plot: bool) -> str:
    """The format, if it needs no charts. Raises UsageError: only csctool's own reports have them."""
    if plot or fmt in (*DRAWN, "prometheus"):
        raise UsageError(f"{name} is a plugin's report, which has rows and no charts", "e.g. --format json")
    return fmt


def printed(report: Any, fmt: str, output: str | None) -> None:
    """A report as table, CSV, JSON or metrics, to stdout or to a file."""
    delivered(lambda: _print(report, fmt), output)


def drawn(charts: Sequence[Any], fmt: str, output: str | None, title: str) -> None:
    """The charts of a report as svg, png, or plot: on the terminal."""
    if fmt == "plot":
        from csctool.render.plot import plots

        delivered(lambda: plots(charts, title), output)
        return
    from csctool.render.charts import png, svg

    data = (svg if fmt == "svg" else png)(charts, title)
    delivered(lambda: raw(data), output)


def paged(report: Any, charts: Sequence[Any], output: str | None, title: str, facts: Mapping[str, str]) -> None:
    """The report as one page."""
    from csctool.render.html import page

    delivered(lambda: page(report, charts, title, facts), output, "utf-8")


def delivered(write: Callable[[], None], output: str | None, encoding: str | None = None) -> None:
    """What `write` prints, to stdout, or at once in place of a file: half a page or half a scrape is never seen."""
    if output in (None, "-") and encoding is None:
        write()
        return
    held = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(held):
        write()
    held.flush()
    data = held.buffer.getvalue()
    if output is None or output == "-":
        raw(data)
    else:
        _replaced(output, data)


def _replaced(output: str, data: bytes) -> None:
    """A file's content exchanged in one step; a device or a pipe is written to as it is."""
    path = os.path.realpath(output)
    special = os.path.exists(path) and not os.path.isfile(path)
    part = path if special else f"{path}.{os.getpid()}.part"
    try:
        with open(part, "wb") as file:
            file.write(data)
        if not special:
            os.replace(part, path)
    except PermissionError as error:
        raise NotPermittedError(f"can't write {output}: {error.strerror}") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        if not special:
            with suppress(OSError):
                os.unlink(part)
        raise StorageError(f"can't write {output}: {error.strerror}", "the file is as it was") from None


def about(name: str, request: Any, desk: str, agencies: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The title of a page, and what stands below it: agencies, period, moment."""
    one = next(iter(agencies.items())) if len(agencies) == 1 else None
    title = f"{desk}: {name}" + (f" of {one[1] or one[0]}" if one else "")
    facts = {}
    if agencies:
        facts["Agency" if one else "Agencies"] = ", ".join(
            f"{key} ({said})" if said else key for key, said in agencies.items()
        )
    facts["Period"] = _period(request)
    if request.as_of:
        facts["As of"] = _time(request.as_of, request)
    facts["Made"] = _time(request.now, request)
    return title, facts


def _period(request: Any) -> str:
    period = request.period
    if not period.since and not period.until:
        return "everything until now"
    since = _time(period.since, request) if period.since else "the beginning"
    until = _time(period.until, request, last=True) if period.until else "now"
    return f"{since} to {until}"


def _time(at: datetime, request: Any, *, last: bool = False) -> str:
    """A time in the desk's zone; midnight is the day alone, and as the end of a period the day before."""
    local = at.astimezone(request.zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1) if last else local:%Y-%m-%d}"
    return f"{local:%Y-%m-%d %H:%M %Z}"


def _print(report: Any, fmt: str) -> None:
    if fmt == "json":
        document({"schema": f"csctool.report.{report.name}/1", "rows": report.rows})
    elif fmt == "jsonl":
        lines(report.rows)
    elif fmt == "prometheus":
        from csctool.render.prometheus import metrics

        metrics(report)
    else:
        found = list(report.rows)
        if report.total is not None and len(found) > 1 and fmt in ("table", "markdown"):
            found.append({report.columns[0]: "total", **report.total})
        rows(found, report.columns, fmt)
