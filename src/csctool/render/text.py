"""Text from outside in the forms that other programs read: JSON, cells of a spreadsheet, Markdown."""

import re

from csctool.domain.showing import UNSAFE, paragraphs, visible

__all__ = ["UNSAFE", "cell", "in_json", "in_markdown", "paragraphs", "visible"]

#: The same characters as UNSAFE, as they stand in JSON: UTF-8 (the C0 controls are escaped there anyway), and how each
#: begins that is not ASCII: most documents have none, and looking for that is quick.
_BEGINNINGS = (
    b"\xc2",
    b"\xd8\x9c",
    b"\xe1\xa0\x8e",
    b"\xe2\x80",
    b"\xe2\x81",
    b"\xef\xbb",
    b"\xef\xbf",
    b"\xf3\xa0",
)
_IN_UTF_8 = (
    rb"\x7f|\xc2[\x80-\x9f\xad]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf"
    rb"|\xef\xbf[\xb9-\xbb]|\xf3\xa0[\x80\x81][\x80-\xbf]"
)


def in_json(data: bytes) -> bytes:
    """The same JSON, with what could steer a terminal, hide or reorder written as `\\u202e`: nothing is lost."""
    if b"\x7f" not in data and (data.isascii() or not any(beginning in data for beginning in _BEGINNINGS)):
        return data
    return re.sub(_IN_UTF_8, _named, data)


def _named(found: re.Match[bytes]) -> bytes:
    units = found[0].decode().encode("utf-16-be")
    return b"".join(b"\\u%02x%02x" % (units[at], units[at + 1]) for at in range(0, len(units), 2))


#: What Markdown would take for a link, a picture, code, emphasis, a cell's end or a tag. An underscore within a word is
#: none of these.
_MARKS = r"[\\|<`*\[\]]|(?<!\w)_|_(?!\w)|&(?=#?\w+;)|~(?=~)"
_ENTITIES = {"<": "&lt;", "&": "&amp;"}


def in_markdown(text: str) -> str:
    """Visible text that stays as it is written, whoever renders it."""
    return re.sub(_MARKS, lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), visible(text))


#: A spreadsheet runs a cell that begins with one of these (OWASP: CSV injection), full-width forms included.
_RUN = "[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"


def cell(value: object) -> str:
    """A CSV cell that no spreadsheet runs: numbers stay, text that looks like a formula gets an apostrophe."""
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) or not re.match(_RUN, text):
        return text
    return f"'{text}"
