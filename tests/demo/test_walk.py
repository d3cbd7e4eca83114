"""`csctool demo`, as a newcomer runs it: a process of its own, with no terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path


def demo(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "csctool", "demo", *words],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=place, check=False,
        env={**os.environ, "TMPDIR": str(place)},
    )  # fmt: skip


def test_it_walks_through_a_life_and_leaves_nothing(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    typed = [line.removeprefix("$ csctool ") for line in done.stdout.splitlines() if line.startswith("$ csctool ")]
    verbs = {word for line in typed for word in line.removeprefix("--as ").split()}
    assert {
        "init", "agency", "open", "list", "show", "assign", "start", "escalate", "return", "hold", "resume", "note",
        "resolve", "close", "history", "report",
    } <= verbs  # fmt: skip
    assert "csctool init --demo DIR" in done.stdout.splitlines()[-4]
    assert list(tmp_path.iterdir()) == []


def test_it_reads_the_same_every_time(tmp_path: Path) -> None:
    """But for the names of operations, which are time and chance."""
    one, two = (re.sub(r"(?m)^( +\d+  )[0-9a-f]{8}", r"\1", demo(tmp_path).stdout) for _ in range(2))
    assert one == two


def test_each_command_comes_before_what_it_prints(tmp_path: Path) -> None:
    lines = demo(tmp_path).stdout.splitlines()
    at = lines.index("$ csctool list")
    assert lines[at + 3].startswith("DHS-1  P3")


def test_it_keeps_the_desk_where_it_is_told(tmp_path: Path) -> None:
    assert demo(tmp_path, "--keep", "mine").returncode == 0
    assert (tmp_path / "mine" / "csctool.toml").exists()


def test_it_stops_at_the_first_failure_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "csctool.toml").write_text("format = 1\n")
    done = demo(tmp_path, "--keep", ".")
    assert done.returncode == 4
    assert "is a desk already" in done.stderr
    assert "csctool: the demo stopped: csctool init" in done.stderr
    assert "$ csctool agency" not in done.stdout
