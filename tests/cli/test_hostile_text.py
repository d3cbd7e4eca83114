"""Hostile text is only text: in every field, through every command, in every form. Nothing runs, nothing is hidden.

The tables of commands, parameters and formats are read from the program: a new command is tried by itself.
"""

import csv
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from conftest import MONDAY

from .hostile import ALL, ESCAPES, FORMULAS, MARKUP, PATHS, UNSAFE, call, leaves, texts, toml

COMMANDS = {" ".join(words): command for words, command in leaves()}
#: These have tests of their own: a walk of seconds on a desk of its own, and a script with escapes for a shell.
TOURED = sorted(set(COMMANDS) - {"demo", "completion"})
#: Hostile words may be refused, never with a bug's status.
NO_BUG = (0, *range(2, 11))

SETTINGS = """
[queues.odd]
tier = "1"
title = {evil}
members = ["bo"]
[services.odd]
title = {evil}
aliases = [{evil}]
[services.other]
title = {evil}
[people.bo]
name = {evil}
email = {evil}
user = {user}
roles = ["csr", "manager", "coordinator"]
"""
RULES = """
[[categorize]]
when = {{ text = ["evil"] }}
category = {evil}
reason = {evil}
[[notify]]
on = ["opened", "resolved"]
to = ["requester", {evil}]
transport = "file"
"""
PLUGIN = """
import sys
from csctool.plugins import Answer, hookimpl
EVIL = {evil!r}
@hookimpl
def prioritize(ticket, agency):
    print(EVIL)
    print(EVIL, file=sys.stderr)
    return Answer(impact=1, reason=EVIL)
@hookimpl
def validate(change, ticket, agency):
    return [EVIL] if ticket.kind == "complaint" else []
@hookimpl
def route(ticket, agency):
    raise RuntimeError(EVIL)
"""


@pytest.fixture(scope="module")
def evil(pristine, tmp_path_factory) -> Path:
    """A desk in which whatever can be text is hostile: tickets, people, queues, services, rules, a plugin, the names
    of files; made once."""
    import contextlib
    import os
    import pwd

    from csctool.cli import run

    desk = tmp_path_factory.mktemp("evil") / "desk"
    shutil.copytree(pristine, desk)
    agency = desk / "agencies/DHS"
    with (desk / "csctool.toml").open("a", encoding="utf-8") as file:
        file.write(SETTINGS.format(evil=toml(ALL), user=toml(pwd.getpwuid(os.getuid()).pw_name)))
    text = (agency / "agency.toml").read_text().replace('name = "Human Services"', f"name = {toml(ALL)}")
    (agency / "agency.toml").write_text(text.replace("plugins = []", 'plugins = ["plugins/evil.py"]'))
    (agency / "rules.toml").write_text(RULES.format(evil=toml(ALL)))
    (agency / "plugins").mkdir()
    (agency / "plugins/evil.py").write_text(PLUGIN.format(evil=ALL))
    for name in (ESCAPES.replace("/", "")[:80], "-rf", "{0}%s", "<img src=x>"):
        (agency / name).write_text("")
    described = ("requester", "phone", "affected", "cc", "service", "category", "description", "field", "once")
    values = {"field": f"{ALL.replace('=', '')}={ALL}"}
    words = [word for name in described for word in (f"--{name}", values.get(name, ALL))]
    for line in (
        ("open", ALL, "-a", "DHS", *words, "--queue", "odd"),
        ("note", "DHS-1", "-m", ALL, "--public"),
        ("triage", "DHS-1", "--reason", ALL, "--subject", f"{ALL}!", "--owner", "bo"),
        ("escalate", "DHS-1", "--reason", ALL, "--to", "apps"),
        ("diagnose", "DHS-1", "--cause", ALL),
        ("resolve", "DHS-1", "--resolution", ALL, "--internal", ALL, "--training", f"needed:{ALL}"),
        ("open", f"evil {ALL}", "-a", "DHS", "-r", "ann@dhs.gov", "-c", "phone", "--resolution", ALL, "--close"),
        ("open", ALL, "-a", "DHS", "--kind", "complaint", "--requester", f"{ALL} <evil@example.org>"),
        ("archive",),
        ("open", ALL, "-a", "DHS", "--kind", "incident", "-r", f"{ALL} <evil@example.org>"),
        ("open", ALL, "-a", "DHS"),
        ("hold", "DHS-5", "--for", "vendor", "-m", ALL),
        ("open", ALL, "-a", "DHS"),
        ("escalate", "DHS-6", "--reason", ALL, "--to", "apps"),
        ("outage", "open", "odd", "-a", "DHS", "--text", ALL),
    ):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
            status = run(["--desk", str(desk), "--now", "2026-11-02T09:00:00Z", *line])
        assert status == 0, (line, err.getvalue())
    return desk


@pytest.fixture
def hostile(csctool, evil, tmp_path):
    """csctool at a copy of the hostile desk, and files for the commands that read some."""
    shutil.rmtree(csctool.desk)
    shutil.copytree(evil, csctool.desk)
    row = {"subject": ALL, "agency": "DHS", "description": ALL, "category": ALL, "fields": {ALL: ALL}}
    bad = {"subject": "x", "agency": "DHS", "kind": ALL, "key": ALL}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(bad)}\n{ALL}\n", encoding="utf-8")
    (tmp_path / "expect.toml").write_text(
        f"[[expect]]\ncategory = {toml(ALL)}\n[expect.ticket]\nsubject = {toml(ALL)}\n"
    )
    (tmp_path / "policy.toml").write_text('[sla.x]\ncalendar = "business"\n[sla.x.incident.default]\nresolve = "4h"\n')
    csctool("backup", str(tmp_path / "desk.tar.gz"))
    return csctool


def shown(said, fmt):
    """Everything that a person may see of it; in a TSV the tab stands between columns, in a page between tags."""
    return (said.out.replace("\t", " ") if fmt in ("tsv", "html", "svg") else said.out) + said.err


def formats(command: click.Command) -> list[str]:
    choices = next((p.type.choices for p in command.params if p.name == "fmt"), ())
    return [str(choice) for choice in choices if choice != "png"]


# -- every command, on a desk that is full of it -----------------------------------------------------------------


@pytest.mark.parametrize("name", TOURED)
def test_no_command_sends_a_control_character_or_hides_one(hostile, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = COMMANDS[name]
    dry = ["--dry-run"] if any(param.name == "dry_run" for param in command.params) else []
    tried = []
    for fmt in formats(command) or [None]:
        words = call(tuple(name.split()), command, tmp_path)
        at = words.index("--")
        options = ["--format", fmt] if fmt else []
        # what a change would do is shown first; what it did only once
        options += dry if fmt != "json" else []
        said = hostile._run(("--now", MONDAY, *words[:at], *options, *words[at:]), None, {})
        tried.append((words, said))
        assert said.status in NO_BUG, said
        assert not UNSAFE.search(shown(said, fmt)), (fmt, UNSAFE.search(shown(said, fmt)), said)
        if fmt in ("json", "jsonl"):
            for line in said.out.splitlines():
                json.loads(line)
    assert any(said.status in (0, MAY_END.get(name)) for _, said in tried), tried[0]


#: How a command ends well that has something to tell; the address of a person here is none.
MAY_END = {"import": 4, "plugin check": 10, "rules test": 10, "config check": 2, "doctor": 2}


@pytest.mark.parametrize("name", TOURED)
def test_hostile_words_in_every_parameter_are_told_as_text(hostile, name, tmp_path, monkeypatch):
    deep = tmp_path / "a/b/c"  # what leads upward stays within this test
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    command = COMMANDS[name]
    for param in texts(command):
        for text in (ESCAPES, MARKUP + "{}{0}{x!r}%s%n", *PATHS[:3], f"{deep}/elsewhere"):
            words = call(tuple(name.split()), command, tmp_path, {param: text})
            said = hostile._run(tuple(words), None, {})
            assert said.status in NO_BUG, (param, text, said)
            assert "Traceback" not in said.err
            assert not UNSAFE.search(shown(said, None)), (param, text, said)


@pytest.mark.parametrize("name", [name for name in TOURED if "json" in formats(COMMANDS[name])])
def test_an_error_in_json_carries_the_words_and_no_control_character(hostile, name, tmp_path, monkeypatch):
    """As a document on stderr: what is hostile stands there escaped, as JSON does it, and is all there."""
    monkeypatch.chdir(tmp_path)
    command = COMMANDS[name]
    words = call(tuple(name.split()), command, tmp_path, {texts(command)[0]: ALL} if texts(command) else {})
    at = words.index("--")
    said = hostile._run(("--now", MONDAY, *words[:at], "--format", "json", *words[at:]), None, {})
    assert not UNSAFE.search(said.err)
    for line in said.err.splitlines():
        if line.startswith("{"):
            assert json.loads(line)["error"]["exit"] in NO_BUG


# -- what JSON, Markdown, spreadsheets and pages make of it ------------------------------------------------------


def test_json_keeps_every_character(hostile):
    ticket = hostile.ticket("DHS-1")
    kept = ("phone", "affected", "category", "description", "resolution", "cause", "requester")
    assert {name: ticket[name] for name in kept} == dict.fromkeys(kept, ALL)
    assert ticket["subject"] == f"{ALL}!"
    assert ticket["cc"] == [ALL]
    assert ticket["fields"] == {ALL.replace("=", "").strip(): ALL}
    assert ticket["training"] == f"needed:{ALL}"
    notes = [event["note"] for event in ticket["history"]]
    assert notes.count(ALL) == 4
    assert ALL in {decision["reason"] for event in ticket["history"] for decision in event["decisions"]}
    assert hostile("agency", "show", "DHS", "--format", "json").json["agencies"][0]["name"] == ALL
    assert ALL in {one["title"] for one in hostile("queue", "list", "--format", "json").json["queues"]}
    assert ALL in {one["name"] for one in hostile("person", "list", "--format", "json").json["people"]}
    lines = hostile("export", "--format", "jsonl").out.splitlines()
    assert json.loads(next(line for line in lines if '"DHS-1"' in line))["description"] == ALL


@pytest.mark.parametrize("char", [
    "\x7f", "\x80", "\x9b", "\xad", "\u061c", "\u180e", "\u200b", "\u202e", "\u2066", "\ufeff", "\ufff9", "\U000e0041",
    "\x00", "\x1b", "\n",
])  # fmt: skip
def test_each_of_them_is_written_so_that_every_reader_of_json_gets_it_back(char):
    import msgspec

    from csctool.render.text import in_json

    for text in (char, f"é{char}«", char * 3, f'\\{char}"', f"\N{GRINNING FACE}{char}"):
        data = in_json(msgspec.json.encode({text: [text]}))
        assert not UNSAFE.search(data.decode())
        assert json.loads(data) == msgspec.json.decode(data) == {text: [text]}


def test_nothing_in_a_markdown_table_is_fetched_linked_or_run(hostile):
    table = hostile("list", "--all", "--columns", "key,subject,description", "--format", "markdown").out
    body = table.splitlines()[2:]
    assert len(body) == 7
    for line in body:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 4, "no cell ends early"
        assert not re.search(r"(?<!\\)(?:\\\\)*[`*\[\]]", line)
        assert "<" not in line
        assert "&#60;" not in line.replace("&amp;#60;", "")


def test_words_with_an_underscore_within_stay_as_they_are(csctool):
    csctool.open("the field site_name is _empty_ & done")
    assert r"the field site_name is \_empty\_ & done" in csctool("list", "--format", "markdown").out


@pytest.mark.parametrize("fmt", ["csv", "tsv"])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_run_by_a_spreadsheet(csctool, fmt, text):
    fields = ("requester", "phone", "affected", "cc", "service", "category", "description", "resolution", "field=k")
    said = [f"--{name}={text}" for name in fields]
    csctool("open", "--agency", "DHS", *said, "--", text)
    columns = f"key,subject,{','.join(fields[:-1])},fields.k,fields.{text.strip()},fields,impact"
    out = csctool("list", "--all", f"--columns={columns}", "--format", fmt).out
    rows = list(csv.reader(io.StringIO(out, newline=""), delimiter="," if fmt == "csv" else "\t"))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    for cell in (*rows[0], *rows[1]):
        assert not re.match("[=+\\-@\t\r\n＝＋－＠]", cell), cell
    assert rows[1][-1] == "3", "a number stays a number"
    assert csctool.ticket("DHS-1")["subject"] == text
    history = csctool("history", "DHS-1", "--format", fmt).out
    assert not re.search(r"(?:^|[,\t])\"?[=+\-@＝＋－＠]", history, re.MULTILINE), history


class Page(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        assert not any((value or "").strip().lower().startswith(("javascript:", "data:text")) for _, value in attrs)

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("words", [
    ("report", "workload", "--by", "category"), ("report", "workload", "--by", "service"), ("report", "summary"),
    ("report", "volume", "--by", "category"), ("report", "resolution", "--by", "service"),
], ids=" ".join)  # fmt: skip
def test_a_page_and_its_pictures_run_nothing(hostile, words):
    page = Page(hostile(*words, "--format", "html").out)
    assert not page.tags & {"script", "img", "iframe", "object", "embed", "link", "b", "form", "base"}
    assert not [name for name in page.attributes if name.startswith("on")]
    if "category" in words:
        assert "<script>alert(1)</script>" in "".join(page.words)
    picture = hostile(*words, "--format", "svg").out
    tree = ElementTree.fromstring(picture)
    names = {element.tag.rpartition("}")[2].lower() for element in tree.iter()}
    assert not names & {"script", "image", "foreignobject", "a", "img", "set", "animate"}
    assert not [name for element in tree.iter() for name in element.attrib if name.rpartition("}")[2].startswith("on")]


# -- what a plugin says -------------------------------------------------------------------------------------------


def test_what_a_plugin_prints_steers_no_terminal(process, evil):
    shutil.rmtree(process.desk)
    shutil.copytree(evil, process.desk)
    said = process("open", "evil", "-a", "DHS")
    assert said.out == "DHS-7\n"
    assert said.err.count("\\x1b[2J") >= 3, "printed twice, and raised once"
    assert not UNSAFE.search(said.err.replace("\t", " "))


def test_what_a_desks_plugin_says_when_it_is_broken_is_escaped(process):
    (process.desk / "plugins").mkdir()
    lines = ("from csctool.plugins import hookimpl", "@hookimpl", "def reports():", f"    print({ESCAPES!r})",
             f"    raise ValueError({ESCAPES!r})")  # fmt: skip
    broken = "\n".join(lines)
    (process.desk / "plugins/evil.py").write_text(broken)
    settings = process.desk / "csctool.toml"
    settings.write_text(f'plugins = ["plugins/evil.py"]\n{settings.read_text()}')
    said = process("report", "nonesuch", status=2)
    assert "evil" in said.err
    assert not UNSAFE.search(said.err.replace("\t", " "))


# -- names that complete, keys and places -------------------------------------------------------------------------


def test_the_shell_is_offered_no_name_that_would_steer_it(csctool):
    with (csctool.desk / "csctool.toml").open("a", encoding="utf-8") as file:
        file.write(f'[services.{toml(ESCAPES)}]\n[services."$(id)"]\n[services.plain]\n')
    line = {"_CSCTOOL_COMPLETE": "bash_complete", "COMP_WORDS": "csctool open x --service ", "COMP_CWORD": "4"}
    said = csctool._run((), None, line)
    assert not UNSAFE.search(said.out), said.out
    assert "plain,plain\n" in said.out
    assert "$(id)" not in said.out, "it would be run"


@pytest.mark.parametrize("path", PATHS)
def test_no_key_and_no_agency_leads_out_of_the_desk(csctool, path, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    for words in (
        ("show", "--", path), ("show", "--", f"{path}-1"), ("history", "--", f"DHS-{path}"), ("list", f"-a{path}"),
        ("agency", "add", "--", path), ("agency", "show", "--", path), ("open", "x", f"--agency={path}"),
        ("export", f"-a{path}"), ("archive", f"-a{path}"), ("audit", "head", f"-a{path}"), ("sweep", f"-a{path}"),
        ("plugin", "new", f"--agency={path}"), ("plugin", "new", "--agency=DHS", "--", path),
        ("notify", "list", f"-a{path}"), ("rules", "check", f"-a{path}"), ("transfer", f"--agency={path}", "DHS-1"),
    ):  # fmt: skip
        assert csctool._run(words, None, {}).status in (2, 3, 4), words
    assert sorted(tmp_path.rglob("*")) == before


def test_a_ticket_of_an_agency_with_a_path_for_a_name_is_rejected_by_the_import(csctool, tmp_path):
    rows = [{"subject": "x", "agency": path} for path in PATHS]
    rows += [{"subject": "x", "agency": "DHS", "key": f"{path}-1"} for path in PATHS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = {path for path in tmp_path.rglob("*") if path.name != ".lock"}
    csctool("import", str(tmp_path / "rows.jsonl"), "--add-agencies", status=4)
    assert {path for path in tmp_path.rglob("*") if path.name not in (".lock", "open.json")} == before
    assert csctool("list", "--all", "--format", "keys").out == ""
