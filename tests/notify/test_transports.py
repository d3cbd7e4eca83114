"""What settings may say of transports, and what is said to those who say something else."""

import pytest
from tests.plugins.helpers import plugin

from csctool.domain.endpoint import EndpointError, allowed, endpoint, place
from csctool.domain.transports import Smtp


@pytest.mark.parametrize(("table", "why"), [
    ('[transports.pigeon]\nhost = "x"', "transports.pigeon: which kind is it? kind is one of: smtp, webhook"),
    ('[transports.x]\nkind = "pigeon"', "transports.x.kind: there is no 'pigeon'"),
    ("[transports]\nsmtp = 1", "transports.smtp: is no table"),
    ('[transports.smtp]\nhots = "x"', "transports.smtp: unknown key `hots`; did you mean `host`?"),
    ('[transports.smtp]\nport = "25"', "transports.smtp.port: expected a whole number"),
    ("[transports.smtp]\nport = 0", "transports.smtp.port: 0 is no port"),
    ("[transports.smtp]\ntimeout = 31", "transports.smtp.timeout: 31 is no number of seconds from 1 to 30"),
    ('[transports.smtp]\nhost = "a b"', "transports.smtp.host: 'a b' is no host"),
    ('[transports.smtp]\ntls = "maybe"', "transports.smtp.tls: there is no 'maybe'; one of: none, starttls, tls"),
    ('[notify]\ndeliver = "now"', "notify.deliver: there is no 'now'; one of: sweep, at-once"),
    ('[transports.smtp]\nsender = "a@b, c@d"', "transports.smtp.sender: 'a@b, c@d' is not exactly one address"),
    ('[transports.smtp]\nuser = "x"', "there is no password for it; give password_file or password_command"),
    ('[transports.smtp]\npassword_file = "/etc/x"', "there is a password for nobody"),
    ('[transports.smtp]\nuser = "x"\npassword_file = "/a"\npassword_command = ["/b"]', "one of them is enough"),
    ('[transports.smtp]\nuser = "x"\npassword_file = "secret"', "'secret' is no absolute path"),
    ('[transports.smtp]\nuser = "x"\npassword_file = "DESK/secret"', "lies in the desk's directory"),
    ('[transports.smtp]\nuser = "x"\npassword_command = ["cat"]', "'cat' is no absolute path of a program"),
    ('[transports.smtp]\nhost = "mail.gov"\ntls = "none"\nuser = "x"\npassword_file = "/a"', "in the clear"),
    ('[transports.smtp]\nca_file = "ca.pem"', "'ca.pem' is no absolute path"),
    ('[transports.smtp]\nagencies = ["dhs"]', "'dhs' is no agency key"),
    ("[transports.webhook]", "there is neither url nor hosts"),
    ('[transports.webhook]\nurl = "http://example.gov/"', "would go over the net in the clear"),
    ('[transports.webhook]\nurl = "hooks"', "is no https URL"),
    ('[transports.webhook]\nhosts = ["https://x/"]', "is no host and no host:port"),
    ('[transports.webhook]\nurl = "https://x/"\nsecret_file = "s"', "'s' is no absolute path"),
    ("[transports.command]", "transports.command: run: there is no program"),
    ('[transports.command]\nrun = ["tell"]', "'tell' is no absolute path of a program"),
    ('[transports.command]\nrun = "/bin/tell"', "transports.command.run: expected a list"),
    ('[transports.file]\npath = "../../x"', "is no file in the agency's directory"),
    ('[transports.file]\npath = "x/"', "is no file in the agency's directory"),
    ("[transports.chat]", "transports.chat: places_file: is missing"),
    ('[notify]\ndeliver = "soon"', "notify.deliver"),
    ('[notify]\ngive_up = "3wd"', "notify.give_up: not a duration in elapsed time: '3wd'"),
    ("[notify]\nanswers_per_hour = 0", "notify.answers_per_hour: 0 is below 1"),
])  # fmt: skip
def test_what_cant_work_or_is_not_safe_is_refused_with_file_and_key(csctool, desk, table, why):
    path = desk / "csctool.toml"
    path.write_text(f"{path.read_text()}\n{table.replace('DESK', str(desk))}\n")
    said = csctool.refused("list", status=2)
    assert said.startswith(f"csctool: {path}: ")
    assert why in said


@pytest.mark.parametrize("line", ['sender = "a@b, c@d"', 'reply_to = "nobody"'])
def test_an_agencys_address_is_exactly_one(csctool, desk, line):
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(f"{line}\n{path.read_text()}")
    assert line.partition(" ")[0] in csctool.refused("open", "x", "-a", "DHS", status=2)


@pytest.mark.parametrize(("table", "security", "port"), [
    (Smtp(), "none", 25), (Smtp(host="127.0.0.5"), "none", 25), (Smtp(host="mail.gov"), "starttls", 587),
    (Smtp(host="mail.gov", tls="tls"), "tls", 465), (Smtp(host="mail.gov", tls="none"), "none", 25),
    (Smtp(host="mail.gov", port=26), "starttls", 26), (Smtp(tls="starttls"), "starttls", 25),
])  # fmt: skip
def test_what_is_left_out_is_private_unless_it_stays_on_this_machine(table, security, port):
    assert (table.security, table.port_number) == (security, port)


@pytest.mark.parametrize(("url", "hosts", "may"), [
    ("https://a.gov/x", ("a.gov",), True), ("https://A.gov./x", ("a.gov",), True),
    ("https://b.gov/", ("a.gov",), False),
    ("https://a.gov:8443/", ("a.gov",), False), ("https://a.gov:8443/", ("a.gov:8443",), True),
    ("https://a.gov/", ("a.gov:8443",), False), ("https://x.a.gov/", ("a.gov",), False),
    ("http://localhost/", ("localhost",), True), ("http://[::1]:80/", ("[::1]",), True),
    ("https://a.gov/", (), False),
])  # fmt: skip
def test_only_listed_hosts_on_listed_ports_are_called(url, hosts, may):
    assert allowed(endpoint(url), hosts) is may


@pytest.mark.parametrize("url", [
    "", "x", "//a.gov", "http://a.gov/", "https://", "https:///x", "https://a.gov:x/", "https://a.gov:99999/",
    "https://u@a.gov/", "https://a b/", "https://a.gov\\@b.gov/", "https://a.gov/\n", "https://а.gov/", "javascript:x", "https://-a.gov/",
])  # fmt: skip
def test_what_is_no_url_that_may_be_called(url):
    with pytest.raises(EndpointError):
        endpoint(url)


@pytest.mark.parametrize("text", ["", "a b", "https://a", "a:0", "a:x", "a:70000", "a/b", ":80"])
def test_what_is_no_host(text):
    with pytest.raises(EndpointError):
        place(text)


# -- who may use it, and what there is besides -----------------------------------------------------------------


def test_a_transport_may_be_for_some_agencies_only(csctool, transport, tell, box):
    transport("wall", kind="file", path="wall.jsonl", agencies=["DOT"])
    for agency in ("DHS", "DOT"):
        tell("wall", "ops", agency=agency)
        csctool.open(agency=agency)
    assert "the transport wall is not for DHS" in csctool("notify", "send", status=9).err
    assert [n["ticket"] for n in box()] == ["DHS-1"]


@pytest.mark.parametrize("name", ["webhook", "command", "chat"])
def test_what_needs_a_table_says_so(csctool, tell, name):
    tell(name, "ops")
    csctool.open()
    assert f"csctool.toml has no [transports.{name}], which says" in csctool("notify", "send", status=9).err


def test_a_name_that_no_setting_knows_is_offered_to_the_agencys_plugins(csctool, desk, tell, box, tmp_path):
    plugin(desk, f"""
from csctool.plugins import Receipt
@hookimpl
def deliver(message):
    if message.transport != "pager":
        return None
    with open({str(tmp_path / "paged")!r}, "a") as file:
        print(message.id, message.to, message.ticket, message.event, message.subject, file=file)
    return Receipt(id="page-1", detail="beep")
""")  # fmt: skip
    tell("pager", "555-0100")
    key = csctool.open("No dial tone")
    assert csctool("notify", "send").lines == [f"told 555-0100 of {key} opened by pager"]
    (sent,) = box("--state", "sent")
    assert (sent["receipt"], sent["detail"]) == ("page-1", "beep")
    assert (tmp_path / "paged").read_text().startswith(f"{sent['id']} 555-0100 {key} opened [{key}]")


def test_a_plugin_that_fails_to_deliver_is_named_and_the_message_stays(csctool, desk, tell, box):
    plugin(desk, "@hookimpl\ndef deliver(message):\n    raise OSError('no carrier')\n")
    tell("pager", "555-0100")
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert "plugins/own.py: deliver raised OSError: no carrier" in said
    assert [n["state"] for n in box()] == ["waiting"]


def test_of_a_plugin_that_ended_while_it_delivered_no_message_says_that_there_is_no_such_transport(csctool, desk, tell):
    plugin(desk, "import os\n@hookimpl\ndef deliver(message):\n    os._exit(3)\n")
    tell("pager", "555-0100", "555-0101")
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert said.count("deliver ended its process") == 3, "of the plugin, and of each message"
    assert "no such transport" not in said


def test_a_plugin_that_delivers_has_more_time_than_one_that_decides(csctool, desk, tell, box, monkeypatch):
    from csctool.plugins import remote

    plugin(desk, "import time\n@hookimpl\ndef deliver(message):\n    time.sleep(1.1)\n    return 'beep'\n")
    tell("pager", "555-0100")
    csctool.open()
    monkeypatch.setattr(remote, "BUDGET", 1.0)
    assert len(csctool("notify", "send").lines) == 1
    monkeypatch.setattr(remote, "DELIVERY", 0.2)
    csctool.open()
    assert "deliver took more than 0.2 seconds and was killed" in csctool("notify", "send", status=9).err
    assert [n["state"] for n in box()] == ["waiting"]
