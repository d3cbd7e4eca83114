"""`report … --format html`: a page for people who would rather look, and for those who can't."""

import re
from html.parser import HTMLParser

import pytest
from tests.browser import CHROMIUM, asked

from csctool.reports.charts import CHARTS

from .conftest import EVIL

VOID = {"meta", "img", "br", "hr", "link", "input", "use", "path", "rect", "circle"}
FETCHES = {"src", "srcset", "data", "action", "poster", "background", "ping", "formaction"}


class Page(HTMLParser):
    """What stands in a page: every tag with its attributes, the text, and whether tags are closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.texts, self.ids = [], [], {}, []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open[-1][0] == tag, (self.open[-3:], tag)
        self.open.pop()

    def handle_data(self, data):
        for tag, found in self.open:
            self.texts[tag] = self.texts.get(tag, "") + data
            if "id" in found:
                self.texts[f"#{found['id']}"] = self.texts.get(f"#{found['id']}", "") + data

    def all(self, tag):
        return [found for name, found in self.tags if name == tag]


def page(csctool, name, *words):
    return Page(csctool("report", name, *words, "--format", "html").out)


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_has_a_title_a_description_and_its_data(story, name):
    text = story("report", name, "--format", "html").out
    found = Page(text)
    assert found.open == []
    assert found.tags[0] == ("html", {"lang": "en"})
    assert found.texts["title"].startswith(f"Customer Service Center: {name}")
    pictures = found.all("svg")
    assert len(pictures) == len(CHARTS[name])
    for picture in pictures:
        assert picture["role"] == "img"
        assert picture["viewbox"]
        for name_of in picture["aria-labelledby"].split():
            assert found.texts[f"#{name_of}"].strip()
    assert len(found.all("table")) == len(pictures) + 1
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(cell.get("scope") for cell in found.all("th"))
    assert sorted(set(found.ids)) == sorted(found.ids), "an id stands for one thing"


def test_the_numbers_of_a_picture_stand_below_it(story):
    found = page(story, "backlog")
    body = found.texts["tbody"]
    for number in ("DHS", "DOT", "7"):
        assert number in body
    assert "3 to 7 days" in found.texts["thead"]
    assert "Open for seven days or more" in found.texts["dl"], "definitions stand beside the figures"


@pytest.mark.parametrize("name", CHARTS)
def test_a_page_fetches_nothing_and_runs_nothing(story, name):
    text = story("report", name, "--format", "html").out
    found = Page(text)
    for tag, attributes in found.tags:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form"), tag
        assert not [a for a in attributes if a.startswith("on") or a in FETCHES], (tag, attributes)
        assert attributes.get("href", "#").startswith("#"), "only places in the page itself"
        assert all("url(" not in v or "url(#" in v for v in attributes.values() if v)
    assert "url(" not in found.texts["style"]
    assert "@import" not in found.texts["style"]
    policy = next(m["content"] for m in found.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize(("name", "by"), [
    ("volume", "category"), ("backlog", "assignee"), ("workload", None), ("sla", None), ("resolution", "category"),
    ("flow", "category"),
])  # fmt: skip
def test_hostile_names_are_only_text(story, name, by):
    text = story("report", name, "-a", "DHS", *(("--by", by) if by else ()), "--format", "html").out
    found = Page(text)
    assert not found.all("script")
    assert not found.all("img")
    shown = found.texts["body"]
    assert "<script>alert(1)</script>" in shown, "shown, not dropped"
    assert "\\x1b[2J" in shown
    assert "\\u202e" in shown
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


def test_an_empty_desk_has_a_page_too(csctool):
    for name in CHARTS:
        assert len(page(csctool, name).all("svg")) == len(CHARTS[name])


def test_the_same_question_makes_the_same_bytes(story):
    words = ("report", "flow", "--format", "html")
    assert story(*words).out == story(*words).out


def test_the_page_says_of_whom_and_when(story):
    found = page(story, "summary", "-a", "DOT", "--period", "2026-11")
    assert "DOT" in found.texts["header"]
    assert "2026-11-01 to 2026-11-30" in found.texts["header"]
    assert "2026-11-20" in found.texts["header"]


def test_without_the_extra_one_line_says_what_to_install(csctool, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for fmt in ("html", "svg", "png"):
        assert "csctool[charts]" in csctool.refused("report", "volume", "--format", fmt, status=2)
    csctool("report", "volume", "--plot")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: nobody has looked at the page")
@pytest.mark.parametrize("width", [390, 1280])
def test_chromium_shows_the_page_and_nothing_sticks_out(story, tmp_path, width):
    page = story("report", "summary", "--format", "html").out
    drawn = "Array.from(document.querySelectorAll('svg')).filter(s => s.getBoundingClientRect().width > 250).length"
    wide, drawn = asked(page, f"document.documentElement.scrollWidth + ' ' + {drawn}", width, tmp_path).split()
    assert int(wide) <= width, "nobody has to scroll sideways"
    assert int(drawn) == len(CHARTS["summary"])


def test_evil_is_evil():
    """The hostile text does hold what the tests look for."""
    assert all(part in EVIL for part in ("<script>", "\u202e", "\x1b", "\n", '"', "\\", "$"))
