"""Wrong settings: each is refused with file, key and what would be right, and nothing is opened meanwhile."""

import pytest

#: What is added to csctool.toml -> what the message has to name.
ADDED = {
    "foo = 1": ("lifecycle", "`foo`", "close_after"),
    "[people.ana]\nroles = ['boss']": ("people.ana.roles", "'boss'", "csr"),
    "[people.ana]\naway = ['2026-13-01']": ("people.ana.away", "'2026-13-01'", "2026-12-24..2027-01-02"),
    "[people.ana]\nuser = 'x'\n[people.bo]\nuser = 'x'": ("people.bo.user", "'x'", "ana"),
    "[people.'a b']": ("people.a b", "letters"),
    "[people.ana]\nemial = 'x'": ("people.ana", "`emial`", "`email`"),
    "[services.vm]\ndesk = 'nope'": ("services.vm.desk", "'nope'", "service-desk"),
    "[services.vm]\nsupported = 'yes'": ("services.vm.supported", "true or false"),
    "[sla.standard]\ncalendar = 'bussiness'": ("sla.standard.calendar", "'bussiness'", "business"),
    "[sla.standard]\nwarn_at = 175": ("sla.standard.warn_at", "175", "100"),
    "[sla.standard]\npauses = ['lunch']": ("sla.standard.pauses", "'lunch'", "requester"),
    "[sla.standard.incident.P9]\nrespond = '1h'": ("sla.standard.incident", "'P9'", "P1"),
    "[sla.standard.incident.P1]\nrespond = 'soon'": ("sla.standard.incident.P1.respond", "'soon'", "4h"),
    "[sla.standard.incident.P1]\nrespon = '1h'": ("sla.standard.incident.P1", "`respon`", "`respond`"),
    "[sla.standard.insident.P1]\nrespond = '1h'": ("sla.standard", "`insident`", "`incident`"),
    "[ola.nope]\nresolve = '1h'": ("ola.nope", "'nope'", "apps"),
    "[calendars.x]\nhours = '25x7'": ("calendars.x.hours", "'25x7'", "24x7"),
    "[calendars.x.hours]\nmoon = []": ("calendars.x.hours", "'moon'", "mon"),
    "[calendars.x.hours]\nmon = ['8-17']": ("calendars.x.hours.mon", "'8-17'", "08:00-17:00"),
    "[calendars.x]\nholidays = ['2026-02-30']": ("calendars.x.holidays", "'2026-02-30'", "2026-12-24"),
    "[queues.q]\ntier = '1'\nescalates_to = { x = 1 }": ("queues.q.escalates_to.x", "text", "whole number"),
    "[queues.q]\ntier = '1'\nescalates_to = { default = 'app' }": ("queues.q.escalates_to.default", "'app'", "apps"),
    "[queues.q]\ntier = '1'\nassign = 'dice'": ("queues.q.assign", "'dice'", "least-loaded"),
    "[queues.q]\ntitle = 'no tier'": ("queues.q", "tier"),
    "[notify]\ndeliver = 'now'": ("notify.deliver", "'now'", "at-once"),
    "[[tiers]]\nname = '4'\ntitel = 'x'": ("tiers[4]", "`titel`", "`title`"),
    "[[tiers]]\nname = '1'": ("tiers", "'1'", "twice"),
    "x = [1,": ("not TOML",),
}
#: What is replaced in csctool.toml.
REPLACED = {
    "format = 2": ("format", "1"),
    "format = 'x'": ("format", "1"),
    "name = 5": ("name", "text"),
    "timezone = 'Mars/X'": ("timezone", "'Mars/X'", "America/Chicago"),
    "timezone = '../../../etc/passwd'": ("timezone", "America/Chicago"),
    "default_queue = 'service-dek'": ("default_queue", "'service-dek'", "service-desk"),
    "default_queue = 'apps'": ("default_queue", "apps", "desk = true"),
    "home_agency = 'csc'": ("home_agency", "'csc'", "CSC"),
    "matrix = [['P1']]": ("priorities.matrix", "3"),
    "matrix = [['P1','P2','P3'],['P1','P2','P3'],['P1','P2','P9']]": ("priorities.matrix", "'P9'", "P5"),
    "phone = 'P1'": ("priorities.phone", "list"),
    "phone = ['P7']": ("priorities.phone", "'P7'", "P5"),
    "reopen_within = 'two weeks'": ("lifecycle.reopen_within", "'two weeks'", "14d"),
    "bounce_limit = -1": ("lifecycle.bounce_limit", "-1"),
    "bounce_limit = 2.5": ("lifecycle.bounce_limit", "whole number"),
    "resolution_codes = []": ("lifecycle.resolution_codes", "one"),
}
AGENCY = {
    "foo = 1": ("`foo`", "domains"),
    "plugin = []": ("`plugin`", "`plugins`"),
    "domains = 'x'": ("domains", "list"),
    "contacts = [1]": ("contacts[0]", "text"),
    "calendar = 'nope'": ("calendar", "'nope'", "business"),
    "sla = 'nope'": ("sla", "'nope'"),
    "default_queue = 'app'": ("default_queue", "'app'", "apps"),
    "required = { incident = 'service' }": ("required.incident", "list"),
    "required = { insident = ['x'] }": ("required.insident", "incident"),
}
RULES = {
    "[[rout]]\nqueue = 'apps'": ("[[rout]]", "route"),
    "[route]\nqueue = 'apps'": ("route", "[[route]]"),
    "# one\n[[route]]\nkew = 'apps'": (":2:", "route[1]", "`kew`", "queue"),
    "[[route]]\nqueue = 'apps'\n[[route]]\nqueue = 'nope'": (":3:", "route[2]", "'nope'", "apps"),
    "[[route]]\nqueue = 7": ("route[1]", "queue", "text"),
    "[[route]]\nwhen = { txt = 'x' }\nqueue = 'apps'": ("route[1]", "`txt`", "`text`"),
    "[[route]]\nwhen = { text = [] }\nqueue = 'apps'": ("route[1]", "when.text", "empty"),
    "[[route]]\nwhen = 'x'\nqueue = 'apps'": ("route[1]", "when", "table"),
    "[[route]]\nreason = 'none'": ("route[1]", "queue"),
    "[[prioritize]]\nimpact = 7": ("prioritize[1]", "impact", "1, 2 or 3"),
    "[[categorize]]\nkind = 'insident'": ("categorize[1]", "kind", "incident"),
    "x =": ("not TOML",),
}


def refused(csctool, desk, name, words):
    for command in (("open", "x", "-a", "DHS"), ("config", "check")):
        said = csctool(*command, status=2)
        assert (said.out, said.err.count("\n")) == ("", 1)
        for word in (str(desk / name), *words):
            assert word in said.err
    assert (
        not (desk / "agencies/DHS/open.json").exists() or '"DHS-1"' not in (desk / "agencies/DHS/open.json").read_text()
    )
    assert csctool("open", "x", "-a", "DHS", "--format", "json", status=2).errors[0]["code"] == "settings"


@pytest.mark.parametrize("text", ADDED)
def test_a_wrong_addition_to_the_desks_settings_is_named(csctool, desk, text):
    with (desk / "csctool.toml").open("a") as file:
        file.write(f"\n{text}\n")
    refused(csctool, desk, "csctool.toml", ADDED[text])


@pytest.mark.parametrize("text", REPLACED)
def test_a_wrong_value_in_the_desks_settings_is_named(csctool, desk, text):
    path = desk / "csctool.toml"
    key = text.partition(" ")[0]
    lines = [text if line.startswith(f"{key} = ") else line for line in path.read_text().splitlines()]
    first = lines.index(text)
    if key == "name":  # the tiers have names as well
        lines = [line if at == first or line != text else f'name = "{at}"' for at, line in enumerate(lines)]
    path.write_text("\n".join(lines) + "\n")
    refused(csctool, desk, "csctool.toml", REPLACED[text])


@pytest.mark.parametrize("text", AGENCY)
def test_a_wrong_agency_file_is_named(csctool, desk, text):
    path = desk / "agencies/DHS/agency.toml"
    path.write_text(f'name = "Human Services"\n{text}\n')
    refused(csctool, desk, "agencies/DHS/agency.toml", AGENCY[text])
    assert csctool.open("goes on elsewhere", agency="DOT") == "DOT-1"


@pytest.mark.parametrize("text", RULES)
def test_a_wrong_rule_is_named_with_its_line(csctool, desk, text):
    for name in ("agencies/DHS/rules.toml", "rules.toml"):
        (desk / name).write_text(f"{text}\n")
        refused(csctool, desk, name, RULES[text])
        (desk / name).unlink()


def test_settings_that_are_no_text_no_file_or_not_there(csctool, desk):
    path = desk / "csctool.toml"
    good = path.read_text()
    for data in (b"\xff\xfe", b"name = '\x00'", b"name = \xe9", b"[" * 5000, b'name = "\xed\xa0\x80"'):
        path.write_bytes(data)
        assert str(path) in csctool.refused("open", "x", "-a", "DHS", status=2)
    path.unlink()
    path.mkdir()
    assert "directory" in csctool.refused("list", status=2)
    path.rmdir()
    assert "csctool init" in csctool.refused("list", status=3)
    path.write_text(good)
    (desk / "agencies/DHS/agency.toml").unlink()
    said = csctool.refused("open", "x", "-a", "DHS", status=3)
    assert "agency.toml" in said
    assert "did you mean DHS" not in said


def test_config_check_reads_everything_and_names_every_wrong_file(csctool, desk):
    assert "nothing wrong" in csctool("config", "check").out
    (desk / "agencies/DHS/agency.toml").write_text("foo = 1\n")
    (desk / "agencies/DOT/rules.toml").write_text("[[route]]\nqueue = 'nope'\n")
    said = csctool("config", "check", "--format", "json", status=2)
    assert [e["code"] for e in said.errors] == ["settings"] * 2
    assert len(said.json["wrong"]) == 2
    assert str(desk / "agencies/DOT/rules.toml") in said.json["files"]


def test_a_queue_and_a_person_that_would_break_the_settings_are_not_added(csctool, desk):
    before = csctool.files()
    for words, status in (
        (("queue", "add", "radio", "--tier", "9"), 2),
        (("queue", "add", "radio", "--tier", "2", "--owner", "apps"), 2),
        (("queue", "add", "radio", "--tier", "2", "--escalates-to", "nope"), 2),
        (("queue", "add", "apps", "--tier", "2"), 4),
        (("queue", "add", "a b", "--tier", "2"), 2),
        (("person", "add", "eve", "--away", "someday"), 2),
        (("person", "add", "eve", "--role", "boss"), 2),
        (("agency", "add", "DHS"), 4),
        (("agency", "add", "dhs"), 2),
        (("agency", "add", "X"), 2),
        (("agency", "add", "../X"), 2),
    ):
        csctool.refused(*words, status=status)
    assert csctool.files() == before
    csctool("queue", "add", "radio", "--tier", "1.5", "--title", "Radio & alarm", "--owner", "network-telecom",
            "--escalates-to", "vendors")  # fmt: skip
    csctool("person", "add", "eve", "--name", 'Eve "E" Ng', "--away", "2026-12-24..2027-01-02", "--user", "someone")
    assert csctool("config", "check").out
    assert csctool("queue", "show", "radio", "--format", "json").json["queues"][0]["escalates_to"] == "vendors"
    assert csctool("person", "list", "--format", "json").json["people"][0]["name"] == 'Eve "E" Ng'
    assert "# Queues take tickets" in (desk / "csctool.toml").read_text(), "comments stay"


def test_a_person_is_added_with_one_address(csctool):
    before = csctool.files()
    said = csctool.refused("person", "add", "bo", "--email", "bo@csc.example, cy@csc.example", status=2)
    assert "is not exactly one address; write e.g. ana@example.gov" in said
    assert csctool.files() == before


def test_config_check_names_a_person_whom_no_mail_would_reach(csctool, desk):
    settings = desk / "csctool.toml"
    settings.write_text(settings.read_text() + '\n[people.bo]\nemail = "bo@csc.example, cy@csc.example"\n')
    said = csctool.refused("config", "check", status=2)
    assert "people.bo.email: 'bo@csc.example, cy@csc.example' is not exactly one address" in said


def test_a_person_who_is_there_already_is_called_a_person(csctool):
    csctool("person", "add", "eve")
    assert "there is a person eve already" in csctool.refused("person", "add", "eve")
    assert "there is a queue apps already" in csctool.refused("queue", "add", "apps", "--tier", "2")
