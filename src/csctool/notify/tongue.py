"""A language at work: its names for things, its dates, its plurals."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name

from csctool.notify.sandbox import WordsError

#: section -> word of the desk -> what people of this language call it; `names.toml` of a locale.
Names = Mapping[str, Mapping[str, str]]

#: How much of a date is said.
STYLES = ("full", "long", "medium", "short")


def chain(locale: str) -> tuple[str, ...]:
    """`ru_RU` as (`ru_RU`, `ru`): where words are looked for, the nearest first."""
    language, *more = locale.replace("-", "_").split("_")
    parts = (language.lower(), *more)
    return tuple("_".join(parts[:end]) for end in range(len(parts), 0, -1))


class Tongue:
    """One locale in one time zone. What neither knows falls back to English, and to the word itself."""

    def __init__(self, locale: str, zone: tzinfo, names: Names) -> None:
        self.locale = locale
        self.zone = zone
        self._names = names
        self._babel = _known(locale)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, as HTML calls them."""
        return str(self._babel.text_direction)

    def name(self, section: str, word: str | None) -> str:
        """What a kind, a status or another word of the desk is called."""
        return self._names.get(section, {}).get(word or "", word or "")

    def filters(self) -> dict[str, Any]:
        """What templates use of this."""
        return {"when": self.when, "day": self.day, "time": self.time, "plural": self.plural}

    def when(self, at: str, style: str = "full") -> str:
        """`Monday, November 23, 2026, 11:05 AM CST`; `long` has no weekday; nothing for no time."""
        _known_style(style)
        if not at:
            return ""
        local = self._local(at)
        pattern = str(self._babel.datetime_formats["long"]).replace("'", "")
        said = pattern.format(f"{self._clock(local)} {self._zone_name(local)}", self._date(local, style))
        return said.replace("\u202f", "\xa0")  # the narrow blank is missing in many fonts

    def day(self, at: str, style: str = "full") -> str:
        """`Monday, November 23, 2026`; also `long`, `medium` and `short`."""
        _known_style(style)
        return self._date(self._local(at), style).replace("\u202f", "\xa0") if at else ""

    def time(self, at: str) -> str:
        """`11:05 AM`."""
        return self._clock(self._local(at)).replace("\u202f", "\xa0") if at else ""

    def plural(self, number: int, **forms: str) -> str:
        """The form of a word that goes with a number, by the language's rules (CLDR: one, few, many, other …)."""
        wanted = self._babel.plural_form(number)
        for form in (wanted, "other", "many"):
            if form in forms:
                return forms[form]
        raise WordsError(f"plural needs the form {wanted} in {self.locale}")

    def _local(self, at: str) -> datetime:
        try:
            return datetime.fromisoformat(at).astimezone(self.zone)
        except ValueError:
            raise WordsError(f"{at[:40]!r} is no time") from None

    def _date(self, local: datetime, style: str) -> str:
        return str(format_date(local, style, self._babel))

    def _clock(self, local: datetime) -> str:
        return str(format_time(local, "short", locale=self._babel))

    def _zone_name(self, local: datetime) -> str:
        """`CST` where the language has a name that people know, else `UTC+3`."""
        name = str(get_timezone_name(local, "short", locale=self._babel))
        if name[:1].isalpha() and len(name) <= 5:
            return name
        minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
        hours, rest = divmod(abs(minutes), 60)
        return f"UTC{'−' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}" if minutes else "UTC"


def _known_style(style: str) -> None:
    if style not in STYLES:
        raise WordsError(f"{style!r} is no style of a date; there are: {', '.join(STYLES)}")


def _known(locale: str) -> Locale:
    for name in (*chain(locale), "en"):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError("Babel knows English")
