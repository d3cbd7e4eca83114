"""Charts as SVG and PNG, drawn by matplotlib, which comes with the extra `csctool[charts]` and is imported here alone.

Colours are told twice where they carry meaning: lines also by dashes, bars also by numbers; every chart has its table.
"""

import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from csctool.errors import UsageError
from csctool.render.aligned import cut
from csctool.render.measures import label, name
from csctool.render.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

#: Inches. A chart is as wide as a phone in portrait shows legibly, so that nobody has to scroll sideways.
WIDTH = 4.8
INK, GRID, PAPER = "#1f2933", "#d5dbe2", "#ffffff"
#: Told apart also by people who see red and green alike; each at least 3:1 on white (WCAG 2.2, 1.4.11).
COLOURS = ("#0b64a8", "#c25e00", "#2b7f4f", "#8a3fa0", "#b3302a", "#5d6b78", "#8a6d00", "#0f7f86")
#: From young to old.
AGES = ("#5b9bd0", "#0b64a8", "#a88400", "#c25e00", "#b3302a")
#: The longest label of a row, in columns of a terminal.
LABEL = 22


def ready() -> None:
    """Refuse before any work is done where the extra is missing. Raises UsageError."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise UsageError("charts are drawn by matplotlib, which is not installed", "pip install 'csctool[charts]'")


def svg(charts: Sequence[Any], title: str) -> bytes:
    """All charts of a report in one SVG document, one below the other."""
    with _library():
        return _saved(_together(charts, title), "svg", title, PAPER)


def png(charts: Sequence[Any], title: str) -> bytes:
    """The same as PNG, twice as many pixels as a plain screen has, for print and for fine screens."""
    with _library():
        return _saved(_together(charts, title), "png", title, PAPER)


def pictures(charts: Sequence[Any]) -> list[bytes]:
    """Each chart as an SVG document without title and paper, for a page that brings both."""
    from matplotlib.figure import Figure

    found = []
    with _library():
        for chart in charts:
            figure = Figure(figsize=(WIDTH, _height(chart)), layout="constrained")
            _draw(figure, chart)
            found.append(_saved(figure, "svg", chart.name, "none"))
    return found


@contextmanager
def _library() -> Iterator[None]:
    """matplotlib as we want it, whatever settings lie in the user's home or the working directory.

    It says nothing: not that it keeps a cache of fonts, nor that a font lacks a character.
    """
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    import matplotlib

    with warnings.catch_warnings(), matplotlib.rc_context():
        warnings.simplefilter("ignore")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({
            "text.parse_math": False,  # a dollar sign in somebody's text is a dollar sign
            "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
            "font.family": ["DejaVu Sans", "Noto Sans CJK JP", "sans-serif"], "font.size": 8.5,
            "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
            "axes.facecolor": "none", "axes.spines.top": False, "axes.spines.right": False,
            "axes.axisbelow": True, "grid.color": GRID,
            "legend.frameon": False, "legend.handlelength": 1.6, "axes.titleweight": "bold", "axes.titlesize": 10,
        })  # fmt: skip
        yield


def _saved(figure: "Figure", form: str, salt: str, paper: str) -> bytes:
    """The same bytes for the same chart: no date, and names made of the content."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = salt
    out = io.BytesIO()
    known: dict[str, str | None] = {"Title": visible(salt)}
    if form == "svg":
        known["Date"] = None
    figure.savefig(out, format=form, facecolor=paper, dpi=200, metadata=known)
    return out.getvalue()


def _together(charts: Sequence[Any], title: str) -> "Figure":
    from matplotlib.figure import Figure

    heights = [_height(chart) + 0.35 for chart in charts]
    figure = Figure(figsize=(WIDTH * 1.35, sum(heights) + 0.4), layout="constrained")
    figure.suptitle(_text(title, 60), fontsize=12, fontweight="bold")
    parts = figure.subfigures(len(charts), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, chart in zip(parts, charts, strict=True):
        part.suptitle(_text(chart.title, 70), fontsize=10)
        _draw(part, chart)
    return figure


def _height(chart: Any) -> float:
    """Inches."""
    if chart.kind == "lines":
        return 2.5
    if chart.kind == "flow":
        return 3.1
    bars = len(chart.series) if chart.kind == "bars" else 1.4
    return 0.85 + max(1, len(chart.drawn)) * (0.14 + 0.13 * bars)


def _draw(figure: "Figure | SubFigure", chart: Any) -> None:
    axes = figure.subplots()
    if not chart.drawn:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing to show", ha="center", va="center", transform=axes.transAxes)
        return
    _KINDS[chart.kind](axes, chart)
    if len(chart.series) > 1:
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 3))


def _lines(axes: "Axes", chart: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    places = range(len(chart.drawn))
    for series, colour, dash in zip(chart.series, COLOURS, ("-", "--", ":", "-."), strict=False):
        values = [row[series] for row in chart.drawn]
        axes.plot(places, values, dash, color=colour, lw=1.6, label=name(series), marker="o" if len(values) < 3 else "")
        if len(chart.series) == 1:
            axes.fill_between(places, values, color=colour, alpha=0.15, lw=0)
    every = max(1, -(-len(chart.drawn) // 5))
    axes.set_xticks(places[::every], [_text(row[chart.label]) for row in chart.drawn[::every]])
    axes.set_ylim(bottom=min(0, *(row[s] for row in chart.drawn for s in chart.series)))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.set_ylabel(chart.unit)
    axes.grid(axis="y")


def _bars(axes: "Axes", chart: Any) -> None:
    """Bars beside each other, the first row on top, each with its number."""
    thick = 0.8 / len(chart.series)
    for at, (series, colour) in enumerate(zip(chart.series, COLOURS, strict=False)):
        values = [row[series] for row in chart.drawn]
        places = [row + (at - (len(chart.series) - 1) / 2) * thick for row in range(len(values))]
        drawn = axes.barh(places, [value or 0 for value in values], thick * 0.92, color=colour, label=name(series))
        axes.bar_label(drawn, ["–" if value is None else f"{value:g}" for value in values], padding=2, fontsize=7)
    _rows(axes, chart)
    if chart.unit == "per cent":
        axes.set_xlim(0, 109)
        axes.set_xticks(range(0, 101, 20))
    else:
        axes.margins(x=0.12)
        _whole(axes)


def _stacked(axes: "Axes", chart: Any) -> None:
    colours = AGES if len(chart.series) == len(AGES) and chart.name == "ageing" else COLOURS
    left = [0.0] * len(chart.drawn)
    for series, colour in zip(chart.series, colours, strict=False):
        values = [row[series] or 0 for row in chart.drawn]
        axes.barh(
            range(len(values)), values, 0.72, left=left, color=colour, label=name(series), edgecolor=PAPER, lw=0.4
        )
        left = [before + value for before, value in zip(left, values, strict=True)]
    for at, total in enumerate(left):
        axes.annotate(f"{total:g}", (total, at), (3, 0), textcoords="offset points", va="center", fontsize=7)
    _rows(axes, chart)
    axes.margins(x=0.1)
    _whole(axes)


def _whole(axes: "Axes") -> None:
    """There is no half ticket; hours come in whole ones where there are several."""
    from matplotlib.ticker import MaxNLocator

    if axes.get_xlim()[1] > 3:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))


def _rows(axes: "Axes", chart: Any) -> None:
    axes.set_yticks(range(len(chart.drawn)), [_text(label(row[chart.label])) for row in chart.drawn])
    axes.set_ylim(len(chart.drawn) - 0.45, -0.55)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(chart.unit)
    axes.grid(axis="x")


def _flow(axes: "Axes", chart: Any) -> None:
    """Tiers as boxes from left to right: what went up in arcs above them, what came back in arcs below."""
    times = {(row["from"], row["to"]): row["times"] for row in chart.drawn}
    places = [place for place in chart.places if any(place in pair for pair in times)]
    at = {place: number for number, place in enumerate(places)}
    between = {pair: n for pair, n in times.items() if pair[0] in at and pair[1] in at}
    most = max(between.values(), default=1)
    size = 8 if len(places) <= 4 else 6.5
    for place, x in at.items():
        _box(axes, x, place, times, size)
    reach = max((abs(at[b] - at[a]) for a, b in between), default=1)
    for (a, b), n in between.items():
        _arc(axes, at[a], at[b], n, n / most, size)
    axes.set_xlim(-0.55, len(places) - 0.45)
    tall = 0.85 + 0.4 * reach
    axes.set_ylim(-tall, tall)
    axes.set_axis_off()


def _box(axes: "Axes", x: int, place: str, times: dict[tuple[str, str], int], size: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(FancyBboxPatch((x - 0.4, -0.5), 0.8, 1.0, boxstyle="round,pad=0,rounding_size=0.06",
                                  fc="none", ec=COLOURS[0], lw=1.2))  # fmt: skip
    told = [("opened", times.get(("opened", place)))]
    told += [(end, times.get((place, end))) for end in ("resolved", "waiting", "cancelled")]
    lines = [f"{n} {word}" for word, n in told if n]
    axes.text(x, 0.44, f"tier {_text(place, 10)}", ha="center", va="top", fontsize=size + 0.5, fontweight="bold")
    axes.text(x, 0.2, "\n".join(lines), ha="center", va="top", fontsize=size - 1, linespacing=1.2)


def _arc(axes: "Axes", start: int, end: int, times: int, share: float, size: float) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    up = 1 if end > start else -1
    span, colour = abs(end - start), COLOURS[up < 0]
    edge, top = 0.53 * up, (0.55 + 0.4 * span) * up
    aside = up * max(0.04, 0.2 - 0.08 * span)  # the longer the arc, the nearer to the middle of its boxes
    near, far = start + aside, end - aside
    bend = 2 * top - edge  # a quadratic curve is half as high as its control point
    path = Path([(near, edge), ((near + far) / 2, bend), (far, edge)], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle="-|>", mutation_scale=8, lw=0.8 + 4 * share, color=colour,
                                   linestyle="-" if up > 0 else "--"))  # fmt: skip
    inside = span == 1  # a longer arc may pass above
    axes.text((near + far) / 2, top + (-0.07 if inside else 0.07) * up, str(times), fontsize=size, ha="center",
              va="top" if inside == (up > 0) else "bottom")  # fmt: skip


_KINDS = {"lines": _lines, "bars": _bars, "stacked": _stacked, "flow": _flow}


def _text(text: object, room: int = LABEL) -> str:
    """Text from outside: visible, and short enough."""
    return cut(visible(str(text)), room) if len(str(text)) > room else visible(str(text))
