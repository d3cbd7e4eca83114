"""Messages into chats, through apprise: here its generic JSON place, which is a web server of ours."""

import pytest

from .webserver import WebServer, posted

pytest.importorskip("apprise", reason="the extra chat is not installed")
#: What the library warns of, while it is imported, concerns its authors.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TOKEN = "xoxb-very-secret-token"


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def places(tmp_path, transport, tell):
    """A file of chats and a desk that tells the ops."""

    def write(text, *to):
        path = tmp_path / "chats"
        path.write_text(text)
        path.chmod(0o600)
        transport("chat", places_file=str(path))
        tell("chat", *(to or ("ops",)))
        return path

    return write


def test_a_message_appears_in_the_chat_that_the_rule_names(csctool, web, places, box):
    here = f"json://127.0.0.1:{web.port}"
    places(f"# our chats\n\nops {here}/200\nnoc   {here}/204\n", "noc", "ops")
    key = csctool.open("No dial tone")
    assert csctool("notify", "send").lines == [f"told {who} of {key} opened by chat" for who in ("noc", "ops")]
    assert [one["path"].strip("/") for one in web.took] == ["204", "200"]
    assert "No dial tone" in posted(web.took[0])["title"]
    assert box() == []


def test_a_chat_that_does_not_take_it_is_tried_again_and_tells_no_secret(csctool, web, places, box):
    places(f"ops json://desk:{TOKEN}@127.0.0.1:{web.port}/503\n")
    csctool.open()
    said = csctool("notify", "send", status=9)
    assert "the chat ops did not take it" in said.err
    assert TOKEN not in said.err + str(box())
    assert [n["state"] for n in box()] == ["waiting"]


def test_a_name_that_is_no_chat_is_a_dead_letter(csctool, places, box):
    places("ops json://127.0.0.1:1/200\n", "no such")
    csctool.open()
    assert "there is no chat 'no such'" in csctool("notify", "send", status=9).err
    assert [n["state"] for n in box()] == ["dead"]


@pytest.mark.parametrize(("text", "why"), [
    (f"ops {TOKEN}\n", "line 1: not a name and a URL"), (f"ops nonsense://{TOKEN}\n", "the URL of the chat ops"),
    ("", "is empty"),
])  # fmt: skip
def test_a_file_that_cant_be_used_is_told_without_what_is_in_it(csctool, places, box, text, why):
    places(text)
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert why in said
    assert TOKEN not in said
    assert [n["state"] for n in box()] == ["waiting"]


@pytest.mark.parametrize("bad", ["nonsense://desk@x", "json://127.0.0.1:{port}/hang"])
def test_a_chat_that_cant_be_reached_keeps_no_other_from_hearing(csctool, web, places, box, desk, bad):
    places(f"bad\t{bad.format(port=web.port)}\nops\tjson://127.0.0.1:{web.port}/200\n", "bad", "ops")
    path = desk / "csctool.toml"
    path.write_text(f"{path.read_text()}timeout = 1\n")
    for subject in ("one", "two", "three"):
        csctool.open(subject)
    csctool("notify", "send", status=9)
    assert [posted(one)["title"][8:] for one in web.took if one["path"].strip("/") == "200"] == ["one", "two", "three"]
    assert len([one for one in web.took if one["path"].strip("/") == "hang"]) == (2 if "hang" in bad else 0)
    assert [(n["to"], n["state"]) for n in box()] == [("bad", "waiting")] * 3


def test_a_chat_that_answers_one_byte_at_a_time_is_late_like_one_that_is_silent(csctool, web, places, box, desk):
    places(f"ops json://127.0.0.1:{web.port}/drip\n")
    path = desk / "csctool.toml"
    path.write_text(f"{path.read_text()}timeout = 1\n")
    csctool.open()
    assert "the chat ops: no answer within 1 s" in csctool("notify", "send", status=9).err
    assert [n["state"] for n in box()] == ["waiting"]


def test_a_chat_that_says_go_elsewhere_has_not_taken_it(csctool, web, places, box):
    places(f"ops json://127.0.0.1:{web.port}/redirect\n")
    csctool.open()
    assert "the chat ops did not take it: " in (err := csctool("notify", "send", status=9).err)
    assert "WARNING" not in err
    assert [one["path"].strip("/") for one in web.took] == ["redirect"]
    assert [n["state"] for n in box()] == ["waiting"]


def test_a_subject_calls_nobody_into_a_chat_and_hides_no_address_behind_a_link(csctool, web, places):
    places(f"ops json://127.0.0.1:{web.port}/200\n")
    csctool.open("@here <!channel> <@U1> [bank](http://evil.example) <http://evil.example|bank> of bo@x.example")
    csctool("notify", "send")
    title = posted(web.took[0])["title"]
    for active in ("@here", "<!", "<@", "](", "<http"):
        assert active not in title
    assert "bo@x.example" in title
    assert title.replace("\u200b", "").endswith("<http://evil.example|bank> of bo@x.example")


def test_without_the_extra_it_is_said_how_to_get_it(csctool, places, monkeypatch):
    import sys

    places("ops json://127.0.0.1:1/200\n")
    monkeypatch.setitem(sys.modules, "apprise", None)
    csctool.open()
    assert "pip install 'csctool[chat]'" in csctool("notify", "send", status=9).err
