"""An import from its beginning: the file, its map if it has one, and the tickets that come out."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Protocol

from csctool.domain.intake import Incoming, Rejected
from csctool.transfer.mapfile import Map, load_map
from csctool.transfer.mapping import Mapper, needs_agency
from csctool.transfer.native import Tickets
from csctool.transfer.rejects import Refusals, RejectFile
from csctool.transfer.source import Source
from csctool.transfer.table import Table


class Rows(Protocol):
    """What a file is made of: its form, and how many rows were read so far."""

    rows: int

    @property
    def kind(self) -> str:
        """`csv`, `tsv` or `jsonl`."""

    @property
    def delimiter(self) -> str:
        """What stands between cells."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns."""


class Import:
    """A file that is to be taken in. Raises UsageError when it can't be used as a whole, before any row is read."""

    def __init__(self, path: str, map_word: str | None = None, encoding: str | None = None) -> None:
        self.plan: Map | None = load_map(map_word) if map_word else None
        self.source = Source(path, encoding or (self.plan.encoding if self.plan else None))
        self.source.check()
        self.table: Rows | None = None

    def __enter__(self) -> "Import":
        return self

    def __exit__(self, *_failure: object) -> None:
        self.source.close()

    @property
    def needs_agency(self) -> bool:
        """Whether the rows don't say whose they are."""
        return self.plan is not None and needs_agency(self.plan)

    def tickets(self, *, agency: str | None, forced: bool, zone: tzinfo) -> Iterator[Incoming | Rejected]:
        """The tickets of the file. `agency` is that of rows that name none, or of every row when `forced`; `zone` that
        of times that name none."""
        if self.plan is not None:
            table = Table(self.source, self.plan.wanted(), self.plan.delimiter)
            self.table = table
            return iter(Mapper(table, self.plan, agency=agency, forced=forced, zone=zone))
        native = Tickets(self.source, agency=agency, forced=forced, zone=zone)
        self.table = native
        return iter(native)

    def refusals(self, path: str | None) -> Refusals:
        """Where rejected rows go; asked for after `tickets`. Without a path they are told one by one."""
        if path is None or self.table is None:
            return Refusals(None)
        table = self.table
        return Refusals(RejectFile(path, self.source.path, table.kind, table.columns, table.delimiter))

    @property
    def rows(self) -> int:
        """How many rows were read so far, the rejected ones included."""
        return self.table.rows if self.table else 0
