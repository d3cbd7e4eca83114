"""Posts to a real web server, kind and unkind."""

import base64
import hashlib
import hmac
import ssl

import pytest
import trustme

from .conftest import SOON
from .webserver import WebServer, posted


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def hook(web, transport, tell):
    """A desk that tells a web server by its path."""

    def tells(path="200", *to, **more):
        transport("webhook", url=f"http://127.0.0.1:{web.port}/{path}", timeout=SOON, **more)
        tell("webhook", *(to or ("ops",)))

    return tells


def test_a_message_is_posted_as_json_over_one_connection(csctool, web, hook):
    hook("200?team=1")
    keys = [csctool.open("No dial tone"), csctool.open("Fire")]
    assert csctool("notify", "send").lines == [f"told ops of {key} opened by webhook" for key in keys]
    assert [one["path"] for one in web.took] == ["/200?team=1"] * 2
    assert len({one["peer"] for one in web.took}) == 1
    told = posted(web.took[0])
    assert told["schema"] == "csctool.notice/1"
    assert (told["ticket"], told["event"], told["to"], told["status"]) == (keys[0], "opened", "ops", "queued")
    assert "No dial tone" in told["subject"]
    assert web.took[0]["headers"]["webhook-id"] == told["id"]
    assert "webhook-signature" not in web.took[0]["headers"]


@pytest.mark.parametrize(("text", "key"), [
    ("a plain secret\n", b"a plain secret"), ("whsec_c2VjcmV0\n", b"secret"),
])  # fmt: skip
def test_the_signature_proves_who_sent_it_and_when(csctool, web, hook, tmp_path, text, key):
    """Checked as the Standard Webhooks specification says."""
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(0o600)
    hook(secret_file=str(path))
    csctool.open()
    csctool("notify", "send")
    (took,) = web.took
    signed = b".".join(
        (took["headers"]["webhook-id"].encode(), took["headers"]["webhook-timestamp"].encode(), took["body"])
    )
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert took["headers"]["webhook-signature"] == f"v1,{digest}"


@pytest.mark.parametrize(("path", "why", "state"), [
    ("500", "answered 500", "waiting"), ("503", "answered 503", "waiting"), ("429", "answered 429", "waiting"),
    ("400", "answered 400", "dead"), ("404", "answered 404", "dead"), ("410", "answered 410", "dead"),
    ("redirect", "redirects are not followed", "dead"), ("hang", f"no answer within {SOON} s", "waiting"),
    ("drip", f"no answer within {SOON} s", "waiting"), ("cut", "127.0.0.1", "waiting"),
])  # fmt: skip
def test_what_is_not_taken_is_tried_again_or_dead(csctool, web, hook, box, path, why, state):
    hook(path)
    csctool.open()
    assert why in csctool("notify", "send", status=9).err
    assert [n["state"] for n in box()] == [state]
    assert [one["path"] for one in web.took] == [f"/{path}"]


def test_of_a_huge_answer_only_a_little_is_read(csctool, web, hook, box):
    hook("huge")
    csctool.open()
    csctool("notify", "send")
    assert box() == []


def test_a_connection_that_was_ended_between_two_messages_is_opened_again(csctool, web, hook):
    hook("bye")
    for _ in range(3):
        csctool.open()
    csctool("notify", "send")
    assert len({one["peer"] for one in web.took}) == 3


def test_a_recipient_that_is_a_url_is_called_if_its_host_may_be(csctool, web, hook, box):
    local = f"http://127.0.0.1:{web.port}/204"
    hook("200", local, "https://example.org/x", "http://127.0.0.1:1/x", "http://example.gov/", "https://u:p@127.0.0.1/",
         "ftp://127.0.0.1/", hosts=["hooks.example.gov"])  # fmt: skip
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert "example.org:443 is none of the hosts" in said
    assert "127.0.0.1:1 is none of the hosts" in said
    assert "would go over the net in the clear" in said
    assert "a user name or a password in the URL" in said
    assert "is no https URL" in said
    assert [one["path"] for one in web.took] == ["/204"]
    assert {n["state"] for n in box()} == {"dead"}


def test_a_proxy_of_the_environment_is_not_asked(csctool, web, hook, monkeypatch):
    hook()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    csctool.open()
    csctool("notify", "send")
    assert len(web.took) == 1


def test_a_place_that_is_down_is_asked_once_and_keeps_no_other_place(csctool, web, hook):
    hook("200", "http://127.0.0.1:1/x", f"http://127.0.0.1:{web.port}/200", hosts=["127.0.0.1:1"])
    csctool.open()
    csctool.open()
    said = csctool("notify", "send", status=9).err
    assert said.startswith("csctool: DHS: 2 messages by webhook were not delivered: 127.0.0.1: connection refused")
    assert len(web.took) == 2


@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_is_checked(csctool, transport, tell, tmp_path, box, trusted):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    web = WebServer(context)
    try:
        more = {"ca_file": str(tmp_path / "ca.pem")} if trusted else {}
        transport("webhook", url=f"https://127.0.0.1:{web.port}/200", **more)
        tell("webhook", "ops")
        csctool.open()
        said = csctool("notify", "send", status=0 if trusted else 9).err
        assert trusted or "its certificate is not trusted" in said
        assert len(web.took) == trusted
        assert [n["state"] for n in box()] == ["waiting"] * (not trusted)
    finally:
        web.close()
