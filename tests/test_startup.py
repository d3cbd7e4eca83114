"""Start-up is lazy by table: what a command does not need is not imported. `sys.modules` is the witness."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "jinja2", "babel", "email", "tabulate", "dateutil", "wcwidth", "difflib", "importlib.metadata", "holidays",
    "psycopg", "csv", "inspect",
)  # fmt: skip
PROBE = """
import json, sys
from csctool.cli import run
sys.stdout, out = open("/dev/null", "w"), sys.stdout
sys.stderr = sys.stdout
status = run({words!r})
out.write(json.dumps([status, sorted(sys.modules)]))
"""


def modules(*words):
    """What is imported after a command has run in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(words=list(words))], capture_output=True, text=True, check=True
    )
    status, found = json.loads(done.stdout)
    return status, set(found)


@pytest.fixture(scope="session")
def bare():
    """What the interpreter brings by itself, with click."""
    code = "import click, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("words", [("--help",), ("--version",), ()], ids=str)
def test_help_imports_no_command_and_no_library_but_click(desk, bare, words):
    status, found = modules(*words)
    assert status in (0, 2)
    rooms = {name for name in found if name.startswith("csctool.")}
    assert rooms <= {"csctool.cli", "csctool.errors", "csctool.commands", "csctool.commands.context"}
    for name in ("tinydb", "pluggy", "msgspec", *HEAVY):
        assert name not in found - bare, name


def test_a_commands_own_help_opens_no_desk(desk):
    status, found = modules("open", "--help")
    assert status == 0
    assert not [name for name in found if name.startswith(("csctool.storage", "csctool.desk", "csctool.settings"))]
    assert "tinydb" not in found


@pytest.mark.parametrize("words", [
    ("open", "x", "-a", "DHS"), ("show", "DHS-1"), ("assign", "DHS-1", "--to", "bo"), ("start", "DHS-1"),
    ("resolve", "DHS-1", "--resolution", "x"), ("list", "-a", "DHS", "--format", "json"), ("note", "DHS-1", "x"),
], ids=lambda words: words[0])  # fmt: skip
def test_the_everyday_commands_import_nothing_heavy(csctool, bare, words):
    if words[0] != "open":
        csctool.open()
    status, found = modules(*words)
    assert status == 0
    for name in HEAVY:
        assert name not in found - bare, name
    assert not [name for name in found if name.startswith(("csctool.reports", "csctool.transfer", "csctool.notify"))]
    others = {name for name in found if name.startswith("csctool.commands.")} - {
        f"csctool.commands.{name}" for name in (words[0], "context", "options", "filters")
    }
    assert not others, "one command is one module"


def test_a_table_of_plain_text_is_drawn_without_tabulate_and_wcwidth(csctool, bare):
    assert "tabulate" not in modules("list")[1] - bare
    key = csctool.open()
    for words in (("list",), ("report", "sla")):
        assert not {"tabulate", "wcwidth"} & (modules(*words)[1] - bare)
    assert "tabulate" in modules("list", "--format", "markdown")[1]
    csctool("triage", key, "--subject", "Принтер")
    assert "wcwidth" in modules("list")[1]
