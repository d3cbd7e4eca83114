"""Who may get at a desk's files: modes and groups that keep colleagues out, or let others in. Changes nothing."""

import os
import stat
from collections.abc import Iterator, Sequence

from csctool.desk.ports import Symptom
from csctool.storage import members
from csctool.storage.shelf import GROUP_MODE, Shelf

#: Files that every colleague replaces or adds to, and so must be able to write; settings and plugins are their owner's.
_TICKETS = ("open.json", "closed", "sent", ".lock", ".delivering")
_JOIN = "join the agency's Unix group, or ask who owns the desk"


def of_desk(root: str, agencies: Sequence[str]) -> Iterator[Symptom]:
    """What is odd about the desk's own directory and settings, and the way to the agencies."""
    shared = [key for key in agencies if _shared(f"{root}/agencies/{key}")]
    for path in (root, f"{root}/agencies", f"{root}/csctool.toml", f"{root}/rules.toml"):
        try:
            found = os.stat(path)
        except OSError:
            continue  # not there, or told where it is read
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            yield Symptom("warning", None, path, f"everybody may write {'into ' * os.path.isdir(path)}{path}",
                          f"chmod o-w {path}")  # fmt: skip
        needed = 0o55 if os.path.isdir(path) else 0o44
        if shared and not any(found.st_mode & share == share for share in (needed & 0o70, needed & 0o07)):
            yield Symptom("warning", None, path,
                          f"only its owner may look into {path}, and {shared[0]} is there for a group",
                          f"chmod a+rX {path}")  # fmt: skip


def _shared(directory: str) -> bool:
    """Whether a directory is a group's to work in."""
    try:
        mode = os.stat(directory).st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def of_agency(root: str, shelf: Shelf) -> Iterator[Symptom]:
    """What is odd about an agency's directory and the files in it."""
    yield from _directory(shelf)
    place = os.stat(shelf.directory)
    for path, found in _within(root, shelf):
        if stat.S_ISLNK(found.st_mode):
            continue  # told by its name
        yield from (Symptom("warning", shelf.agency, path, message, advice)
                    for message, advice in _file(shelf, path, found, place))  # fmt: skip


def _directory(shelf: Shelf) -> Iterator[Symptom]:
    path = shelf.directory
    mode = stat.S_IMODE(os.stat(path).st_mode)
    told = []
    if mode & stat.S_IWOTH:
        told.append((f"everybody may write into {path}", f"chmod o-w {path}"))
    elif mode & stat.S_ISGID and mode & stat.S_IWGRP and mode & 0o007:
        told.append((f"{path} is open to more people than its group", f"chmod {GROUP_MODE:o} {path}"))
    if mode & stat.S_IWGRP and not mode & stat.S_ISGID:
        told.append((f"new files in {path} get the group of who makes them, not its own", f"chmod g+s {path}"))
    if mode & stat.S_ISGID and mode & 0o070 != 0o070:
        told.append((f"the group of {path} may not work in it", f"chmod {GROUP_MODE:o} {path}"))
    if not os.access(path, os.W_OK):
        told.append((f"you may look at {shelf.agency}, and change nothing in {path}", _JOIN))
    yield from (Symptom("warning", shelf.agency, path, message, advice) for message, advice in told)


def _within(root: str, shelf: Shelf) -> Iterator[tuple[str, os.stat_result]]:
    """The files that csctool knows, and the directories in which it makes some."""
    for name in ("closed", "sent", "plugins", "templates"):
        path = f"{shelf.directory}/{name}"
        if os.path.isdir(path):
            yield path, os.lstat(path)
    for found in members.within(root, shelf.agency):
        if members.kind_of(found.name) != "strange":
            yield f"{root}/{found.name}", found.stat


def _file(shelf: Shelf, path: str, found: os.stat_result, place: os.stat_result) -> Iterator[tuple[str, str]]:
    mode, allowed = stat.S_IMODE(found.st_mode), stat.S_IMODE(place.st_mode)
    tickets = path[len(shelf.directory) + 1 :].startswith(_TICKETS)
    if allowed & stat.S_ISGID and found.st_gid != place.st_gid:
        yield f"{path} has another group than its directory", f"chgrp --reference={shelf.directory} {path}"
    if more := mode & ~allowed & 0o077:
        yield f"{path} is open to more people than its directory", f"chmod {mode & ~more:o} {path}"
    wanted = 0o070 if os.path.isdir(path) else 0o060 if tickets else 0o040
    if allowed & stat.S_ISGID and allowed & stat.S_IWGRP and mode & wanted != wanted:
        verb = "use" if tickets else "read"
        yield f"colleagues may not {verb} {path}", f"chmod {mode | wanted:o} {path}"
    if tickets and os.access(shelf.directory, os.W_OK) and not os.access(path, os.R_OK | os.W_OK):
        yield f"you may not read and write {path}", _JOIN
    elif not os.access(path, os.R_OK):
        yield f"you may not read {path}", _JOIN
