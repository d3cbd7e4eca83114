"""csctool run by other Unix users: in children of one process that begins as root.

The interpreter and the checkout may lie where only root can read: so everything is imported before the rights are
given up, from a copy of csctool's source that anybody can read.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Said, Technician

import csctool

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root: csctool is run by other Unix users")

_SERVER = """
import ast, encodings, importlib, json, os, pathlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])

def wanted(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)

names = {name for path in pathlib.Path(sys.argv[1]).rglob("*.py") for name in wanted(path)}
names = {name for name in names if not name.startswith(("matplotlib", "holidays", "csctool.plugins.worker"))}
names |= {f"encodings.{found.name}" for found in pkgutil.iter_modules(encodings.__path__)}
for name in sorted(names | {"click._textwrap", "jinja2.ext"}):
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # no module, or of an extra that is not installed
import traceback

def become(wish):
    os.chdir("/")
    os.environ.update(wish["env"])
    os.umask(wish["umask"])
    os.setgroups([])
    os.setgid(wish["gid"])
    os.setuid(wish["uid"])
    if "code" in wish:
        exec(wish["code"], {})
        return 0
    from csctool.cli import run
    return run(wish["words"])

for line in sys.stdin:
    wish = json.loads(line)
    reads = [os.memfd_create("said") for _ in range(2)]
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, descriptor in zip((1, 2), reads):
            os.dup2(descriptor, number)
        status = 1
        try:
            status = become(wish)
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    said = [os.pread(descriptor, 1 << 24, 0).decode() for descriptor in reads]
    for descriptor in reads:
        os.close(descriptor)
    print(json.dumps([status, *said]), flush=True)
"""


class User(Technician):
    """Somebody with a Unix user, a group and a umask. `do` runs Python as that user."""

    def __init__(self, desk: Path, uid: int, gid: int, umask: int = 0o022) -> None:
        self._identity = {"uid": uid, "gid": gid, "umask": umask}
        super().__init__(desk, lambda words, _, env: self._become(words=["--desk", str(desk), *words], env=env))

    def do(self, code: str) -> Said:
        """Python as this user; an error ends it with status 1."""
        return self._become(code=code, env={})

    def _become(self, **wish: Any) -> Said:
        server = _server()
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps({**self._identity, **wish}) + "\n")
        server.stdin.flush()
        return Said(*json.loads(server.stdout.readline()))


@cache
def _server() -> "subprocess.Popen[str]":
    """The process whose children become others; it ends with this one."""
    place = tempfile.mkdtemp(prefix="csctool-source-")
    atexit.register(shutil.rmtree, place)
    shutil.copytree(Path(csctool.__file__).parent, f"{place}/csctool")
    for path in (Path(place), *Path(place).rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(_end, server)
    return server


def _end(server: "subprocess.Popen[str]") -> None:
    with server:
        assert server.stdin
        server.stdin.close()


@contextmanager
def among_all() -> Iterator[Path]:
    """A directory that every user may pass through; pytest's own are closed to others."""
    place = Path(tempfile.mkdtemp(prefix="csctool-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place)
