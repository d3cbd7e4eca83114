"""The bytes of an import: a file or stdin, gzip or plain, cut into numbered lines of bounded length.

What makes the whole file unusable (a wrong encoding, a torn gzip) is looked for before the first row is handed out, so
that it never leaves half an import; stdin can't be read twice, so there it is found on the way.
"""

import codecs
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from csctool.errors import CscError, NotFoundError, NotPermittedError, StorageError, UsageError

#: No line is longer: a ticket with a description of 1 MiB and a long history fits, a runaway file does not.
MAX_LINE = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
_UTF8 = frozenset({"utf-8", "utf8", "utf-8-sig"})
#: Lone surrogates and NUL: no text that csctool keeps holds them.
_FOUL = re.compile("[\x00\ud800-\udfff]")


class BadLineError(Exception):
    """A line that can't be read; the lines after it can."""

    def __init__(self, line: int, reason: str, text: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
        self.text = text


class Source:
    """A file that is to be imported. `path` is `-` for stdin; `encoding` None means UTF-8."""

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self.path = path
        self.name = "stdin" if path == "-" else path
        self.encoding = _encoding(encoding)
        self._advice = encoding is None
        self._opened: list[Any] = []

    def check(self) -> None:
        """Read the whole file once, if it can be read twice. Raises UsageError for bytes in another encoding or a torn
        gzip, NotFoundError, NotPermittedError."""
        if not os.path.isfile(self.path):
            return
        with closing(self), closing(self.open()) as stream:
            decoder = codecs.getincrementaldecoder(self.encoding)("surrogatepass" if self._utf8 else "strict")
            lines = 1
            while True:
                chunk = self._guarded(lambda: stream.read(_CHUNK), lines)
                if lines == 1:
                    self.refuse_wide(chunk)
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError as error:
                    raise self._foreign(lines + error.object[: error.start].count(b"\n")) from None
                if not chunk:
                    return
                lines += chunk.count(b"\n")

    def open(self) -> Any:
        """The plain bytes; gzip is known by its first bytes, whatever the name is."""
        try:
            raw: Any = sys.stdin.buffer if self.path == "-" else open(self.path, "rb")  # noqa: SIM115 - for the caller
            if self.path != "-":
                self._opened.append(raw)
            start = raw.peek(2)[:2]
        except FileNotFoundError:
            raise NotFoundError(f"no such file: {self.path}") from None
        except PermissionError:
            raise NotPermittedError(f"you may not read {self.path}") from None
        except IsADirectoryError:
            raise UsageError(f"{self.path} is a directory", "name a file, or - for stdin") from None
        except OSError as error:
            raise StorageError(f"can't read {self.path}: {error.strerror}") from None
        if start == b"\x1f\x8b":
            return io.BufferedReader(gzip.GzipFile(fileobj=raw), _CHUNK)
        return raw

    def close(self) -> None:
        """Close what was opened; stdin is left to its owner."""
        for stream in self._opened:
            stream.close()
        self._opened = []

    def lines(self) -> "Lines":
        """The file's lines as text, from the beginning."""
        return Lines(self, self.open())

    def decode(self, raw: bytes, line: int) -> str:
        """A line as text. Raises UsageError for bytes of another encoding, BadLineError for NUL and lone surrogates."""
        try:
            text = raw.decode(self.encoding, "surrogatepass" if self._utf8 else "strict")
        except UnicodeDecodeError:
            raise self._foreign(line) from None
        foul = ("\0" in text) if text.isascii() else _FOUL.search(text)
        if foul:
            what = "a NUL byte" if "\0" in text else "a lone surrogate"
            raise BadLineError(line, f"{what} in the text", text)
        return text

    def refuse_wide(self, start: bytes) -> None:
        """Refuse a file whose characters are two bytes each: its line ends can't be found byte by byte."""
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UsageError(f"{self.name} is UTF-16", "convert it first: iconv -f UTF-16 -t UTF-8")

    @property
    def _utf8(self) -> bool:
        return self.encoding in _UTF8

    def _foreign(self, line: int) -> CscError:
        if self._advice:
            return UsageError(f"{self.name}: line {line} is not UTF-8", "say what it is, e.g. --encoding latin-1")
        return UsageError(f"{self.name}: line {line} is not {self.encoding}", "give the file's --encoding")

    def _guarded(self, read: Callable[[], bytes], line: int) -> bytes:
        try:
            return read()
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UsageError(f"{self.name}: the gzip is torn after line {line}", "fetch the file again") from None
        except OSError as error:
            raise StorageError(f"can't read {self.name}: {error.strerror or error}") from None


class Lines:
    """Numbered lines as an iterator that stays usable after a BadLineError. `number` is the last line's."""

    def __init__(self, source: Source, stream: Any) -> None:
        self.number = 0
        self._source = source
        self._stream = stream
        self._pushed: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._source.decode(self.raw(), self.number)

    def raw(self) -> bytes:
        """The next line's bytes, its end included. Raises StopIteration, BadLineError for an endless line."""
        line = self._pushed.pop() if self._pushed else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        if self.number == 1:
            line = self._first(line)
        if len(line) > MAX_LINE:
            start = line[:200].decode(self._source.encoding, "replace")
            while line and not line.endswith(b"\n"):
                line = self._read()
            raise BadLineError(self.number, f"the line is longer than {MAX_LINE >> 20} MiB", start)
        return line

    def peek(self) -> bytes:
        """The first line that is not blank, which stays to be read; empty at the end."""
        skipped = []
        line = self._read()
        while line and not line.strip():
            skipped.append(line)
            line = self._read()
        if line:
            skipped.append(line)
        self._pushed = skipped[::-1]
        return line

    def _read(self) -> bytes:
        return self._source._guarded(lambda: self._stream.readline(MAX_LINE + 1), self.number)

    def _first(self, line: bytes) -> bytes:
        self._source.refuse_wide(line)
        return line.removeprefix(codecs.BOM_UTF8)


def foul(text: str) -> bool:
    """Whether a text holds a NUL or a lone surrogate."""
    return _FOUL.search(text) is not None


def _encoding(name: str | None) -> str:
    """The name of an encoding in which a line end is one byte. Raises UsageError for any other."""
    if name is None:
        return "utf-8"
    try:
        found = codecs.lookup(name)
        if "a\n".encode(found.name) != b"a\n":
            raise LookupError
    except (LookupError, TypeError, ValueError):
        raise UsageError(f"can't read the encoding {name!r}", "e.g. utf-8, latin-1, cp1252") from None
    return "latin-1" if found.name == "iso8859-1" else found.name
