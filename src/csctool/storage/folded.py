"""A table that stays as it lies in its file: what nobody asks for costs nobody anything, however much of it there is.

Whoever opens a ticket adds one to those of the agency, and some messages to those that wait, which may be thousands
while a mail server is down; he has no need to know the others.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

from csctool.errors import DamagedError
from csctool.storage import codec

#: What stands around the lines of a table.
BEGIN, END = b"{\n", b"}"


class Folded(Mapping[str, msgspec.Raw]):
    """The documents of a table by their ids, told apart when one is asked for: those of `table`, which is as it was
    read with the file `blob`, and `fresh`, which were added since."""

    def __init__(
        self, table: msgspec.Raw, blob: bytes | bytearray, fresh: Mapping[int, msgspec.Raw] | None = None
    ) -> None:  # fmt: skip
        self._table = table
        self._blob = blob
        self.fresh = fresh or {}

    def __getitem__(self, id: str) -> msgspec.Raw:
        return self._documents[id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def holds(self, text: bytes) -> bool:
        """Whether these bytes may stand in some document: they do in the file. To look there copies nothing."""
        return text in self._blob

    def with_more(self, documents: Mapping[int, msgspec.Raw]) -> "Folded":
        """The same table with documents of new ids behind the others."""
        return Folded(self._table, self._blob, {**self.fresh, **documents})

    def lines(self) -> list[bytes | memoryview | msgspec.Raw]:
        """The lines of the table as they are written, in parts: one a document, brackets excluded."""
        read = memoryview(self._table)[len(BEGIN) : -len(END)]
        if not self.fresh:
            return [read]
        parts: list[bytes | memoryview | msgspec.Raw] = [read[:-1], b",\n"] if read else []
        for id, document in self.fresh.items():
            parts += (b'"%d":' % id, document, b",\n")
        return [*parts[:-1], b"\n"]

    @cached_property
    def _documents(self) -> dict[str, msgspec.Raw]:
        text = b"".join((BEGIN, *self.lines(), END)) if self.fresh else self._table
        try:
            return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        except codec.UNREADABLE as error:
            raise DamagedError(f"a table of a store file can't be read: {error}", "run csctool doctor") from error
