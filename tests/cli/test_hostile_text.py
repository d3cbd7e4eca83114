"""Hostile text is only text: in every field, through every output. Nothing runs, nothing is hidden, JSON keeps all."""

import csv
import io
import re

import pytest

ESCAPES = (
    "\x1b[2J\x1b[31mred\x1b]0;title\x07\x1b]8;;http://evil\x1b\\link\x9b31m\r\b\x7f"
    "\u202eevil\u202c\u2066x\u2069\u200f\u061c\ufeff\u200b\u2028\u2029\U000e0041\nsecond\tline"
)
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠x")
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
LOOKS = (("show",), ("history",), ("explain",))


@pytest.fixture
def hostile(csctool):
    options = ("requester", "phone", "affected", "cc", "service", "category", "description", "to")
    words = [word for name in options for word in (f"--{name}", ESCAPES)]
    key = csctool.open(ESCAPES, *words, "--field", f"{ESCAPES.replace('=', '')}={ESCAPES}", "--once", ESCAPES)
    csctool("--as", ESCAPES, "note", key, ESCAPES)
    csctool("triage", key, "--owner", ESCAPES, "--reason", ESCAPES, "--subject", f"{ESCAPES}!")
    csctool("diagnose", key, "--cause", ESCAPES)
    csctool("escalate", key, "--reason", ESCAPES)
    csctool("resolve", key, "--resolution", ESCAPES, "--internal", ESCAPES)
    return csctool


def test_no_output_for_people_carries_a_control_character(hostile):
    columns = (
        "key,subject,description,requester,phone,affected,cc,service,category,owner,assignee,fields,resolution,cause"
    )
    for words in (
        *((*look, "DHS-1") for look in LOOKS), ("list",), ("list", "--columns", columns), ("search", "evil"),
        ("report", "workload", "--by", "category"), ("report", "workload", "--by", "assignee"),
    ):  # fmt: skip
        for fmt in ("table", "csv", "tsv", "markdown"):
            out = hostile(*words, "--format", fmt).out
            out = out.replace("\t", " ") if fmt == "tsv" else out
            assert not UNSAFE.search(out), (words, fmt, UNSAFE.search(out))
    assert "\\x1b[2J" in hostile("show", "DHS-1").out, "shown, not dropped"
    assert "\\u202e" in hostile("list").out


def test_errors_and_dry_runs_show_it_escaped_too(hostile):
    for words, status in (
        (("show", ESCAPES), 3), (("assign", "DHS-1", "--queue", ESCAPES), 3), (("list", "--opened", ESCAPES), 2),
        (("resolve", "DHS-1", "--resolution", "x", "--code", ESCAPES), 2),
        ((ESCAPES,), 2),
        (("list", f"--{ESCAPES}"), 2),
        (("--desk", ESCAPES, "list"), 3), (("open", "x", "-a", "DHS", "--field", ESCAPES), 2),
        (("list", "--kind", ESCAPES), 2), (("list", "--sort", ESCAPES), 2),
    ):  # fmt: skip
        said = hostile.refused(*words, status=status)
        assert not UNSAFE.search(said), words
    assert not UNSAFE.search(hostile("note", "DHS-1", ESCAPES, "--dry-run").out)
    assert not UNSAFE.search(hostile("triage", "DHS-1", "--requester", ESCAPES + "2", "--dry-run").out)


def test_json_keeps_every_character(hostile):
    ticket = hostile.ticket("DHS-1")
    for name in (
        "requester",
        "phone",
        "affected",
        "service",
        "category",
        "description",
        "owner",
        "resolution",
        "cause",
    ):
        assert ticket[name] == ESCAPES, name
    assert ticket["cc"] == [ESCAPES]
    assert list(ticket["fields"].values()) == [ESCAPES]
    assert ticket["history"][1]["actor"] == ESCAPES
    assert ticket["history"][1]["note"] == ESCAPES


@pytest.mark.parametrize("fmt", ["csv", "tsv"])
def test_no_cell_is_run_by_a_spreadsheet(csctool, fmt):
    for text in FORMULAS:
        said = (f"--requester={text}", f"--description={text}", f"--field=k={text}")
        csctool("open", "--agency", "DHS", *said, "--", text)
    out = csctool("list", "--columns", "key,subject,requester,description,fields.k,impact", "--format", fmt).out
    rows = list(csv.reader(io.StringIO(out, newline=""), delimiter="," if fmt == "csv" else "\t"))
    assert len(rows) == 1 + len(FORMULAS)
    for row in rows[1:]:
        assert len(row) == 6
        for cell in row:
            assert not re.match("[=+\\-@\t\r\n＝＋－＠]", cell), cell
        assert row[5] == "3", "a number stays a number"
    assert csctool.ticket("DHS-1")["subject"] == "=1+1"
