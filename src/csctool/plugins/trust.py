"""Whose code may run as the user: who owns a plugin file, and who else could have written it (plugins.md, Rules).

Everything is looked at through the open file: what was checked is what is read, whatever is swapped in meanwhile.
"""

import os
import pwd
import stat
import sys
from collections.abc import Iterable, Iterator

import msgspec

from csctool.desk.ports import Symptom

#: What is longer is no plugin.
LONGEST = 4 * 1024 * 1024


class UntrustedError(Exception):
    """The file is not loaded; the message says why and what would be right."""


class Trust(msgspec.Struct, frozen=True):
    """Who is trusted: `user` runs csctool, `owner` owns the desk, `group` is the group of the agency's directory."""

    user: int
    owner: int
    group: int

    def __contains__(self, uid: int) -> bool:
        """Whether somebody's files may be loaded."""
        if self.user == 0:
            return uid in (0, self.owner)
        return uid in (self.user, 0, self.owner) or _member(uid, self.group)

    def objection(self, found: os.stat_result, what: str) -> str | None:
        """What speaks against a file or a directory above it; None for nothing."""
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and mode & stat.S_ISVTX:
            return None  # as /tmp: others can add files, and touch none of somebody else's
        if found.st_uid not in self:
            return f"{what} belongs to {_user(found.st_uid)}, {self._right()}"
        if mode & stat.S_IWOTH:
            return f"everybody may write {what}; chmod o-w"
        if mode & stat.S_IWGRP and self.user == 0:
            return f"the group {_group(found.st_gid)} may write {what}, and root loads only what root or the desk's " \
                   "owner alone can write; chmod g-w"  # fmt: skip
        if mode & stat.S_IWGRP and found.st_gid != self.group:
            return f"the group {_group(found.st_gid)}, which is not the agency's, may write {what}; chmod g-w"
        return None

    def _right(self) -> str:
        owner = _user(self.owner)
        if self.user == 0:
            return f"and root loads only what root or the desk's owner ({owner}) owns"
        return f"who is neither you, root, the desk's owner ({owner}) nor in the agency's group ({_group(self.group)})"


def trust(desk: str, directory: str) -> Trust:
    """Who is trusted with the plugins of a directory (an agency's, or the desk's own)."""
    return Trust(os.geteuid(), os.stat(desk).st_uid, os.stat(directory).st_gid)


def read_within(directory: str, name: str, trusted: Trust) -> tuple[str, bytes]:
    """(real path, source) of a plugin file of a directory. Raises UntrustedError, FileNotFoundError, OSError."""
    path = os.path.join(directory, name)
    home = os.path.realpath(directory)
    if os.path.isabs(name) or os.path.commonpath([home, os.path.normpath(os.path.join(home, name))]) != home:
        raise UntrustedError(f"it lies outside {directory}")
    return _read(path, trusted, home)


def read_anywhere(path: str, trusted: Trust) -> tuple[str, bytes]:
    """(real path, source) of a file that the user named on the command line. Raises UntrustedError, OSError."""
    return _read(path, trusted, None)


def refused(desk: str, agency: str | None, directory: str, names: Iterable[str]) -> Iterator[Symptom]:
    """Those of the plugin files that settings name which would not be loaded. Packages are not looked at."""
    for name in names:
        if not name.endswith(".py"):
            continue
        path = os.path.join(directory, name)
        try:
            read_within(directory, name, trust(desk, directory))
        except (UntrustedError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            told = f"the plugin {path} is not loaded: {why}"
            yield Symptom("warning", agency, path, told, "csctool plugin check tells more")


def check(path: str, trusted: Trust) -> None:
    """The same rules for a file of an installed package. Raises UntrustedError, OSError."""
    if not _ours(os.path.realpath(path)):
        _read(path, trusted, None)


def _ours(path: str) -> bool:
    """Whether a file stands where the interpreter's own do: who may write there rules csctool itself already."""
    return any(path.startswith(os.path.realpath(prefix) + os.sep) for prefix in {sys.prefix, sys.base_prefix})


def _read(path: str, trusted: Trust, home: str | None) -> tuple[str, bytes]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        real = os.readlink(f"/proc/self/fd/{descriptor}")
        if home is not None and os.path.commonpath([home, real]) != home:
            raise UntrustedError(f"it is a link that leads out of the agency's directory, to {real}")
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UntrustedError("it is no file")
        if found.st_size > LONGEST:
            raise UntrustedError(f"it is over {LONGEST // 1024 // 1024} MiB")
        _stand(path, real, found, trusted)
        with open(descriptor, "rb", closefd=False) as file:
            return real, file.read()
    finally:
        os.close(descriptor)


def _stand(path: str, real: str, found: os.stat_result, trusted: Trust) -> None:
    """Refuse a file that somebody who is not trusted may write, or swap for another one."""
    said = trusted.objection(found, "it")
    link = os.lstat(path)
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in trusted:
        said = said or f"the link to it belongs to {_user(link.st_uid)}"
    if said:
        raise UntrustedError(said)
    for directory in dict.fromkeys((*_above(real), *_above(os.path.abspath(path)))):
        said = trusted.objection(os.stat(directory), directory)
        if said:
            raise UntrustedError(said)


def _above(path: str) -> list[str]:
    """Every directory above, up to the root."""
    found = []
    while (parent := os.path.dirname(path)) != path:
        found.append(parent)
        path = parent
    return found


def _member(uid: int, gid: int) -> bool:
    import grp  # a third of a millisecond that is hardly ever needed

    try:
        user = pwd.getpwuid(uid)
        return user.pw_gid == gid or user.pw_name in grp.getgrgid(gid).gr_mem
    except KeyError:
        return False


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
