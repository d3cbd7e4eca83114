"""Text from outside as data: what could steer a terminal, hide or reorder is shown escaped."""

import re

#: C0 and C1 controls, line and paragraph separators, direction marks, embeddings, overrides and isolates, zero-width
#: characters and the byte order mark, tags: nothing of these may reach a terminal (UTS #39, Trojan Source).
#: A pattern, not compiled here: most commands never need it, and `re` keeps what it has compiled.
UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def visible(text: str) -> str:
    """One line in which nothing is hidden."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(UNSAFE, _escaped, text)


def paragraphs(text: str) -> list[str]:
    """The lines of a longer text, each visible: here a line break is a line break."""
    return [visible(line) for line in text.replace("\r\n", "\n").split("\n")]


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
