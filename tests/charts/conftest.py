"""A small desk with a story, drawn once for all who look at it."""

import json

import pytest

#: Text that would run, hide or break something wherever it isn't taken for text. `"` and `\\` mind Prometheus.
EVIL = (
    '<script>alert(1)</script><img src=http://evil/x onerror=y> "q" \\ $\\frac{1}{0}$ {a="b"} \u202eevil\x1b[2J\nnext'
)


@pytest.fixture
def story(csctool, desk):
    """Two agencies, one with a hostile name; three weeks of tickets; hostile categories, people and reasons."""
    path = desk / "agencies" / "DHS" / "agency.toml"
    path.write_text(path.read_text().replace('"Human Services"', json.dumps(EVIL)))
    path = desk / "csctool.toml"
    path.write_text(path.read_text() + '\n[sla.standard.default.default]\nrespond = "4h"\nresolve = "2h"\n')
    for agency in ("DHS", "DOT"):
        path = desk / "agencies" / agency / "agency.toml"
        path.write_text(path.read_text() + '\nsla = "standard"\n')
    for day in (2, 3, 4, 9, 16):
        csctool.clock = f"2026-11-{day:02d}T16:00:00Z"
        csctool.open("x", "--kind", "incident", "--category", EVIL, "--to", EVIL)
        csctool.open("y", "--kind", "request", "--category", "telecom/voice", agency="DOT")
    csctool("resolve", "DOT-1", "--resolution", "x")
    csctool("resolve", "DHS-1", "--resolution", "x", "--breach-reason", EVIL)
    csctool("escalate", "DHS-2", "--reason", "x")
    csctool("cancel", "DOT-2", "--reason", "x")
    csctool("escalate", "DHS-3", "--reason", "x")
    csctool("return", "DHS-3", "--reason", "x")
    csctool.clock = "2026-11-20T16:00:00Z"
    return csctool
