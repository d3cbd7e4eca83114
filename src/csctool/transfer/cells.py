"""One cell, or several, as the value that a map makes of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from csctool.domain.lifecycle import rfc3339
from csctool.transfer.mapfile import OTHERWISE, TIMES, WORDS, Map
from csctool.transfer.timeform import time_reader

Cells = Sequence[str]
#: What gives a value out of a row; None is missing. It raises BadValueError.
Reader = Callable[[Cells], Any]
Convert = Callable[[str], Any]

_INTEGERS = frozenset({"impact", "urgency", "minutes"})
#: How many different cells of a column are remembered with their values.
_REMEMBERED = 50_000


class BadValueError(Exception):
    """A cell that the map can't read; the message is the reason that the reject file gives."""


class Columns:
    """The columns of a table under a map. Times that name no zone are of the map's, else of `zone`."""

    def __init__(self, names: Sequence[str], plan: Map, zone: tzinfo) -> None:
        self._plan = plan
        self._places = {name: at for at, name in enumerate(names)}
        self._missing = frozenset({"", *plan.missing})
        self._time = time_reader(plan.times.form, ZoneInfo(plan.times.zone) if plan.times.zone else zone)

    def place(self, name: str) -> int:
        """Where a column stands."""
        return self._places[name]

    def places(self, column: str | Sequence[str]) -> tuple[int, ...]:
        """Where the columns of a target stand."""
        names = (column,) if isinstance(column, str) else column
        return tuple(self._places[name] for name in names)

    def text(self, name: str) -> Reader:
        """The plain text of a column."""
        return self._cell(name, lambda text: text)

    def time(self, name: str) -> Reader:
        """The time in a column."""
        return self._cell(name, lambda text: self._when(name, text))

    def target(self, name: str) -> Reader:
        """What `[columns]` says of a ticket's field."""
        column = self._plan.columns[name]
        if not isinstance(column, str):
            return self._joined(column, path=name == "category")
        return self._cell(column, self._converter(name, column))

    def field(self, name: str) -> Reader:
        """What `[fields]` says of an extra field."""
        said = self._plan.field(name)
        column, table = said.column, self._plan.values.get(f"fields.{name}")
        if table is not None:
            return self._cell(column, lambda text: _translated(f"fields.{name}", table, column, text))
        if said.type == "time":
            return self._cell(column, lambda text: rfc3339(self._when(column, text)))
        convert = _TYPES[said.type]
        return self._cell(column, lambda text: convert(column, text))

    # -- how -----------------------------------------------------------------------------------------------

    def _cell(self, column: str, convert: Convert) -> Reader:
        """One cell, converted once for every text that comes up."""
        place, missing = self._places[column], self._missing
        known: dict[str, Any] = {}

        def read(cells: Cells) -> Any:
            text = cells[place]
            if text in known:
                return known[text]
            plain = text.strip()
            value = None if plain in missing else convert(plain)
            if value == "":
                value = None
            if len(known) >= _REMEMBERED:
                known.clear()
            known[text] = value
            return value

        return read

    def _joined(self, columns: Sequence[str], *, path: bool) -> Reader:
        """Several columns as one text: a path for a category, else with commas. Missing ones are left out."""
        places, missing = self.places(columns), self._missing

        def read(cells: Cells) -> str | None:
            parts = [text for p in places if (text := cells[p].strip()) not in missing]
            if path:
                parts = [part.replace("/", "-") for part in parts]  # a slash separates levels, and only that
            return ("/" if path else ", ").join(parts) or None

        return read

    def _converter(self, name: str, column: str) -> Convert:
        if name in TIMES:
            return lambda text: self._when(column, text)
        table, words = self._plan.values.get(name), WORDS.get(name)
        if table is not None:
            return lambda text: _translated(name, table, column, text)
        if name == "cc":
            return lambda text: tuple(part.strip() for part in text.replace(";", ",").split(",") if part.strip())
        if name in _INTEGERS:
            return lambda text: _level(name, column, text, words)
        if words:
            return lambda text: _one_of(name, column, text, words)
        return lambda text: text

    def _when(self, column: str, text: str) -> datetime:
        try:
            return self._time(text)
        except ValueError as error:
            raise BadValueError(f"{column}: {error}") from None


def _translated(name: str, table: dict[str, Any], column: str, text: str) -> Any:
    value = table.get(text, table.get(OTHERWISE))
    if value is None:
        raise BadValueError(f"{column} {text!r} is not in the map's [values.{name}]")
    return value


def _level(name: str, column: str, text: str, words: tuple[Any, ...] | None) -> int:
    value = _integer(column, text)
    if (words and value not in words) or value < 0:
        raise BadValueError(f"{column} {text!r} can't be {name}")
    return value


def _one_of(name: str, column: str, text: str, words: tuple[Any, ...]) -> str:
    if text not in words:
        raise BadValueError(f"{column} {text!r} is no {name}; the map's [values.{name}] may translate it")
    return text


def _text(_column: str, text: str) -> str:
    return text


def _integer(column: str, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise BadValueError(f"{column} {text!r} is no whole number") from None
    if not -(2**63) <= value < 2**63:
        raise BadValueError(f"{column} {text!r} is too large a number")
    return value


def _number(column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadValueError(f"{column} {text!r} is no number") from None
    if value - value != 0:  # JSON has neither infinity nor not-a-number
        raise BadValueError(f"{column} {text!r} is no number")
    return value


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _boolean(column: str, text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise BadValueError(f"{column} {text!r} is neither true nor false") from None


_TYPES: dict[str, Callable[[str, str], Any]] = {
    "text": _text, "integer": _integer, "number": _number, "boolean": _boolean,
}  # fmt: skip
