"""The contract with scripts: envelopes, formats, keys, stdin, error documents, exit statuses, dry runs."""

import csv
import io
import json
import re
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from conftest import TIME
from csctool import render
from csctool.commands import CHAPTERS
from csctool.render.schemas import SCHEMAS

FIELDS = """
    key agency number kind status subject description channel requester phone affected cc service category impact
    urgency priority queue tier desk owner assignee flags fields resolution code cause training minutes links handovers
    bounces opened_at updated_at responded_at resolved_at closed_at due sla version history
""".split()  # noqa: SIM905  (as the contract lists them)
TYPES = {
    **dict.fromkeys(FIELDS, (str, type(None))),
    **dict.fromkeys(("key", "agency", "kind", "status", "subject", "priority"), (str,)),
    **dict.fromkeys(("number", "impact", "urgency", "handovers", "bounces", "minutes", "version"), (int,)),
    **dict.fromkeys(("cc", "flags", "links", "history"), (list,)),
    **dict.fromkeys(("fields", "due", "sla"), (dict,)),
}
TIMES = [name for name in FIELDS if name.endswith("_at")]

#: Every command over keys that changes something, with what it needs.
CHANGING = (
    ("triage", "DHS-1", "--impact", "1"),
    ("assign", "DHS-1", "--to", "bo"),
    ("start", "DHS-1"),
    ("hold", "DHS-1", "--for", "vendor"),
    ("resume", "DHS-2"),
    ("callback", "DHS-1", "--reached"),
    ("escalate", "DHS-1", "--reason", "x"),
    ("return", "DHS-3", "--reason", "x"),
    ("diagnose", "DHS-1", "--cause", "x"),
    ("note", "DHS-1", "x"),
    ("link", "DHS-1", "--relates-to", "DOT-1"),
    ("resolve", "DHS-1", "--resolution", "x"),
    ("close", "DHS-4"),
    ("reopen", "DHS-4", "--reason", "x"),
    ("cancel", "DHS-1", "--reason", "x"),
    ("merge", "DHS-1", "--into", "DHS-2"),
    ("transfer", "DHS-1", "--agency", "DOT"),
)


@pytest.fixture
def busy(csctool):
    """A desk on which every changing command has something to do."""
    for subject in ("plain", "held", "escalated", "resolved", "closed"):
        csctool.open(subject, "-c", "phone", "--kind", "incident")
    csctool.open("of another agency", agency="DOT")
    csctool("hold", "DHS-2", "--for", "vendor")
    csctool("escalate", "DHS-3", "--reason", "x")
    csctool("resolve", "DHS-4", "DHS-5", "--resolution", "done")
    csctool("close", "DHS-5")
    return csctool


def test_help_is_asked_for_as_of_git_too(csctool):
    assert csctool("help").out == csctool("--help").out
    assert csctool("help", "open").out == csctool("open", "--help").out
    assert csctool("help", "notify", "send").out == csctool("notify", "send", "--help").out
    assert "no such command: opne; did you mean open?" in csctool.refused("help", "opne", status=2)


# -- documents -------------------------------------------------------------------------------------------------


def test_a_ticket_has_exactly_the_promised_fields_and_types(busy):
    for number in range(1, 6):
        ticket = busy.ticket(f"DHS-{number}")
        assert list(ticket) == FIELDS
        for name, value in ticket.items():
            assert type(value) in TYPES[name], name
        for name in TIMES:
            assert ticket[name] is None or TIME.fullmatch(ticket[name])
        assert set(ticket["due"]) == {"response", "resolution"}
        assert ticket["version"] == len(ticket["history"])


def test_an_event_has_exactly_the_promised_fields(busy):
    for event in busy.events("DHS-2"):
        assert list(event) == ["seq", "op", "at", "actor", "via", "verb", "changes", "note", "decisions"]
        assert TIME.fullmatch(event["at"])
        assert all(isinstance(pair, list) and len(pair) == 2 for pair in event["changes"].values())
    assert busy.events("DHS-2")[-1]["changes"]["status"] == ["queued", "on-hold"]


def test_history_says_the_old_and_the_new_value_of_every_changed_field(busy):
    """Replaying the changes from the empty ticket gives the ticket."""
    busy("triage", "DHS-2", "--cc", "a@x", "--field", "k=v", "--impact", "1")
    busy("merge", "DHS-1", "--into", "DHS-2")
    for key in ("DHS-1", "DHS-2", "DHS-3", "DHS-5"):
        ticket = busy.ticket(key)
        replayed: dict[str, object] = {}
        for event in ticket["history"]:
            for name, (old, new) in event["changes"].items():
                if name in replayed:
                    assert replayed[name] == old, (key, event["seq"], name)
                replayed[name] = new
        assert {name: replayed[name] for name in FIELDS if name in replayed} == {
            name: ticket[name] for name in FIELDS if name in replayed
        }


@pytest.mark.parametrize(("words", "name", "rest"), [
    (("show", "DHS-1"), "ticket", ["ticket"]),
    (("show", "DHS-1", "DHS-2"), "tickets", ["tickets"]),
    (("list",), "tickets", ["tickets"]),
    (("search", "plain"), "tickets", ["tickets"]),
    (("history", "DHS-1"), "history", ["key", "events"]),
    (("explain", "DHS-1"), "explain", ["key", "given", "decisions", "objections", "told"]),
    (("agency", "list"), "agencies", ["agencies"]),
    (("agency", "show", "DHS"), "agencies", ["agencies"]),
    (("agency", "add", "DOC"), "agencies", ["agencies"]),
    (("queue", "list"), "queues", ["queues"]),
    (("queue", "show", "apps"), "queues", ["queues"]),
    (("queue", "add", "radio", "--tier", "2"), "added", ["queue"]),
    (("person", "list"), "people", ["people"]),
    (("person", "add", "eve"), "added", ["person"]),
    (("service", "list"), "services", ["services"]),
    (("calendar", "list"), "calendars", ["calendars"]),
    (("calendar", "show", "business"), "calendar", ["calendar"]),
    (("calendar", "due", "business", "2026-11-02", "4h"), "calendar", ["due"]),
    (("calendar", "elapsed", "business", "2026-11-02", "2026-11-03"), "calendar", ["elapsed_seconds"]),
    (("config", "check"), "config", ["files", "wrong"]),
    (("archive",), "archive", ["rows"]),
    (("sweep",), "sweep", ["rows"]),
    (("outage", "list"), "outages", ["outages"]),
    (("import", "/dev/null"), "import", ["rows", "added", "known", "rejected", "dirty", "agencies", "rejected_rows"]),
    (("plugin", "new", "--agency", "DHS"), "added", ["files"]),
    (("report", "volume"), "report.volume", ["rows"]),
    (("report", "summary"), "report.summary", ["rows"]),
    (("report", "backlog"), "report.backlog", ["rows"]),
    (("report", "resolution"), "report.resolution", ["rows"]),
    (("report", "flow"), "report.flow", ["rows"]),
    (("report", "workload"), "report.workload", ["rows"]),
    (("open", "x", "-a", "DHS"), "ticket", ["ticket"]),
    (("transfer", "DHS-1", "--agency", "DOT"), "ticket", ["ticket"]),
])  # fmt: skip
def test_every_envelope_names_its_schema_and_keeps_to_it(busy, words, name, rest):
    said = busy(*words, "--format", "json")
    assert said.json["schema"] == f"csctool.{name}/1"
    assert list(said.json) == ["schema", *rest]
    assert said.err == ""
    assert msgspec.json.decode(said.out.encode(), type=SCHEMAS[name]())


def test_each_output_has_a_json_schema(csctool):
    for name in csctool("schema").lines:
        assert csctool("schema", name).json["$schema"].startswith("https://json-schema.org/")
    kept = csctool("schema", "ticket").json["$defs"]["Ticket"]
    assert list(kept["properties"]) == FIELDS
    assert csctool("schema", "csctool.ticket/1").json == csctool("schema", "ticket").json
    csctool.refused("schema", "nonsense", status=3)


def test_a_script_may_read_the_names_of_the_schemas_and_the_fields_of_one(csctool):
    names = csctool("schema").lines
    assert csctool("schema", "--format", "json").json == {"schema": "csctool.schemas/1", "schemas": names}
    assert [json.loads(line)["name"] for line in csctool("schema", "--format", "jsonl").lines] == names
    assert csctool("schema", "--format", "keys").lines == names
    assert csctool("schema", "tickets", "--format", "json").out == csctool("schema", "tickets").out
    assert csctool("schema", "tickets", "--format", "tsv").lines == [
        "field\ttype", "schema\tcsctool.tickets/1", "tickets\tarray of Ticket",
    ]  # fmt: skip
    assert "desk\tstring or null" in csctool("schema", "demo", "--format", "tsv").lines
    for name in names:
        assert csctool("schema", name, "--format", "keys").lines


def test_a_script_may_ask_for_a_completion_script_as_json(csctool):
    said = csctool("completion", "fish", "--format", "json").json
    assert said == {"schema": "csctool.completion/1", "shell": "fish", "script": csctool("completion", "fish").out}
    assert csctool("completion", "fish", "--format", "keys").lines == ["fish"]


def test_a_script_finds_the_schema_of_every_envelope_that_any_command_prints(csctool):
    source = "".join(path.read_text() for path in Path(render.__path__[0]).glob("*.py"))
    printed = set(re.findall(r'"csctool\.([a-z.-]+)/1"', source)) | {"plugins", "plugin-check"}
    assert printed <= set(csctool("schema").lines)


# -- formats ---------------------------------------------------------------------------------------------------


def test_a_list_comes_in_seven_formats(busy):
    keys = ["DHS-1", "DHS-2", "DHS-3", "DHS-4", "DOT-1"]
    common = ("list", "--sort", "key")
    assert [t["key"] for t in busy(*common, "--format", "json").tickets] == keys
    assert [json.loads(line)["key"] for line in busy(*common, "--format", "jsonl").lines] == keys
    assert list(json.loads(busy(*common, "--format", "jsonl").lines[0])) == FIELDS
    assert busy(*common, "--format", "keys").lines == keys
    for fmt, sign in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.DictReader(io.StringIO(busy(*common, "--format", fmt).out), delimiter=sign))
        assert [row["key"] for row in rows] == keys
        assert rows[1]["status"] == "on-hold"
    markdown = busy(*common, "--format", "markdown").lines
    assert len(markdown) == 2 + len(keys)
    assert all(line.startswith("|") and line.endswith("|") for line in markdown)
    table = busy(*common).lines
    assert [line.split()[0] for line in table[2:]] == keys
    assert busy(*common, "--format", "table").lines == table
    busy.refused(*common, "--format", "yaml", status=2)


def test_a_row_of_tsv_is_one_line_whatever_people_call_themselves(csctool):
    (csctool.desk / "agencies/DHS/rules.toml").write_text(
        '[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "file"\n'
    )
    csctool.open("Two\nlines", "-r", "Ann\nLee <ann@dhs.gov>", "--description", "a\r\nb\u2028c\td", "--field", "k=x\ny")
    columns = "key,subject,requester,description,fields.k"
    for words in (("notify", "list"), ("list", "--columns", columns), ("history", "DHS-1"), ("export",)):
        said = csctool(*words, "--format", "tsv").out
        assert len(said.splitlines()) == 2, said
        assert len({line.count("\t") for line in said.splitlines()}) == 1
    assert csctool("notify", "list", "--format", "tsv").lines[1].split("\t")[4] == r"Ann\nLee <ann@dhs.gov>"
    (row,) = csv.DictReader(io.StringIO(csctool("export", "--format", "csv").out, newline=""))
    assert row["requester"] == "Ann\nLee <ann@dhs.gov>"


def test_a_row_without_a_key_is_an_empty_line_and_no_word_of_python(csctool):
    csctool.open("for nobody yet")
    csctool.open("for bo", "--to", "bo")
    assert set(csctool("report", "workload", "--format", "keys").lines) == {"bo", ""}


def test_nothing_found_is_no_failure(csctool):
    assert csctool("list", "--format", "json").tickets == []
    for fmt in ("table", "jsonl", "keys", "markdown"):
        assert csctool("list", "--format", fmt).out == ""
    assert csctool("list", "--format", "csv").lines == ["key,priority,status,kind,queue,assignee,due,subject"]


def test_the_format_option_belongs_to_every_command(csctool):
    from csctool.cli import load
    from csctool.commands import COMMANDS

    lacking = []
    for name in COMMANDS:
        try:
            command = load(name)
        except ImportError:
            continue  # a room that is still being built
        for part in getattr(command, "commands", {"": command}).values():
            if "--format" not in [option for parameter in part.params for option in parameter.opts]:
                lacking.append(f"{name} {part.name}")
    assert lacking == []


# -- keys ------------------------------------------------------------------------------------------------------


def test_where_one_key_goes_several_go_each_by_itself(busy):
    said = busy(
        "start", "DHS-1", "dhs-3", "DHS-1", "DHS-99", "nonsense", "DHS-5", "DHS-2", "--format", "json", status=4
    )
    assert [t["key"] for t in said.tickets] == ["DHS-1", "DHS-3"]
    assert [error["exit"] for error in said.errors] == [3, 3, 4, 4]
    for error, key in zip(said.errors, ("DHS-99", "NONSENSE", "DHS-5", "DHS-2"), strict=True):
        assert key in error["message"].upper()
    assert busy.ticket("DHS-1")["version"] == 2, "the same key twice is worked once"


def test_a_key_that_does_not_exist_among_ten_good_ones(csctool):
    keys = [csctool.open() for _ in range(10)]
    said = csctool("assign", *keys[:5], "DHS-999", *keys[5:], "--to", "bo", status=3)
    assert said.out == ""
    assert said.err == "csctool: no such ticket: DHS-999\n"
    assert all(csctool.ticket(key)["assignee"] == "bo" for key in keys)


def test_a_dash_reads_keys_from_stdin(busy):
    assert [t["key"] for t in busy("show", "-", "--format", "json", stdin="DHS-1\nDOT-1 dhs-2\n").tickets] == [
        "DHS-1",
        "DOT-1",
        "DHS-2",
    ]
    busy("assign", "DHS-1", "-", "--to", "bo", stdin="DOT-1\n")
    assert busy.ticket("DOT-1")["assignee"] == "bo"
    for words in (("close", "-"), ("note", "-", "x"), ("show", "-")):
        said = busy(*words, stdin="")
        assert (said.out, said.err) == ("", ""), "no keys, nothing to do"


def test_a_dash_reads_a_text_from_stdin_once_a_command(csctool):
    key = csctool.open("-", "-d", "more", stdin="Printer jams\n")
    assert csctool.ticket(key)["subject"] == "Printer jams"
    key = csctool.open("x", "-d", "-", stdin="line one\nline two\n")
    assert csctool.ticket(key)["description"] == "line one\nline two"
    csctool("note", key, "-", stdin="said so")
    csctool("note", key, "-m", "-", stdin="said so again\n")
    csctool("note", "-", "-m", "to all of them", stdin=key)
    csctool("note", "-", "and last", stdin=key)
    csctool("escalate", key, "--reason", "-", stdin="too hard\n")
    csctool("resolve", key, "--resolution", "-", stdin="Works\n")
    assert [e["note"] for e in csctool.events(key)][1:-1] == [
        "said so", "said so again", "to all of them", "and last", "too hard",
    ]  # fmt: skip
    assert csctool.ticket(key)["resolution"] == "Works"
    for words in (("note", "-", "-"), ("note", "-", "-m", "-"), ("cancel", "-", "--reason", "-")):
        assert "once" in csctool.refused(*words, stdin="DHS-1", status=2)


def test_in_note_the_last_argument_is_the_text(csctool):
    keys = [csctool.open(), csctool.open()]
    csctool("note", *keys, "DHS-2")
    csctool("note", "-m", "free", *keys)
    for key in keys:
        assert [e["note"] for e in csctool.events(key)][1:] == ["DHS-2", "free"]
    csctool.refused("note", keys[0], status=2)


# -- what is printed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", CHANGING, ids=lambda words: words[0])
def test_a_changing_command_is_quiet_or_prints_the_ticket(busy, words):
    if words[0] == "transfer":
        assert busy(*words).out == "DOT-2\n"
    else:
        said = busy(*words)
        assert (said.out, said.err) == ("", "")
    verb, key = words[0], words[1]
    other = {"DHS-2": "DHS-2", "DHS-3": "DHS-3", "DHS-4": "DHS-4"}.get(key) or busy.open(
        "another", "--kind", "incident"
    )
    if verb in ("resume", "return", "close", "reopen"):
        {"resume": lambda: busy("hold", other, "--for", "vendor"),
         "return": lambda: busy("escalate", other, "--reason", "x", "--force"),
         "close": lambda: busy("reopen", other, "--reason", "x").out or busy("resolve", other, "--resolution", "x"),
         "reopen": lambda: busy("resolve", other, "--resolution", "x")}[verb]()  # fmt: skip
    ticket = busy(verb, other, *words[2:], "--format", "json").ticket
    assert ticket["history"][-1]["verb"] in (verb, "open")
    assert ticket == busy.ticket(ticket["key"]), "what is printed is what is kept"


@pytest.mark.parametrize("words", CHANGING, ids=lambda words: words[0])
def test_a_dry_run_says_what_would_happen_and_writes_nothing(busy, words):
    before = busy.files()
    said = busy(*words, "--dry-run")
    assert said.out.startswith("would ")
    assert said.out.count("\n") == 1
    assert words[0] in said.out or words[0] == "transfer"
    document = busy(*words, "--dry-run", "--format", "json").ticket
    assert document["history"]
    assert busy.files() == before
    busy(words[0], "DHS-99", *words[2:], "--dry-run", status=3)
    assert busy.files() == before


def test_setting_up_can_be_tried_too(busy, tmp_path):
    before = busy.files()
    for words in (
        ("open", "x", "-a", "DHS"),
        ("open", "x", "-a", "DHS", "--resolution", "done", "--close"),
        ("open", "x", "-a", "DHS", "--follows", "DOT-1", "--once", "abc"),
        ("agency", "add", "DOC"),
        ("queue", "add", "radio", "--tier", "2"),
        ("person", "add", "eve"),
        ("archive",),
        ("init", str(tmp_path / "other")),
    ):
        assert busy(*words, "--dry-run").out.startswith("would ") or words == ("archive",)
    assert "would archive 1" in busy("archive", "--dry-run").out
    assert busy.files() == before
    assert not (tmp_path / "other").exists()


def test_a_dry_run_refuses_what_the_command_would_refuse(busy):
    before = busy.files()
    busy.refused("start", "DHS-5", "--dry-run")
    busy.refused("agency", "add", "DHS", "--dry-run")
    busy.refused("agency", "add", "no key", "--dry-run", status=2)
    busy.refused("person", "add", "eve", "--away", "someday", "--dry-run", status=2)
    busy.refused("queue", "add", "radio", "--tier", "9", "--dry-run", status=2)
    assert busy.files() == before


# -- errors ----------------------------------------------------------------------------------------------------


def test_an_error_is_one_document_per_failure_where_json_is_asked_for(busy):
    for words, code, status in (
        (("show", "DHS-99"), "not-found", 3),
        (("start", "DHS-5"), "refused", 4),
        (("list", "--nonsense"), "usage", 2),
        (("list", "--kind", "nonsense"), "usage", 2),
        (("nonsense",), "usage", 2),
        (("open", ""), "usage", 2),
        (("open", "x", "-a", "NOPE"), "not-found", 3),
        (("--desk", "/nowhere", "list"), "not-found", 3),
        (("--now", "someday", "list"), "usage", 2),
    ):
        for form in (("--format", "json"), ("--format=json",), ("--format", "jsonl")):
            said = busy(*words, *form, status=status)
            assert said.out == ""
            assert [(e["code"], e["exit"]) for e in said.errors] == [(code, status)], words
            assert list(json.loads(said.err)) == ["error"]
            assert list(said.errors[0]) == ["code", "exit", "message"]
    said = busy("show", "DHS-99", "DHS-98", "--format", "json", status=3)
    assert [e["code"] for e in said.errors] == ["not-found"] * 2
    assert said.tickets == []


def test_a_real_process_says_the_same(process):
    said = process("show", "DHS-99", "--format", "json", status=3)
    assert said.errors == [{"code": "not-found", "exit": 3, "message": "no such ticket: DHS-99"}]
    said = process("--format", "json", status=2)
    assert said.errors[0]["code"] == "usage"
    said = process("show", status=2)
    assert said.err.startswith("csctool: missing argument")
    assert process("open", "x", "-a", "DHS").out == "DHS-1\n"
    at = datetime.fromisoformat(process.ticket("DHS-1")["opened_at"])
    assert abs((datetime.now(at.tzinfo) - at).total_seconds()) < 60


@pytest.mark.parametrize("name", [name for chapter in CHAPTERS.values() for name in chapter])
def test_what_help_says_of_a_command_in_a_group_fits_its_line(csctool, name):
    commands = csctool(name, "--help").out.partition("\nCommands:\n")[2]
    assert [line for line in commands.splitlines() if line.endswith("...")] == []


def test_the_bare_command_and_its_groups_show_their_help(process):
    said = process(status=2)
    assert said.out == ""
    assert "Register a ticket" in said.err
    assert "list" in process("agency", status=2).err
    assert "Register a ticket" in process("--help").out
    assert process("--version").out.startswith("csctool")


def test_a_typing_mistake_gets_a_suggestion(csctool):
    assert "did you mean escalate?" in csctool.refused("escalat", "DHS-1", status=2)
    assert "did you mean DHS?" in csctool.refused("open", "x", "-a", "DHSS", status=3)
    assert "did you mean apps?" in csctool.refused("open", "x", "-a", "DHS", "-q", "app", status=3)


def test_the_worst_of_several_failures_decides(busy, desk):
    """Worst first: 1 7 6 5 8 9 4 3 2 10."""
    busy("start", "DHS-99", "DHS-5", status=4)
    (desk / "agencies/DOT/open.json").write_bytes(b"")
    said = busy("start", "DHS-99", "DHS-5", "DOT-1", "--format", "json", status=7)
    assert [e["exit"] for e in said.errors] == [3, 4, 7]
    assert busy("show", "DHS-1", "DOT-1", "--format", "json", status=7).tickets[0]["key"] == "DHS-1"
