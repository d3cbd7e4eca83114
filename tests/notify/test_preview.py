"""`notify preview`: what would be said, to whom, and that looking changes nothing."""

import pytest
from tests.browser import CHROMIUM, asked

RULES = """
[[notify]]
on = ["resolved"]
to = ["requester", "assignee", "noc@example.gov"]
transport = "file"
"""


def test_who_reads_what_and_by_which_rule(csctool, staff, desk):
    path = desk / "csctool.toml"
    path.write_text(path.read_text().replace("[people.bo]", '[people.bo]\nemail = "bo@csc.example.gov"'))
    (desk / "agencies" / "DHS" / "rules.toml").write_text(RULES)
    key = csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>", "--to", "bo")
    csctool("resolve", key, "--resolution", "Plugged in again", "--internal", "dust in the socket")
    files = csctool.files()
    found = csctool("notify", "preview", key, "resolved", "--format", "json").json
    assert found["schema"] == "csctool.preview/1"
    ann, bo, noc = found["messages"]
    assert [(m["to"], m["role"], m["transport"], m["rule"]) for m in (ann, bo, noc)] == [
        ("Ann <ann@dhs.gov>", "requester", "file", "notify[1] line 2"),
        ("bo@csc.example.gov", "assignee", "file", "notify[1] line 2"),
        ("noc@example.gov", "noc@example.gov", "file", "notify[1] line 2"),
    ]
    assert "Plugged in again" in ann["text"]
    assert "dust in the socket" in bo["text"]
    assert "dust in the socket" not in ann["text"] + noc["text"]
    assert csctool("notify", "preview", key, "resolved", "--to", "assignee").out.startswith("to:      bo@csc")
    assert csctool("notify", "preview", key, "resolved", "--to", "ASSIGNEE").out.count("subject:") == 1
    assert csctool.files() == files
    assert csctool("notify", "list", "--format", "json").json["notices"]


def test_without_a_rule_the_requester_is_shown_with_an_address_or_without(csctool):
    key = csctool.open("No dial tone", "-r", "Ann, 555-0100")
    said = csctool("notify", "preview", key, "opened").out
    assert said.startswith("to:      Ann, 555-0100 (requester)\nby:      no rule\nin:      en\nevent:   opened\n")
    assert csctool("notify", "preview", csctool.open(), "opened").out.startswith("to:      nobody yet (requester)")


def test_an_event_that_has_not_happened_is_made_up_and_says_so(csctool):
    from csctool.domain.notice import NAMES

    key = csctool.open("No dial tone", "-r", "ann@dhs.gov")
    said = csctool("notify", "preview", key, "resolved").out
    assert "event:   resolved, which has not happened\n" in said
    assert "> What the client reads as the resolution stands here." in said
    for name in NAMES.values():
        assert csctool("notify", "preview", key, name).out
    assert csctool.ticket(key)["status"] == "queued"


def test_words_in_another_language(csctool):
    key = csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>")
    assert "Здравствуйте, Ann!" in csctool("notify", "preview", key, "opened", "--locale", "ru").out
    said = csctool("notify", "preview", key, "opened", "--locale", "tlh", status=2)
    assert "Hello Ann," in said.out
    assert "there are no words in 'tlh', English is used" in said.err


def test_whom_it_can_show_nothing_to_is_told(csctool):
    key = csctool.open("No dial tone")
    assert "did you mean resolved?" in csctool.refused("notify", "preview", key, "resolvd", status=2)
    assert "DHS-99" in csctool.refused("notify", "preview", "DHS-99", "opened", status=3)
    assert "nobody to tell as 'lead'" in csctool.refused("notify", "preview", key, "opened", "--to", "lead", status=3)
    said = csctool.refused("notify", "preview", key, "opened", "--to", "reqester", status=3)
    assert "nobody called 'reqester'; did you mean requester?" in said
    assert csctool("notify", "preview", key, "opened", "--to", "eve@x.gov").out.startswith("to:      eve@x.gov\n")


def test_a_page_is_one_page(csctool, desk):
    (desk / "agencies" / "DHS" / "rules.toml").write_text(RULES)
    key = csctool.open("No dial tone", "-r", "Ann <ann@dhs.gov>")
    refused = csctool.refused("notify", "preview", key, "resolved", "--format", "html", status=2)
    assert "choose with --to: Ann <ann@dhs.gov>, noc@example.gov" in refused
    assert (
        csctool("notify", "preview", key, "resolved", "--format", "html", "--to", "requester").out.count("<html") == 1
    )


def test_the_mail_as_a_server_would_get_it(csctool, desk):
    from email import message_from_string, policy

    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text() + '\nsender = "DHS Help <help@dhs.gov>"\nlocale = "ru"\n')
    key = csctool.open("Не печатает", "-r", "Анна <ann@dhs.gov>")
    mail = message_from_string(
        csctool("notify", "preview", key, "opened", "--format", "mime").out, policy=policy.default
    )
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "DHS Help <help@dhs.gov>", "Анна <ann@dhs.gov>", f"[{key}] Не печатает"
    )  # fmt: skip
    assert mail["References"] == f"<{key}@dhs.gov>"
    assert "Здравствуйте, Анна!" in mail.get_body(("plain",)).get_content()
    key = csctool.open("x", "-r", "Ann, 555-0100")
    refused = csctool.refused("notify", "preview", key, "opened", "--format", "mime", status=9)
    assert "'Ann, 555-0100' is no address; no mail can be sent there" in refused


def test_hostile_words_do_not_steer_the_terminal(csctool):
    key = csctool.open("x \x1b[2J\u202e y", "-r", "Ann \u202e <ann@dhs.gov>")
    csctool("note", key, "--public", "z \x1b]0;evil\x07 \u2066")
    said = csctool("notify", "preview", key, "noted").out
    assert not set("\x1b\x07\u202e\u2066") & set(said)


LONG = "A very long subject that says what does not work, and averylongwordwithoutanyblankthatmustbreaksomewhere" * 2


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: nobody has looked at the mails")
@pytest.mark.parametrize("locale", ["en", "ru"])
def test_chromium_shows_the_mail_on_a_telephone_and_nothing_sticks_out(csctool, tmp_path, locale):
    key = csctool.open(LONG, "-r", "Ann <ann@dhs.gov>", "--service", LONG[:150])
    csctool("resolve", key, "--resolution", f"{LONG}\n\nhttps://example.gov/{'x' * 300}")
    page = csctool("notify", "preview", key, "resolved", "--format", "html", "--locale", locale).out
    assert int(asked(page, "document.documentElement.scrollWidth", 360, tmp_path)) <= 360
