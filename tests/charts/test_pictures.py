"""Charts as SVG and PNG, on a terminal, and as metrics; and files that are whole or not there."""

import os
import re
import stat
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from math import isfinite

import pytest

from csctool.domain.showing import paragraphs
from csctool.reports import REPORTS
from csctool.reports.charts import CHARTS

from .conftest import EVIL

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
METRIC = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)')


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)


def scraped(text):
    """The samples of a text in Prometheus' format 0.0.4: (name, labels) -> value. Anything else in it is an error."""
    kinds, helped, found = {}, set(), {}
    assert text == "" or text.endswith("\n")
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped, "one HELP a metric, and all its samples below it"
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            kinds[name] = kind
        else:
            name, labels, value = METRIC.fullmatch(line).groups()
            assert name in kinds
            assert name in helped
            assert isfinite(float(value))
            pairs = LABEL.findall(labels or "")
            assert ",".join(f'{k}="{v}"' for k, v in pairs) == (labels or "")
            key = (name, tuple((label, unescaped(text)) for label, text in pairs))
            assert key not in found, "no sample twice"
            found[key] = float(value)
    return found


# -- Prometheus ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("by", [None, "agency", "category", "month"])
def test_every_report_is_good_for_a_scrape(story, name, by):
    found = scraped(story("report", name, *(("--by", by) if by else ()), "--format", "prometheus").out)
    assert found
    assert all(key[0].startswith(f"csctool_{name}_") for key in found)


def test_metrics_have_base_units_and_groups_as_labels(story):
    backlog = scraped(story("report", "backlog", "--format", "prometheus").out)
    assert backlog["csctool_backlog_open", (("agency", "DOT"),)] == 3
    assert backlog["csctool_backlog_oldest_seconds", (("agency", "DOT"),)] == 16 * 86400
    sla = scraped(story("report", "sla", "--format", "prometheus").out)
    assert 0 <= sla["csctool_sla_compliance_ratio", (("target", "resolution"),)] <= 1
    summary = scraped(story("report", "summary", "--format", "prometheus").out)
    assert summary["csctool_summary_opened", ()] == 10


def test_a_label_holds_hostile_text_as_a_person_is_shown_it(story):
    """Escaped line by line: a label is read on terminals, too, and the format has no way to write such characters."""
    shown = "\n".join(paragraphs(EVIL))
    found = scraped(story("report", "workload", "--format", "prometheus").out)
    assert found["csctool_workload_open", (("person", shown),)] >= 1
    reasons = scraped(story("report", "sla", "--format", "prometheus").out)
    assert reasons["csctool_sla_breach_reasons", (("target", "resolution"), ("reason", shown))] == 1


def test_a_code_is_a_label(story):
    found = scraped(story("report", "resolution", "--format", "prometheus").out)
    assert found["csctool_resolution_code", (("code", "solved"),)] == 2


def test_what_was_not_measured_has_no_sample(csctool):
    found = scraped(csctool("report", "summary", "--format", "prometheus").out)
    assert found["csctool_summary_opened", ()] == 0
    assert not [name for name, _ in found if "median" in name or "ratio" in name]


# -- SVG and PNG ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_an_svg_is_sound_and_its_text_is_text(story, tmp_path, name):
    path = tmp_path / "x.svg"
    story("report", name, "-a", "DHS", "--by", "category", "--format", "svg", "-o", str(path))
    tree = ElementTree.parse(path).getroot()
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert "text" in tags
    assert not tags & {"script", "image", "foreignObject", "a"}
    assert not [k for e in tree.iter() for k in e.keys() if k.startswith("on")]  # noqa: SIM118
    assert not UNSAFE.search("".join(tree.itertext()).replace("\n", ""))


def test_a_png_is_a_png(story, tmp_path):
    path = tmp_path / "x.png"
    story("report", "flow", "--format", "png", "-o", str(path))
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert width > 800
    assert height > 800
    at, image = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        image += body if kind == b"IDAT" else b""
        at += 12 + size
    assert len(zlib.decompress(image)) > width * height


def test_a_dollar_sign_is_no_formula_and_a_home_without_anything_is_no_trouble(story, tmp_path):
    """In cron there may be no home that can be written, and nothing may be said that cron would mail."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nfont.size: nonsense\n")
    done = subprocess.run(
        [sys.executable, "-m", "csctool", "report", "volume", "-a", "DHS", "--by", "category", "--format", "svg"],
        capture_output=True, cwd=tmp_path, check=True,
        env={**os.environ, "HOME": "/nonexistent", "MPLCONFIGDIR": "", "XDG_CACHE_HOME": "/nonexistent"},
    )  # fmt: skip
    assert done.stderr == b""
    ElementTree.fromstring(done.stdout)


# -- the terminal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHARTS)
def test_a_plot_has_no_colour_and_nothing_hidden_and_keeps_to_its_width(story, name):
    out = story("report", name, "--by", "category", "--plot").out
    assert "│" in out
    assert not UNSAFE.search(out)
    bars = [line for line in out.splitlines() if "│" in line]
    assert all(len(line) <= 80 for line in bars), max(bars, key=len)


def test_a_plot_where_there_are_no_blocks(story):
    done = subprocess.run(
        [sys.executable, "-m", "csctool", "--now", story.clock, "report", "backlog", "--plot"],
        capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert b"#" in done.stdout
    assert b"\\u" not in done.stdout


def test_a_plot_goes_with_no_other_format(csctool):
    assert "--plot" in csctool.refused("report", "backlog", "--plot", "--format", "csv", status=2)
    assert csctool("report", "backlog", "--plot", "--format", "json", status=2).errors[0]["code"] == "usage"


def test_an_empty_desk_plots_nothing(csctool):
    for name in CHARTS:
        assert "nothing to show" in csctool("report", name, "--plot").out


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", ["prometheus", "csv", "svg"])
def test_a_file_is_exchanged_whole_and_nothing_else_is_left(story, tmp_path, fmt):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "desk.prom"
    path.write_text("before")
    assert story("report", "volume", "--format", fmt, "-o", str(path)).out == ""
    assert path.read_bytes() == story("report", "volume", "--format", fmt).out.encode()
    assert os.listdir(folder) == ["desk.prom"]


def test_a_report_that_fails_leaves_the_file_as_it_was(story, tmp_path):
    path = tmp_path / "desk.prom"
    path.write_text("before")
    story("report", "volume", "-a", "NOPE", "--format", "prometheus", "-o", str(path), status=3)
    assert path.read_text() == "before"


def test_a_link_stays_a_link_and_a_device_a_device(story, tmp_path):
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    story("report", "volume", "--format", "csv", "-o", str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text().startswith("agency,")
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    story("report", "volume", "--format", "csv", "-o", str(tmp_path / "pipe"))
    assert os.read(reader, 100000).startswith(b"agency,")
    os.close(reader)
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_a_place_where_no_file_can_be_is_told_before_the_work(csctool, tmp_path):
    for place in (str(tmp_path), str(tmp_path / "no" / "such" / "x.csv")):
        assert "-o" in csctool.refused("report", "volume", "-o", place, status=2)
