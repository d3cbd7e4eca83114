"""A letter becomes one mail to one person, whatever stands in its subject, its name and its text."""

from email import message_from_bytes, policy
from email.utils import getaddresses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csctool.desk.ports import Wording
from csctool.domain import lifecycle
from csctool.domain.address import AddressError, address
from csctool.notify.mail import Sender, message
from csctool.notify.neutral import neutral

from .letters import letter, stamp, ticket

DESK = Sender(address("Customer Service Center <desk@csc.example.gov>"), address("help@csc.example.gov"))
HEADERS = [
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "Content-Language", "MIME-Version", "Content-Type",
]  # fmt: skip


def sent(words, about=None, sender=DESK, **more):
    """What a mail server gets, read back by a program that knows nothing of ours."""
    return message_from_bytes(message(letter(about, **more), words, sender).as_bytes(), policy=policy.default)


def words(subject="[DHS-1042] Can't print cheques", text="Hello,\n\nit works.", html: str | None = "<p>Hello</p>"):
    return Wording(subject, text, html, "en")


def test_a_mail_says_from_whom_to_whom_and_what():
    mail = sent(words())
    assert sorted(mail.keys()) == sorted(HEADERS)
    assert mail["From"] == "Customer Service Center <desk@csc.example.gov>"
    assert mail["To"] == "Ann Lee <ann@dhs.example.gov>"
    assert mail["Reply-To"] == "help@csc.example.gov"
    assert mail["Subject"] == "[DHS-1042] Can't print cheques"
    assert mail["Date"] == "Mon, 23 Nov 2026 18:05:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().split() == ["Hello,", "it", "works."]
    assert "Reply-To" not in sent(words(), sender=Sender(DESK.address))


def test_a_ticket_is_one_conversation():
    opened = ticket()
    started = lifecycle.start(opened, stamp())
    mails = [sent(words(), about) for about in (opened, started)] + [sent(words(), started, to="bo@csc.example.gov")]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    assert {mail["References"] for mail in mails} == {"<DHS-1042@csc.example.gov>"}
    assert {mail["In-Reply-To"] for mail in mails} == {"<DHS-1042@csc.example.gov>"}


def test_whoever_gets_a_mail_twice_gets_the_same_mail():
    one, again = sent(words()), sent(words(), tries=3, error="421 try later")
    assert one["Message-ID"] == again["Message-ID"]
    assert one["Date"] == again["Date"]


def test_a_text_in_any_script_arrives_as_it_is():
    text = "Принтер снова печатает.\n" + "длинная строка " * 200 + "\n\n.\nFrom here on\n日本語 🙂"
    mail = sent(words("[DHS-1042] Не печатает чеки", text), to="Анна Ли <anna@dhs.example.gov>")
    assert mail["Subject"] == "[DHS-1042] Не печатает чеки"
    assert mail["To"].addresses[0].display_name == "Анна Ли"
    assert mail.get_body(("plain",)).get_content().splitlines() == text.splitlines()
    raw = message(letter(), words(text=text), DESK).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("to", [
    "ann@x\nBcc: all@x", "a@b, c@d", '"x" <a@b>\nBcc: c@d', "friends: a@b;", "Ann Lee", "ann＠x", "a@b (c)", "",
])  # fmt: skip
def test_what_is_not_exactly_one_address_is_no_mail(to):
    with pytest.raises(AddressError):
        message(letter(to=to), words(), DESK)


HOSTILE = st.sampled_from([
    "\r\nBcc: evil@x.org", "\n", "\r", "\x00", "\u2028", "\u2029", "\x85", "=?utf-8?q?=0d=0aBcc:_evil@x.org?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAeC5vcmc=?=", "=?", "?=", ",", "<evil@x.org>", '"', "\\", "\u202e", "\x1b[2J", "\udc80",
    "x" * 300, "é", "日本", " ", "\t", ";", ":", "evil@x.org", "\n\nContent-Type: text/html", "--==",
])  # fmt: skip
EVIL = st.one_of(st.text(max_size=60), st.lists(HOSTILE, max_size=8).map("".join))


@settings(deadline=None)
@given(subject=EVIL, name=EVIL, text=EVIL)
@example(subject="=?utf-8?q?=0d=0aBcc:_evil@x.org?=", name="=?utf-8?q?a=22_<evil=40x.org>?=", text=".\r\nRSET")
def test_hostile_words_add_no_header_no_recipient_and_no_part(subject, name, text):
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        to = f'"{escaped}" <ann@dhs.example.gov>'
        address(to)
    except AddressError:
        to = "ann@dhs.example.gov"
    mail = sent(words(f"[DHS-1042] {subject}", neutral(text), None), to=to)
    assert sorted(mail.keys()) == sorted([*HEADERS, "Content-Transfer-Encoding"])
    assert [a.addr_spec for a in mail["To"].addresses] == ["ann@dhs.example.gov"]
    assert [a for _, a in getaddresses([str(mail["To"])])] == ["ann@dhs.example.gov"]
    assert mail["Subject"].lstrip().startswith("[DHS-1042]")
    assert len(mail["Subject"]) <= 220
    assert not set("\r\n\x00\u202e\u2028\x1b") & set(mail["Subject"] + str(mail["To"]))
    assert not mail.defects
    assert not mail["To"].defects
