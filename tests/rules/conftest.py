"""An agency with a few rules, and ways to write others."""

from collections.abc import Callable
from pathlib import Path

import pytest

VOICE = """\
[[categorize]]
when = { text = ["voicemail", "dial tone"] }
category = "telecom/voice/voicemail"
reason = "voice team's list"

[[prioritize]]
when = { category = "telecom/*", text = ["outage"] }
impact = 1

[[route]]
when = { category = "telecom/*" }
queue = "network-telecom"
"""


@pytest.fixture
def write(desk: Path) -> Callable[..., Path]:
    """Write a rules file: the agency's, the desk's (agency None), or one elsewhere that is tried."""

    def written(text: str, agency: str | None = "DHS", *, name: str | None = None) -> Path:
        place = desk.parent / name if name else (desk / "agencies" / agency if agency else desk) / "rules.toml"
        place.write_text(text)
        return place

    return written


@pytest.fixture
def voice(write: Callable[..., Path]) -> str:
    """The agency's rules send what is about the telephone to the telecom desk."""
    write(VOICE)
    return VOICE
