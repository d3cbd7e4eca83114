"""Which way imports go (docs: design). The syntax trees are walked, so that laziness can't hide a way around."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "csctool"

#: room -> what it may import. Everything may import `errors` and the package's version.
ALLOWED = {
    "__main__": {"cli"},
    "cli": {"bootstrap", "commands", "render"},
    "bootstrap": {"crew", "desk", "domain", "finding", "notify", "plugins", "settings", "storage"},
    "commands": {"desk", "domain", "finding", "render", "reports", "transfer"},
    "desk": {"domain"},
    "reports": {"domain"},
    "render": {"domain"},
    "transfer": {"desk", "domain"},
    "settings": {"domain", "sharing"},
    "storage": {"domain", "desk.ports", "sharing"},
    "plugins": {"domain", "desk.ports"},
    "notify": {"domain", "desk.ports", "sharing"},
    "domain": set(),
    "testing": {"domain", "plugins"},
    "crew": set(),
    "finding": set(),
    "sharing": set(),
    "errors": set(),
    "__init__": set(),
}
#: Modules that are used from everywhere inside `commands`; one command is one file beside them.
SHARED = {"__init__", "context", "options", "completing", "filters"}
COMMAND_LINES = 90
MODULE_LINES = 450


def modules():
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        yield ".".join(parts).removesuffix(".__init__"), path


def imports(path):
    """Every module of csctool that a file imports, wherever in it: (name without `csctool.`, line)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide where they go"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name == "csctool" or name.startswith("csctool."):
                yield name.removeprefix("csctool").removeprefix("."), node.lineno


def room(name):
    return name.partition(".")[0]


def forbidden(name, wanted):
    """Whether module `name` may not import `wanted`."""
    here, there = room(name or "__init__"), room(wanted)
    if there in (here, "errors", "__version__", ""):
        return False
    allowed = ALLOWED[here]
    return not any(wanted == good or wanted.startswith(f"{good}.") for good in allowed)


def test_each_room_imports_only_what_lies_below_it():
    wrong = [
        f"{path}:{line}: {name} imports {wanted}"
        for name, path in modules()
        for wanted, line in imports(path)
        if forbidden(name, wanted)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("name", "wanted"), [
    ("domain.ticket", "desk.desk"), ("domain.query", "storage.tiny"), ("storage.tiny", "desk.desk"),
    ("storage.tiny", "settings.load"), ("plugins.host", "storage.tiny"), ("commands.open", "bootstrap"),
    ("commands.open", "storage.tiny"), ("commands.open", "cli.root"), ("desk.desk", "render.rows"),
    ("desk.desk", "settings.load"), ("desk.desk", "bootstrap"), ("reports.volume", "desk.desk"),
    ("render.tickets", "desk.desk"), ("settings.load", "desk.desk"), ("settings.load", "storage.tiny"),
    ("cli", "storage.tiny"), ("cli", "desk.desk"), ("transfer.source", "storage.tiny"), ("finding", "domain.words"),
    ("errors", "domain.words"), ("bootstrap", "cli"), ("bootstrap", "render.rows"),
])  # fmt: skip
def test_the_table_refuses_what_the_design_refuses(name, wanted):
    assert forbidden(name, wanted)


def test_only_cli_imports_bootstrap_only_bootstrap_imports_adapters_and_nobody_imports_cli():
    for name, path in modules():
        there = {room(wanted) for wanted, _ in imports(path)}
        assert "bootstrap" not in there or name == "cli", name
        assert "cli" not in there or name == "__main__", name
        for adapter in ("storage", "plugins", "notify"):
            assert adapter not in there or room(name) in ("bootstrap", "testing", adapter), name


def test_no_circles_between_modules():
    known = {name for name, _ in modules()}

    def target(wanted):
        while wanted and wanted not in known:
            wanted = wanted.rpartition(".")[0]
        return wanted

    graph = {name: {target(wanted) for wanted, _ in imports(path)} - {name, ""} for name, path in modules()}
    done: set[str] = set()

    def walk(name, trail):
        assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                walk(other, [*trail, name])
            done.add(name)

    for name in graph:
        walk(name, [])


def test_rooms_are_called_what_they_are_for():
    for name, path in modules():
        assert not {"utils", "util", "helpers", "misc", "common"} & set(name.split(".")), name
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), f"{name} does not say what it is for"
        assert room(name or "__init__") in ALLOWED, f"{name} is in no room of the design"


def test_command_files_are_short_and_no_module_is_long():
    for name, path in modules():
        length = len(path.read_text().splitlines())
        assert length <= MODULE_LINES, f"{name} has {length} lines"
        if room(name) == "commands" and name.partition(".")[2] not in SHARED and name != "commands":
            assert length <= COMMAND_LINES, f"{name} has {length} lines"


def test_the_table_of_commands_imports_nothing():
    tree = ast.parse((SOURCE / "commands" / "__init__.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_only_render_prints():
    """`commands` may speak to stderr through click; a result goes through `render`."""
    for name, path in modules():
        if room(name) in ("render", "plugins"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            assert called not in ("print", "sys.stdout.write", "sys.stderr.write"), f"{name}:{node.lineno}"
            if called == "click.echo":
                assert "err=True" in ast.unparse(node), f"{name}:{node.lineno}"


def test_the_domain_has_no_clock_and_no_files():
    for name, path in modules():
        if room(name) not in ("domain", "reports"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("open", "datetime.now", "datetime.utcnow", "date.today", "time.time"), f"{name}:{node.lineno}"  # noqa: E501  # fmt: skip
            elif isinstance(node, ast.Import | ast.ImportFrom):
                found = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                assert not {"os", "sys", "click", "io", "pathlib", "subprocess"} & {
                    n.partition(".")[0] for n in found
                }, name
