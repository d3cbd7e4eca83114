"""The root command, the lazy table behind it, and the one place where errors become exit statuses."""

import gc
import os
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

import click

from csctool import __version__
from csctool.commands import CHAPTERS, COMMANDS
from csctool.commands.context import Context
from csctool.errors import CscError, NotFoundError, UsageError


class Root(click.Group):
    """A group whose commands are imported when they are asked for, and not before."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names in the table."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if name not in COMMANDS:
            return None
        return load(name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """As click does; a name that is not in the table may be one that the desk's plugins add. `help` asks for the
        help of what follows, as users of git type it.
        """
        if args and args[0] == "help":
            if len(args) == 1:
                from csctool.render.rows import write

                write(ctx.get_help() + "\n")
                ctx.exit()
            return self.resolve_command(ctx, [*args[1:], "--help"])
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing:
            return args[0], Added(args[0]), args[1:]
        return super().resolve_command(ctx, args)

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands by chapter, from the table alone."""
        for chapter, commands in CHAPTERS.items():
            with formatter.section(chapter):
                formatter.write_dl([(name, help) for name, (_, help) in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Command names from the table alone."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(n, help=h) for n, (_, h) in COMMANDS.items() if n.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


class Added(click.Command):
    """A command that a plugin of the desk may have; it reads its words by itself."""

    def __init__(self, name: str) -> None:
        words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED)
        super().__init__(name, params=[words], callback=self._run, add_help_option=False,
                         context_settings={"ignore_unknown_options": True})  # fmt: skip

    def _run(self, words: tuple[str, ...]) -> None:
        here = click.get_current_context()
        context = here.find_object(Context)
        with suppress(NotFoundError):  # where there is no desk, there are no plugins
            status = context.additions().run(self.name, words) if context else None
            if status is not None:
                here.exit(status)
        from difflib import get_close_matches

        near = get_close_matches(self.name or "", COMMANDS, 1)
        raise UsageError(
            f"no such command: {self.name}", f"did you mean {near[0]}?" if near else "csctool --help lists them"
        )


def load(name: str) -> click.Command:
    """The click command of a table entry."""
    module = import_module(f"csctool.commands.{COMMANDS[name][0]}")
    command: click.Command = module.command
    command.short_help = COMMANDS[name][1]
    _know_short_options(command)
    return command


def _know_short_options(command: click.Command) -> None:
    """Let `-a` be found at once. click looks for a long option of that name first, fails, and loads `difflib` for what
    might have been meant, before it looks among the short ones."""

    def make_parser(ctx: click.Context) -> Any:
        parser = type(command).make_parser(command, ctx)
        getattr(parser, "_long_opt", {}).update(getattr(parser, "_short_opt", {}))
        return parser

    command.make_parser = make_parser  # type: ignore[method-assign]
    for part in getattr(command, "commands", {}).values():
        _know_short_options(part)


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="csctool COMMAND --help tells more; csctool demo shows a ticket's life.",
)
@click.option("--desk", metavar="DIR", help="The desk's directory; else CSCTOOL_DESK, else found upward from here.")
@click.option("--as", "actor", metavar="PERSON", help="Act as this person; recorded with the real user.")
@click.option("--now", metavar="TIME", help="Set the clock, for tests and replays; recorded beside the real one.")
@click.option("--strict", is_flag=True, help="Exit 8 when a plugin fails.")
@click.version_option(__version__, prog_name="csctool")
@click.pass_obj
def root(context: Context, desk: str | None, actor: str | None, now: str | None, strict: bool) -> None:
    """A service desk for many agencies, in a shell."""
    for option, said in (("--desk", desk), ("--as", actor), ("--now", now)):
        if said is not None and not said.strip():  # a script's empty variable: never another desk, person or time
            raise UsageError(f"{option} is empty", "say which, or leave it out")
    actor = actor or os.environ.get("CSCTOOL_AS")
    if actor:
        from csctool.commands.options import sound

        sound(actor, "--as")
    context.wishes = {
        "desk": desk,
        "actor": actor,
        "now": now or os.environ.get("CSCTOOL_NOW"),
        "strict": strict,
    }
    context.strict = strict


class House:
    """What `bootstrap` can do, under the wishes of this command line; imported when it is first needed."""

    def __init__(self, wishes: dict[str, Any]) -> None:
        from csctool import bootstrap

        self._bootstrap = bootstrap
        self._wishes = bootstrap.Wishes(**wishes)

    def __getattr__(self, name: str) -> Any:
        return partial(getattr(self._bootstrap, name), self._wishes)


def main() -> NoReturn:
    """Run the command line and exit."""
    gc.disable()  # a short command makes no rubbish worth collecting; long ones turn it on again
    _plain_streams()
    status = run(sys.argv[1:])
    # Python would now take itself down object by object, a sixth of a short command's time. Nothing waits for that:
    # the streams are flushed, every file was closed by who opened it, and the kernel takes memory back at once.
    os._exit(status)


def run(args: list[str]) -> int:
    """Run one command; answers its exit status. Every error of the project is told here and nowhere else."""
    context = Context(House, args)
    try:
        status = _run(args, context)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        return 0  # the reader has seen enough
    except OSError as error:
        return _failed(_storage(error), context)
    except KeyboardInterrupt:
        click.echo("", err=True)
        return 130
    finally:
        _hush()


def _run(args: list[str], context: Context) -> int:
    try:
        if asked := os.environ.get("_CSCTOOL_COMPLETE"):
            from click.shell_completion import shell_complete

            return shell_complete(root, {"obj": context}, "csctool", "_CSCTOOL_COMPLETE", asked)
        with root.make_context("csctool", list(args), obj=context) as ctx:
            root.invoke(ctx)
    except CscError as error:
        context.failed.insert(0, error)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a group by itself: click older than 8.2 has no such class
            click.echo(error.format_message(), err=True)
            return UsageError.exit
        context.failed.insert(0, _usage(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        context.failed.insert(0, _storage(error))
    except Exception as error:  # noqa: BLE001  (a bug: told in one line, with the way to report it)
        return _bug(error, context)
    return context.finish()


def _usage(error: click.ClickException) -> UsageError:
    message = " ".join(error.format_message().split()).rstrip(".")
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx else "csctool"
    if isinstance(error, click.NoSuchOption):  # whose own sentence is several
        near = " or ".join(error.possibilities or ())
        message = f"no such option: {error.option_name}" + (f"; did you mean {near}?" if near else "")
    return UsageError(message[:1].lower() + message[1:], f"see {path} --help")


def _storage(error: OSError) -> CscError:
    """An operating system's refusal that no room has worded itself."""
    from csctool.errors import NotPermittedError, StorageError

    where = f"{error.filename}: " if error.filename else ""
    if isinstance(error, PermissionError):
        return NotPermittedError(f"{where}{error.strerror}")
    return StorageError(
        f"{where}{error.strerror or error}", "a change may have been saved all the same: look before you repeat it"
    )


def _failed(error: CscError, context: Context) -> int:
    context.tell(error)
    return error.exit


def _bug(error: Exception, context: Context) -> int:
    if os.environ.get("CSCTOOL_TRACEBACK"):
        import traceback

        traceback.print_exc()
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f" ({place.tb_frame.f_code.co_name}, line {place.tb_lineno})" if place else ""
    told = CscError(
        f"unexpected {type(error).__name__}: {error}{where}",
        "this is a bug; please report it with the output of the same command under CSCTOOL_TRACEBACK=1",
    )
    return _failed(told, context)


def _plain_streams() -> None:
    """Closed streams go nowhere; text that the terminal's encoding lacks is escaped rather than fatal.

    A stream that the caller closed is replaced in the order of the descriptors, so that no file of the desk is ever
    opened as the one that messages are written to.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  (lives as long as we do)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _hush() -> None:
    """What a stream still holds and can't get rid of is dropped: the interpreter would end with a status of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
