"""Running a program that settings name: no shell, hardly any environment, a time limit for it and all its children."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from contextlib import suppress

import msgspec

from csctool.notify.transport import ShutError

#: How much of what it prints is kept, in octets. More is read and forgotten, so that it can't fill memory or stop.
KEPT = 4096
#: What a program finds in its environment, and nothing else.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Ran(msgspec.Struct, frozen=True):
    """How a program ended: its exit status, minus the signal that killed it, None when its time was up; and what it
    printed, stdout and stderr."""

    status: int | None
    out: str
    err: str


def run(words: tuple[str, ...], stdin: bytes, seconds: float) -> Ran:
    """Run it to its end, or to the end of its time. Raises ShutError when it can't be started."""
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        try:
            program = subprocess.Popen(
                words, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", env=_environment(),
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise ShutError(f"can't run {words[0]}: {error.strerror}") from None
    with program:
        try:
            out, err = _read(program, time.monotonic() + seconds)
            status = program.poll()
        finally:
            if program.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(program.pid, signal.SIGKILL)
                program.wait()
    return Ran(status, out, err)


def _environment() -> dict[str, str]:
    home = os.environ.get("HOME")
    return {**ENVIRONMENT, "HOME": home} if home else ENVIRONMENT


def _read(program: "subprocess.Popen[bytes]", until: float) -> tuple[str, str]:
    """What it prints, until it has ended. A child that it leaves behind and that holds the pipes is not waited for."""
    kept = {program.stdout: b"", program.stderr: b""}
    with selectors.DefaultSelector() as lines:
        for line in kept:
            assert line is not None
            lines.register(line, selectors.EVENT_READ)
        ended = False
        while lines.get_map() or not ended:
            left = until - time.monotonic()
            if left <= 0:
                break
            ready = lines.select(0.0 if ended else min(left, 0.05))
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                if not data:
                    lines.unregister(key.fileobj)
                kept[key.fileobj] = (kept[key.fileobj] + data)[:KEPT]  # type: ignore[index]
            if ended and not ready:
                break
            ended = program.poll() is not None
    out, err = (data.decode(errors="backslashreplace") for data in kept.values())
    return out, err
