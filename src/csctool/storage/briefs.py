"""Archives in brief: beside each month, its tickets without texts and history, a seventh of its size.

A report over years reads these. They are derived: one carries the checksum of the month that it was made from in its
name, so it is valid exactly while that month is as it was, and a reader that finds none reads the month. Only writers
save them, after the archive.

A month is kept in parts, by when its tickets were opened: in that month, in the one before, earlier. So a report over
a past month need not read what was opened after it, although all later months may hold tickets of its time. A part is
called `2026-10.brief-6a09e667bb67ae85-2026-09-2.json`: the month, its checksum, since when its tickets were opened, how
many parts there are. A month of opening begins a day late here, on the second: so one of any zone ends before it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from csctool.errors import StorageError
from csctool.storage import codec, container, files
from csctool.storage.archives import Archives, header_of
from csctool.storage.partial import Brief

_NAME = re.compile(r"(\d{4}-\d\d)\.brief-(\w+)-(\d{4}-\d\d)-(\d)\.json")
#: Since when the tickets of the part were opened that were opened earlier than the month before, or nobody knows when.
_EARLIER = "0000-00"
_LATE, _SECOND = timedelta(days=1), timedelta(seconds=1)

#: month and checksum -> since when -> the part's file.
Parts = Mapping[tuple[str, str], Mapping[str, str]]


class Shelved:
    """The briefs of an agency that are there and whole; `names` are those of the archives' files."""

    def __init__(self, archives: Archives, names: Iterable[str]) -> None:
        self._archives = archives
        self.parts, self.others = _found(archives.directory, names)

    def month(self, month: str, opened_before: datetime | None = None) -> Iterable[Brief]:
        """The tickets of a month; those that were opened later than wanted may be left out.

        Raises what reading the month raises.
        """
        header = header_of(self._archives.path(month))
        parts = self.parts.get((month, header.checksum)) if header else None
        if parts is not None:
            last = _opened(opened_before - _SECOND) if opened_before else "9999-99"
            try:
                return [brief for since in parts if since <= last for brief in _read(parts[since])]
            except StorageError:
                pass  # it says nothing that the month doesn't say
        return map(codec.brief, self._archives.month(month).tickets.undecoded().values())


def save(archives: Archives, *, changed: bool = True) -> None:
    """Make the briefs that are missing and remove those of months that have changed.

    Where nothing was archived (not `changed`) and every month has one, nothing is looked at.
    """
    names = archives.names()
    months = archives.months(names=names)
    there = Shelved(archives, names)
    if not changed and not there.others and [month for month, _ in there.parts] == months:
        return
    stale = set(there.others)
    for month, checksum in list(there.parts):
        header = header_of(archives.path(month))
        if header is None or header.checksum != checksum:
            stale.update(there.parts[month, checksum].values())
    for month in months:
        header = header_of(archives.path(month))
        if header and (month, header.checksum) not in there.parts:
            stale.difference_update(_save(archives, month, header.checksum))
    for path in sorted(stale):
        files.remove(path)


def useless(archives: Archives) -> Iterator[str]:
    """The files of briefs that nobody will read: damaged, incomplete, or of a month that has changed since.

    Those that an older csctool made are as they should be: they go with the next archiving. Raises DamagedError for a
    month that is.
    """
    there = Shelved(archives, archives.names())
    yield from (path for path in there.others if _NAME.fullmatch(path.rpartition("/")[2]))
    for (month, checksum), parts in there.parts.items():
        header = header_of(archives.path(month))
        fresh = header is not None and header.checksum == checksum
        yield from (path for path in parts.values() if not (fresh and _whole(path)))


def _whole(path: str) -> bool:
    try:
        _read(path)
    except StorageError:
        return False
    return True


def _save(archives: Archives, month: str, checksum: str) -> list[str]:
    parts: dict[str, dict[str, Brief]] = {}
    for number, document in archives.documents(month, checksum).items():
        brief = codec.brief(document)
        parts.setdefault(_since(brief, month), {})[number] = brief
    paths = []
    for since, tickets in (parts or {month: {}}).items():
        path = f"{archives.directory}/{month}.brief-{checksum}-{since}-{max(1, len(parts))}.json"
        documents = {number: codec.encode(brief) for number, brief in tickets.items()}
        files.derive(path, container.pack({"tickets": documents}, 1))
        paths.append(path)
    return paths


def _since(brief: Brief, month: str) -> str:
    if brief.opened_at is None:
        return _EARLIER
    year, number = int(month[:4]), int(month[5:])
    before = f"{year:04d}-{number - 1:02d}" if number > 1 else f"{year - 1:04d}-12"
    opened = _opened(brief.opened_at)
    return opened if opened in (month, before) else _EARLIER


def _opened(at: datetime) -> str:
    at -= _LATE
    return f"{at.year:04d}-{at.month:02d}"


def _read(path: str) -> Iterable[Brief]:
    blob = files.read(path) or b""
    container.check(blob, path)
    return codec.briefs(msgspec.Raw(blob)).tickets.values()


def _found(directory: str, names: Iterable[str]) -> tuple[Parts, list[str]]:
    """The whole briefs, in the order of their months, and the files of others."""
    groups: dict[tuple[str, str], dict[str, str]] = {}
    counts: dict[tuple[str, str], set[int]] = {}
    others = []
    for name in sorted(name for name in names if ".brief-" in name and not name.endswith(files.TEMPORARY)):
        path = f"{directory}/{name}"
        found = _NAME.fullmatch(name)
        if found is None:
            others.append(path)
            continue
        month, checksum, since, count = found.groups()
        groups.setdefault((month, checksum), {})[since] = path
        counts.setdefault((month, checksum), set()).add(int(count))
    for key in [key for key, parts in groups.items() if counts[key] != {len(parts)}]:
        others += groups.pop(key).values()
    return groups, others
