"""The program of docs/delivery.md for mail: what can be taken later waits with the server, what never can goes back."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DELIVERY = Path(__file__).parents[2] / "docs/delivery.md"
LATER, NEVER = 75, 65
MAIL = "From: Ann Lee <ann@dhs.gov>\nSubject: {subject}\nMessage-ID: <{id}@dhs.gov>\n{more}\n{body}\n"


@pytest.fixture
def mail_to_desk(desk, tmp_path):
    """A mail server's delivery of one mail: (status, what the sender would be told)."""
    (source,) = re.findall(r"(?s)cat > \.\./mail-to-desk <<'END'\n(.*?)^END$", DELIVERY.read_text(), re.MULTILINE)
    program = tmp_path / "mail-to-desk"
    program.write_text(source)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def deliver(body="It does not open.", subject="Key card", id="1", more="", **env):
        mail = MAIL.format(subject=subject, id=id, more=more, body=body)
        done = subprocess.run(
            [sys.executable, program], input=mail.encode("utf-8", "surrogateescape"), capture_output=True,
            env={**os.environ, "PATH": path, **env}, timeout=60,
        )  # fmt: skip
        assert done.stdout == b""
        return done.returncode, done.stderr.decode()

    return deliver


def test_a_mail_becomes_a_ticket_once_and_an_answer_a_note(csctool, mail_to_desk):
    assert mail_to_desk() == (0, "")
    assert mail_to_desk() == (0, "")
    assert mail_to_desk("Now it does.", "Re: [DHS-1] Key card", "2") == (0, "")
    (ticket,) = csctool("list", "--format", "json").tickets
    assert (ticket["subject"], ticket["requester"]) == ("Key card", "Ann Lee <ann@dhs.gov>")
    assert csctool.events("DHS-1")[-1]["note"] == "Ann Lee <ann@dhs.gov> writes:\nNow it does."


def test_an_answer_about_a_ticket_that_is_not_there_is_a_ticket_of_its_own(csctool, mail_to_desk):
    assert mail_to_desk("Still broken.", "Re: [DHS-77] Key card") == (0, "")
    assert csctool.ticket("DHS-1")["description"] == "Still broken."


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        ({"body": "a\0b"}, "there is a NUL in this mail"),
        ({"body": "a\0b", "subject": "Re: [DHS-1] Key card"}, "there is a NUL in this mail"),
        ({"subject": "=?utf-8?q?a=00b?="}, "there is a NUL in this mail"),
        ({"body": "word " * 250_000}, "is over 1 MiB"),
        ({"body": "word " * 250_000, "subject": "Re: [DHS-1] Key card"}, "is over 1 MiB"),
        ({"subject": "x" * 200_000}, "Argument list too long"),
        ({"more": "Content-Type: text/plain; charset=klingon\n"}, "unknown encoding: klingon"),
    ],
)
def test_a_mail_that_can_never_be_taken_goes_back_with_one_line_that_says_why(csctool, mail_to_desk, mail, why):
    csctool.open("Key card")
    status, said = mail_to_desk(**mail)
    assert status == NEVER, said
    assert said.startswith("mail-to-desk: ")
    assert why in said
    assert said.count("\n") == 1
    assert len(csctool("list", "--format", "json").tickets) == 1


def test_a_mail_that_a_plugin_objects_to_goes_back_too(csctool, desk, mail_to_desk):
    plugins = desk / "agencies/DHS/plugins"
    plugins.mkdir(exist_ok=True)
    (plugins / "no.py").write_text(
        "from csctool.plugins import hookimpl\n@hookimpl\ndef validate(change):\n"
        '    return ["no notes by mail"] if change.verb == "note" else []\n'
    )
    csctool.open("Key card")
    settings = desk / "agencies/DHS/agency.toml"
    settings.write_text(settings.read_text().replace("plugins = []", 'plugins = ["plugins/no.py"]'))
    status, said = mail_to_desk("Now it does.", "Re: [DHS-1] Key card")
    assert (status, "no notes by mail" in said) == (NEVER, True)


def test_what_the_desk_can_not_take_today_the_mail_server_tries_again(csctool, desk, mail_to_desk):
    settings = desk / "csctool.toml"
    good = settings.read_text()
    settings.write_text(good + "nonsense = 1\n")
    status, said = mail_to_desk()
    assert (status, "nonsense" in said) == (LATER, True)
    settings.write_text(good)
    assert mail_to_desk(CSCTOOL_DESK=str(desk / "nowhere")) == (
        LATER, "mail-to-desk: there is no desk, or no agency DHS\n",
    )  # fmt: skip
    assert mail_to_desk(PATH="/nowhere")[0] == LATER
    store = desk / "agencies/DHS/open.json"
    csctool.open("Key card")
    whole = store.read_bytes()
    store.write_bytes(b"")
    assert mail_to_desk(id="2")[0] == LATER
    store.write_bytes(whole)
    assert mail_to_desk(id="2") == (0, "")
