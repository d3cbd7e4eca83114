"""What people read: complete in every language, plain for clients, exact for colleagues, harmless for both."""

import re
import tomllib
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csctool.domain import lifecycle, sample
from csctool.domain.notice import NAMES
from csctool.domain.organisation import Person
from csctool.domain.ticket import Due
from csctool.notify import templates

from .letters import NOON, SETTINGS, letter, stamp, ticket, writer
from .lives import happenings, lives

SHIPPED = Path(templates.SHIPPED)
LOCALES = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())
OTHERS = ("changed", "promised", "digest", "layout")
CLIENTS = [("ann@dhs.gov", "requester"), ("bob@dhs.gov", "affected"), ("c@dhs.gov", "cc"), ("d@dhs.gov", "contacts"),
           ("noc@example.gov", "noc@example.gov"), ("ana@csc.example.gov", "requester")]  # fmt: skip
STAFF = [("ana@csc.example.gov", role) for role in ("assignee", "queue", "coordinator", "lead", "owner", "ana")]
SECRET = "the-password-is-hunter2"


def test_there_are_english_and_russian():
    assert {"en", "ru"} <= set(LOCALES)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_language_has_words_for_every_event_and_a_name_for_every_word(locale):
    there = {path.name for path in (SHIPPED / locale).iterdir()}
    events = {*NAMES.values(), *OTHERS}
    assert there >= {f"{name}.txt" for name in events}
    assert there >= {f"{name}.staff.txt" for name in (events - {"digest"})}
    english = tomllib.loads((SHIPPED / "en" / "names.toml").read_text())
    names = tomllib.loads((SHIPPED / locale / "names.toml").read_text())
    assert {(section, word) for section, words in names.items() for word in words} == {
        (section, word) for section, words in english.items() for word in words
    }
    assert set(NAMES.values()) <= set(names["event"])


def test_every_word_of_the_desk_has_a_name():
    from csctool.domain.words import CHANNELS, HOLD_CAUSES, KINDS, PRIORITIES, STATUSES

    names = tomllib.loads((SHIPPED / "en" / "names.toml").read_text())
    for section, words in (("kind", KINDS), ("status", STATUSES), ("priority", PRIORITIES), ("hold", HOLD_CAUSES),
                           ("channel", CHANNELS)):  # fmt: skip
        assert set(words) == set(names[section])
    assert {*SETTINGS.lifecycle.resolution_codes, *SETTINGS.lifecycle.cancel_codes} <= set(names["code"])


WRITERS = {locale: writer(locale) for locale in LOCALES}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_every_event_of_any_ticket_has_words_for_everybody_in_every_language(found):
    for locale, pen in WRITERS.items():
        for after in happenings(found):
            for to, role in (CLIENTS[0], CLIENTS[2], STAFF[0]):
                words = pen.worded(letter(after, to, role))
                assert words.subject.startswith("[DHS-1042] ")
                assert words.locale == locale
                assert f'lang="{locale}"' in words.html
                assert not re.search("[{}]{2}|{%|None|\\bundefined\\b|[\x1d-\x1f]", _static(words.text, after))
        assert pen.troubles() == []


def _static(text, about):
    """The text without what the ticket's own words bring in."""
    said = {e.note for e in about.history} | {about.subject, about.description, about.resolution, about.cause}
    return "" if any(word and re.search("[{}]|None|undefined", word) for word in said) else text


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives(secret=SECRET))
def test_what_technicians_write_for_each_other_reaches_no_client(found):
    found = msgspec.structs.replace(found, cause=SECRET)
    for after in happenings(found):
        after = msgspec.structs.replace(
            after, history=(*after.history[:-1], _internal(after.history[-1])), cause=SECRET
        )  # fmt: skip
        for locale, pen in WRITERS.items():
            for to, role in CLIENTS:
                words = pen.worded(letter(after, to, role))
                digest = pen.digest([letter(after, to, role)] * 2)
                for text in (words.subject, words.text, words.html, digest.subject, digest.text, digest.html):
                    assert SECRET not in text, (locale, role, after.history[-1].verb)


def _internal(event):
    """Every internal text of an event, made secret."""
    return event if "public" in event.changes else msgspec.structs.replace(event, note=SECRET)


def test_colleagues_do_read_it():
    found = lifecycle.resolve(
        lifecycle.diagnose(ticket(), stamp(), "a loose cable"), stamp(), "It prints", internal="by Bo"
    )
    for to, role in STAFF:
        assert "by Bo" in WRITERS["en"].worded(letter(found, to, role)).text
    text = WRITERS["en"].worded(letter(found, "noc@example.gov", "coordinator")).text
    assert "by Bo" not in text, "who is no person of the desk reads the words for clients, whatever the role"


def test_a_client_reads_no_queue():
    found = ticket()
    for name in NAMES.values():
        after = sample.sample(found, stamp(), name)
        for to, role in CLIENTS:
            text = WRITERS["en"].worded(letter(after, to, role)).text
            assert "IT Service Desk" not in text
            assert "service-desk" not in text


@pytest.mark.parametrize(("number", "said"), [
    (1, "1 раз,"), (2, "2 раза,"), (5, "5 раз,"), (11, "11 раз,"), (21, "21 раз,"), (22, "22 раза,"), (25, "25 раз,"),
])  # fmt: skip
def test_russian_counts_as_russians_do(number, said):
    found = ticket()
    for _ in range(number):
        found = lifecycle.callback(found, stamp(), reached=False)
    assert said in " ".join(WRITERS["ru"].worded(letter(found, "ana@csc.example.gov", "assignee")).text.split())


@pytest.mark.parametrize(("number", "said"), [
    (2, "2 заявки"), (5, "5 заявок"), (11, "11 заявок"), (21, "21 заявка"),
])  # fmt: skip
def test_several_messages_become_one_that_counts_them(number, said):
    letters = [letter(ticket(key=f"DHS-{n}", number=n)) for n in range(1, number + 1)]
    words = WRITERS["ru"].digest(letters)
    assert words.subject == f"Новости: {said}"
    assert words.text.count("- DHS-") == number
    assert words.html.count("<li") == number


def test_a_digest_of_very_many_says_how_many_more():
    words = WRITERS["en"].digest([letter(ticket(key=f"DHS-{n}")) for n in range(1, 124)])
    assert words.subject == "News of 123 tickets"
    assert "And 23 more." in words.text


def test_several_messages_about_one_ticket_stay_in_its_conversation():
    found = lifecycle.start(ticket(), stamp())
    letters = [letter(ticket()), letter(found), letter(lifecycle.note(found, stamp(), "Nearly", public=True))]
    words = WRITERS["en"].digest(letters)
    assert words.subject == "[DHS-1042] Can't print cheques"
    assert "There is news of DHS-1042:\n\n- registered\n- started\n- noted — Nearly\n" in words.text


def test_what_is_settled_on_the_call_is_one_message_that_says_so():
    opened = ticket()
    found = lifecycle.close(lifecycle.resolve(opened, stamp(), "Reset"), stamp())
    assert "registered as DHS-1042, solved and closed:\n\n> Reset" in WRITERS["en"].worded(letter(found)).text
    later = msgspec.structs.replace(stamp(), op="another")
    assert (
        "ticket is closed."
        in WRITERS["en"].worded(letter(lifecycle.close(lifecycle.resolve(opened, later, "x"), later))).text
    )


@pytest.mark.parametrize(("locale", "zone", "said"), [
    ("en", "America/Chicago", "Wednesday, November 25, 2026, 12:05 PM CST"),
    ("en_GB", "Europe/London", "Wednesday, 25 November 2026, 18:05 GMT"),
    ("en", "Asia/Kolkata", "Wednesday, November 25, 2026, 11:35 PM UTC+5:30"),
    ("ru", "Europe/Moscow", "25 ноября 2026 г., 21:05 UTC+3"),
    ("ru_RU", "America/Chicago", "25 ноября 2026 г., 12:05 UTC−6"),
])  # fmt: skip
def test_times_are_told_in_the_language_and_zone_of_the_reader(locale, zone, said):
    found = lifecycle.hold(ticket(), stamp(), "vendor", NOON.replace(day=25))
    words = writer(locale, timezone=zone).worded(letter(found))
    assert said in " ".join(words.text.split())


def test_a_language_that_nobody_wrote_falls_back_to_english_and_says_so_once():
    pen = writer("eo")
    for _ in range(3):
        assert pen.worded(letter()).text.startswith("Hello Ann Lee,")
    assert [str(error) for error in pen.troubles()] == [
        "DHS: there are no words in 'eo', English is used; there are: en, ru"
    ]
    assert pen.worded(letter()).locale == "en"
    assert pen.troubles() == []


def test_a_promise_that_moved_is_told_whatever_moved_it():
    found = ticket(due=Due(resolution=NOON))
    moved = lifecycle.record(
        found,
        stamp(),
        "escalate",
        {"due": Due(resolution=NOON.replace(day=25))},
        extra={"escalation": (None, "functional")},
    )
    text = " ".join(WRITERS["en"].worded(letter(moved)).text.split())
    assert "solved by Wednesday, November 25, 2026, 12:05 PM CST, instead of Monday, November 23" in text


def test_the_desks_people_read_the_desks_language_and_clock_and_clients_their_own():
    from csctool.domain.organisation import AgencySettings
    from csctool.notify.words import Writer

    from .letters import nothing

    pen = Writer("/nowhere", SETTINGS, lambda key: AgencySettings("Соцзащита", locale="ru"), nothing)
    assert pen.worded(letter()).text.startswith("Здравствуйте, Ann Lee!")
    assert pen.worded(letter(to="ana@csc.example.gov", role="assignee")).text.startswith("New in IT Service Desk")


def test_a_person_is_named_only_where_the_desk_says_a_name():
    pen = writer(people={"ana": Person("Ana Ruiz"), "bo": Person()})
    for actor, said in (("ana", "Ana Ruiz writes:"), ("bo", "Customer Service Center writes:")):
        found = lifecycle.note(ticket(), stamp(actor=actor), "Try again", public=True)
        assert said in pen.worded(letter(found)).text


def test_a_client_reads_the_status_once():
    for name in NAMES.values():
        for locale, status in (("en", "Waiting"), ("ru", "Ожидает")):
            text = WRITERS[locale].worded(letter(sample.sample(ticket(), stamp(), name))).text
            assert text.count(status) <= 1, name


def test_a_ticket_that_goes_on_elsewhere_is_not_called_ended():
    for name in ("merged", "transferred"):
        after = sample.sample(ticket(), stamp(), name)
        assert after.status == "cancelled"
        assert "Ended" not in WRITERS["en"].worded(letter(after)).text
        assert "Завершена" not in WRITERS["ru"].worded(letter(after)).text


@pytest.mark.parametrize(("role", "said"), [
    ("cc", True), ("affected", True), ("contacts", False), ("noc@x.gov", False),
])  # fmt: skip
def test_only_who_is_named_in_a_ticket_is_told_so(role, said):
    assert ("named in it" in WRITERS["en"].worded(letter(role=role)).text) is said
    assert ("указаны в заявке" in WRITERS["ru"].worded(letter(role=role)).text) is said


def test_no_answer_is_promised_by_a_time_that_is_over():
    for hours, said in ((-1, False), (0, False), (1, True)):
        found = ticket(due=Due(response=NOON + timedelta(hours=hours)))
        assert ("get back to you" in WRITERS["en"].worded(letter(found)).text) is said
        assert ("Мы ответим" in WRITERS["ru"].worded(letter(found)).text) is said


def outage(kind, happened, event):
    """What an agency's contact reads of an outage in English and in Russian."""
    fields = {"agencies": ["DHS"], "until": "2026-11-24T18:05:00Z"}
    found = ticket(subject="Outage: mail", kind=kind, service="mail", flags=("outage",), fields=fields)
    told = letter(sample.sample(found, stamp(NOON + timedelta(hours=1)), happened), role="contacts")
    told = msgspec.structs.replace(told, notice=msgspec.structs.replace(told.notice, event=event))
    return [WRITERS[locale].worded(told) for locale in ("en", "ru")]


def test_an_outage_has_begun_when_it_was_reported_and_ends_when_it_did_not_when_it_was_expected_to():
    during, _ = outage("incident", "noted", "outage-updated")
    assert re.search(r"From: +Monday, November 23, 2026, 12:05.PM", during.text)
    assert re.search(r"Until: +Tuesday, November 24, 2026, 12:05.PM", during.text)
    over, _ = outage("incident", "resolved", "outage-resolved")
    assert re.search(r"Ended: +Monday, November 23, 2026, 1:05.PM", over.text)
    assert "November 24" not in over.text


def test_planned_work_is_no_outage_and_russians_read_a_russian_subject():
    for kind, english, russian in (("incident", "outage", "сбо"), ("change", "planned work", "плановы")):
        for happened, event in (("noted", "outage-updated"), ("resolved", "outage-resolved")):
            en, ru = outage(kind, happened, event)
            assert english in en.text.lower()
            assert russian in ru.text.lower()
            assert ("сбо" in ru.text.lower()) is (kind == "incident")
            assert ru.subject == f"[DHS-1042] {'Сбой' if kind == 'incident' else 'Плановые работы'}: Electronic mail"


def test_a_colleague_reads_what_a_queue_is_called_also_where_the_ticket_was_before():
    extra = {"escalation": (None, "functional")}
    moved = lifecycle.record(ticket(), stamp(), "escalate", {"queue": "apps"}, extra=extra)
    text = " ".join(WRITERS["en"].worded(letter(moved, "ana@csc.example.gov", "queue")).text.split())
    assert "to Applications, tier 1, from IT Service Desk." in text


# -- hostile words -------------------------------------------------------------------------------------------

EVIL = '<script>alert(1)</script><img src=http://evil/x onerror=y> "q" {{ 7*7 }} {% for %} \u202eevil\x1b[2J\u200b'


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.shown = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.shown += data


@pytest.mark.parametrize("locale", LOCALES)
def test_hostile_words_are_only_words(locale):
    found = ticket(subject=EVIL, requester=f"{EVIL} <ann@dhs.gov>", service=EVIL, description=EVIL)
    found = lifecycle.note(lifecycle.resolve(found, stamp(), EVIL), stamp(), EVIL, public=True)
    harmless = Tags(WRITERS[locale].worded(letter(ticket())).html).tags | {"br", "blockquote", "p"}
    for after in happenings(found):
        for to, role in (CLIENTS[0], STAFF[0]):
            words = WRITERS[locale].worded(letter(after, to, role))
            page = Tags(words.html)
            assert page.tags <= harmless
            assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "href")]
            for text in (words.subject, words.text, page.shown):
                assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u200b\u2066-\u2069]", text)
                assert "<script>alert(1)</script>" in text, "shown, not dropped"
                assert "{{ 7*7 }}" in text


LINES = st.sampled_from(
    ["> quoted", "  Label: value", "- item", "-- ", "Subject: other", "\x1d", "\x1e", "\x1f", "plain", ""]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=6).map("\n".join).filter(str.strip))
def test_a_text_from_outside_never_looks_like_a_part_of_the_mail(said):
    found = lifecycle.note(ticket(), stamp(), said, public=True)
    for role, to in (("requester", "ann@dhs.gov"), ("assignee", "ana@csc.example.gov")):
        words = WRITERS["en"].worded(letter(found, to, role))
        plain = WRITERS["en"].worded(letter(lifecycle.note(ticket(), stamp(), "x", public=True), to, role))
        assert words.subject == plain.subject
        outside = [line for line in words.text.split("\n") if not line.startswith(">")]
        assert outside == [line for line in plain.text.split("\n") if not line.startswith(">")]
        assert words.html.count("<tr>") == plain.html.count("<tr>")
        assert words.html.count("<blockquote") <= 1


def test_words_of_a_plugin_end_no_mail_before_its_end():
    words = WRITERS["en"].worded(letter(text="Hello\n-- \nthis is read too"))
    assert words.text.count("\n-- \n") == 1
    assert words.text.index("this is read too") < words.text.index("\n-- \n")


def test_words_of_a_rule_or_plugin_are_only_words_too():
    words = WRITERS["en"].worded(letter(subject="Fire\nBcc: x", text=f"Look:\n\n  a: b\n{EVIL}"))
    assert words.subject == "[DHS-1042] Fire Bcc: x"
    assert "{{ 7*7 }}" in words.text
    assert words.html.count("<p ") - WRITERS["en"].worded(letter()).html.count("<p ") <= 1
    assert "<script" not in words.html


def test_the_longest_texts_make_a_mail_that_can_be_read():
    found = ticket(subject="s" * 5000, description="d" * 1_000_000)
    found = lifecycle.note(found, stamp(), "word " * 200_000, public=True)
    for to, role in (CLIENTS[0], STAFF[0]):
        words = WRITERS["en"].worded(letter(found, to, role))
        assert len(words.subject) <= 200
        assert len(words.text) < 200_000
    assert WRITERS["en"].troubles() == []


def test_every_field_of_a_template_stands_in_the_documents_and_no_other():
    from csctool.notify.facts import LISTS, facts
    from csctool.notify.tongue import Tongue
    from csctool.notify.words import FRAME

    pages = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()
    fields = pages.partition("### Fields\n")[2].partition("\n## ")[0]
    clients, colleagues = (_named(part) for part in fields.split("| for the desk's people | is |"))
    tongue = Tongue("en", NOON.tzinfo, {})
    letters = [letter()]
    there = facts(letters[0], SETTINGS, SETTINGS, tongue, "client", letters)
    assert clients == there.keys()
    assert colleagues == (facts(letters[0], SETTINGS, SETTINGS, tongue, "staff", letters).keys() - there.keys()) | {
        *FRAME
    }
    lists = {
        name
        for name, value in facts(letters[0], SETTINGS, SETTINGS, tongue, "staff").items()
        if isinstance(value, list)
    }
    assert lists == set(LISTS)


def _named(table):
    """The fields in the first column, and those that the second says are the same in the reader's language."""
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    return {name for first, _ in rows for name in re.findall(r"`(\w+)`", first)} | {
        name for _, second in rows for name in re.findall(r"`(\w+_name)`", second) if "`event`" not in second
    }
