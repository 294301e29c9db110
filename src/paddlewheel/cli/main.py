"""The command `paddlewheel`: one command of the table at a time, and errors as one line and an exit status."""

from __future__ import annotations

import contextlib
import os
import sys

import typer

from paddlewheel.cli import convert, library
from paddlewheel.errors import PaddlewheelError, cannot_write, is_out_of_memory, is_refused_write, out_of_memory
from paddlewheel.execution import signals
from paddlewheel.studies.table import TABLE, with_own_option
from paddlewheel.version import __version__

_INTERRUPTED = 130
_HELP = "From a crystal structure to ionic conductivity, phase stability and cell, with honest uncertainties."
_CONTEXT = {"help_option_names": ["-h", "--help"]}


def command_line(commands: list[str] | None = None) -> typer.Typer:
    """The app with these commands whole, and the others as a name and a line of help; all whole by default.

    Only a command that is used is imported: the list of commands comes from the table alone.
    """
    app = typer.Typer(
        name="paddlewheel",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=_CONTEXT,
    )
    app.callback()(_options)
    groups: dict[str, typer.Typer] = {}
    for command, row in TABLE.items():
        group, _, name = command.rpartition(" ") if " --" not in command else ("", "", command)
        place = app
        if group:
            place = groups.setdefault(group, typer.Typer(no_args_is_help=True, context_settings=_CONTEXT))
        if commands is None or command in commands:
            from paddlewheel.cli.commands import add_study

            add_study(place, command, name)
        else:
            place.command(name, help=row.summary, rich_help_panel=row.group)(_not_used)
    for name, sub in groups.items():
        panel = next(row.group for command, row in TABLE.items() if command.startswith(f"{name} "))
        app.add_typer(sub, name=name, rich_help_panel=panel)
    convert.register(app)
    library.register(app)
    return app


def _not_used() -> None:
    """A command that this call of the program does not use."""


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"paddlewheel {__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # handled by its callback


def _used(arguments: list[str]) -> list[str]:
    """The commands of the table that these arguments name, of one or two words; completion needs that of its line."""
    if "_PADDLEWHEEL_COMPLETE" in os.environ:
        arguments = os.environ.get("COMP_WORDS", os.environ.get("_TYPER_COMPLETE_ARGS", "")).split()[1:]
    words = [word for word in arguments if not word.startswith("-")][:2]
    return [name for name in (" ".join(words[:1]), " ".join(words)) if name in TABLE]


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    0 done, 1 the science failed, 2 bad input or a machine that refused; 130, 143, 129 by SIGINT, SIGTERM, SIGHUP.
    """
    signals.listen()
    sys.exit(status_of(sys.argv[1:] if arguments is None else arguments))


def status_of(arguments: list[str]) -> int:
    """Run one command in this process; its exit status."""
    arguments = with_own_option(arguments)
    try:
        result = command_line(_used(arguments))(args=arguments, prog_name="paddlewheel", standalone_mode=False)
    except PaddlewheelError as error:
        return _complain(str(error), error.exit_status)
    except KeyboardInterrupt:
        result = _INTERRUPTED
    except BrokenPipeError:  # the reader of our output left: nothing to complain to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:
        return _complain("stopped", signals.exit_status())
    except Exception as error:
        if refused := _refused_by_machine(error):
            return _complain(str(refused), refused.exit_status)
        if signals.stop_requested():  # such as a terminal that is gone: nothing to write to
            return signals.exit_status()
        if not hasattr(error, "format_message"):  # typer's usage errors have it; anything else is a defect of ours
            raise
        return _complain(f"{error.format_message()}; see --help", 2)  # type: ignore[attr-defined]
    if result == _INTERRUPTED:  # typer turns a KeyboardInterrupt into this, without a word
        return _complain(signals.STOPPED_LINE, signals.exit_status())
    return result if isinstance(result, int) else 0


def _refused_by_machine(error: Exception) -> PaddlewheelError | None:
    if is_out_of_memory(error):
        return out_of_memory(error)
    if isinstance(error, OSError) and is_refused_write(error):
        return cannot_write(error, "output")
    return None


def _complain(message: str, status: int) -> int:
    with contextlib.suppress(OSError):  # a terminal that is gone: the status says it
        print(f"paddlewheel: {' '.join(message.split())}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    run()
