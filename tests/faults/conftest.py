"""A desk to break, made once, and a way to tell how many experiments were made."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest

from .breaking import why_not
from .stage import DEEDS, LONG, Deed, build, quick_place


@pytest.fixture(scope="session")
def model() -> Iterator[str]:
    """The desk before anything happens to it; copied for every experiment."""
    with quick_place() as place:
        build(f"{place}/desk")
        yield f"{place}/desk"


@pytest.fixture(scope="session")
def quick() -> Iterator[str]:
    """A quick directory for throw-away desks."""
    with quick_place() as place:
        yield place


@pytest.fixture
def fresh(model: str, quick: str) -> Iterator[Callable[[Deed], str]]:
    """Copies of the desk as a deed wants to find it."""
    root = f"{quick}/desk"

    def copy(deed: Deed) -> str:
        prepared = f"{quick}/prepared-{abs(hash(deed.prepare))}"
        if not os.path.exists(prepared):
            shutil.copytree(model, prepared)
            deed.prepare(prepared)
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(prepared, root)
        return root

    yield copy
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def strace() -> None:
    """Skips with the reason where the kernel can't be asked to interfere."""
    if why_not():
        pytest.skip(why_not())


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a figure of an experiment: it is told at the end, and stands in docs/trust.md."""
    return lambda figure: request.node.user_properties.append(("figure", figure))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was reached by the experiments in full, whichever process made them."""
    if not LONG:
        return
    for report in terminalreporter.getreports("passed"):
        for name, figure in report.user_properties:
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {figure}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each command that the program has."""
    from csctool.commands import COMMANDS

    if "deed" in metafunc.fixturenames:
        there = [name for name, deed in DEEDS.items() if deed.words.split()[0] in COMMANDS]
        metafunc.parametrize("deed", there)
