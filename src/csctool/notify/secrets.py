"""The secrets that transports keep in files: whoever delivers reads them, and nobody else may."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping

from csctool.desk.ports import Symptom
from csctool.domain.transports import Transport, Webhook
from csctool.notify.transport import ShutError

#: The keys of transports that name such a file.
KEYS = ("password_file", "secret_file", "places_file")
#: What is longer is no secret, in octets.
LONGEST = 1 << 16


class SecretError(ShutError):
    """A secret that can't be used: what is `wrong` with its file, never any of what is in it, and what to do."""

    def __init__(self, wrong: str, advice: str) -> None:
        super().__init__(f"{wrong}: {advice}")
        self.wrong = wrong
        self.advice = advice


def secret(path: str) -> str:
    """The secret in a file, without the line break at its end. Raises SecretError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise SecretError(f"{path} is no file", "put the secret into a file of its own")
            if about.st_mode & stat.S_IRWXO:
                raise SecretError(f"{path} holds a secret and others may read it", f"chmod o-rwx {path}")
            data = file.read(LONGEST)
    except OSError as error:
        raise SecretError(f"can't read {path}: {error.strerror}", _remedy(path, error)) from None
    try:
        text = data.decode().strip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"{path} is not UTF-8 text", "put the secret alone into it") from None
    if not text:
        raise SecretError(f"{path} is empty", "put the secret into it")
    return text


def _remedy(path: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "put the secret there (mode 600 or 640), or name another file in csctool.toml"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"whoever delivers must be able to: chgrp it to their group and chmod 640 {path}"
    return "look at its disk"


def unusable(transports: Mapping[str, Transport]) -> Iterator[Symptom]:
    """The secrets that no message would get past, before one tries."""
    for name, table in transports.items():
        for key in KEYS:
            path = getattr(table, key, None)
            if path is None:
                continue
            try:
                found = secret(path)
                if isinstance(table, Webhook):
                    signing_key(found)
            except SecretError as error:
                yield Symptom("warning", None, path, f"transports.{name}.{key}: {error.wrong}", error.advice)


def signing_key(text: str) -> bytes:
    """The key that the secret of a webhook stands for: `whsec_` and base64, or the text itself. Raises SecretError."""
    if not text.startswith("whsec_"):
        return text.encode()
    import base64
    import binascii

    try:
        return base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        wrong = "the secret of the webhook begins with whsec_ and is no base64"
        raise SecretError(wrong, "copy it again from where it was made") from None
