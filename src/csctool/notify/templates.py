"""Where templates stand: an agency's before the desk's before those that csctool brings; each with its language first.

agencies/DHS/templates/ru/opened.txt    agencies/DHS/templates/opened.txt    (the agency's)
templates/ru/opened.txt                 templates/opened.txt                 (the desk's)
"""

import errno
import os
import stat
import tomllib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from csctool.errors import CscError, NotPermittedError, SettingsError, StorageError
from csctool.notify.neutral import neutral
from csctool.notify.tongue import Names

#: A file below a directory as bytes. Raises FileNotFoundError, and CscError for one that must not be read.
Read = Callable[[str, str], bytes]

SHIPPED = os.path.join(os.path.dirname(__file__), "templates")
DIRECTORY = "templates"
NAMES = "names.toml"
LAST = "en"
#: What whoever wrote a template may have done wrong with its file; every other failure is the disk's.
MISTAKES = frozenset({
    errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENAMETOOLONG,
})  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """A template: where it stands in the desk's directory, its text, and its layer: 0 is the nearest to the agency."""

    path: str
    source: str
    layer: int


class Templates:
    """The templates of an agency. One that can't be used is passed over and told by `trouble`.

    A disk that fails is another matter: nobody knows what stands there, so no words are taken for the next best ones.
    Raises StorageError, NotPermittedError for a directory that may not be looked into.
    """

    def __init__(self, root: str, agency: str, read: Read, trouble: Callable[[CscError], None]) -> None:
        self._root = root
        own = (os.path.join(root, "agencies", agency), root)
        self._layers = [(place, read) for place in own if _is_directory(os.path.join(place, DIRECTORY))]
        self._layers.append((os.path.dirname(SHIPPED), _shipped))
        self._trouble = trouble
        self._known: dict[tuple[str, str], Found | None] = {}

    def locales(self) -> list[str]:
        """The languages in which there is anything."""
        found: set[str] = set()
        for place, _ in self._layers:
            entries = _entries(os.path.join(place, DIRECTORY))
            found.update(name for name, directory in entries if directory and len(name) <= 20)
        return sorted(found)

    def stems(self) -> set[str]:
        """The names of the texts that there are, in whatever language."""
        found: set[str] = set()
        for place, _ in self._layers:
            top = os.path.join(place, DIRECTORY)
            there = _entries(top)
            for name, directory in list(there):
                there += _entries(os.path.join(top, name)) if directory else []
            found.update(name.removesuffix(".txt") for name, _ in there if name.endswith(".txt"))
        return {name.removesuffix(".staff") for name in found}

    def find(self, name: str, locales: Sequence[str]) -> Iterator[Found]:
        """The files of that name, the best first: for each layer its languages in order, then the one without."""
        for layer, (place, read) in enumerate(self._layers):
            last = layer == len(self._layers) - 1
            for locale in (*locales, *((LAST,) if last and LAST not in locales else ()), ""):
                path = os.path.join(DIRECTORY, locale, name)
                found = self._read(place, path, layer, read)
                if found is not None:
                    yield found

    def names(self, locales: Sequence[str]) -> Names:
        """What things are called, in the nearest file that says it."""
        merged: dict[str, dict[str, str]] = {}
        for found in reversed(list(self.find(NAMES, (*locales, *({LAST} - set(locales)))))):
            try:
                said = msgspec.convert(tomllib.loads(found.source), dict[str, dict[str, str]])
            except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
                self._trouble(SettingsError(f"{found.path}: {error}", 'e.g. [status] and below it queued = "waiting"'))
                continue
            for section, words in said.items():
                merged.setdefault(section, {}).update(words)
        return merged

    def _read(self, place: str, name: str, layer: int, read: Read) -> Found | None:
        if (place, name) not in self._known:
            self._known[place, name] = self._read_now(place, name, layer, read)
        return self._known[place, name]

    def _read_now(self, place: str, name: str, layer: int, read: Read) -> Found | None:
        path = os.path.relpath(os.path.join(place, name), self._root)
        try:
            return Found(path, neutral(read(place, name).decode("utf-8-sig")), layer)
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            self._trouble(SettingsError(f"{path}: it is not UTF-8", "convert it, e.g. with iconv"))
        except OSError as error:
            if error.errno not in MISTAKES:
                raise _failed(path, error) from error
            self._trouble(SettingsError(f"{path}: {error.strerror}", "the next best words are used"))
        except CscError as error:
            self._trouble(error)
        return None


def _shipped(place: str, name: str) -> bytes:
    with open(os.path.join(place, name), "rb") as file:
        return file.read()


def _is_directory(path: str) -> bool:
    """Whether there is a directory of templates. That nobody can say is no answer."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _failed(path, error) from error


def _entries(path: str) -> list[tuple[str, bool]]:
    """The names in a directory that may be searched, each with whether it is a directory, too."""
    try:
        os.stat(os.path.join(path, "."))
        with os.scandir(path) as entries:
            return [(entry.name, entry.is_dir()) for entry in entries]
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: str, error: OSError) -> CscError:
    kind = NotPermittedError if isinstance(error, PermissionError) else StorageError
    return kind(f"can't read {path}: {error.strerror}")
