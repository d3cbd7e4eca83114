"""Reading files as they come: separators, gzip, encodings, torn and runaway lines."""

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csctool.errors import CscError, NotFoundError, SettingsError, UsageError
from csctool.transfer import source as source_module
from csctool.transfer.mapfile import load_map, shipped
from csctool.transfer.source import Source
from csctool.transfer.table import Row, Table
from csctool.transfer.timeform import time_reader

from .world import World

MAP = """
id = "id"
[constants]
agency = "DHS"
[columns]
subject = "subject"
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "memory")


def subjects(world: World) -> list[str]:
    return [ticket.subject for ticket in world.tickets()]


@pytest.mark.parametrize(
    "text",
    [
        "id,subject\n1,Ärger\n2,two\n",
        "id\tsubject\n1\tÄrger\n2\ttwo\n",
        "id;subject\r\n1;Ärger\r\n2;two\r\n",
        '"id","subject"\n1,"Ärger"\n\n2,"two"',
        '{"id":1,"subject":"Ärger"}\n{"subject":"two","id":"2","more":[]}\n',
    ],
    ids=["csv", "tsv", "semicolons", "quoted", "jsonl"],
)
@pytest.mark.parametrize(
    "wrap", [bytes, gzip.compress, lambda data: b"\xef\xbb\xbf" + data], ids=["plain", "gzip", "bom"]
)
def test_every_form_is_known_by_its_content(world, text, wrap):
    assert world.take(wrap(text.encode()), MAP).added == 2
    assert subjects(world) == ["Ärger", "two"]


def test_latin_1_is_refused_before_anything_is_written_and_read_when_it_is_named(world, monkeypatch):
    monkeypatch.setattr("csctool.desk.intake.BATCH", 1)
    text = "id,subject\n1,one\n2,Ärger\n".encode("latin-1")
    with pytest.raises(UsageError, match=r"line 3 is not UTF-8; say what it is, e.g. --encoding latin-1"):
        world.take(text, MAP)
    assert subjects(world) == []
    world.take(text, MAP, encoding="latin-1")
    assert subjects(world) == ["one", "Ärger"]


def test_json_lines_in_latin_1(world):
    world.take('{"agency":"DHS","subject":"Ärger"}\n'.encode("cp1252"), encoding="cp1252")
    assert subjects(world) == ["Ärger"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"id,subject,id\n1,a,2\n", "two columns are called 'id' (1 and 3)"),
        (b"id,topic\n1,a\n", "lacks columns that the map names: subject"),
        ("id,subject\n1,a\n".encode("utf-16"), "is UTF-16; convert it first: iconv"),
        (gzip.compress(b"id,subject\n" + b"1,a\n" * 9999, mtime=0)[:-9], "the gzip is torn"),
    ],
    ids=["empty", "header twice", "column missing", "utf-16", "torn"],
)
def test_a_file_that_is_no_use_as_a_whole_is_refused_in_one_line(world, data, says):
    with pytest.raises(UsageError) as failure:
        world.take(data, MAP)
    assert says in str(failure.value)
    assert "\n" not in str(failure.value)
    assert subjects(world) == []


def test_a_csv_without_a_map_is_told_which_maps_there_are(world):
    with pytest.raises(UsageError, match="nyc311, servicenow"):
        world.take("id,subject\n1,a\n")


@pytest.mark.parametrize("name", ["utf-16", "nonsense", "rot13"])
def test_an_encoding_that_has_no_lines_of_bytes_is_refused(name):
    with pytest.raises(UsageError, match="can't read the encoding"):
        Source("-", name)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"2", "1 cells under 2 columns"),
        (b"2,b,c", "3 cells under 2 columns"),
        (b"2,a\0b", "a NUL byte in the text"),
        (b"2,a\xed\xa0\x80b", "a lone surrogate in the text"),
        (b"2,\xef\xbb\xbf", None),
        (b"?,x", None),
        (b",x", "no id"),
        (b"2," + b"x" * 2_000_000, "longer than 1 MiB"),
    ],
    ids=["short", "long", "nul", "surrogate", "bom inside", "question mark", "no id", "huge cell"],
)
def test_a_bad_row_costs_only_itself(world, row, reason):
    taken = world.take(b"id,subject\n1,a\n" + row + b"\n3,c\n", MAP)
    assert taken.added == (2 if reason else 3)
    assert [(r.line, reason in r.reason) for r in world.rejected] == ([(3, True)] if reason else [])


def test_an_endless_line_is_passed_over_without_holding_it(world, monkeypatch):
    monkeypatch.setattr(source_module, "MAX_LINE", 1 << 20)
    asked = []
    real = io.BufferedReader.readline

    class Watched:
        def __init__(self, stream):
            self._stream = stream

        def __getattr__(self, name):
            return getattr(self._stream, name)

        def readline(self, size=-1):
            asked.append(size)
            return real(self._stream, size)

    opened = Source.open
    monkeypatch.setattr(Source, "open", lambda self: Watched(opened(self)))
    taken = world.take(b"id,subject\n1,a\n" + b"x" * (5 << 20) + b"\n3,c\n", MAP)
    assert taken.added == 2
    assert [(r.line, r.reason) for r in world.rejected] == [(3, "the line is longer than 1 MiB")]
    assert set(asked) == {(1 << 20) + 1}
    assert len(world.rejected[0].raw[0][1]) == 200


def test_an_open_quote_swallows_no_more_than_a_cell_may_hold(world):
    good = b"".join(b"%d,row %d %s\n" % (n, n, b"x" * 1000) for n in range(2, 2_000))
    taken = world.take(b'id,subject\n1,"never closed\n' + good, MAP)
    assert "is a quote left open?" in world.rejected[0].reason
    assert taken.added > 900


cells = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8), delimiter=st.sampled_from(",\t;"))
def test_what_a_csv_writer_wrote_is_read_cell_by_cell(tmp_path, rows, delimiter):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("a", "b", "c"), *rows])
    path = tmp_path / "in.csv"
    path.write_bytes(text.getvalue().encode())
    source = Source(str(path))
    table = Table(source, ["a"], delimiter)
    found = [tuple(row.cells) for row in table if isinstance(row, Row)]
    source.close()
    assert found == [tuple(cells) for cells in rows]
    assert table.rows == len(rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_no_bytes_make_more_than_one_line_of_error(tmp_path, data):
    path = tmp_path / "in"
    path.write_bytes(b"id,subject\n" + data)
    world = World(tmp_path, "memory")
    told, added = "", None
    try:
        added = world.take(path, MAP).added
    except CscError as error:
        told = str(error)
    assert "\n" not in told
    assert told or added == len(world.tickets())


# -- times ---------------------------------------------------------------------------------------------------

FORMS = ("%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%dT%H:%M:%S", "%d %b %Y %H:%M:%S", "%Y%m%d%H%M%S")
moments = st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 31)).map(lambda at: at.replace(microsecond=0))


@given(at=moments, form=st.sampled_from(FORMS), zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"]))
def test_times_are_read_as_strptime_reads_them(at, form, zone):
    text = at.strftime(form)
    expected = datetime.strptime(text, form).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert time_reader(form, ZoneInfo(zone))(text) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d/%m/%Y %H:%M", "31/2/2016 10:00"),
        ("%d/%m/%Y %H:%M", "2016-02-01 10:00"),
        ("%d/%m/%Y %H:%M", "1/2/2016 10:00 "),
        ("%m/%d/%Y %I:%M %p", "1/2/2016 13:00 PM"),
        ("%m/%d/%Y %I:%M %p", "1/2/2016 00:00 AM"),
        ("iso", "yesterday"),
        ("epoch", "1e400"),
        ("epoch", "99999999999999"),
    ],
)
def test_what_is_no_time_is_refused(form, text):
    with pytest.raises(ValueError, match=r"time|seconds"):
        time_reader(form, UTC)(text)


def test_midnight_and_noon_of_a_twelve_hour_clock():
    read = time_reader("%m/%d/%Y %I:%M:%S %p", UTC)
    assert [read(f"03/01/2019 {t}").hour for t in ("12:00:00 AM", "12:00:00 PM", "11:00:00 PM")] == [0, 12, 23]


# -- maps ----------------------------------------------------------------------------------------------------


def test_the_shipped_maps_are_in_order():
    assert shipped() == ["nyc311", "servicenow"]
    for name in shipped():
        assert load_map(name).name == name


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colums = {}", "unknown key `colums`; did you mean columns?"),
        ('[columns]\nsubjct = "a"', "columns: a ticket has no `subjct`; did you mean subject?"),
        ('[columns]\nkind = "a"', "nothing says what the subject is"),
        ('row = "event"\n[columns]\nsubject = "a"', "events need to know their ticket and their time"),
        ('[event]\nat = "a"\n[columns]\nsubject = "a"', 'set row = "event"'),
        ('[columns]\nsubject = "a"\n[constants]\nkind = "incidnt"', "kind can't be 'incidnt'; did you mean incident?"),
        ('[columns]\nsubject = "a"\n[values.status]\na = "closed"', "values.status: translates no column"),
        ('[columns]\nsubject = "a"\nstatus = "b"\n[values.status]\nx = "shut"', "status can't be 'shut'"),
        ('[columns]\nsubject = "a"\n[times]\nzone = "Mars/Olympus"', "times.zone: no such zone"),
        ('[columns]\nsubject = "a"\n[times]\nform = "%Q"', "times.form: unknown directive %Q"),
        ('[columns]\nsubject = "a"\n[times]\nform = "%H:%M"', "it must name year, month and day"),
        ('[columns]\nsubject = "a"\n[fields]\nx = { column = "a", type = "date" }', "fields"),
        ('[columns]\nsubject = "a"\n[constants]\nsubject = "b"', "constants.subject: it is a column too"),
        ('row = "rows"', "row"),
        ("a = ", "not TOML"),
    ],
)
def test_a_wrong_map_names_file_key_and_what_would_be_right(tmp_path, text, says):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as failure:
        load_map(str(path))
    assert str(failure.value).startswith(f"{path}: ")
    assert says in str(failure.value)


def test_a_map_that_is_not_there(tmp_path):
    with pytest.raises(NotFoundError, match="nyc311, servicenow"):
        load_map("service-now")
    with pytest.raises(NotFoundError):
        load_map(str(tmp_path / "none.toml"))


def test_values_are_translated_with_a_default_and_unknown_ones_named(world):
    plan = MAP + 'channel = "how"\n[values.channel]\nTEL = "phone"\n"*" = ""\n'
    world.take("id,subject,how\n1,a,TEL\n2,b,SMOKE\n", plan)
    assert [t.channel for t in world.tickets()] == ["phone", None]
    other = World(world.place, "memory")
    other.take("id,subject,how\n1,a,SMOKE\n", plan.replace('"*" = ""\n', ""))
    assert other.rejected[0].reason == "how 'SMOKE' is not in the map's [values.channel]"


def test_two_maps_may_use_the_same_ids(world):
    world.take("id,subject\n1,a\n", 'name = "one"\n' + MAP)
    assert world.take("id,subject\n1,a\n", 'name = "two"\n' + MAP).added == 1
    assert world.get("DHS-1").history[0].changes["identity"] == (None, "one:1")
