"""One strict address or none: nothing that people or programs write makes two recipients out of one."""

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
