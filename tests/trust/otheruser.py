"""csctool run by another Unix user, in a process that begins as root.

Everything is imported before the rights are given up: checkout and interpreter may lie where only root can read.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import Said, Technician

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root: csctool is run by other Unix users")

_PROGRAM = """
import importlib, os, pkgutil, sys
import csctool
for found in pkgutil.walk_packages(csctool.__path__, "csctool."):
    if not found.name.endswith(("__main__", "worker")):
        importlib.import_module(found.name)
import csv, ctypes, difflib, dateutil.parser, encodings.idna, encodings.latin_1, getpass, resource, tabulate, traceback
import wcwidth, zoneinfo
from click import shell_completion, _textwrap
uid, gid, groups, umask, *words = sys.argv[1:]
os.umask(int(umask, 8))
os.setgroups([int(group) for group in groups.split(",") if group])
os.setgid(int(gid))
os.setuid(int(uid))
if words[0] == "-c":
    exec(words[1])
else:
    from csctool.cli import run
    os._exit(run(words))
"""


class User(Technician):
    """Somebody with a Unix user, a primary group, further groups, and a umask. `do` runs Python as that user."""

    def __init__(self, desk: Path, uid: int, gid: int, groups: tuple[int, ...] = (), umask: int = 0o022) -> None:
        self._identity = (str(uid), str(gid), ",".join(map(str, groups)), f"{umask:o}")
        super().__init__(desk, lambda words, _, env: self._become(("--desk", str(desk), *words), env))

    def do(self, code: str) -> Said:
        """Python as this user; an error ends it with status 1."""
        return self._become(("-c", code), {})

    def _become(self, words: tuple[str, ...], env: dict[str, str]) -> Said:
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *self._identity, *words], cwd="/", env={**os.environ, **env},
            capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def among_all() -> Iterator[Path]:
    """A directory that every user may pass through; pytest's own are closed to others."""
    place = Path(tempfile.mkdtemp(prefix="csctool-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)
