"""Charts on a terminal, of Unicode blocks: bars and columns need no library, and these work in a pipe and in a mail.

Where the encoding has no blocks they are drawn of ASCII. There is no colour, so nothing is lost without it.
"""

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Any

from csctool.render.aligned import columns_of, cut
from csctool.render.measures import label, name
from csctool.render.rows import write
from csctool.render.text import visible

#: Eighths of a block, from the left and from below, and fillings that can be told apart without colour.
_ACROSS = " ▏▎▍▌▋▊▉█"
_UP = " ▁▂▃▄▅▆▇█"
_FILLINGS = "█▒░▓╳#+*"
_PLAIN = str.maketrans("▏▎▍▌▋▊▉█▁▂▃▄▅▆▇▒░▓╳│─└→–", " " * 3 + "#" * 5 + "." * 3 + "#" * 4 + "x:%o|-+>-")
HEIGHT = 8
LABEL = 26


def plots(charts: Sequence[Any], title: str) -> None:
    """The charts of a report, one below the other, as wide as the terminal (80 columns in a pipe)."""
    width = max(40, min(get_terminal_size((80, 24)).columns, 120) if sys.stdout.isatty() else 80)
    lines = [visible(title)]
    for chart in charts:
        lines += ["", visible(chart.title)]
        lines += _KINDS[chart.kind](chart, width) if chart.drawn else ["  nothing to show"]
        lines += [f"  {visible(chart.text)}"] if chart.text else []
    text = "\n".join(lines) + "\n"
    write(text if _has_blocks() else text.translate(_PLAIN))


def _has_blocks() -> bool:
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _lines(chart: Any, width: int) -> list[str]:
    """Columns over time, each series below the one before; all on one scale, so that they can be compared."""
    most = max(max(row[series] for series in chart.series) for row in chart.drawn)
    margin = len(f"{most:g}") + 1
    rows = chart.drawn[-(width - margin - 3) :]
    wide = max(1, min(6, (width - margin - 3) // len(rows)))
    found = []
    for series in chart.series:
        if len(chart.series) > 1:
            found.append(f"  {name(series)}")
        for line in range(HEIGHT, 0, -1):
            scale = f"{most:g}" if line == HEIGHT else ""
            cells = "".join(_level(row[series], most, line) * wide for row in rows)
            found.append(f"{scale:>{margin}} │{cells}".rstrip())
        found.append(f"{'0':>{margin}} └{'─' * (len(rows) * wide)}")
    first, last = str(rows[0][chart.label]), str(rows[-1][chart.label])
    gap = len(rows) * wide - len(first) - len(last)
    found.append(" " * (margin + 2) + (f"{first}{' ' * gap}{last}" if gap > 0 else f"{first} → {last}"))
    return found


def _level(value: float, most: float, line: int) -> str:
    """The eighths of a column that lie in one line of the plot."""
    eighths = round(HEIGHT * 8 * max(0, value) / most) if most else 0
    return _UP[max(0, min(8, eighths - (line - 1) * 8))]


def _bars(chart: Any, width: int) -> list[str]:
    """A bar for each series of each row."""
    unit = " %" if chart.unit == "per cent" else ""
    names = _column([label(row[chart.label]) for row in chart.drawn])
    series = _column([name(s) for s in chart.series]) if len(chart.series) > 1 else [""]
    most = 100 if unit else max((row[s] or 0 for row in chart.drawn for s in chart.series), default=0)
    room = width - len(series[0]) - columns_of(names[0]) - 14
    found = []
    for row, shown in zip(chart.drawn, names, strict=True):
        for at, (what, told) in enumerate(zip(chart.series, series, strict=True)):
            value = row[what]
            number = "–" if value is None else f"{value:g}{unit}"
            head = shown if at == 0 else " " * columns_of(shown)
            found.append(f"  {head} {told}│{_bar(value or 0, most, room)} {number}")
    return found


def _stacked(chart: Any, width: int) -> list[str]:
    """A bar of several fillings for each row, then what they mean."""
    names = _column([label(row[chart.label]) for row in chart.drawn])
    totals = [sum(row[s] or 0 for s in chart.series) for row in chart.drawn]
    most = max(totals, default=0)
    room = width - columns_of(names[0]) - 10
    found = []
    for row, shown, total in zip(chart.drawn, names, totals, strict=True):
        bar, done = "", 0.0
        for series, filling in zip(chart.series, _FILLINGS, strict=False):
            done += row[series] or 0
            bar += filling * (round(room * done / most) - len(bar) if most else 0)
        found.append(f"  {shown} │{bar} {total:g}")
    key = "  ".join(f"{filling} {name(s)}" for s, filling in zip(chart.series, _FILLINGS, strict=False))
    return [*found, f"  {key}"]


def _flow(chart: Any, width: int) -> list[str]:
    """A bar for each way, the most travelled first."""
    names = _column([f"{row['from']} → {row['to']}" for row in chart.drawn])
    most = max(row["times"] for row in chart.drawn)
    room = width - columns_of(names[0]) - 12
    return [
        f"  {shown} │{_bar(row['times'], most, room)} {row['times']:g}"
        for row, shown in zip(chart.drawn, names, strict=True)
    ]


_KINDS = {"lines": _lines, "bars": _bars, "stacked": _stacked, "flow": _flow}


def _bar(value: float, most: float, room: int) -> str:
    """Full blocks and an eighth-exact end; what is more than nothing is never drawn as nothing."""
    eighths = round(room * 8 * max(0, value) / most) if most else 0
    if value > 0:
        eighths = max(1, eighths)
    return (_ACROSS[8] * (eighths // 8) + _ACROSS[eighths % 8]).rstrip()


def _column(texts: Sequence[str]) -> list[str]:
    """Texts from outside, visible, cut and filled to one width."""
    shown = [visible(text) for text in texts]
    shown = [cut(text, LABEL) for text in shown]
    widest = max((columns_of(text) for text in shown), default=0)
    return [text + " " * (widest - columns_of(text)) for text in shown]
