"""What a new plugin begins with: one file for an agency, or a package with its tests."""

import os
import re
import tomllib
from collections.abc import Collection
from contextlib import suppress

from csctool.domain.words import AGENCY_KEY
from csctool.errors import NotPermittedError, RefusedError, SettingsError, StorageError, UsageError
from csctool.settings.initial import toml_value, write_text
from csctool.settings.load import AGENCY_FILE, agency_path, load_agency, read_text
from csctool.sharing import SETTINGS, made, make_directory

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
_SKELETON = os.path.join(os.path.dirname(__file__), "skeletons")
_ENABLED = re.compile(r"^plugins[ \t]*=[ \t]*\[", re.MULTILINE)


def write_plugin(root: str, key: str, name: str, *, dry_run: bool = False) -> str:
    """agencies/KEY/plugins/NAME.py, enabled in agency.toml; answers its path. Raises RefusedError when it exists."""
    load_agency(root, key)
    stem = _module(name.removesuffix(".py"))
    path = agency_path(root, key, "plugins", f"{stem}.py")
    if os.path.exists(path):
        raise RefusedError(f"there is a plugin {path} already", "edit it, or choose another name")
    settings = agency_path(root, key, AGENCY_FILE)
    enabled = _with_plugin(read_text(settings), f"plugins/{stem}.py", settings)
    if dry_run:
        return path
    try:
        make_directory(os.path.dirname(path))
        with open(made(path, os.O_WRONLY, SETTINGS), "w", encoding="utf-8") as file:
            file.write(_template("plugin.py").replace("KEY", key))
    except OSError as error:
        raise _failed(path, error) from None
    write_text(settings, enabled)
    return path


def idle_files(root: str, key: str, enabled: Collection[str]) -> list[tuple[str, str]]:
    """(file, entry that would enable it) of the files in an agency's plugins/ that are not enabled."""
    home = agency_path(root, key, "plugins")
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        entries = [f"plugins/{name}" for name in sorted(os.listdir(home)) if name.endswith(".py")]
        return [(agency_path(root, key, entry), entry) for entry in entries if entry not in enabled]
    return []


def write_package(name: str, directory: str, *, dry_run: bool = False) -> list[str]:
    """A package that is installed with pip, with tests and a README; answers its files."""
    module = _module(name)
    if os.path.exists(directory) and os.listdir(directory):
        raise RefusedError(f"{directory} is not empty", "choose another directory")
    files = {
        "pyproject.toml": "package/pyproject.toml",
        "README.md": "package/README.md",
        f"src/{module}/__init__.py": "package/module.py",
        f"tests/test_{module}.py": "package/test_module.py",
    }
    words = {"MODULE": module, "NAME": name.replace("_", "-").lower()}
    for place, template in () if dry_run else files.items():
        text = _template(template)
        for word, value in words.items():
            text = text.replace(word, value)
        path = os.path.join(directory, place)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write(path, text)
        except OSError as error:
            raise _failed(path, error) from None
    return [os.path.join(directory, place) for place in files]


def _module(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a plugin", "letters, digits, - and _, e.g. csctool-dhs")
    return (name.lower() if AGENCY_KEY.fullmatch(name) else name).replace("-", "_")


def _template(name: str) -> str:
    with open(os.path.join(_SKELETON, f"{name}.txt"), encoding="utf-8") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)


def _with_plugin(text: str, name: str, path: str) -> str:
    """agency.toml with one more plugin, comments and everything else as they were. Raises SettingsError."""
    before = tomllib.loads(text)
    wanted = {**before, "plugins": [*before.get("plugins", []), name]}
    new = text
    start = _ENABLED.search(text)
    if start is None:
        new = f"plugins = {toml_value([name])}\n{text}"
    else:
        for end in (at.end() for at in re.finditer(r"\]", text[start.end() :])):
            new = f"{text[: start.start()]}plugins = {toml_value(wanted['plugins'])}{text[start.end() + end :]}"
            if _reads_as(new, wanted):
                break
    if not _reads_as(new, wanted):
        raise SettingsError(f"{path}: plugins: can't be added to", f'add "{name}" to the list yourself')
    return new


def _reads_as(text: str, wanted: object) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _failed(path: str, error: OSError) -> Exception:
    if isinstance(error, PermissionError):
        return NotPermittedError(f"can't write {path}: {error.strerror}")
    return StorageError(f"can't write {path}: {error.strerror}")
