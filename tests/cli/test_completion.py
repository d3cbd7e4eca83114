"""Completion in real shells: commands, options, keys, queues, people and agencies of the desk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "completions"
FILES = {"bash": "csctool.bash", "zsh": "_csctool", "fish": "csctool.fish"}

#: What is typed -> some of what is offered, and something that is not.
TYPED = {
    "csctool esc": ({"escalate"}, "show"),
    "csctool list --de": ({"--desk-queue"}, "--agency"),
    "csctool show D": ({"DHS-1", "DHS-2", "DOT-1"}, "apps"),
    "csctool show DHS-": ({"DHS-1", "DHS-2"}, "DOT-1"),
    "csctool start DHS-1 DO": ({"DOT-1"}, "DHS-2"),
    "csctool assign DHS-1 --queue ap": ({"apps"}, "vendors"),
    "csctool assign DHS-1 --to b": ({"bo"}, "ana"),
    "csctool open x --agency D": ({"DHS", "DOT"}, "CSC"),
    "csctool open x --kind inc": ({"incident"}, "request"),
    "csctool queue s": ({"show"}, "add"),
}

# Each driver prints what the shell offers for "$1", a word a line.
DRIVERS = {
    "bash": r"""
source "$2"
read -ra COMP_WORDS <<<"$1"; COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE=$1; COMP_POINT=${#1}
spec=$(complete -p csctool); spec=${spec#*-F }
"${spec%% *}" csctool "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}"
""",
    "zsh": r"""
autoload -U compinit; compinit -u
compadd() { local name=${@[-1]}; print -rl -- "${(@P)name}"; }
_describe() { local name=${@[-1]}; [[ $name == -* ]] && name=${@[-2]}; print -rl -- "${(@P)name}"; }
compdef() { : }
source "$2"
words=(${=1}); CURRENT=${#words}
_csctool_completion 2>/dev/null
""",
    "fish": r"""
source $argv[2]
complete -C "$argv[1]"
""",
}


@pytest.mark.parametrize("shell", FILES)
def test_the_script_in_the_repository_is_what_the_command_prints(csctool, shell):
    assert (SCRIPTS / FILES[shell]).read_text() == csctool("completion", shell).out, (
        f"stale: csctool completion {shell} > completions/{FILES[shell]}"
    )


def test_another_shell_is_refused(csctool):
    assert "bash" in csctool.refused("completion", "tcsh", status=2)


@pytest.mark.parametrize("shell", FILES)
def test_a_real_shell_completes_from_the_desk(csctool, staff, tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    for agency in ("DHS", "DHS", "DOT"):
        csctool.open(agency=agency)
    program = tmp_path / "bin" / "csctool"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m csctool "$@"\n')
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    for typed, (offered, not_offered) in TYPED.items():
        driver = tmp_path / f"driver.{shell}"
        driver.write_text(DRIVERS[shell])
        done = subprocess.run(
            [shell, str(driver), typed, str(SCRIPTS / FILES[shell])], capture_output=True, text=True, env=environment,
            stdin=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        found = {line.partition("\t")[0].partition(":")[0].strip() for line in done.stdout.splitlines()}
        assert offered <= found, (typed, done.stdout, done.stderr)
        assert not_offered not in found, (typed, done.stdout)


def test_completion_outside_a_desk_is_quiet(tmp_path):
    environment = {
        **os.environ,
        "_CSCTOOL_COMPLETE": "bash_complete",
        "COMP_WORDS": "csctool show D",
        "COMP_CWORD": "2",
    }
    done = subprocess.run([sys.executable, "-m", "csctool"], env=environment, cwd=tmp_path, capture_output=True)
    assert (done.stdout.strip(), done.stderr) == (b"", b"")
