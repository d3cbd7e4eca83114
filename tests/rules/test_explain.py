"""Why is this ticket here? Who was asked, who answered, by which rule on which line, who had nothing to say."""


def test_explain_names_the_rule_its_line_its_reason_and_who_was_passed_over(csctool, voice):
    key = csctool.open("No dial tone", "--kind", "incident")
    said = csctool("explain", key).out
    assert "asked agency-rules categorize[1] line 1: category=telecom/voice/voicemail" in said
    assert "because: voice team's list" in said
    assert "asked agency-rules: no answer\n      asked matrix: priority=P5" in said
    assert "given: kind=incident" in said


def test_explain_in_json_has_each_decision_with_rule_and_line(csctool, voice):
    key = csctool.open("No dial tone", "-c", "phone")
    document = csctool("explain", key, "--format", "json").json
    assert (document["schema"], document["key"]) == ("csctool.explain/1", key)
    assert document["given"] == {"subject": "No dial tone", "channel": "phone"}
    first, second, third = document["decisions"]
    assert (first["hook"], first["plugin"], first["rule"], first["line"]) == (
        "categorize", "agency-rules", "categorize[1] line 1", 1,
    )  # fmt: skip
    assert second["passed"] == [{"plugin": "agency-rules", "why": "no answer"}]
    assert (third["answer"], third["line"]) == ({"queue": "network-telecom"}, 10)


def test_the_desks_rules_are_asked_after_the_agencys(csctool, voice, write):
    write('[[route]]\nqueue = "apps"\n', None)
    key = csctool.open("Printer jams")
    route = csctool("explain", key, "--format", "json").json["decisions"][-1]
    assert (route["plugin"], route["rule"]) == ("desk-rules", "route[1] line 1")
    assert route["passed"] == [{"plugin": "agency-rules", "why": "no answer"}]


def test_an_opening_is_explained_before_the_fact_and_nothing_is_written(csctool, voice):
    before = csctool.files()
    said = csctool("open", "No dial tone", "-a", "DHS", "--dry-run", "--explain").out
    assert said.startswith("would open DHS-1: contact P5 in network-telecom\nDHS-1  No dial tone\n")
    assert "route[1] line 10" in said
    document = csctool("open", "No dial tone", "-a", "DHS", "--dry-run", "--explain", "--format", "json").json
    assert document["schema"] == "csctool.explain/1"
    assert [decision["hook"] for decision in document["decisions"]] == ["categorize", "prioritize", "route"]
    assert csctool.files() == before


def test_explain_while_opening_for_real_is_sent_to_the_command_for_it(csctool):
    assert "csctool explain KEY" in csctool.refused("open", "Printer", "-a", "DHS", "--explain", status=2)


def test_what_speaks_against_a_ticket_is_explained(csctool, desk):
    agency = desk / "agencies/DHS/agency.toml"
    agency.write_text(agency.read_text() + '\nrequired = { incident = ["site"] }\n')
    key = csctool.open("Printer jams", "--kind", "incident")
    assert "objection: site is required for incident" in csctool("explain", key).out


def test_a_hostile_reason_is_shown_escaped(csctool, write):
    write('[[route]]\nqueue = "apps"\nreason = "\\u001b[31mred"\n')
    assert "because: \\x1b[31mred" in csctool("explain", csctool.open()).out
