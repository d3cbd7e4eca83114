"""A real web server in a thread: what a path is called says how it answers."""

import contextlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebServer(ThreadingHTTPServer):
    """Keeps what was posted in `took`: path, headers, body, port of the other end."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.took: list[dict[str, Any]] = []
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what some tests are about."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class Answering(BaseHTTPRequestHandler):
    """`/200`, `/503` … answer so; `/redirect` leads to `/200`; `/hang` and `/drip` never end; `/huge` has no end worth
    reading; `/cut` takes it and cuts the line; `/bye` takes it and ends the connection afterwards."""

    protocol_version = "HTTP/1.1"
    server: WebServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = {"path": self.path, "headers": dict(self.headers), "body": body, "peer": self.client_address[1]}
        self.server.took.append(told)
        how = self.path.split("?")[0].strip("/")
        getattr(self, f"_{how}", self._answer)(how)

    def _answer(self, status: str, text: bytes = b'{"ok": true}') -> None:
        self.send_response(int(status))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _redirect(self, _: str) -> None:
        self.send_response(307)
        self.send_header("Location", f"http://127.0.0.1:{self.server.port}/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _hang(self, _: str) -> None:
        time.sleep(3)

    def _drip(self, _: str) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.1)

    def _huge(self, _: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * (1 << 16))

    def _cut(self, _: str) -> None:
        self.close_connection = True

    def _bye(self, _: str) -> None:
        self._answer("200")
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Nothing on stderr."""


def posted(one: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a post."""
    found: dict[str, Any] = json.loads(one["body"])
    return found
