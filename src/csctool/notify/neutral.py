"""Text from outside, made harmless for a mail program: nothing steers, hides or reorders, and it stays readable."""

import re

#: Shown as a replacement character, so that nobody reads over it: control characters, and the direction embeddings,
#: overrides and isolates that make a text read otherwise than it is (CVE-2021-42574, "Trojan Source"; UTS #39).
_STEERING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
#: Left out: what nobody sees. Joiners stay, for scripts and emoji that need them.
_INVISIBLE = "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\ufeff]"
_LINE_ENDS = "\r\n|[\r\x0b\x0c\x85\u2028\u2029]"
REPLACEMENT = "\ufffd"


def neutral(text: str) -> str:
    """The text with its lines, which end in a plain newline, and its tabs."""
    if text.isascii() and text.isprintable():
        return text
    text = re.sub(_LINE_ENDS, "\n", text)
    return re.sub(_STEERING, REPLACEMENT, re.sub(_INVISIBLE, "", text))


def one_line(text: str, most: int) -> str:
    """The text as one line of at most so many characters; what was cut off is shown by an ellipsis."""
    line = " ".join(neutral(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def header(text: str, most: int) -> str:
    """The text for a header: one line, in which nothing is left that a mail program would decode (RFC 2047)."""
    return one_line(text.replace("=?", "= ?"), most)
