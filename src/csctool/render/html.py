"""A report as one page: readable without the pictures, printable, nothing in it runs and nothing is fetched."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from csctool.render.charts import AGES, COLOURS, GRID, INK, pictures
from csctool.render.measures import heading, label, meaning
from csctool.render.rows import scalar, write
from csctool.render.style import STYLE
from csctool.render.text import visible

#: Colours of the pictures that the page sets itself, so that they follow its light and dark.
_OURS = {
    INK: "ink",
    GRID: "grid",
    **{c: f"c{n}" for n, c in enumerate(COLOURS)},
    **{c: f"a{n}" for n, c in enumerate(AGES)},
}
#: Above so many rows a table under a chart scrolls in a box of its own; on paper it stands there whole.
LONG = 14


def page(report: Any, charts: Sequence[Any], title: str, facts: Mapping[str, str]) -> None:
    """The report, its charts, their data, and what the columns mean. `facts` tell what the page is about and when."""
    write("".join(_page(report, charts, title, facts)))


def _page(report: Any, charts: Sequence[Any], title: str, facts: Mapping[str, str]) -> Iterator[str]:
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{_text(title)}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{_text(title)}</h1>\n<dl>\n"
    )
    yield from (f"<div><dt>{_text(word)}</dt><dd>{_text(said)}</dd></div>\n" for word, said in facts.items())
    yield '</dl>\n</header>\n<main>\n<section class="figures" aria-labelledby="figures">\n'
    yield '<h2 id="figures">Figures</h2>\n'
    yield from _measures(report) if report.columns[0] == "measure" else _figures(report)
    yield '</section>\n<div class="charts">\n'
    for chart, picture in zip(charts, pictures(charts), strict=True):
        yield from _chart(chart, picture)
    yield (
        "</div>\n</main>\n<footer><p>Undone tickets never count. Hours are elapsed time where nothing else is said; "
        "an empty cell means that there was nothing to measure.</p></footer>\n</body>\n</html>\n"
    )


def _measures(report: Any) -> Iterator[str]:
    """A list of measures, each with its meaning beside it."""
    yield _scroll("Figures", "")
    yield (
        '<table class="measures"><caption>What each figure is</caption>\n<thead><tr><th scope="col">measure</th>'
        '<th scope="col" class="n">value</th><th scope="col">unit</th><th scope="col">meaning</th></tr></thead>\n'
        "<tbody>\n"
    )
    for row in report.rows:
        told = meaning(report.name, row["measure"])
        yield (
            f'<tr><th scope="row">{_text(heading(row["measure"]).removesuffix(" (hours)").removesuffix(" (%)"))}</th>'
            f'<td class="n">{_cell(row["value"])}</td><td>{_text(row["unit"])}</td><td>{_text(told)}</td></tr>\n'
        )
    yield "</tbody>\n</table></div>\n"


def _figures(report: Any) -> Iterator[str]:
    """The report's own table, and below it what its columns mean."""
    groups = len(_groups(report.columns, report.rows))
    yield from _table(report.columns, report.rows, f"{report.name}, the whole report", groups or 1, report.total)
    told = [(column, meaning(report.name, column)) for column in report.columns[groups:]]
    yield '<details open><summary>What the columns mean</summary>\n<dl class="meanings">\n'
    yield from (
        f"<div><dt>{_text(heading(column))}</dt><dd>{_text(said)}</dd></div>\n" for column, said in told if said
    )
    yield "</dl></details>\n"


def _chart(chart: Any, picture: bytes) -> Iterator[str]:
    yield f'<section class="chart" aria-labelledby="h-{chart.name}">\n'
    yield f'<h2 id="h-{chart.name}">{_text(chart.title)}</h2>\n'
    yield f"<figure>\n{inline(picture, chart)}\n<figcaption>{_text(chart.text)}</figcaption>\n</figure>\n"
    yield from _table(chart.columns, chart.rows, f"{chart.title}: the data", 2 if chart.kind == "flow" else 1)
    yield "</section>\n"


def _table(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], caption: str, groups: int,
    total: Mapping[str, Any] | None = None,
) -> Iterator[str]:  # fmt: skip
    numbers = {c for c in columns if any(isinstance(row.get(c), int | float) for row in rows)}
    yield _scroll(caption, "long" if len(rows) > LONG else "")
    yield f"<table><caption>{_text(caption)}</caption>\n<thead><tr>"
    yield from (f'<th scope="col"{_class(c in numbers)}>{_text(heading(c))}</th>' for c in columns)
    yield "</tr></thead>\n<tbody>\n"
    for row in rows:
        yield "<tr>"
        for at, column in enumerate(columns):
            if at < groups:
                yield f'<th scope="row">{_text(label(row.get(column)))}</th>'
            else:
                yield f"<td{_class(column in numbers)}>{_cell(row.get(column))}</td>"
        yield "</tr>\n"
    if not rows:
        yield f'<tr><td colspan="{len(columns)}">nothing</td></tr>\n'
    yield "</tbody>\n"
    if total is not None and len(rows) > 1:
        yield f'<tfoot><tr><th scope="row" colspan="{groups}">total</th>'
        yield from (f"<td{_class(c in numbers)}>{_cell(total.get(c))}</td>" for c in columns[groups:])
        yield "</tr></tfoot>\n"
    yield "</table></div>\n"


def _groups(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The first columns, as far as they are names and not numbers."""
    found: list[str] = []
    for column in columns:
        if any(isinstance(row.get(column), int | float | Mapping) for row in rows):
            break
        found.append(column)
    return found


def _scroll(caption: str, more: str) -> str:
    """A box that scrolls by itself, also with the keyboard, so that the page never does sideways."""
    return f'<div class="scroll {more}" role="region" tabindex="0" aria-label="{_text(caption)}">\n'


def _class(number: bool) -> str:
    return ' class="n"' if number else ""


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value}"
    return _text(scalar(value))


def _text(value: object) -> str:
    """Text from outside: nothing hidden, nothing that ends a tag or an attribute."""
    return escape(visible(str(value)))


def inline(picture: bytes, chart: Any) -> str:
    """An SVG document as a part of the page: named for those who don't see it, in the page's colours, no name twice."""
    text = picture.decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<title>.*?</title>", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = text.replace("xlink:href", "href")
    for colour, ours in _OURS.items():
        text = text.replace(f": {colour}", f": var(--{ours})")
    head, _, rest = text.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    return (
        f'<svg role="img" aria-labelledby="t-{chart.name} d-{chart.name}" {box[0] if box else ""}>\n'
        f'<title id="t-{chart.name}">{_text(chart.title)}</title>\n<desc id="d-{chart.name}">{_text(chart.text)}</desc>'
        f"{rest.strip()}"
    )
