"""The documents say what the tool does: generated files are fresh, examples print what they show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", *words], cwd=TOP, capture_output=True, text=True, check=False)


def test_the_reference_and_the_completion_scripts_are_what_the_commands_generate():
    done = run("docs.generate", "--check")
    assert done.returncode == 0, done.stderr


def test_every_example_in_the_documents_prints_what_it_shows():
    done = run("docs.examples", "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *(str(p.relative_to(TOP)) for p in TOP.glob("plugins/**/README.md")),
        *(f"docs/{p.name}" for p in TOP.glob("docs/*.md")),
    ],
)
def test_no_page_points_at_a_page_that_is_not_there(page):
    text = (TOP / page).read_text()
    for target in re.findall(r"\]\(([^)#:]+\.md)[^)]*\)", text):
        assert ((TOP / page).parent / target).exists(), f"{page} → {target}"
