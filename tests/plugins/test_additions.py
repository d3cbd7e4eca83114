"""A desk's plugins add reports and commands; an agency's can't, and no plugin stands in the way of csctool's own."""

import pytest

PLUGIN = """
from csctool.plugins import Command, Report, hookimpl

def callers(tickets):
    print("noise")
    return [{"requester": t.requester, "status": t.status, "more": 1} for t in tickets]

def hello(words):
    print("hello", *words)
    return len(words)

def leave(words):
    raise SystemExit(int(words[0]))

@hookimpl
def reports():
    return [Report("callers", "Who called", ("requester", "status"), callers),
            Report("summary", "Not this one", ("x",), callers),
            Report("broken", "Raises", ("x",), lambda tickets: 1 / 0)]

@hookimpl
def commands():
    return [Command("hello", "Say it", hello), Command("leave", "Go", leave), Command("boom", "Fail", lambda w: 1 / 0),
            Command("list", "Not this one", hello)]
"""


@pytest.fixture
def extended(desk):
    (desk / "plugins").mkdir(mode=0o755)
    enable(desk, "desk.py", PLUGIN)
    return desk


def enable(desk, name, text, at=None):
    place = desk if at is None else desk / "agencies" / at
    (place / "plugins").mkdir(mode=0o755, exist_ok=True)
    path = place / "plugins" / name
    path.write_text(text)
    path.chmod(0o644)
    settings = place / ("csctool.toml" if at is None else "agency.toml")
    said = "".join(line for line in settings.read_text().splitlines(True) if not line.startswith("plugins = "))
    settings.write_text(f'plugins = ["plugins/{name}"]\n{said}')


def test_a_plugins_report_gets_the_tickets_and_its_noise_stays_out_of_the_answer(process, extended):
    process.open("Printer", "-r", "ann@x")
    process("cancel", process.open("Mail", "-r", "bo@x"), "--reason", "not needed")
    process.open("Mail", "-r", "cy@x", agency="DOT")
    said = process("report", "callers", "-a", "DHS", "--format", "json")
    assert said.json == {
        "schema": "csctool.report.callers/1",
        "rows": [{"requester": "ann@x", "status": "queued"}, {"requester": "bo@x", "status": "cancelled"}],
    }
    assert said.err == "noise\n"
    assert process("report", "callers", "--until", "2020-01-01", "--format", "csv").lines == ["requester,status"]


def test_csctools_own_reports_and_commands_are_not_replaced(process, extended):
    assert process("report", "summary", "--format", "csv").lines[0] == "measure,value,unit"
    assert "hello" not in process("list").out


def test_a_plugins_command_prints_and_ends_with_its_own_status(process, extended):
    assert process("hello").out == "hello\n"
    assert process("hello", "--flag", "x", status=2).out == "hello --flag x\n"
    process("leave", "3", status=3)


def test_what_fails_is_named_in_one_line(process, extended):
    assert "boom failed: ZeroDivisionError" in process.refused("boom", status=8)
    assert "ZeroDivisionError" in process.refused("report", "broken", status=8)
    assert "has rows and no charts" in process.refused("report", "callers", "--plot", status=2)
    assert "leave out --by" in process.refused("report", "callers", "--by", "queue", status=2)


def test_a_name_that_nobody_has_is_still_a_typing_mistake(process, extended):
    assert "did you mean list?" in process.refused("lits", "--bogus", status=2)
    assert "no such report: 'calers'" in process.refused("report", "calers", status=2)


def test_a_report_that_dies_or_a_file_that_others_may_write_adds_nothing(process, extended):
    enable(
        extended, "desk.py", PLUGIN.replace("1 / 0),", "1 / 0),").replace('print("noise")', "import os; os._exit(0)")
    )
    assert "ended its process" in process.refused("report", "callers", status=8)
    (extended / "plugins" / "desk.py").chmod(0o666)
    said = process("hello", status=2)
    assert "everybody may write it" in said.err
    assert "no such command: hello" in said.err


def test_an_agencys_plugin_adds_none_and_is_named(process, desk):
    enable(desk, "dhs.py", PLUGIN, at="DHS")
    assert "no such command" in process.refused("hello", status=2)
    assert "is for plugins of the whole desk" in process("plugin", "check", status=10).out
