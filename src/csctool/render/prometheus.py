"""A report in the text format of Prometheus, for the textfile collector of node_exporter.

Format: Prometheus, "Exposition formats", text format 0.0.4. Times are in seconds and rates from 0 to 1, because base
units are the convention there. No sample has a timestamp: the collector refuses files with one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from csctool.render.measures import meaning
from csctool.render.rows import write
from csctool.render.text import visible

#: Suffix of a column -> suffix of the metric, and what turns one into the other.
_UNITS = {"_h": ("_seconds", 3600.0), "_pct": ("_ratio", 0.01)}

#: What the keys of an object of numbers are called as a label.
_KEYS = {"breach_reasons": "reason", "training_topics": "topic"}

Labels = tuple[tuple[str, str], ...]


def metrics(report: Any) -> None:
    """The report as gauges `csctool_REPORT_COLUMN`, groups as labels; what was not measured has no sample."""
    found: dict[str, dict[Labels, float]] = {}
    helps: dict[str, str] = {}
    for labels, column, value in _measured(report):
        name, factor = _named(report.name, column)
        found.setdefault(name, {})[labels] = value * factor if factor != 1 else value
        helps.setdefault(name, meaning(report.name, column) or column.replace("_", " "))
    for name, samples in found.items():
        write(f"# HELP {name} {_help(helps[name])}\n# TYPE {name} gauge\n")
        for labels, value in samples.items():
            told = ",".join(f'{key}="{_value(text)}"' for key, text in labels)
            write(f"{name}{{{told}}} {_number(value)}\n" if told else f"{name} {_number(value)}\n")


def _measured(report: Any) -> Iterator[tuple[Labels, str, float]]:
    """Every number with its labels and its column. An object of numbers is a metric with a label of its own."""
    groups = [column for column in report.columns if not any(_is_measure(row[column]) for row in report.rows)]
    groups = groups[: _leading(report.columns, groups)]
    for row in report.rows:
        labels = tuple((_word(column), "" if row[column] is None else str(row[column])) for column in groups)
        if report.columns[0] == "measure":
            if row["value"] is not None:
                yield (), row["measure"], row["value"]
            continue
        for column in report.columns[len(groups) :]:
            value = row[column]
            if isinstance(value, Mapping):
                yield from (
                    ((*labels, (_KEYS.get(column, "key"), str(key))), column, number) for key, number in value.items()
                )
            elif column.startswith("code_") and value is not None:
                yield (*labels, ("code", column.removeprefix("code_"))), "code", value
            elif _is_number(value):
                yield labels, column, value


def _leading(columns: tuple[str, ...], groups: list[str]) -> int:
    """How many of the first columns name the group; a text further on (the oldest ticket) is no label."""
    return next((at for at, column in enumerate(columns) if column not in groups), len(columns))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_measure(value: object) -> bool:
    return _is_number(value) or isinstance(value, Mapping)


def _named(report: str, column: str) -> tuple[str, float]:
    for suffix, (unit, factor) in _UNITS.items():
        if column.endswith(suffix):
            return f"csctool_{report}_{_word(column.removesuffix(suffix))}{unit}", factor
    return f"csctool_{report}_{_word(column)}", 1


def _word(text: str) -> str:
    return re.sub("[^a-zA-Z0-9_]", "_", text)


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _value(text: str) -> str:
    """A label's value: nothing hidden, escaped as the format wants it."""
    lines = (visible(line).replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return "\\n".join(lines)


def _number(value: float) -> str:
    return f"{value:.10g}"
