"""`rules check`: names that nobody has, rules that can never fire, rules that never did."""

import pytest


def found(csctool, *words, status=10):
    return csctool("rules", "check", *words, "--format", "json", status=status).json["findings"]


def kinds(findings):
    return [(finding["kind"], finding["rule"]) for finding in findings]


def test_sound_rules_pass(csctool, voice):
    assert "3 rules" in csctool("rules", "check").out
    assert found(csctool, status=0) == []


@pytest.mark.parametrize(
    ("rule", "kind", "says"),
    [
        ('[[route]]\nwhen = { sevice = "x" }\nqueue = "apps"\n', "unknown-field", "did you mean `service`?"),
        ('[[route]]\nwhen = { kind = "incidnet" }\nqueue = "apps"\n', "unknown-value", "did you mean `incident`?"),
        ('[[route]]\nquee = "apps"\n', "unknown-field", "did you mean `queue`?"),
        ('[[rute]]\nqueue = "apps"\n', "unknown-field", "did you mean `route`?"),
        ('[[route]]\nqueue = "aps"\n', "unknown-queue", "did you mean apps?"),
        ('[[route]]\nwhen = { queue = "aps" }\nqueue = "apps"\n', "unknown-queue", "did you mean apps?"),
        ('[[escalate]]\nwhen = { tier = "7" }\nqueue = "apps"\n', "unknown-tier", "there are: 1, 1.5, 2, 3"),
        ('[[route]]\nwhen = { agency = "DOT" }\nqueue = "apps"\n', "unknown-agency", "never see"),
    ],
)
def test_a_name_that_nobody_has_is_found_with_the_nearest(csctool, write, rule, kind, says):
    write(rule)
    (finding,) = found(csctool, "--agency", "DHS")
    assert finding["kind"] == kind
    assert says in f"{finding['message']}; {finding['hint']}"
    assert finding["file"] == "agencies/DHS/rules.toml"


def test_people_are_known_where_people_are_configured(csctool, staff, write):
    write('[[route]]\nqueue = "apps"\nperson = "deee"\n[[route]]\nwhen = { assignee = "boo" }\nqueue = "apps"\n')
    assert kinds(found(csctool))[:2] == [("unknown-person", "route[1]"), ("unknown-person", "route[2]")]


def test_a_category_that_no_rule_answers_and_no_ticket_has_is_unknown(csctool, voice, write):
    write(voice + '[[route]]\nwhen = { category = "telcom/*" }\nqueue = "apps"\n')
    assert kinds(found(csctool)) == [("unknown-category", "route[2]")]
    csctool.open("Fax", "--category", "telcom/fax")
    assert "unknown-category" not in dict(kinds(found(csctool, status=10)))


def test_a_field_that_no_past_ticket_has_is_unknown_once_there_are_past_tickets(csctool, write):
    write('[[route]]\nwhen = { fields.sit = "Springfield" }\nqueue = "apps"\n')
    assert found(csctool, status=0) == []
    csctool.open("Printer", "--field", "site=Springfield")
    assert ("unknown-field", "route[1]") in kinds(found(csctool))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("", 'when = { kind = "incident" }'),
        ('when = { category = "telecom/*" }', 'when = { category = "telecom/voice/*", text = "x" }'),
        ('when = { text = "tone" }', 'when = { text = ["no dial tone", "Tone  gone"] }'),
        ('when = { kind = ["incident", "request"] }', 'when = { kind = "request", impact = 1 }'),
        ('when = { impact = [1, 2, 3] }', 'when = { kind = "request" }'),
        ('when = { flags = "incomplete" }', 'when = { flags = "incomplete", channel = "email" }'),
    ],
)  # fmt: skip
def test_a_rule_behind_one_that_takes_all_its_tickets_can_never_fire(csctool, write, first, second):
    write(f'[[route]]\n{first}\nqueue = "apps"\n\n[[route]]\n{second}\nqueue = "process"\n')
    (finding,) = found(csctool, "-a", "DHS")
    assert (finding["kind"], finding["rule"], finding["line"]) == ("shadowed", "route[2]", 5)
    assert "route[1] (line 1) takes every ticket" in finding["message"]


def test_several_rules_may_take_a_rules_tickets_between_them(csctool, write):
    one = '[[route]]\nwhen = {{ kind = "{}" }}\nqueue = "apps"\n'
    both = '[[route]]\nwhen = { kind = ["incident", "request"] }\nqueue = "process"\n'
    write(one.format("incident") + one.format("request") + both)
    (finding,) = found(csctool)
    assert "route[1] (line 1) and route[2] (line 4) take every ticket" in finding["message"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('when = { category = "telecom/voice/*" }', 'when = { category = "telecom/*" }'),
        ('when = { text = "dial tone" }', 'when = { text = "tone" }'),
        ('when = { text = "art" }', 'when = { text = "restart" }'),
        ('when = { kind = "incident", impact = 1 }', 'when = { kind = "incident" }'),
        ('when = { category = "*" }', 'when = { category = "" }'),
    ],
)
def test_a_rule_that_some_ticket_still_comes_to_is_no_finding(csctool, write, first, second):
    write(f'[[route]]\n{first}\nqueue = "apps"\n\n[[route]]\n{second}\nqueue = "process"\n')
    assert "shadowed" not in dict(kinds(found(csctool, "--no-past", status=0)))


def test_a_rule_that_no_past_ticket_would_have_come_to_never_fired(csctool, voice, write):
    csctool.open("No dial tone: outage")
    write(voice + '[[route]]\nwhen = { text = "payroll" }\nqueue = "apps"\n')
    (finding,) = found(csctool)
    assert (finding["kind"], finding["rule"]) == ("never-fired", "route[2]")
    assert "1 past ticket" in finding["message"]
    assert found(csctool, "--no-past", status=0) == []


def test_an_escalation_rule_is_held_against_past_escalations(csctool, write):
    write('[[escalate]]\nwhen = { text = "payroll", handovers = 0 }\nqueue = "apps"\n[[escalate]]\nqueue = "vendors"\n')
    key = csctool.open("Payroll error")
    csctool("escalate", key, "--reason", "theirs")
    assert kinds(found(csctool)) == [("never-fired", "escalate[2]")]


def test_desk_rules_are_checked_over_all_agencies(csctool, write):
    write('[[route]]\nwhen = { agency = ["DHS", "DOX"] }\nqueue = "apps"\n', None)
    (finding,) = found(csctool)
    assert (finding["kind"], finding["file"]) == ("unknown-agency", "rules.toml")
    assert found(csctool, "--agency", "DHS", status=0) == []


def test_every_finding_is_told_not_the_first_alone(csctool, write):
    write('[[route]]\nwhen = { sevice = "x" }\nqueue = "aps"\n[[route]]\nqueue = "aps"\n[[route]]\nqueue = "apps"\n')
    said = csctool("rules", "check", status=10)
    assert [line.split(": ")[1] for line in said.lines] == ["unknown-field", "unknown-queue", "shadowed"]
    assert said.err == "csctool: 3 findings\n"


def test_a_file_that_is_no_toml_is_a_usage_error_and_the_others_are_checked(csctool, write):
    write("[[route]\n")
    write('[[route]]\nqueue = "aps"\n', "DOT")
    said = csctool("rules", "check", status=2)
    assert "not TOML" in said.err
    assert "agencies/DOT/rules.toml:1: unknown-queue" in said.out


def test_a_rule_with_a_wrong_word_is_refused_when_tickets_are_opened(csctool, write):
    write('[[route]]\nwhen = { kind = "incidnet" }\nqueue = "apps"\n')
    assert "when.kind: no such kind: 'incidnet'; did you mean `incident`?" in csctool.refused(
        "open", "Printer", "-a", "DHS", status=2
    )


def test_fields_of_the_agencys_own_are_tested_however_they_are_written(csctool, write):
    for when in ("{ fields.floor = 3 }", '{ "fields.floor" = "3" }', "{ fields = { floor = [3, 4] } }"):
        write(f'[[route]]\nwhen = {when}\nqueue = "apps"\n')
        assert csctool.ticket(csctool.open("Printer", "--field", "floor=3"))["queue"] == "apps"
        assert csctool.ticket(csctool.open("Printer", "--field", "floor=5"))["queue"] == "service-desk"


def test_an_empty_text_asks_for_what_nobody_named(csctool, write):
    write('[[route]]\nwhen = { service = "" }\nqueue = "apps"\n')
    assert csctool.ticket(csctool.open())["queue"] == "apps"
    assert csctool.ticket(csctool.open("Printer", "--service", "printing"))["queue"] == "service-desk"


@pytest.mark.parametrize(
    ("more", "kind", "says"),
    [
        ('to = ["reqester"]\ntransport = "smtp"', "unknown-person", "did you mean `requester`?"),
        ('to = ["a@b.example, c@d.example"]\ntransport = "smtp"', "unknown-value", "not exactly one address"),
        ('to = ["requester"]\ntransport = "smtp"\nquiet = "25:00-07"', "unknown-value", "neither hours"),
        ('to = ["requester"]', "unreadable", "names no transport"),
    ],
)  # fmt: skip
def test_a_rule_that_would_stop_every_command_of_the_agency_is_found(csctool, write, more, kind, says):
    write(f'[[notify]]\non = ["opened"]\n{more}\n')
    (finding,) = found(csctool, "--agency", "DHS")
    assert (finding["kind"], finding["rule"]) == (kind, "notify[1]")
    assert says in f"{finding['message']}; {finding['hint']}"
    assert says in csctool("open", "Printer", "--agency", "DHS", status=2).err


@pytest.mark.parametrize(("to", "says"), [
    ("https://evil.example/x", "evil.example:443 is none of the hosts that may be called"),
    ("https://hooks.example:8443/x", "hooks.example:8443 is none of the hosts that may be called"),
    ("https://u:p@hooks.example/", "there is a user name or a password in the URL"),
    ("requester", "'requester' is no URL, and [transports.hook] has none"),
])  # fmt: skip
def test_a_place_that_a_web_hook_never_calls_is_found_and_stops_no_command(csctool, desk, write, to, says):
    path = desk / "csctool.toml"
    path.write_text(f'{path.read_text()}\n[transports.hook]\nkind = "webhook"\nhosts = ["hooks.example"]\n')
    write(f'[[notify]]\non = ["opened"]\nto = ["https://hooks.example/x", "{to}"]\ntransport = "hook"\n')
    (finding,) = found(csctool, "--agency", "DHS")
    assert says in finding["message"]
    csctool.open()


def test_a_transport_that_nobody_has_is_found_unless_a_plugin_may_have_it(csctool, desk, write):
    write('[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smpt"\n')
    (finding,) = found(csctool, "--agency", "DHS")
    assert finding["message"] == "transport: there is no 'smpt'"
    assert finding["hint"] == "did you mean `smtp`?"

    settings = desk / "agencies/DHS/agency.toml"
    settings.write_text(settings.read_text().replace("plugins = []", 'plugins = ["plugins/pigeons.py"]'))
    found(csctool, "--agency", "DHS", status=0)


def test_a_transport_that_nobody_has_is_found_in_the_desks_own_rules_for_any_agency_that_no_plugin_serves(
    csctool, desk, write
):
    write('[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smpt"\n', None)
    (finding,) = found(csctool)
    assert (finding["file"], finding["message"]) == ("rules.toml", "transport: there is no 'smpt'")
    assert finding["hint"] == "did you mean `smtp`?"

    settings = desk / "agencies/DHS/agency.toml"
    settings.write_text(settings.read_text().replace("plugins = []", 'plugins = ["plugins/pigeons.py"]'))
    assert len(found(csctool)) == 1  # nobody delivers it for CSC and DOT

    write('[[notify]]\nwhen = { agency = "DHS" }\non = ["opened"]\nto = ["requester"]\ntransport = "pigeon"\n', None)
    assert found(csctool, status=0) == []


@pytest.mark.parametrize(
    ("template", "says", "advice"),
    [
        ("../../etc/passwd", "'../../etc/passwd' is no name of a template", "use letters and digits"),
        ("/etc/passwd", "is no name of a template", "use letters and digits"),
        ("payrol", "there is no 'payrol'", "did you mean payroll?"),
        ("vip", "there is no 'vip'", "write it as agencies/DHS/templates/vip.txt"),
    ],
)
def test_words_that_a_rule_asks_for_and_that_there_are_not_are_found(csctool, desk, write, template, says, advice):
    words = desk / "agencies/DHS/templates/ru"
    words.mkdir(parents=True)
    (words / "payroll.staff.txt").write_text("It is about your pay.\n")
    write(f'[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smtp"\ntemplate = "{template}"\n')
    (finding,) = found(csctool, "--agency", "DHS")
    assert (finding["kind"], finding["rule"]) == ("unknown-template", "notify[1]")
    assert says in finding["message"]
    assert advice in finding["hint"]

    for right in ("payroll", "resolved"):
        write(f'[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smtp"\ntemplate = "{right}"\n')
        found(csctool, "--agency", "DHS", status=0)


def test_words_that_a_rule_of_the_desk_asks_for_must_be_there_for_every_agency_that_it_speaks_for(csctool, desk, write):
    (desk / "agencies/DHS/templates").mkdir()
    (desk / "agencies/DHS/templates/vip.txt").write_text("At once.\n")
    rule = '[[notify]]\non = ["opened"]\nto = ["requester"]\ntransport = "smtp"\ntemplate = "vip"\n'
    write(rule, None)
    (finding,) = found(csctool)
    assert finding["message"] == "template: there is no 'vip' for CSC"
    assert finding["hint"] == "write it as templates/vip.txt"
    write(rule + 'when = { agency = "DHS" }\n', None)
    found(csctool, status=0)
    write(rule, None)
    (desk / "templates").mkdir()
    (desk / "templates/vip.txt").write_text("At once.\n")
    found(csctool, status=0)
