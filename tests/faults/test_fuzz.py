"""Whatever the parsers are given, they answer as documented: no traceback, no exit 1, no steered terminal."""

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.cli.hostile import UNSAFE

from csctool.cli import run
from csctool.domain.ticket import Ticket

from .stage import LONG, TUESDAY, told

#: Examples of each kind; the short form tries the same ones every time.
EXAMPLES = 3000 if LONG else 25
fuzzing = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=not LONG, database=None, print_blob=False,
    phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
)  # fmt: skip
#: Usage, not found, refused, differences: what wrong input can be told as.
ANSWERS = {0, 2, 3, 4, 10}


class Said:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


def answered(root: str, *words: str, stdin: bytes = b"", may: set[int] = ANSWERS) -> Said:
    """A command in this process; whatever it is given, it answers as documented."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(stdin))))
        status = run(["--desk", root, "--now", TUESDAY, *words])
    said = Said(status, out.getvalue(), err.getvalue())
    assert status in may, (words, stdin[:2000], said.err)
    assert "Traceback" not in said.err
    assert not UNSAFE.search(said.err.replace("\t", " ")), (words, said.err)
    assert status in (0, 10) or said.err.startswith(("csctool: ", '{"error"')), (words, said.err)
    return said


@pytest.fixture(scope="module")
def desk(quick: str) -> Iterator[str]:
    """A desk whose tickets are looked at."""
    root = f"{quick}/fuzzed"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    told(root, "open", "Printer jams", "--agency", "DHS", "--kind", "incident")
    told(root, "open", "Light blinks", "--agency", "DHS", "--resolution", "lamp", "--close")
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def scratch(quick: str) -> Iterator[str]:
    """A desk that is imported into."""
    root = f"{quick}/imported"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    yield root
    shutil.rmtree(root)


# -- what is hostile, and what looks almost right ------------------------------------------------------------------

NEARLY = """
- -- .. ... / : T Z + W d wd h m s last- this- next- month year week quarter fiscal-year today yesterday
tomorrow now monday noon 2026 2026-11 2026-11-31 2026-02-29 0000-00-00 0001-01-01 9999-12-31 10000-01-01
2026-W53 2026-Q5 24:00 24:01 25:61 23:59:60 00:00 1e9 1e999 NaN inf -1 99999999999 0x10 ٣ ² ½ １ P1Y PT1H
2026-11-01T02:30 2026-11-01T25 +99:99 -24:00 +00:00:01 US/Central ZZZ @0 é DHS DHS-1 DHS-0 dhs-01
DHS-99999999999999999999 P1 open * % {} key -key fields. fields.x due due.response , = ( [ \\ ' " null true
"""
WORDS = st.sampled_from(["", " ", "\n", "\x00", "\x1b[2J", "\u202e", "\U0001f600", *NEARLY.split()])
TEXT = st.text(st.characters(), max_size=40)  # lone surrogates too, as a shell may hand them over
ALMOST = st.lists(WORDS, min_size=1, max_size=4).map("".join)
WORD = st.one_of(ALMOST, TEXT, WORDS)
PLAIN = st.text(max_size=30)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), PLAIN, ALMOST.filter(lambda w: w.isprintable())),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PLAIN, inner, max_size=3)), max_leaves=6,
)  # fmt: skip


# -- times and queries ---------------------------------------------------------------------------------------------

TIMES = (
    ("list", "--opened"), ("list", "--resolved"), ("list", "--due"), ("list", "--closed"),
    ("report", "summary", "--period"), ("report", "volume", "--since"), ("report", "flow", "--until"),
    ("report", "backlog", "--as-of"),
    ("open", "x", "--agency", "DHS", "--dry-run", "--at"), ("hold", "DHS-1", "--for", "vendor", "--dry-run", "--until"),
    ("triage", "DHS-1", "--reason", "x", "--dry-run", "--due"), ("notify", "list", "--since"),
)  # fmt: skip


@pytest.mark.parametrize("words", TIMES, ids=lambda words: f"{words[0]} {words[-1]}")
@fuzzing
@given(word=WORD)
def test_times_and_ranges(desk: str, words: tuple[str, ...], word: str) -> None:
    answered(desk, *words[:-1], f"{words[-1]}={word}")


@fuzzing
@given(word=WORD)
def test_the_clock_itself(desk: str, word: str) -> None:
    answered(desk, f"--now={word}", "list", may=ANSWERS)


@fuzzing
@given(start=WORD, duration=WORD, end=WORD)
def test_calendars(desk: str, start: str, duration: str, end: str) -> None:
    answered(desk, "calendar", "due", "--", "business", start, duration)
    answered(desk, "calendar", "due", "--", "business", "2026-11-02T09:00:00Z", duration)
    answered(desk, "calendar", "elapsed", "--", "business", start, end)


QUERIES = (
    "agency", "status", "kind", "queue", "desk-queue", "owner", "assignee", "priority", "tier", "service",
    "category", "requester", "flag", "text", "sort", "columns", "limit",
)  # fmt: skip


@fuzzing
@given(
    asked=st.dictionaries(st.sampled_from(QUERIES), WORD, min_size=1, max_size=3),
    fmt=st.sampled_from(["table", "csv", "json"]),
)
def test_queries(desk: str, asked: dict[str, str], fmt: str) -> None:
    said = answered(desk, "list", "--all", *(f"--{name}={word}" for name, word in asked.items()), f"--format={fmt}")
    assert not UNSAFE.search(said.out)


@fuzzing
@given(words=st.lists(WORD, min_size=1, max_size=3))
def test_searches_and_keys(desk: str, words: list[str]) -> None:
    answered(desk, "search", "--", *words)
    answered(desk, "show", "--", *words)
    answered(desk, "close", "--dry-run", "-", stdin="\n".join(words).encode("utf-8", "surrogatepass"))


@fuzzing
@given(field=WORD, text=WORD)
def test_what_a_ticket_is_opened_with(desk: str, field: str, text: str) -> None:
    answered(desk, "open", f"--field={field}", f"--requester={text}", f"--cc={field}", f"--category={text}",
             f"--description={text}", "--agency=DHS", "--dry-run", "--", text)  # fmt: skip


# -- imports -------------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from([*Ticket.__struct_fields__, "reject_line", "reject_reason", "", "Number", "nonsense"])
ROW = st.dictionaries(st.one_of(FIELDS, PLAIN), VALUES, max_size=8)
PARTS = ["seq", "op", "at", "actor", "verb", "changes", "note"]
EVENT = st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, st.one_of(ALMOST, VALUES)))


def imported(scratch: str, data: bytes, *more: str) -> Said:
    return answered(scratch, "import", "-", "-a", "DHS", "--rejects", os.devnull, *more, stdin=data)


@fuzzing
@given(data=st.binary(max_size=400))
def test_an_import_of_any_bytes(scratch: str, data: bytes) -> None:
    imported(scratch, data)
    imported(scratch, data, "--map", "servicenow")


@fuzzing
@given(rows=st.lists(ROW, min_size=1, max_size=3), good=st.booleans())
def test_an_import_of_objects(scratch: str, rows: list[dict[str, Any]], good: bool) -> None:
    lines = [json.dumps({"subject": "x", **row} if good else row) for row in rows]
    imported(scratch, "\n".join(lines).encode("utf-8", "surrogatepass"))


@fuzzing
@given(
    row=ROW, history=st.lists(EVENT, max_size=3), status=st.sampled_from(["queued", "closed", "on-hold", "cancelled"])
)
def test_an_import_of_tickets_with_a_past(scratch: str, row: dict[str, Any], history: list[Any], status: str) -> None:
    line = json.dumps({"subject": "x", "status": status, "kind": "incident", **row, "history": history})
    imported(scratch, line.encode("utf-8", "surrogatepass"))


@fuzzing
@given(
    header=st.lists(st.one_of(FIELDS, WORD), min_size=1, max_size=5),
    rows=st.lists(st.lists(WORD, max_size=6), max_size=4),
    comma=st.sampled_from([",", "\t", ";"]),
)  # fmt: skip
def test_an_import_of_tables(scratch: str, header: list[str], rows: list[list[str]], comma: str) -> None:
    text = "\n".join(comma.join(cells) for cells in [header, *rows])
    imported(scratch, text.encode("utf-8", "surrogatepass"))
    imported(scratch, text.encode("utf-8", "surrogatepass"), "--encoding", "latin-1")


def toml(value: Any) -> str:
    """A value in TOML; what TOML does not have becomes text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 2**63:
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(inner)}" for key, inner in value.items()) + "}"
    return '"' + "".join(f"\\U{ord(char):08x}" for char in str(value)) + '"'


MAP = st.dictionaries(
    st.sampled_from(["name", "title", "row", "id", "missing", "delimiter", "encoding", "times", "columns", "constants",
                     "fields", "values", "nonsense"]),
    st.one_of(VALUES, st.dictionaries(st.one_of(FIELDS, PLAIN), VALUES, max_size=4)), max_size=6,
)  # fmt: skip


@fuzzing
@given(found=MAP, cells=st.lists(WORD, min_size=2, max_size=2))
def test_maps(scratch: str, quick: str, found: dict[str, Any], cells: list[str]) -> None:
    path = f"{quick}/fuzz-map.toml"
    write(path, "\n".join(f"{key} = {toml(value)}" for key, value in found.items()))
    data = f"subject,kind\n{','.join(cells)}\n".encode("utf-8", "surrogatepass")
    imported(scratch, data, "--map", path)


# -- settings and rules ----------------------------------------------------------------------------------------------


def write(path: str, text: str) -> None:
    with open(path, "wb") as file:
        file.write(text.encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def spoiled(quick: str) -> Iterator[str]:
    """A desk whose settings are changed all the time."""
    root = f"{quick}/spoiled"
    told(root, "init", root)
    told(root, "agency", "add", "DHS")
    told(root, "open", "Printer jams", "--agency", "DHS", "--kind", "incident")
    yield root
    shutil.rmtree(root)


TESTED = ["text", "kind", "category", "priority", "queue", "requester", "fields", "nonsense"]
TESTS = st.dictionaries(st.sampled_from(TESTED), VALUES, max_size=3)
SAID = (
    "when", "category", "kind", "service", "impact", "urgency", "priority", "queue", "to", "on", "transport",
    "reason", "lead", "nonsense",
)  # fmt: skip
RULE = st.dictionaries(st.sampled_from(SAID), st.one_of(VALUES, TESTS), max_size=5)
SECTION = st.sampled_from(["categorize", "prioritize", "route", "escalate", "notify", "nonsense"])


@fuzzing
@given(rules=st.lists(st.tuples(SECTION, RULE), max_size=4), raw=st.one_of(st.none(), st.binary(max_size=100)))
def test_rules(spoiled: str, rules: list[tuple[str, dict[str, Any]]], raw: bytes | None) -> None:
    text = "\n".join(
        f"[[{name}]]\n" + "\n".join(f"{key} = {toml(value)}" for key, value in rule.items()) for name, rule in rules
    )
    path = f"{spoiled}/agencies/DHS/rules.toml"
    write(path, text)
    if raw is not None:
        with open(path, "ab") as file:
            file.write(raw)
    try:
        answered(spoiled, "rules", "check", "--agency=DHS")
        answered(spoiled, "open", "Printer jams", "--agency=DHS", "--dry-run", "--explain")
        answered(spoiled, "config", "check")
    finally:
        os.unlink(path)


@pytest.mark.parametrize("name", ["csctool.toml", "agencies/DHS/agency.toml"])
@fuzzing
@given(data=st.data())
def test_settings(spoiled: str, name: str, data: st.DataObject) -> None:
    """The file that csctool wrote, some of its values exchanged; its comments are settings that might be, too."""
    path = f"{spoiled}/{name}"
    with open(path, "rb") as file:
        before = file.read()
    lines = before.decode().split("\n")
    for at in data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=6)):
        lines[at] = lines[at].removeprefix("# ")
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key, sign, _ = lines[at].partition("=")
        lines[at] = f"{key}= {toml(data.draw(VALUES))}" if sign else data.draw(st.one_of(PLAIN, WORD))
    write(path, "\n".join(lines))
    try:
        answered(spoiled, "config", "check")
        answered(spoiled, "list", "--format=json")
        answered(spoiled, "open", "Printer jams", "--agency=DHS", "--dry-run")
        answered(spoiled, "queue", "list")
        answered(spoiled, "calendar", "due", "business", "2026-11-02T09:00:00Z", "4h")
    finally:
        with open(path, "wb") as file:
            file.write(before)


@fuzzing
@given(data=st.binary(max_size=200), rows=st.lists(VALUES, max_size=3))
def test_heads_and_expectations(desk: str, quick: str, data: bytes, rows: list[Any]) -> None:
    answered(desk, "audit", "verify", "--head", "-", stdin=data)
    answered(desk, "audit", "verify", "--head", "-", stdin=json.dumps({"heads": rows}).encode("utf-8", "surrogatepass"))
    path = f"{quick}/fuzz-expect.toml"
    write(
        path, "\n".join(f"[[expect]]\ncategory = {toml(row)}\n[expect.ticket]\nsubject = {toml(row)}" for row in rows)
    )
    answered(desk, "rules", "test", path, "--agency=DHS")


LINE = ["list", "open", "show", "--format", "json", "--agency", "-a", "DHS", "--help"]


@fuzzing
@given(words=st.lists(st.one_of(WORD, st.sampled_from(LINE)), max_size=5))
def test_command_lines(desk: str, words: list[str]) -> None:
    if any(word in ("demo", "init", "backup", "restore", "plugin") for word in words):
        return
    answered(desk, *words)
