"""TinyDB over a store file: documents stay undecoded, reads come from one whole generation, writes are only staged."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from csctool.domain.audit import Gap
from csctool.domain.notice import Notice
from csctool.domain.words import FINISHED
from csctool.storage import codec, container, files
from csctool.storage.folded import Folded

#: The tables of the tickets, and of the messages that wait.
TICKETS, OUTBOX = "tickets", "outbox"


class StagedStorage(Storage):
    """TinyDB's storage for one transaction over the bytes of one generation (None: there is no file yet).

    Nothing reaches the disk from here: `write` stages, and who runs the transaction fetches `packed` once.
    """

    def __init__(self, path: str, blob: bytes | None) -> None:
        self._tables: codec.Tables | None = None
        self.generation, self.format = 0, codec.FORMAT
        self.staged = False
        if blob is not None:
            header, self._tables = container.unpack(blob, path, (TICKETS, OUTBOX))
            self.generation, self.format = header.generation, header.format

    def read(self) -> codec.Tables | None:  # type: ignore[override]
        """The tables as this transaction sees them, documents undecoded."""
        return self._tables

    def write(self, data: codec.Tables) -> None:  # type: ignore[override]
        """Stage the tables."""
        self._tables = data
        self.staged = True

    def upgrade(self) -> None:
        """Bring the documents of an older format to this one's."""
        codec.upgrade(self.format, self._tables or {})

    def saved(self) -> None:
        """What was staged is the generation that lies on the disk."""
        self.generation, self.format, self.staged = self.generation + 1, codec.FORMAT, False

    def packed(self) -> bytearray:
        """The next generation of the file, in this format."""
        self.upgrade()
        return container.pack(self._tables or {}, self.generation + 1)


class Documents(Table):
    """A table whose documents are undecoded JSON: what a command does not touch is written back as it was read."""

    default_query_cache_capacity = 0

    def undecoded(self) -> Mapping[str, msgspec.Raw]:
        """Every document by its id."""
        return self._read_table()  # type: ignore[return-value]

    def put(self, documents: Mapping[int, msgspec.Raw]) -> None:
        """Insert or replace documents."""
        update: Callable[[dict[int, Any]], None] = lambda table: table.update(documents)  # noqa: E731
        self._update_table(update)

    def append(self, documents: Mapping[int, msgspec.Raw]) -> None:
        """Insert documents of new ids. A table that nobody has looked into is left as it is."""
        table: Any = self.undecoded()
        if isinstance(table, Folded):
            self._storage.write({**(self._storage.read() or {}), self.name: table.with_more(documents)})  # type: ignore[dict-item]
        else:
            self.put(documents)

    def lacks(self, text: bytes) -> bool:
        """Whether these bytes stand in no document, as far as that can be told without looking into any."""
        table = self.undecoded()
        return not table.holds(text) if isinstance(table, Folded) else not table


class Database(TinyDB):
    """The tables of one store file. Made afresh for every transaction, so that no id and no document is ever stale."""

    table_class = Documents
    default_storage_class = StagedStorage  # type: ignore[assignment]

    def __init__(self, path: str, blob: bytes | None) -> None:
        super().__init__(path, blob)
        self.path = path
        self.before: bytes | bytearray | None = blob
        self._glances: dict[str, tuple[msgspec.Raw, codec.Glance]] = {}

    def saved(self, blob: bytes | bytearray) -> None:
        """What was staged is now what lies on the disk, as these bytes: further changes make the next generation."""
        self.before = blob
        self._staging.saved()

    @property
    def generation(self) -> int:
        """Which writing of the file this is; 0 when there is none."""
        return self._staging.generation

    @property
    def format(self) -> int:
        """The format in which the file was written."""
        return self._staging.format

    @property
    def staged(self) -> bool:
        """Whether something was changed."""
        return self._staging.staged

    def upgrade(self) -> None:
        """Bring the documents of an older format to this one's, where they are about to be written."""
        self._staging.upgrade()

    def replacement(self, keep: bool, waits: bool = False) -> files.Replacement:
        """The file, ready to be replaced by what was staged: see `files.Replacement`. A file of an older format is kept
        for good, for whoever has to go back to an older csctool."""
        also = files.of_format(self.path, self.format) if self.format < codec.FORMAT else None
        return files.Replacement(self.path, self._staging.packed(), self.before, keep, waits, also)

    @property
    def tickets(self) -> Documents:
        """The tickets, by number."""
        return self.table(TICKETS, cache_size=0)  # type: ignore[return-value]

    @property
    def counters(self) -> Documents:
        """The agency's counters, as the one document 1."""
        return self.table("counters", cache_size=0)  # type: ignore[return-value]

    @property
    def calendars(self) -> Documents:
        """The definitions of the calendars in which anything was promised, by digest, as the one document 1."""
        return self.table("calendars", cache_size=0)  # type: ignore[return-value]

    def kept_calendars(self) -> dict[str, Any]:
        """The same, decoded."""
        return codec.definitions(self.calendars.undecoded().get("1"))

    @property
    def joint(self) -> Documents:
        """What was written together with other agencies, as the one document 1: see `joint`."""
        return self.table("joint", cache_size=0)  # type: ignore[return-value]

    @property
    def months(self) -> Documents:
        """Which months have an archive, as the list that is document 1: so that one that is gone is missed."""
        return self.table("months", cache_size=0)  # type: ignore[return-value]

    def known_months(self) -> list[str]:
        """The same, decoded."""
        return codec.months(self.months.undecoded().get("1"))

    @property
    def outbox(self) -> Documents:
        """The notices that wait for delivery, in the order of their numbers."""
        return self.table(OUTBOX, cache_size=0)  # type: ignore[return-value]

    def notices(self) -> dict[int, Notice]:
        """The same, decoded."""
        return {int(at): codec.notice(document) for at, document in self.outbox.undecoded().items()}

    def counter(self, name: str) -> int:
        """Where a counter stands; `number` is the highest ticket number that was ever given out."""
        return codec.counters(self.counters.undecoded().get("1")).get(name, 0)

    def put_first(self, name: str, document: msgspec.Raw) -> None:
        """Make a table of one document the first of the file, so that who reads the file's beginning sees it."""
        rest = {other: table for other, table in self.documents().items() if other != name}
        self._staging.write({name: {"1": document}, **rest})

    @property
    def gaps(self) -> Documents:
        """Numbers that have no tickets, because they were lost or passed over, as the list that is document 1."""
        return self.table("gaps", cache_size=0)  # type: ignore[return-value]

    def known_gaps(self) -> list[Gap]:
        """The same, decoded."""
        return codec.gaps(self.gaps.undecoded().get("1"))

    def go_on_from(self, generation: int) -> None:
        """Let the next writing follow that generation, if it is a later one."""
        self._staging.generation = max(self._staging.generation, generation)

    def documents(self) -> codec.Tables:
        """Every table by its name."""
        return self._staging.read() or {}

    def ticket(self, number: int) -> msgspec.Raw | None:
        """The document of one ticket."""
        return self.tickets.undecoded().get(str(number))

    def finished(self) -> dict[str, msgspec.Raw]:
        """The documents of the closed and cancelled tickets."""
        return {n: document for n, document, glance in self.glances() if glance.status in FINISHED}

    def glances(self) -> Iterator[tuple[str, msgspec.Raw, codec.Glance]]:
        """Every ticket's number and document with what housekeeping asks of it; each document is looked at once."""
        for number, document in self.tickets.undecoded().items():
            known = self._glances.get(number)
            if known is None or known[0] is not document:
                known = self._glances[number] = document, codec.glance(document)
            yield number, *known

    @property
    def _staging(self) -> StagedStorage:
        return self.storage  # type: ignore[return-value]
