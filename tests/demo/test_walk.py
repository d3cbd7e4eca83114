"""`csctool demo`, as a newcomer runs it: a process of its own, with no terminal."""

import json
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


def test_a_script_gets_each_command_with_what_it_printed(tmp_path: Path) -> None:
    done = demo(tmp_path, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["schema"], found["desk"]) == ("csctool.demo/1", None)
    typed = [line.removeprefix("$ ") for line in demo(tmp_path).stdout.splitlines() if line.startswith("$ ")]
    assert [step["command"].split()[:4] for step in found["steps"]] == [line.split()[:4] for line in typed]
    (opened, *_) = (step for step in found["steps"] if " open " in step["command"])
    assert (opened["output"], opened["at"]) == ("DHS-1\n", "2026-03-02T09:02:00Z")
    lines = demo(tmp_path, "--format", "jsonl").stdout.splitlines()
    assert len(lines) == len(found["steps"])
    assert demo(tmp_path, "--format", "keys").stdout.splitlines() == [step["command"] for step in found["steps"]]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_tells_the_commands_and_makes_no_desk(tmp_path: Path) -> None:
    for words in ((), ("--keep", "mine")):
        done = demo(tmp_path, "--dry-run", *words)
        assert (done.returncode, done.stderr) == (0, "")
        assert "$ csctool close DHS-1" in done.stdout
        assert "DHS-1  P3" not in done.stdout
        assert "The desk stays" not in done.stdout
    steps = json.loads(demo(tmp_path, "--dry-run", "--format", "json").stdout)["steps"]
    assert {step["output"] for step in steps} == {None}
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_is_refused_where_the_demo_would_be(tmp_path: Path) -> None:
    (tmp_path / "csctool.toml").write_text("format = 1\n")
    assert "is a desk already" in demo(tmp_path, "--dry-run", "--keep", ".").stderr


def test_a_script_reads_every_failure_as_json(tmp_path: Path) -> None:
    (tmp_path / "csctool.toml").write_text("format = 1\n")
    done = demo(tmp_path, "--keep", ".", "--format", "json")
    assert (done.returncode, done.stdout) == (4, "")
    errors = [json.loads(line)["error"] for line in done.stderr.splitlines()]
    assert [error["exit"] for error in errors] == [4, 4]
    assert "is a desk already" in errors[0]["message"]
