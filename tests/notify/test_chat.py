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


def test_without_the_extra_it_is_said_how_to_get_it(csctool, places, monkeypatch):
    import sys

    places("ops json://127.0.0.1:1/200\n")
    monkeypatch.setitem(sys.modules, "apprise", None)
    csctool.open()
    assert "pip install 'csctool[chat]'" in csctool("notify", "send", status=9).err
