"""import and export as a technician types them."""

import csv
import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"
SERVICENOW = DATA / "servicenow_incidents.csv.gz"
NYC = DATA / "nyc311_2019-03.csv"
MAP = 'id = "id"\n[columns]\nsubject = "subject"\nagency = "agency"\n'


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    (tmp_path / "map.toml").write_text(MAP)
    path = tmp_path / "in.csv"
    path.write_text("id,agency,subject\n1,DHS,one\n2,NOPE,two\n3,DOT,three\n4,DHS,four,five\n")
    return path


def test_rejected_rows_go_to_a_file_that_can_be_mended_and_imported(process, csv_file, tmp_path):
    rejects = tmp_path / "rejects.csv"
    words = ("import", str(csv_file), "--map", str(tmp_path / "map.toml"), "--rejects", str(rejects))
    said = process(*words, "--format", "json", status=4)
    assert {n: said.json[n] for n in ("schema", "rows", "added", "rejected")} == {
        "schema": "csctool.import/1", "rows": 4, "added": 2, "rejected": 2,
    }  # fmt: skip
    assert [error["exit"] for error in said.errors] == [4]
    rows = list(csv.reader(rejects.read_text().splitlines()))
    assert rows[0] == ["reject_line", "reject_reason", "id", "agency", "subject"]
    assert [row[0] for row in rows[1:]] == ["3", "5"]
    assert "csctool agency add NOPE" in rows[1][1]
    rejects.write_text(rejects.read_text().replace("NOPE", "DOT").replace(",five", ""))
    process("import", str(rejects), "--map", str(tmp_path / "map.toml"))
    mended = csv_file.read_text().replace("NOPE", "DOT").replace(",five", "")
    csv_file.write_text(mended)
    assert process(*words, "--format", "json").json["known"] == 4


def test_without_a_file_each_rejected_row_is_a_line_up_to_a_limit(process, tmp_path):
    text = "".join(f'{{"subject":"{n}","agency":"NO{n}"}}\n' for n in range(25))
    said = process("import", "-", stdin=text, status=4)
    lines = said.err.splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("csctool: line 1: no such agency: NO0")
    assert lines[-1] == "csctool: 5 more were rejected; --rejects FILE keeps them all"
    assert said.out == ""


def test_stdin_is_read_once_gzip_or_not(process):
    text = b'{"subject":"x","agency":"DHS"}\n'
    process("import", "-", stdin=gzip.compress(text))
    assert process("import", "-", "--format", "json", stdin=text).json["known"] == 1
    assert process("export").lines[0].startswith('{"key":"DHS-1"')


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("none.csv",), 3, "no such file: none.csv"),
        ((".",), 2, ". is a directory"),
        (("in.csv",), 2, "a map must say which column is what"),
        (("in.csv", "--map", "nope"), 3, "there are nyc311, servicenow"),
        (("in.csv", "--map", "servicenow"), 2, "which agency?"),
        (("in.csv", "--map", "servicenow", "-a", "XX"), 3, "no such agency: XX"),
        (("in.csv", "--map", "servicenow", "-a", "DHS"), 2, "lacks columns that the map names"),
        (("in.csv", "--map", "nyc311", "--encoding", "ebcdic-klingon"), 2, "can't read the encoding"),
        (("in.csv", "--map", "map.toml", "--rejects", "in.csv"), 2, "is the file that is imported"),
        (("in.csv", "--map", "map.toml", "--rejects", "."), 2, "--rejects . is a directory; name a file"),
        (("in.csv", "--map", "map.toml", "--rejects", "no/x"), 2, "--rejects no/x lies in no directory that there is"),
    ],
)
def test_what_can_not_be_imported_is_told_in_one_line(process, csv_file, monkeypatch, words, status, says):
    monkeypatch.chdir(csv_file.parent)
    before = process.files()
    assert says in process.refused("import", *words, status=status)
    assert process.files() == before


def test_a_dry_run_says_what_would_come(csctool, csv_file, tmp_path):
    before = csctool.files()
    said = csctool("import", str(csv_file), "--map", str(tmp_path / "map.toml"), "--dry-run", status=4)
    assert said.out == "4 rows: would add 2 tickets, 2 rejected\n"
    assert csctool.files() == before


def test_a_dry_run_writes_no_reject_file_and_tells_its_rows(csctool, csv_file, tmp_path):
    kept = tmp_path / "kept.csv"
    kept.write_text("of yesterday")
    words = ("import", str(csv_file), "--map", str(tmp_path / "map.toml"), "--rejects", str(kept))
    assert csctool(*words, "--dry-run", status=4).err.count("csctool: line ") == 2
    assert kept.read_text() == "of yesterday"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_rows_that_the_reject_file_could_not_take_are_not_said_to_be_in_it(csctool, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"none": "%s"}\n' % ("x" * 100_000))
    said = csctool("import", str(tmp_path / "in.jsonl"), "-a", "DHS", "--rejects", "/dev/full", status=7).err
    assert said.count("\n") == 1
    assert "can't write /dev/full" in said


def test_an_export_is_the_whole_desk_and_filters_narrow_it(csctool):
    first, second = csctool.open("=1+1 \x1b[31mred"), csctool.open("two", agency="DOT")
    csctool("resolve", first, "--resolution", "done")
    csctool("close", first)
    assert [json.loads(line)["key"] for line in csctool("export").lines] == [first, second]
    assert [json.loads(line)["key"] for line in csctool("export", "--status", "open").lines] == [second]
    assert [t["key"] for t in csctool("export", "--format", "json", "-a", "DHS").tickets] == [first]
    assert csctool("export", "--format", "keys").lines == [first, second]
    header, row, _ = csv.reader(csctool("export", "--format", "csv").lines)
    assert dict(zip(header, row, strict=True))["subject"].startswith("'=1+1 ")
    assert "\x1b" not in "".join(row)


def test_an_exported_desk_comes_back_in_another_place(process, tmp_path):
    for subject in ("one", "two"):
        process.open(subject)
    process("hold", "DHS-1", "--for", "vendor")
    desk = process("export").out
    (tmp_path / "desk.jsonl").write_text(desk)
    process("init", str(tmp_path / "other"))
    process("--desk", str(tmp_path / "other"), "import", str(tmp_path / "desk.jsonl"), "--add-agencies")
    assert process("--desk", str(tmp_path / "other"), "export").out == desk


# -- real data -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SERVICENOW.exists(), reason="the real data is not here")
def test_the_servicenow_log_comes_in_whole_and_its_figures_are_those_of_the_data(csctool):
    said = csctool("import", str(SERVICENOW), "--map", "servicenow", "-a", "DHS", "--format", "json").json
    assert (said["rows"], said["added"], said["rejected"]) == (74516, 12000, 0)
    flow = csctool("report", "flow", "--by", "agency", "--format", "json").json["rows"][0]
    assert {name: flow[name] for name in ("handovers", "handed_over", "bounces", "bounced", "held", "reopened")} == {
        "handovers": 10096, "handed_over": 4856, "bounces": 2650, "bounced": 1384, "held": 3530, "reopened": 154,
    }  # fmt: skip
    assert csctool("report", "resolution", "--format", "json").json["rows"][0]["resolve_median_h"] == 50.15
    rows = csctool("report", "volume", "--by", "priority", "--format", "json").json["rows"]
    assert {row["priority"]: row["opened"] for row in rows} == {"P1": 109, "P2": 165, "P3": 11288, "P4": 438}
    moved = sum(json.loads(line)["fields"]["reassignment_count"] > 0 for line in csctool("export").lines)
    assert moved == 6344


@pytest.mark.skipif(not NYC.exists(), reason="the real data is not here")
def test_the_311_requests_come_in_whole_dirty_ones_too(process):
    words = ("import", str(NYC), "--map", "nyc311", "--add-agencies", "--format", "json")
    said = process(*words).json
    assert (said["rows"], said["added"], said["rejected"]) == (1000, 1000, 0)
    assert process(*words).json["added"] == 0
    agencies = process("agency", "list", "--format", "json").json["agencies"]
    assert len(agencies) == 16 + 2, "one of the sixteen was there, and so were the home agency and another"
    tickets = [json.loads(line) for line in process("export").lines]
    assert Counter(t["status"] for t in tickets) == {"closed": 969, "on-hold": 14, "queued": 11, "in-progress": 6}
    assert sum(t["due"]["resolution"] is not None for t in tickets) == 486
    assert sum(t["closed_at"] is not None and t["closed_at"] < t["opened_at"] for t in tickets) == 10
