"""Which rule answers: words and phrases of any script, globs across slashes, the first that fits."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctool.domain.matching import FEW, Book, Reading, Section, normal
from csctool.domain.organisation import Rule, Rules
from csctool.domain.rulecheck import implies, shadowed
from csctool.domain.ticket import Ticket

from . import naive

LETTERS = "abéßБбп打印กाी\u0301._-# "
TEXTS = st.text(LETTERS, max_size=14)
PHRASES = st.text(LETTERS, min_size=1, max_size=4).filter(str.strip)
PATHS = st.sampled_from(["", "a", "a/b", "a/b/c", "a/bc", "b", "b/a/b"])
GLOBS = st.sampled_from(["*", "a", "a*", "a/*", "a/b*", "*b", "*/b", "a*b", "a/b/c", "a*c", "b", "**", "a/*/c", ""])


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=3)


WHENS = st.fixed_dictionaries(
    {},
    optional={
        "text": some(PHRASES),
        "category": some(GLOBS),
        "kind": some(st.sampled_from(["incident", "request", "contact"])),
        "impact": some(st.sampled_from([1, 2, 3, "1"])),
        "requester": some(st.sampled_from(["ann", "bo", ""])),
        "flags": some(st.sampled_from(["incomplete", "callback-required", ""])),
        "fields.floor": some(st.sampled_from([1, "1", True, "true", "", "x"])),
    },
)
TICKETS = st.builds(
    Ticket,
    key=st.just("DHS-1"), agency=st.just("DHS"), number=st.just(1), status=st.just("queued"),
    kind=st.sampled_from(["incident", "request", "contact"]), subject=TEXTS, description=st.none() | TEXTS,
    category=PATHS.map(lambda path: path or None), impact=st.integers(1, 3),
    requester=st.sampled_from([None, "ann", "bo"]),
    flags=st.sampled_from([(), ("incomplete",), ("callback-required", "incomplete")]),
    fields=st.sampled_from([{}, {"floor": 1}, {"floor": "1"}, {"floor": True}, {"floor": [1]}, {"floor": "x"}]),
)  # fmt: skip


def rules(whens: list[dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule("route", at, at, when, {"queue": f"q{at}"}) for at, when in enumerate(whens, 1))


@settings(max_examples=80, deadline=None)
@given(st.lists(WHENS, max_size=6), st.lists(TICKETS, min_size=1, max_size=3))
def test_the_filed_rules_answer_as_a_plain_reading_of_them_would(whens, tickets):
    section = Section(rules(whens))
    for round in range(FEW + 1):  # so many tickets later the rules are filed
        for ticket in tickets:
            found = next(section.fitting(ticket, Reading(ticket)), None)
            assert found == naive.first(section.rules, ticket), round


@settings(max_examples=80, deadline=None)
@given(WHENS, WHENS, st.lists(TICKETS, min_size=1, max_size=8))
def test_a_rule_that_is_said_to_take_all_of_anothers_tickets_takes_each_of_them(narrow, wide, tickets):
    if implies(narrow, wide):
        assert all(naive.fits(wide, ticket) for ticket in tickets if naive.fits(narrow, ticket))


@settings(max_examples=80, deadline=None)
@given(st.lists(WHENS, min_size=2, max_size=5), st.lists(TICKETS, min_size=1, max_size=4))
def test_a_rule_that_is_said_never_to_fire_never_does(whens, tickets):
    found = rules(whens)
    dead = {finding.rule for finding in shadowed("rules.toml", found)}
    assert not dead & {rule.name for ticket in tickets if (rule := naive.first(found, ticket))}


@given(st.text())
def test_text_that_was_made_ready_stays_as_it_is(text):
    assert normal(normal(text)) == normal(text)


@pytest.mark.parametrize(
    ("phrase", "subject", "hit"),
    [
        ("voicemail", "Voicemail light stays on", True),
        ("voicemail", "VOICEMAILS are lost", False),
        ("dial tone", "no Dial\n  Tone at all", True),
        ("art", "restart", False),
        ("c++", "c++ build fails", True),
        ("принтер", "ПРИНТЕР не печатает", True),
        ("принтер", "принтеры", False),
        ("straße", "STRASSE gesperrt", True),
        ("café", "cafe\u0301 kiosk", True),
        ("打印机", "三楼打印机坏了", True),
        ("เครื่องพิมพ์", "เปิดเครื่องพิมพ์ไม่ได้", True),
        ("हिन्द", "हिन्दी", False),
        ("wi-fi", "no wi-fi here", True),
        ("wi-fi", "no wi-fis here", False),
    ],
)
def test_a_phrase_is_found_as_whole_words_in_any_script_and_case(phrase, subject, hit):
    book = Book(Rules("", route=rules([{"text": phrase}])))
    ticket = Ticket(key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject=subject)
    for _ in range(FEW + 2):
        assert (book.first("route", ticket) is not None) is hit


@pytest.mark.parametrize(
    ("pattern", "category", "hit"),
    [
        ("*/voice", "telecom/voice", True),
        ("*", "telecom", True),
        ("*", None, False),
        ("tele*", "telecom/voice/line", True),
        ("telecom/*", "telecom/voice/line", True),
        ("telecom/*", "telecom", False),
        ("telecom/vo*/line", "telecom/voice/mail/line", True),
        ("telecom", "telecom/voice", False),
    ],
)
def test_globs_cross_slashes_among_many_rules_as_well(pattern, category, hit):
    others = [{"category": f"other/{n}"} for n in range(300)]
    book = Book(Rules("", route=rules([*others, {"category": pattern}, {"category": ["*"]}])))
    ticket = Ticket(
        key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject="x", category=category
    )
    for _ in range(FEW + 2):
        rule = book.first("route", ticket)
        assert rule == (None if category is None else book.rules.route[300 if hit else 301])


def test_a_hostile_text_and_a_hostile_glob_take_no_time_to_speak_of():
    long = Ticket(key="DHS-1", agency="DHS", number=1, kind="incident", status="queued", subject="a" * 200_000,
                  category="a" * 2_000)  # fmt: skip
    book = Book(Rules("", route=rules([{"text": "a" * 50 + "b"}, {"category": "*a" * 50 + "*b"}])))
    assert book.first("route", long) is None
