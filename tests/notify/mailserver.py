"""A real mail server that is as difficult as it is told to be: a process of its own, on a port of its own.

    python mailserver.py SPOOL [--cert PEM] [--tls none|starttls|tls] [--login USER:PASSWORD] [--idle SECONDS]

It prints its port and appends what it takes to the file SPOOL, a JSON document in each line. The local part of a
recipient says what happens to a message: see `Difficult`.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

#: Answers to RCPT and to DATA.
RCPT = {"later": "451 4.7.1 greylisted", "never": "550 5.1.1 nobody here", "odd": "450 4.2.0 \x1b[31mred"}
DATA = {"full": "452 4.2.2 mailbox full", "spam": "554 5.7.1 looks like spam"}
LONG = 3600


class Difficult:
    """later@ never@ full@ spam@ are refused; hang@ and drip@ wait for ever, silently or not, cut@ is taken and the line
    cut, slam@ gets 421 and the line cut, bye@ is taken and the line ended; everybody else's mail is taken."""

    def __init__(self, spool: str, hook: str | None) -> None:
        self._spool = os.open(spool, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._hook = hook

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        how = address.partition("@")[0]
        if how == "hang":
            await asyncio.sleep(LONG)
        if how == "drip":
            while True:
                server.transport.write(b"250-still thinking\r\n")
                await asyncio.sleep(0.2)
        if how == "slam":
            server.transport.write(b"421 4.3.2 going down\r\n")
            await asyncio.sleep(0.05)
            server.transport.close()
        if how in RCPT:
            return RCPT[how]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        how = envelope.rcpt_tos[0].partition("@")[0]
        if how in DATA:
            return DATA[how]
        text = envelope.content.decode()
        told = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": text, "peer": session.peer[1],
                "tls": session.ssl is not None or bool(server.transport.get_extra_info("sslcontext")),
                "login": (session.auth_data.login.decode() if session.auth_data else None)}  # fmt: skip
        os.write(self._spool, json.dumps(told).encode() + b"\n")
        if self._hook:
            hook = await asyncio.create_subprocess_exec(self._hook, stdin=asyncio.subprocess.PIPE)
            await hook.communicate(json.dumps(told).encode())
        if how == "cut":
            server.transport.abort()
        if how == "bye":
            asyncio.get_running_loop().call_soon(server.transport.close)
        return f"250 OK queued as {len(text)}"


async def serve(asked: argparse.Namespace) -> None:
    context = None
    if asked.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(asked.cert)

    def login(_server, _session, _envelope, _mechanism, data):
        told = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=told == asked.login, handled=False, auth_data=data)

    def line():
        more = {"authenticator": login, "auth_required": True, "auth_require_tls": False} if asked.login else {}
        starttls = context if asked.tls == "starttls" else None
        return SMTP(Difficult(asked.spool, asked.hook), hostname="mail.test", tls_context=starttls, timeout=asked.idle,
                    command_call_limit=100000, **more)  # fmt: skip

    server = await asyncio.get_running_loop().create_server(
        line, "127.0.0.1", asked.port, ssl=context if asked.tls == "tls" else None
    )
    # Whoever started this holds the other end of stdin: when that is gone, nobody would ever end it.
    asyncio.get_running_loop().add_reader(0, lambda: os.read(0, 1) or os._exit(0))
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("spool")
    words.add_argument("--cert")
    words.add_argument("--tls", default="none")
    words.add_argument("--login")
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--idle", type=float, default=300)
    words.add_argument("--hook", help="a program that gets each mail as JSON on stdin")
    try:
        asyncio.run(serve(words.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)
