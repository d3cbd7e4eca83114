"""Putting a restored desk in the place of another: one exchange of directories decides, and whoever comes next ends it.

While names are exchanged, `csctool.toml` is a stub that no command takes for settings. So nobody sees the half of it,
and when the restore dies, the next command finds the stub, takes the lock that died with it and goes back to the old
desk or on to the new one: on, when the exchange has been made. It has when the directory that came in carries the
restore's mark. Commands that wait for an agency's lock meanwhile wait for the same file afterwards: see `staging`.
"""

import fcntl
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic, sleep

import msgspec

from csctool.desk.ports import Symptom
from csctool.errors import BusyError, CscError, DamagedError, NotPermittedError
from csctool.storage import files

SETTINGS = "csctool.toml"
#: Names in the desk's directory: a restore on its way, and what was there before one.
ON_ITS_WAY, BEFORE = ".restore-", "before-restore-"
_STAMP = r"\d{8}T\d{6}Z(?:-\d+)?"
_STUB = """\
# A restore is being put in place here. If it was interrupted, the next command ends it; csctool doctor tells more.
format = "restoring"
stamp = "{}"
"""
_WHO = "a restore was interrupted here: the next command of whoever owns the desk ends it"
_PLAN = "plan.json"
_OUT = "out"


class Plan(msgspec.Struct, frozen=True):
    """What a restore puts in place: the directory `target` of the desk as a whole, and then the desk's own files."""

    target: str
    #: Files that come from `new`, in order, and those that go because the backup does not have them.
    arriving: list[str]
    leaving: list[str]
    #: Whether something was there before.
    over: bool


class Swap:
    """One restore at the desk `root`, by its stamp: everything is staged below `place` when it begins."""

    def __init__(self, root: str, stamp: str) -> None:
        self.root = root
        self.stamp = stamp
        self.kept = f"{root}/{BEFORE}{stamp}"
        self.place = f"{root}/{ON_ITS_WAY}{stamp}"
        if not os.path.isdir(self.place) and os.path.isdir(self.kept):
            self.place = self.kept
        self.mark = f".restored-{stamp}"

    def begin(self, plan: Plan) -> None:
        """Put everything in place. Raises OSError; then `settle` goes back or on."""
        _put(f"{self.place}/{plan.target}/{self.mark}", b"")
        _put(f"{self.place}/{_PLAN}", msgspec.json.encode(plan))
        sync_tree(self.place)
        if files.exists(f"{self.root}/{SETTINGS}"):
            _second_name(f"{self.root}/{SETTINGS}", f"{self.place}/{SETTINGS}")
            if not files.exists(f"{self.place}/new"):  # an agency alone: the settings stay, and what is kept is a desk
                os.mkdir(f"{self.place}/new", 0o700)
                _second_name(f"{self.root}/{SETTINGS}", f"{self.place}/new/{SETTINGS}")
                files.sync_directory(f"{self.place}/new")
        _put(f"{self.place}/stub", _STUB.format(self.stamp).encode())
        self._show(f"{self.place}/stub")
        files.sync_directory(self.place)
        files.sync_directory(self.root)  # what the stub leads to is there before the stub
        os.rename(f"{self.place}/stub", f"{self.root}/{SETTINGS}")
        files.sync_directory(self.root)
        self._exchange(plan.target)
        self.go_on(plan)

    def plan(self) -> Plan:
        """What was to be done. Raises DamagedError when nothing tells, NotPermittedError."""
        try:
            with open(f"{self.place}/{_PLAN}", "rb") as file:
                return msgspec.json.decode(file.read(), type=Plan)
        except PermissionError:
            raise NotPermittedError(f"you may not read {self.place}", _WHO) from None
        except (OSError, msgspec.MsgspecError) as error:
            raise DamagedError(
                f"a restore was interrupted in {self.root}, and {self.place}/{_PLAN} can't be read: {error}",
                f"put back {SETTINGS} from a backup",
            ) from None

    def exchanged(self, plan: Plan) -> bool:
        """Whether the step that decides has been made."""
        return files.exists(f"{self.root}/{plan.target}/{self.mark}")

    def go_on(self, plan: Plan) -> str | None:
        """Finish after the exchange; answers where what was there is kept. Doing it twice changes nothing."""
        if files.exists(f"{self.place}/{_OUT}"):
            os.rename(f"{self.place}/{_OUT}", f"{self.place}/{plan.target}")
        for name in plan.leaving:
            self._keep(name)
        for name in plan.arriving:
            new = f"{self.place}/new/{name}"
            if files.exists(new):
                self._keep(name)
                os.makedirs(os.path.dirname(f"{self.root}/{name}"), exist_ok=True)
                os.rename(new, f"{self.root}/{name}")
        if plan.over and self.place != self.kept:
            os.rename(self.place, self.kept)
            self.place = self.kept
        sync_tree(self.place)
        for directory in {os.path.dirname(f"{self.root}/{name}") for name in plan.arriving} | {self.root}:
            files.sync_directory(directory)
        os.rename(f"{self.place}/new/{SETTINGS}", f"{self.root}/{SETTINGS}")
        files.sync_directory(self.root)
        self._tidy(plan)
        return self.kept if plan.over else None

    def go_back(self, plan: Plan) -> None:
        """Undo what was done before the exchange."""
        out, target = f"{self.place}/{_OUT}", f"{self.root}/{plan.target}"
        if files.exists(out) and not files.exists(target):
            os.rename(out, target)
        if files.exists(f"{self.place}/{SETTINGS}"):
            os.rename(f"{self.place}/{SETTINGS}", f"{self.root}/{SETTINGS}")
        else:
            files.remove(f"{self.root}/{SETTINGS}")
        files.sync_directory(self.root)
        remove_tree(self.place)

    def _tidy(self, plan: Plan) -> None:
        """What is left to remove harms nobody if it stays."""
        with suppress(OSError):
            files.remove(f"{self.root}/{plan.target}/{self.mark}")
            if not plan.over:
                remove_tree(self.place)
                return
            remove_tree(f"{self.place}/new")
            files.remove(f"{self.place}/{_PLAN}")

    def _keep(self, name: str) -> None:
        """Move a file of the desk to what is kept, if it has not been moved yet."""
        here, there = f"{self.root}/{name}", f"{self.place}/{name}"
        if os.path.lexists(here) and not os.path.lexists(there):
            os.makedirs(os.path.dirname(there), exist_ok=True)
            os.rename(here, there)

    def _show(self, stub: str) -> None:
        """Let everybody read the stub who could read the settings."""
        with suppress(FileNotFoundError, PermissionError):
            found = os.stat(f"{self.root}/{SETTINGS}")
            os.chmod(stub, stat.S_IMODE(found.st_mode))
            os.chown(stub, -1, found.st_gid)

    def _exchange(self, target: str) -> None:
        """The new directory takes the place of the old one; in one step where the system knows how."""
        new, old = f"{self.place}/{target}", f"{self.root}/{target}"
        if not files.exists(old):
            os.rename(new, old)
        elif not _exchanged(new, old):
            os.rename(old, f"{self.place}/{_OUT}")
            os.rename(new, old)
            os.rename(f"{self.place}/{_OUT}", new)
        for directory in {os.path.dirname(new), os.path.dirname(old)}:
            files.sync_directory(directory)


@contextmanager
def alone(root: str, wait: float) -> Iterator[None]:
    """Be the only one who restores at this desk: the lock of its directory. Raises BusyError, StorageError."""
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise files.failure(root, error, "lock") from error
    try:
        until = monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if monotonic() >= until:
                    raise BusyError(f"a restore is going on in {root}", "try again when it has ended") from None
                sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def interrupted(root: str) -> Swap | None:
    """The restore whose stub lies in the place of the settings."""
    with suppress(OSError, ValueError), open(f"{root}/{SETTINGS}", "rb") as file:
        found = tomllib.loads(file.read(2 * len(_STUB)).decode())
        stamp = found.get("stamp")
        if found.get("format") == "restoring" and isinstance(stamp, str) and re.fullmatch(_STAMP, stamp):
            return Swap(root, stamp)
    return None


def settle(root: str, wait: float) -> str | None:
    """End a restore that was interrupted; answers what was done, None where there was none.

    Raises BusyError while one goes on, NotPermittedError for somebody who may not write the desk's directory.
    """
    if not interrupted(root):
        return None
    with alone(root, wait):
        return end(root)


def end(root: str) -> str | None:
    """The same for who is `alone`."""
    swap = interrupted(root)
    if not swap:
        return None
    plan = swap.plan()
    try:
        if swap.exchanged(plan):
            kept = swap.go_on(plan)
            return "a restore that was interrupted is finished" + (f"; what was there is in {kept}" if kept else "")
        swap.go_back(plan)
    except OSError as error:
        failure = files.failure(swap.place, error, "write into")
        if isinstance(failure, NotPermittedError):
            failure.hint = _WHO
        raise failure from error
    return "a restore that was interrupted is undone: the desk is as it was before"


def leftovers(root: str) -> Iterator[Symptom]:
    """What restores left lying in a desk."""
    swap = interrupted(root)
    if swap:
        with suppress(CscError):
            done = swap.exchanged(swap.plan())
            which = "after the step that decides: the desk is the new one" if done else "before it changed the desk"
            yield Symptom("warning", None, f"{root}/{SETTINGS}", f"a restore was interrupted {which}",
                          "the next command that reads the settings ends it, and so does doctor --repair")  # fmt: skip
    with suppress(OSError):
        for name in sorted(os.listdir(root)):
            if re.fullmatch(re.escape(BEFORE) + _STAMP, name):
                yield Symptom("note", None, f"{root}/{name}", f"{root}/{name} is what was there before a restore",
                              "remove it when nobody needs it")  # fmt: skip
            elif not swap and re.fullmatch(re.escape(ON_ITS_WAY) + _STAMP, name):
                yield Symptom("note", None, f"{root}/{name}", f"{root}/{name} was left by a restore that was killed",
                              "remove it; the next restore does, too")  # fmt: skip


def clear(root: str) -> None:
    """Remove what restores left that were killed before they changed anything; for who is `alone`. Raises OSError."""
    for name in os.listdir(root):
        if re.fullmatch(re.escape(ON_ITS_WAY) + _STAMP, name):
            remove_tree(f"{root}/{name}")


def sync_tree(place: str) -> None:
    """Bring the names in a directory and in all below it to the disk. Raises OSError."""
    for directory, _, _ in os.walk(place):
        files.sync_directory(directory)


def remove_tree(place: str) -> None:
    """Remove a directory and all in it; none is fine. Raises OSError."""
    import shutil

    with suppress(FileNotFoundError):
        shutil.rmtree(place)


def _put(path: str, content: bytes) -> None:
    files.remove(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _second_name(path: str, name: str) -> None:
    """Another name for a file; a copy where the file system has no such thing."""
    try:
        os.link(path, name)
    except OSError:
        import shutil

        shutil.copy2(path, name)


def _exchanged(one: str, other: str) -> bool:
    """Exchange two names at once (Linux: renameat2); False where that is not known. Raises OSError."""
    import ctypes
    import errno

    at_fdcwd, rename_exchange = -100, 2
    try:
        exchange = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if exchange(at_fdcwd, os.fsencode(one), at_fdcwd, os.fsencode(other), rename_exchange) == 0:
        return True
    error = ctypes.get_errno()
    if error in (errno.ENOSYS, errno.EINVAL, errno.EXDEV):
        return False
    raise OSError(error, os.strerror(error), one)
