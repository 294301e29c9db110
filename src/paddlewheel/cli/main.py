"""The command `paddlewheel`: registers the commands and turns errors into one line and an exit status."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import typer

from paddlewheel.cli import (
    active,
    cell,
    convert,
    correlations,
    cycling,
    datasets,
    density,
    distil,
    eis,
    hull,
    library,
    phonons,
    polarization,
    rotation,
    rotor,
    sites,
    train,
    transport,
    validate,
)
from paddlewheel.errors import PaddlewheelError, cannot_write, is_refused_write
from paddlewheel.version import __version__

_INTERRUPTED = 130

app = typer.Typer(
    name="paddlewheel",
    help="From a crystal structure to ionic conductivity, with honest uncertainties.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"paddlewheel {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version  # handled by its callback


transport.register(app)
correlations.register(app)
library.register(app)
convert.register(app)
distil.register(app)
datasets.register(app)
train.register(app)
density.register(app)
validate.register(app)
rotation.register(app)
sites.register(app)
rotor.register(app)
phonons.register(app)
active.register(app)
cell.register(app)
cycling.register(app)
polarization.register(app)
eis.register(app)
hull.register(app)


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 the science failed, 2 bad input, 130 interrupted."""
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(_status(arguments))


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _status(arguments: list[str] | None) -> int:
    try:
        result = app(args=arguments, standalone_mode=False)
    except PaddlewheelError as error:
        return _complain(str(error), error.exit_status)
    except KeyboardInterrupt:
        result = _INTERRUPTED
    except BrokenPipeError:  # the reader of our output left: nothing to complain to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if not is_refused_write(error):
            raise
        refused = cannot_write(error, "output")
        return _complain(str(refused), refused.exit_status)
    except typer.Abort:
        return _complain("stopped", _INTERRUPTED)
    except Exception as error:
        if not hasattr(error, "format_message"):  # typer's usage errors have it; anything else is a defect of ours
            raise
        return _complain(f"{error.format_message()}; see --help", 2)  # type: ignore[attr-defined]
    if result == _INTERRUPTED:  # typer turns a KeyboardInterrupt into this, without a word
        return _complain("stopped; the same command goes on from here", _INTERRUPTED)
    return result if isinstance(result, int) else 0


def _complain(message: str, status: int) -> int:
    print(f"paddlewheel: {' '.join(message.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    run()
