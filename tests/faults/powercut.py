"""Power cuts, played: what a command asked of the disk is recorded, and every disk that a cut may leave is rebuilt.

The model is weaker than any file system in use. An inode's bytes are on the disk when it was fsynced; a name is
there, or gone, when its directory was fsynced. Whatever was not may be missing, each by itself and in any combination:
a later rename may have arrived and an earlier one not. Bytes that were not fsynced may be missing, cut
somewhere, or zeros; a file's new length may be missing, too. Lock files do not count: what they say is never believed.
"""

import hashlib
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from . import breaking

#: More combinations than this of one moment are sampled.
MOST = 4096
CALLS = (
    "openat,write,pwrite64,fsync,fdatasync,rename,link,linkat,unlink,close,fchmod,chmod,mkdir,ftruncate,fallocate,rmdir,"
    "renameat2"
)
#: Files that are written in place and never believed.
LOCKS = (".lock", ".delivering")

_LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

#: What a disk holds: path -> bytes, and None for a directory.
Image = dict[str, bytes | None]


class Op:
    """One thing that was asked of the disk: `apply(disk, variant)` does it; `synced` is what brings it to the disk."""

    def __init__(self, apply: Callable[["Disk", int], None], synced: tuple[str, Any] | None, variants: int = 1) -> None:
        self.apply = apply
        self.synced = synced
        self.variants = variants
        #: What an fsync brings to the disk, and whether stdout was told something.
        self.syncs: tuple[str, Any] | None = None
        self.tells = False


class Disk:
    """Names and inodes."""

    def __init__(self, names: dict[str, Any], inodes: dict[Any, bytearray]) -> None:
        self.names = dict(names)
        self.inodes = {inode: bytearray(content) for inode, content in inodes.items()}

    def image(self) -> Image:
        """What can be seen: a name counts when all directories above it do."""
        seen: Image = {}
        for path in sorted(self.names):
            above = os.path.dirname(path)
            if above and seen.get(above, b"") is not None:
                continue
            inode = self.names[path]
            seen[path] = None if inode is None else bytes(self.inodes.get(inode, b""))
        return seen


class Recording:
    """A command's operations on the desk at `root`, in order, over what was there before."""

    def __init__(self, root: str, words: str, *, crowded: int, place: str) -> None:
        self._root = root
        self._names: dict[str, Any] = {}
        self._inodes: dict[Any, bytearray] = {}
        for directory, names, files in os.walk(root):
            for name in (*names, *files):
                path = os.path.join(directory, name)
                inside = os.path.relpath(path, root)
                self._names[inside] = None if name in names else inside
                if name in files:
                    with open(path, "rb") as file:
                        self._inodes[inside] = bytearray(file.read())
        self._start = Disk(self._names, self._inodes)
        self._open: dict[int, Any] = {}
        self._fresh = 0
        self.ops: list[Op] = []
        log = f"{place}/record"
        trace = ("-f", "-xx", "-s", "100000000", "-o", log, "-e", f"trace={CALLS}")
        self.ended = breaking.run(root, words, crowded=crowded, place=place, trace=trace)
        with open(log, encoding="ascii") as file:
            for line in file:
                self._take(line)

    # -- reading what strace tells ---------------------------------------------------------------------------

    def _take(self, line: str) -> None:
        found = _LINE.match(line)
        if not found or int(found[3]) < 0:
            return
        call, told, answer = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(told)]
        number = told.partition(",")[0]
        getattr(self, f"_{call}")(texts, number, told, answer)

    def _inside(self, path: bytes) -> str | None:
        inside = os.path.relpath(os.fsdecode(path), self._root)
        return None if inside.startswith("..") else inside

    def _openat(self, texts: list[bytes], _number: str, told: str, answer: int) -> None:
        path = self._inside(texts[0])
        self._open.pop(answer, None)
        if path is None:
            return
        if "O_DIRECTORY" in told:
            self._open[answer] = ("dir", "" if path == "." else path)
            return
        if "O_CREAT" in told and path not in self._names:
            self._fresh += 1
            inode = f"new {self._fresh}"
            self._names[path] = inode
            self._enter(path, inode)
        self._open[answer] = ("lock" if path.endswith(LOCKS) else "inode", self._names[path])
        if "O_TRUNC" in told:
            self._data(self._names[path], None, b"")

    def _write(self, texts: list[bytes], number: str, _told: str, answer: int) -> None:
        if int(number) in self._open:
            self._data(self._open[int(number)][1], -1, texts[0][:answer])
        elif int(number) == 1:
            op = Op(lambda disk, variant: None, None)
            op.tells = True
            self.ops.append(op)

    def _pwrite64(self, texts: list[bytes], number: str, told: str, answer: int) -> None:
        kind, inode = self._open.get(int(number), ("", None))
        if kind == "inode":
            self._data(inode, int(told.rpartition(",")[2]), texts[0][:answer])

    def _ftruncate(self, _texts: list[bytes], number: str, told: str, _answer: int) -> None:
        self._resize(number, int(told.rpartition(",")[2]), cut=True)

    def _fallocate(self, _texts: list[bytes], number: str, told: str, _answer: int) -> None:
        _, _, start, length = map(str.strip, told.split(","))
        self._resize(number, int(start) + int(length), cut=False)

    def _resize(self, number: str, size: int, *, cut: bool) -> None:
        """The file gets another length: it grows by zeros, and is made shorter where that is meant."""
        kind, inode = self._open.get(int(number), ("", None))
        if kind != "inode":
            return

        def apply(data: bytearray) -> None:
            data.extend(bytes(max(0, size - len(data))))
            if cut:
                del data[size:]

        apply(self._inodes.setdefault(inode, bytearray()))
        self.ops.append(Op(lambda disk, _: apply(disk.inodes.setdefault(inode, bytearray())), ("inode", inode)))

    def _data(self, inode: Any, offset: int | None, content: bytes) -> None:
        start = len(self._inodes.setdefault(inode, bytearray())) if offset == -1 else offset or 0
        size = len(content)
        cut = [content[: size * part // 4] for part in (1, 2, 3)]
        forms = (content, *cut, bytes(size), cut[1] + bytes(size - len(cut[1])))

        def apply(disk: Disk, variant: int) -> None:
            data = disk.inodes.setdefault(inode, bytearray())
            if offset is None:
                data.clear()
                return
            form = forms[variant]
            if len(data) < start:
                data.extend(bytes(start - len(data)))
            data[start : start + len(form)] = form

        if offset is None:
            self._inodes[inode] = bytearray()
        else:
            data = self._inodes[inode]
            data[start : start + len(content)] = content
        self.ops.append(Op(apply, ("inode", inode), len(forms) if size > 4 and offset is not None else 1))

    def _fsync(self, _texts: list[bytes], number: str, _told: str, _answer: int) -> None:
        if int(number) in self._open:
            op = Op(lambda disk, variant: None, None)
            op.syncs = self._open[int(number)]
            self.ops.append(op)

    _fdatasync = _fsync

    def _close(self, _texts: list[bytes], number: str, _told: str, _answer: int) -> None:
        self._open.pop(int(number), None)

    def _enter(self, path: str, inode: Any) -> None:
        self.ops.append(Op(lambda disk, _: disk.names.__setitem__(path, inode), ("dir", os.path.dirname(path))))

    def _unlink(self, texts: list[bytes], *_: Any) -> None:
        path = self._inside(texts[0])
        if path is not None:
            self._names.pop(path)
            self.ops.append(Op(lambda disk, _: disk.names.pop(path, None), ("dir", os.path.dirname(path))))

    _rmdir = _unlink

    def _link(self, texts: list[bytes], *_: Any) -> None:
        old, new = map(self._inside, texts)
        if old is not None and new is not None:
            self._names[new] = self._names[old]
            self._enter(new, self._names[old])

    _linkat = _link

    def _mkdir(self, texts: list[bytes], *_: Any) -> None:
        path = self._inside(texts[0])
        if path is not None:
            self._names[path] = None
            self._enter(path, None)

    def _rename(self, texts: list[bytes], *_: Any) -> None:
        old, new = map(self._inside, texts)
        if old is None or new is None or self._names.get(old, "") == self._names.get(new, "-"):
            return
        inode = self._names.pop(old)
        below = {path: path.replace(old, new, 1) for path in self._names if path.startswith(old + "/")}
        for path, moved in below.items():
            self._names[moved] = self._names.pop(path)
        self._names[new] = inode

        def apply(disk: Disk, _: int) -> None:
            if disk.names.get(old, "") == inode:
                del disk.names[old]
            for path, moved in below.items():
                if path in disk.names:
                    disk.names[moved] = disk.names.pop(path)
            disk.names[new] = inode

        self.ops.append(Op(apply, ("dir", os.path.dirname(new))))

    def _renameat2(self, texts: list[bytes], *_: Any) -> None:
        """Two names are exchanged, with all below them."""
        one, other = map(self._inside, texts)
        assert one is not None
        assert other is not None

        def exchanged(names: dict[str, Any]) -> dict[str, Any]:
            found = {}
            for path, inode in names.items():
                for old, new in ((one, other), (other, one)):
                    if path == old or path.startswith(f"{old}/"):
                        path = new + path.removeprefix(old)
                        break
                found[path] = inode
            return found

        self._names = exchanged(self._names)

        def apply(disk: Disk, _: int) -> None:
            disk.names = exchanged(disk.names)

        self.ops.append(Op(apply, ("dir", os.path.dirname(other))))

    def _fchmod(self, *_: Any) -> None:
        """Modes are looked at elsewhere: root reads every file here."""

    _chmod = _fchmod

    # -- what a cut may leave --------------------------------------------------------------------------------

    def disks(self, seed: int = 0, most: int = MOST) -> Iterator[tuple[Image, bool]]:
        """Every disk that a power cut at any moment may leave, and whether the command had told of success by then.

        More than `most` combinations of one moment are sampled.
        """
        chance = random.Random(seed)
        for moment in range(len(self.ops) + 1):
            past = self.ops[:moment]
            told = moment == len(self.ops) or any(op.tells for op in past)
            free = [i for i, op in enumerate(past) if op.synced and not self._durable(i, moment)]
            choices = [range(-1, past[i].variants) for i in free]
            total = 1
            for choice in choices:
                total *= len(choice)
            picks = product(*choices) if total <= most else (tuple(map(chance.choice, choices)) for _ in range(most))
            for pick in picks:
                chosen = dict(zip(free, pick, strict=True))
                disk = Disk(self._start.names, self._start.inodes)
                for i, op in enumerate(past):
                    variant = chosen.get(i, 0)
                    if variant >= 0:
                        op.apply(disk, variant)
                yield disk.image(), told

    def _durable(self, i: int, moment: int) -> bool:
        return any(op.syncs == self.ops[i].synced for op in self.ops[i + 1 : moment])


def digest(image: Image) -> bytes:
    """The same for disks that hold the same; what lock files say does not matter."""
    told = hashlib.blake2b(digest_size=16)
    for path, content in sorted(image.items()):
        told.update(repr((path, None if path.endswith(LOCKS) else content)).encode())
    return told.digest()


def lay_out(image: Image, root: str) -> None:
    """Make the disk real."""
    shutil.rmtree(root, ignore_errors=True)
    os.mkdir(root)
    for path, content in image.items():
        place = os.path.join(root, path)
        if content is None:
            os.mkdir(place)
        else:
            with open(place, "wb") as file:
                file.write(content)
