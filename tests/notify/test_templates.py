"""An agency's own words: where they stand, what they may do, and that nothing in them stops a message."""

import contextlib
import errno
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctool.notify.blocks import page
from csctool.notify.sandbox import Engine, WordsError

RULES = '[[notify]]\non = ["opened", "resolved"]\nto = ["requester"]\ntransport = "file"\n'


@pytest.fixture
def told(csctool, desk):
    """The requester of DHS and DOT is told; answers the text of the next message."""
    for agency in ("DHS", "DOT"):
        (desk / "agencies" / agency / "rules.toml").write_text(RULES)

    def message(agency="DHS", words=(), subject="No dial tone"):
        key = csctool.open(subject, "-r", "Ann <ann@dhs.gov>", *words, agency=agency)
        said = csctool("notify", "send")
        lines = (desk / "agencies" / agency / "messages.jsonl").read_text().splitlines()
        found = next(json.loads(line) for line in reversed(lines) if json.loads(line)["ticket"] == key)
        return found["subject"], found["text"], said.err

    return message


def write(desk, path, text):
    place = desk / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(0o644)
    return place


OPENED = "agencies/DHS/templates/opened.txt"


def test_an_agencys_words_come_before_the_desks_and_those_before_what_is_shipped(csctool, desk, told):
    assert "Thank you for getting in touch" in told()[1]
    write(desk, "templates/opened.txt", "The desk has {{ key }}.\n")
    assert "The desk has DHS-2." in told()[1]
    assert "The desk has DOT-1." in told("DOT")[1]
    write(desk, OPENED, "Subject: News of {{ key }}: {{ subject }}\nWe have it, {{ name }}.\n")
    subject, text, err = told()
    assert subject == "[DHS-3] News of DHS-3: No dial tone"
    assert "We have it, Ann." in text
    assert text.startswith("Hello Ann,"), "the layout stays"
    assert "The desk has DOT-2." in told("DOT")[1]
    assert err == ""


def test_words_in_the_agencys_language_come_before_those_without(csctool, desk, told):
    write(desk, OPENED, "Any language.\n")
    write(desk, "agencies/DHS/templates/ru/opened.txt", "По-русски: {{ key }}.\n")
    assert "Any language." in told()[1]
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text() + '\nlocale = "ru_RU"\n')
    text = told()[1]
    assert "По-русски: DHS-2." in text
    assert text.startswith("Здравствуйте, Ann!")


def test_a_language_of_ones_own_needs_no_programmer(csctool, desk, told):
    write(desk, "agencies/DHS/templates/nl/opened.txt", "Wij hebben {{ key }}: {{ status_name }}.\n")
    write(desk, "agencies/DHS/templates/nl/names.toml", '[status]\nqueued = "wacht"\n')
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text() + '\nlocale = "nl"\n')
    _, text, err = told()
    assert "Wij hebben DHS-1: wacht." in text
    assert text.startswith("Hello Ann,"), "what is missing is English"
    assert err == ""


def test_a_rule_may_name_words_of_its_own(csctool, desk, told):
    (desk / "agencies" / "DHS" / "rules.toml").write_text(RULES.replace("transport", 'template = "vip"\ntransport'))
    write(desk, "agencies/DHS/templates/vip.txt", "At once, {{ name }}!\n")
    assert "At once, Ann!" in told()[1]
    (desk / "agencies" / "DHS" / "templates" / "vip.txt").unlink()
    _, text, err = told()
    assert "Thank you for getting in touch" in text
    assert err == (
        "csctool: DHS: there is no template 'vip', which notify[1] line 1 wants; "
        "write it as agencies/DHS/templates/vip.txt\n"
    )


@pytest.mark.parametrize(("source", "why"), [
    ("{{ subjekt }}", "line 1: there is no field subjekt; did you mean subject?"),
    ("x\n{{ internal }}", "line 2: there is no field internal"),
    ("{% if key %}", "line 1: Unexpected end of template"),
    ("{{ key|shout }}", "line 1: No filter named 'shout'."),
    ("{{ notes }}", "a list is no text; ask for it with if or for"),
    ("{{ key.upper }}", "a builtin_function_or_method is no text; ask for it with if or for"),
    ("{{ key.upper() }}", "line 1: a call can't be used in a template"),
    ("{{ key.__class__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
    ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe."),
    ("{{ key * 1000000000 }}", "line 1: * can't be used in a template"),
    ("{% for a in notes %}{% for b in notes %}{% endfor %}{% endfor %}", "line 1: a for inside a for"),
    ("{% for c in subject %}{{ c }}{% endfor %}", "line 1: for goes over one of entries, notes"),
    ("{% for i in range(9) %}{% endfor %}", "line 1: for goes over one of"),
    ("{% include 'opened.txt' %}", "line 1: include can't be used in a template"),
    ("{% extends 'layout.txt' %}", "line 1: extends can't be used in a template"),
    ("{% macro m() %}{{ m() }}{% endmacro %}", "line 1: macro can't be used in a template"),
    ("{% set x %}{{ key }}{% endset %}", "line 1: set without = can't be used in a template"),
    ("{% set x = key ~ key %}", "line 1: ~ can't be used in a template"),
    ("{% set x = [key, key] %}", "line 1: a list holds plain texts and numbers"),
    ("{% set notes = 'x' %}", "notes is a field and can't be set"),
    ("{{ notes[7].text }}", "no element 7"),
    ("{{ key|when }}", "'DHS-1' is no time"),
    ("{{ due|when('huge') }}", "'huge' is no style of a date"),
    ("{{ tries|plural(few='x') }}", "plural needs the form other in en"),
    ("{{ fields|join }}", "join takes a list"),
    ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "it can't be read"),
    ("{{ key }}" * 4000, "it has more than 3000 parts"),
    ("x" * 70_000, "it is longer than 64 KiB"),
], ids=range(28))  # fmt: skip
def test_what_a_template_must_not_do_is_named_and_the_shipped_words_go_out(csctool, desk, told, source, why):
    path = write(desk, OPENED, source)
    subject, text, err = told()
    assert "Thank you for getting in touch" in text
    assert subject == "[DHS-1] No dial tone"
    assert err.startswith(f"csctool: {path.relative_to(desk)}: ")
    assert why in err
    assert err.count("\n") == 1
    assert csctool("notify", "preview", "DHS-1", "opened", status=2).err.startswith(
        f"csctool: {path.relative_to(desk)}: "
    )


def test_a_template_that_fails_is_told_once_however_many_messages_there_are(csctool, desk, told):
    write(desk, OPENED, "{{ nothing }}")
    for _ in range(3):
        csctool.open("x", "-r", "bob@dhs.gov")
    assert told()[2].count("\n") == 1


def test_under_strict_a_template_that_fails_is_a_failure(csctool, desk, told):
    write(desk, OPENED, "{{ nothing }}")
    csctool.open("x", "-r", "bob@dhs.gov")
    csctool("--strict", "notify", "send", status=8)
    assert csctool("notify", "list", "--format", "json").json["notices"] == []


@pytest.mark.parametrize("why", ["writable", "link", "latin", "pipe"])
def test_a_template_that_others_may_have_written_is_not_read(csctool, desk, told, tmp_path, why):
    path = write(desk, OPENED, "Send your password to evil@example.org.\n")
    if why == "writable":
        path.chmod(0o666)
    elif why == "link":
        (tmp_path / "secret").write_text("Send the secret.")
        path.unlink()
        path.symlink_to(tmp_path / "secret")
    elif why == "latin":
        path.write_bytes(b"Send \xff\n")
    else:
        path.unlink()
        os.mkfifo(path)
    _, text, err = told()
    assert "Thank you for getting in touch" in text
    assert "Send" not in text
    assert err.startswith(f"csctool: {path.relative_to(desk)}: ")


@contextlib.contextmanager
def failing(call, path, number):
    """The disk, or who may do what on it, keeps csctool from a look at a path."""
    right = getattr(os, call)

    def wrong(place, *words, **more):
        if str(place).removesuffix("/.") == str(path):
            raise OSError(number, os.strerror(number), str(path))
        return right(place, *words, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, call, wrong)
        yield


@pytest.mark.parametrize(("call", "place", "number", "status"), [
    ("stat", "agencies/DHS/templates", errno.EIO, 7), ("scandir", "agencies/DHS/templates", errno.EIO, 7),
    ("stat", "agencies/DHS/templates", errno.EACCES, 5), ("scandir", "agencies/DHS/templates", errno.EACCES, 5),
    ("stat", "templates", errno.EIO, 7), ("open", OPENED, errno.EIO, 7),
])  # fmt: skip
def test_a_look_that_fails_is_not_taken_for_words_that_are_not_there(csctool, desk, told, call, place, number, status):
    """The message waits; once the disk answers, it says what the agency wrote."""
    write(desk, OPENED, "Our own words.\n")
    key = csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>")
    with failing(call, desk / place, number):
        assert os.strerror(number) in csctool.refused("notify", "preview", key, "opened", status=status)
        assert os.strerror(number) in csctool("sweep", status=9).err
    assert not (desk / "agencies/DHS/messages.jsonl").exists()
    csctool("notify", "retry", key)
    csctool("sweep")
    assert "Our own words." in (desk / "agencies/DHS/messages.jsonl").read_text()


def test_html_of_ones_own_is_escaped_and_only_words_of_the_same_hand_are_mixed(csctool, desk, told):
    def html(*words):
        return csctool("notify", "preview", "DHS-1", "opened", "--format", "html", *words).out

    told(subject="<b>bold</b>")
    write(desk, "agencies/DHS/templates/opened.html", "<h1>{{ subject }}</h1>{{ content }}<p>{{ subject|lines }}\n")
    assert html().startswith("<h1>&lt;b&gt;bold&lt;/b&gt;</h1><p style")
    assert "Thank you" in html()
    write(desk, "templates/opened.html", "<p>of the desk</p>")
    (desk / "agencies" / "DHS" / "templates" / "opened.html").unlink()
    assert html() == "<p>of the desk</p>"
    write(desk, OPENED, "Words of the agency.\n")
    assert "Words of the agency." in html(), "the desk's page would say something else than the agency's text"
    write(desk, "agencies/DHS/templates/layout.html", '<html lang="{{ lang }}"><title>{{ title }}</title>{{ content }}')
    assert html().startswith('<html lang="en"><title>[DHS-1] &lt;b&gt;bold&lt;/b&gt;</title>')


@pytest.mark.parametrize("text", ["Hello {{ name }}.\n", "It says: {{ content }}\n", "Hi\n-- \n{{ content }}\n"])
def test_a_layout_that_has_no_place_for_the_words_keeps_them_from_nobody(csctool, desk, told, text):
    path = write(desk, "agencies/DHS/templates/layout.txt", text)
    _, said, err = told()
    assert "Thank you for getting in touch" in said
    assert err.startswith(f"csctool: {path.relative_to(desk)}: {{{{ content }}}}, the words of the event, has no line")


def test_a_page_around_the_words_has_a_place_for_them_too(csctool, desk, told):
    told()
    write(desk, "agencies/DHS/templates/layout.html", "<h1>{{ title }}</h1>")
    done = csctool("notify", "preview", "DHS-1", "opened", "--format", "html", status=2)
    assert "Thank you for getting in touch" in done.out
    assert "layout.html: {{ content }}, the words of the event" in done.err


@pytest.mark.parametrize("names", ["[status\n", "status = 3\n", "[status]\nqueued = { a = 1 }\n"])
def test_names_that_are_none_are_told_and_the_others_used(csctool, desk, told, names):
    path = write(desk, "agencies/DHS/templates/names.toml", names)
    _, text, err = told()
    assert "Waiting" in text
    assert err.startswith(f"csctool: {path.relative_to(desk)}: ")


def test_facts_and_quotations_without_a_value_are_left_out():
    engine = Engine({"a", "b"}, (), {}, html=False)
    source = "  One: {{ a }}\n  Two: {{ b }}\n\n> {{ a }}\n\n> {{ b }}\n\n- {{ a }}\n- {{ b }}\n"
    assert (
        page(engine.compiled(source)({"a": "x\ny", "b": ""})).text() == "  One:  x\n        y\n\n> x\n> y\n\n- x\n  y\n"
    )


def test_what_a_template_makes_is_bounded():
    engine = Engine({"a"}, {"a"}, {}, html=False)
    fill = engine.compiled("{% for x in a %}" + "{{ x }}" * 100 + "{% endfor %}")
    assert fill({"a": ["x"] * 10})
    with pytest.raises(WordsError, match="more than 400 thousand characters"):
        fill({"a": ["x" * 5000] * 10})


def test_templates_cost_nothing_until_something_is_delivered(csctool, desk, told):
    import subprocess
    import sys

    code = (
        "import sys; from csctool.cli import run; run({words!r}); "
        "sys.exit(any(n.partition('.')[0] in ('jinja2', 'babel', 'markupsafe', 'email', 'smtplib') or "
        "n.startswith('csctool.notify') for n in sys.modules))"
    )
    for words in (
        ["open", "x", "-a", "DHS", "-r", "ann@dhs.gov"],
        ["show", "DHS-1"],
        ["list", "--format", "json"],
        ["assign", "DHS-1"],
    ):
        words = [*words, *(["--me"] if words[0] == "assign" else [])]
        done = subprocess.run(
            [sys.executable, "-c", code.format(words=words)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (words, done.stderr)


PARTS = [
    "{{ key }}", "{{ subject|upper }}", "{% if due %}", "{% endif %}", "{% for n in notes %}", "{{ n.text }}",
    "{% endfor %}", "{{", "}}", "{%", "%}", "{#", "#}", "{% set x = 1 %}", "{{ x }}", "{{ notes[0] }}", "|join",
    "|when", "(", ")", "'", "\n", "{% raw %}", "{% block b %}", "{% else %}", "-", "~", "key", "loop.index",
    "{{ loop }}", "> ", "  A: ",
]  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=12).map("".join))
def test_whatever_stands_in_a_template_it_makes_text_or_a_reason(source):
    engine = Engine({"key", "subject", "due", "notes"}, {"notes"}, {"when": lambda at: at}, html=False)
    fields = {"key": "DHS-1", "subject": "x", "due": "", "notes": [{"text": "a\nb"}]}
    with contextlib.suppress(WordsError):
        assert page(engine.compiled(source)(fields)).text()


def test_a_language_that_can_be_none_is_refused_by_the_settings(csctool, desk):
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text() + '\nlocale = "Klingon!"\n')
    assert "locale: 'Klingon!' is no language; write it as ru, en_GB" in csctool.refused(
        "open", "x", "-a", "DHS", status=2
    )
