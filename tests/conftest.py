"""A fresh desk for every test, and two ways to run csctool on it: in this process, and as a process of its own."""

import io
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

MONDAY = "2026-11-02T09:00:00Z"
CSCTOOL = (sys.executable, "-m", "csctool")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Said(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def ticket(self) -> dict[str, Any]:
        assert self.json["schema"] == "csctool.ticket/1"
        return self.json["ticket"]

    @property
    def tickets(self) -> list[dict[str, Any]]:
        assert self.json["schema"] == "csctool.tickets/1"
        return self.json["tickets"]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def errors(self) -> list[dict[str, Any]]:
        return [json.loads(line)["error"] for line in self.err.splitlines()]


class Technician:
    """Types commands at one desk. `clock` is handed to `--now` where it is set."""

    def __init__(self, desk: Path, run: Callable[..., Said], clock: str | None = None) -> None:
        self.desk = desk
        self.clock = clock
        self._run = run

    def __call__(self, *words: str, status: int = 0, stdin: bytes | str | None = None, **env: str) -> Said:
        """The answer; a status other than the expected one fails the test with what was said."""
        clock = ("--now", self.clock) if self.clock else ()
        said = self._run((*clock, *words), stdin, env)
        assert said.status == status, f"{' '.join(words)[:200]}: exit {said.status}\n{said.out[:2000]}{said.err[:2000]}"
        if said.err:
            assert "Traceback" not in said.err
        return said

    def open(self, subject: str = "Printer jams", *words: str, agency: str = "DHS", **more: Any) -> str:
        """A new ticket's key."""
        return self("open", subject, "--agency", agency, *words, **more).out.strip()

    def after(self, *words: str, **more: Any) -> dict[str, Any]:
        """The ticket as a changing command leaves it."""
        return self(*words, "--format", "json", **more).ticket

    def ticket(self, key: str) -> dict[str, Any]:
        return self("show", key, "--format", "json").ticket

    def events(self, key: str) -> list[dict[str, Any]]:
        return self("history", key, "--format", "json").json["events"]

    def refused(self, *words: str, status: int = 4, **more: Any) -> str:
        """The one line that a refused command says."""
        said = self(*words, status=status, **more)
        assert said.out == ""
        assert said.err.startswith("csctool: ")
        assert said.err.count("\n") == 1, said.err
        return said.err

    def files(self) -> dict[str, bytes]:
        """Every file of the desk with its content; what the lock files say does not matter."""
        found = (path for path in self.desk.rglob("*") if path.is_file() and path.name != ".lock")
        return {str(path.relative_to(self.desk)): path.read_bytes() for path in found}


def in_this_process(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    from csctool.cli import run

    def command(words: tuple[str, ...], stdin: bytes | str | None, env: dict[str, str]) -> Said:
        data = stdin.encode() if isinstance(stdin, str) else stdin or b""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
            for name, value in env.items():
                patch.setenv(name, value)
            capsys.readouterr()
            status = run(list(words))
        out, err = capsys.readouterr()
        return Said(status, out, err)

    return command


def as_a_process(words: tuple[str, ...], stdin: bytes | str | None, env: dict[str, str]) -> Said:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [*CSCTOOL, *words], env=os.environ | env, capture_output=True, timeout=60,
        **({"stdin": subprocess.DEVNULL} if data is None else {"input": data}),
    )  # fmt: skip
    return Said(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "surrogateescape"))


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CSCTOOL_") or name in ("NO_COLOR", "FORCE_COLOR")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "America/Chicago")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nowhere"))


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk with two agencies, as `init` and `agency add` make it."""
    desk = tmp_path_factory.mktemp("pristine") / "desk"
    environment = {**os.environ, "TZ": "America/Chicago"}
    add = ("--desk", str(desk), "agency", "add")
    for words in (("init", str(desk)), (*add, "DHS", "--name", "Human Services"), (*add, "DOT")):
        subprocess.run([*CSCTOOL, *words], check=True, env=environment, stdin=subprocess.DEVNULL)
    return desk


@pytest.fixture
def desk(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desk of this test alone."""
    place = tmp_path / "desk"
    shutil.copytree(pristine, place)
    monkeypatch.setenv("CSCTOOL_DESK", str(place))
    return place


@pytest.fixture
def csctool(desk: Path, capsys: pytest.CaptureFixture[str]) -> Technician:
    """csctool in this process, on a clock that stands at Monday 2 November 2026, 09:00 UTC, until the test moves it."""
    return Technician(desk, in_this_process(capsys), MONDAY)


@pytest.fixture
def process(desk: Path) -> Technician:
    """csctool as real processes, on the real clock."""
    return Technician(desk, as_a_process)


@pytest.fixture
def me() -> str:
    """The real Unix user."""
    return pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def staff(desk: Path, me: str) -> Path:
    """The desk with people: ana (that is you) and bo at the service desk, cy leads it, dee at applications."""
    path = desk / "csctool.toml"
    text = path.read_text().replace(
        '# members = ["ana", "bo"]\n# lead = "cy"\n', 'members = ["ana", "bo"]\nlead = "cy"\n'
    )
    text = text.replace('title = "Application Support"\n', 'title = "Application Support"\nmembers = ["dee"]\n')
    path.write_text(
        f'{text}\n[people.ana]\nuser = "{me}"\nroles = ["csr", "coordinator", "manager"]\n[people.bo]\n[people.cy]\n'
        'roles = ["coordinator"]\n[people.dee]\nroles = ["resolver"]\n'
    )
    return desk
