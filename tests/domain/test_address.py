"""One strict address or none: nothing that people or programs write makes two recipients out of one."""

import re
from email.headerregistry import Address as Known
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csctool.domain.address import AddressError, address


@pytest.mark.parametrize(("text", "name", "spec"), [
    ("ann@dhs.example.gov", "", "ann@dhs.example.gov"),
    ("  ann@dhs.example.gov ", "", "ann@dhs.example.gov"),
    ("<ann@dhs.example.gov>", "", "ann@dhs.example.gov"),
    ("Ann Lee <ann@dhs.example.gov>", "Ann Lee", "ann@dhs.example.gov"),
    ("Ann Lee<ann@dhs.example.gov>", "Ann Lee", "ann@dhs.example.gov"),
    ("Lee, Ann (IT) <a.b+c@x-y.gov>", "Lee, Ann (IT)", "a.b+c@x-y.gov"),
    ('"Lee, \\"Ann\\" @home" <ann@x>', 'Lee, "Ann" @home', "ann@x"),
    ("Анна Ли <anna@xn--e1afmkfd.xn--p1ai>", "Анна Ли", "anna@xn--e1afmkfd.xn--p1ai"),
    ("root@localhost", "", "root@localhost"),
])  # fmt: skip
def test_what_people_write_is_one_address(text, name, spec):
    found = address(text)
    assert (found.name, found.spec) == (name, spec)


@pytest.mark.parametrize(("text", "why"), [
    ("", "is no address"),
    ("Ann Lee", "is no address"),
    ("555-0100", "is no address"),
    ("a@b, c@d", "is not exactly one"),
    ("a@b;c@d", "is not exactly one"),
    ("a@b c@d", "is not exactly one"),
    ("a@b, Bob <c@d>", "more than one"),
    ("<a@b> <c@d>", "more than one"),
    ("<a@b><c@d>", "more than one"),
    ("friends: a@b, c@d;", "is not exactly one"),
    ("ann@x\nBcc: all@x", "line break"),
    ('"x" <a@b>\r\nBcc: c@d', "line break"),
    ("Ann\x00 <a@b>", "control"),
    ("Ann\u2028 <a@b>", "line break"),
    ("Ann\udc80 <a@b>", "control"),
    ("ann＠dhs.gov", "outside ASCII"),
    ("ann﹫dhs.gov", "outside ASCII"),
    ("c＠d <a@b>", "more than one"),
    ("ann@dhs.gov(comment)", "mail servers take"),
    ("(c)ann@dhs.gov", "mail servers take"),
    ('"ann lee"@dhs.gov', "is not exactly one"),
    ("аnn@dhs.gov", "outside ASCII"),
    ("ann@пример.рф", "outside ASCII"),
    ("ann@@dhs.gov", "mail servers take"),
    (".ann@dhs.gov", "mail servers take"),
    ("ann.@dhs.gov", "mail servers take"),
    ("a..b@dhs.gov", "mail servers take"),
    ("ann@", "mail servers take"),
    ("@dhs.gov", "mail servers take"),
    ("ann@-x.gov", "mail servers take"),
    ("ann@x..gov", "mail servers take"),
    ("ann@x.gov.", "mail servers take"),
    ("ann@[127.0.0.1]", "mail servers take"),
    ("=?utf-8?q?ann?=@dhs.gov", "mail servers take"),
    ("ann@x_y.gov", "mail servers take"),
    ("@relay,@other:ann@dhs.gov", "is not exactly one"),
    ('"unclosed <a@b>@c"', "more|one"),
    ("ann>", "is no address"),
    ("a" * 65 + "@dhs.gov", "longer"),
    ("a@" + ".".join(["b" * 63] * 4), "longer"),
    ("A" * 1001 + " <a@b>", "longer"),
])  # fmt: skip
def test_everything_else_is_refused_with_a_reason(text, why):
    with pytest.raises(AddressError, match=why):
        address(text)


PARTS = st.sampled_from(
    ["a", "b@c", "@", "<", ">", '"', "\\", ",", ";", ":", " ", "(", ")", ".", "\n", "=?utf-8?q?x?="]
)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=40), st.lists(PARTS, max_size=12).map("".join)))
@example('"a\\" <b@c>" <d@e>')
def test_what_is_taken_is_taken_the_same_way_by_a_mail_program(text):
    try:
        found = address(text)
    except AddressError:
        return
    assert text.count(found.spec) >= 1
    assert Known(addr_spec=found.spec).domain == found.domain, "the standard library agrees that it is one address"
    name = found.name.replace("\\", "\\\\").replace('"', '\\"')
    assert parseaddr(f'"{name}" <{found.spec}>')[1] == found.spec


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_name_never_changes_who_is_written_to(name):
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    for text in (f'"{escaped}" <ann@dhs.gov>', f"{name} <ann@dhs.gov>"):
        try:
            assert address(text).spec == "ann@dhs.gov"
        except AddressError:
            continue


#: RFC 5321, 4.1.2 (Dot-string) and RFC 1035, 2.3.1 (labels), as they are written there.
ATOM, LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
GRAMMAR = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
BITS = st.sampled_from(["a", "Z9", "@", ".", "-", "_", "`", "{", "é", "ａ", "\u0660", "=", "?", "b" * 62])


@settings(deadline=None)
@given(st.one_of(st.lists(BITS, max_size=9).map("".join), st.from_regex(GRAMMAR, fullmatch=True)))
@example("a@" + "b" * 63)
@example("a@" + "b" * 64)
@example("a@b-")
@example("a@b\n")
def test_an_address_is_what_the_grammar_of_mail_says(text):
    try:
        taken = bool(address(text).spec)
    except AddressError as error:
        if "longer" in str(error):
            return
        taken = False
    assert taken == (bool(GRAMMAR.fullmatch(text)) and "=?" not in text)
