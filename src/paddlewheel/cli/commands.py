"""A command of the table as typer has it: its options are the settings of its study."""

from __future__ import annotations

import inspect
import json as json_module
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from paddlewheel.errors import SettingsError
from paddlewheel.studies.table import TABLE, load_study
from paddlewheel.study.settings import (
    Factor,
    Settings,
    Time,
    choices,
    extra,
    is_needed,
    option_aliases,
    option_name,
    setting_names,
)
from paddlewheel.study.study import Argument, Printed, Study


def add_study(app: typer.Typer, command: str, name: str) -> None:
    """Add the command of a study, with an option for each of its settings, to `app`."""
    study = load_study(command)
    aliases = _aliases(study.settings)

    class Command(TyperCommand):
        """The command, which also understands the former names of its options."""

        former_options = aliases
        settings = study.settings

        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            return super().parse_args(ctx, _with_present_names(args, aliases))

    app.command(
        name,
        cls=Command,
        help="\n\n".join([TABLE[command].summary, *_paragraphs(study.notes)]),
        epilog=f"Example: {study.example}",
        rich_help_panel=TABLE[command].group,
    )(_function(study))


def _paragraphs(text: str) -> list[str]:
    """Each in a line of its own: the terminal decides where it breaks."""
    return [" ".join(paragraph.split()) for paragraph in inspect.cleandoc(text).split("\n\n") if paragraph]


def _function(study: Study[Any, Any]) -> Any:
    """A function with typer's parameters that runs the study; its value is the exit status."""
    fields = [name for name in setting_names(study.settings) if extra(study.settings, name, "on_command_line")]

    def run(**values: Any) -> int:
        given = [_alone(argument, values[argument.name]) for argument in study.arguments]
        settings = {name: values[name] for name in fields if values[name] not in (None, [])}
        with options_named(study.settings):
            return _run(study, given, settings, {key: values[f"{key}_"] for key in _OF_EVERY_COMMAND})

    parameters = [_argument(argument) for argument in study.arguments]
    parameters.append(_OF_EVERY_COMMAND["out"])
    parameters += [_option(study.settings, name) for name in fields]
    parameters += [parameter for key, parameter in _OF_EVERY_COMMAND.items() if key != "out"]
    parameters += [_printing(printed) for printed in study.prints]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _run(study: Study[Any, Any], given: list[Any], settings: Mapping[str, Any], options: Mapping[str, Any]) -> int:
    for argument, value in zip(study.arguments, given, strict=True):
        if argument.required and not value:
            raise SettingsError("none given", where=argument.metavar, remedy=f"give {argument.help}")
    json = options["json"]
    directory = options["out"] or study.default_directory(given, settings)
    if options["dry_run"]:
        forecast = study.forecast(*given, out=directory, cores=options["cores"], **settings)
        _print_json(forecast.document()) if json else print("\n".join(forecast.lines()))
        return 0
    record = study(
        *given, out=directory, again=options["again"], cores=options["cores"], show_progress=True, **settings
    )
    if json:
        sys.stdout.write(record.model_dump_json(indent=1) + os.linesep)
    else:
        notes = [f"note: {text}" for text in record.said_last]
        warnings = [f"warning: {text}" for text in record.warnings]
        for line in [*record.said_first, *study.says(record), *notes, *warnings]:
            print(line)
        print(f"report: {directory / 'report.html'}")
    return 1 if study.failed(record) else 0


def _print_json(document: Any) -> None:
    sys.stdout.write(json_module.dumps(document, indent=1) + os.linesep)


@contextmanager
def options_named(settings: type[Settings]) -> Iterator[None]:
    """Settings that are refused go by the name of their option here, and by their keyword in a Python call."""
    try:
        yield
    except SettingsError as error:
        if error.where not in (*settings.model_fields, "cores"):
            raise
        option = "--cores" if error.where == "cores" else option_name(settings, str(error.where))
        raise SettingsError(error.problem, where=option, remedy=error.remedy) from error


def _argument(argument: Argument) -> inspect.Parameter:
    kind = list[str] | None if argument.many else str | None
    told = typer.Argument(metavar=argument.metavar.removesuffix("..."), help=argument.help, show_default=False)
    return _parameter(argument.name, Annotated[kind, told], None)


def _alone(argument: Argument, value: Any) -> Any:
    return value[0] if argument.alone and value and len(value) == 1 else value


def _printing(printed: Printed) -> inspect.Parameter:
    def show(asked: bool) -> None:
        if asked:
            typer.echo(printed.text(), nl=False)
            raise typer.Exit

    told = typer.Option(printed.option, help=printed.help, callback=show, is_eager=True)
    return _parameter(printed.option.strip("-").replace("-", "_"), Annotated[bool, told], False)


def _option(settings: type[Settings], name: str) -> inspect.Parameter:
    """The option of a setting: a flag, or text that the settings themselves parse and check."""
    field, option = settings.model_fields[name], option_name(settings, name)
    help = (field.description or "").rstrip(".")
    known = choices(field.annotation)
    if known:
        help += f": {', '.join(str(choice) for choice in known[:-1])} or {known[-1]}"
    if field.annotation in (bool, bool | None):
        names = f"{option}/{_negative(option)}" if field.default is not False else option
        return _parameter(name, Annotated[bool | None, typer.Option(names, help=f"{help}.", show_default=False)], None)
    if not is_needed(settings, name) and field.default not in (None, (), ""):
        help += rf" \[default: {_text(field.default)}]"
    elif is_needed(settings, name):
        help += r" \[needed]"
    told = typer.Option(option, help=f"{help}." if not help.endswith("]") else help, metavar=_metavar(field.annotation))
    kind = list[str] | None if extra(settings, name, "repeated") else str | None
    return _parameter(name, Annotated[kind, told], None)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_OF_EVERY_COMMAND = {
    "out": _parameter(
        "out_",
        Annotated[
            Path | None,
            typer.Option("--out", metavar="PATH", help="Run directory; made if absent, continued if it is this run."),
        ],
        None,
    ),
    "again": _parameter(
        "again_", Annotated[bool, typer.Option("--again", help="Compute anew what the run directory holds.")], False
    ),
    "dry_run": _parameter(
        "dry_run_",
        Annotated[
            bool, typer.Option("--dry-run", help="Only tell what would be run and what it costs; write nothing.")
        ],
        False,
    ),
    "cores": _parameter(
        "cores_",
        Annotated[
            int | None,
            typer.Option("--cores", metavar="NUMBER", help="Cores to use; all by default."),
        ],
        None,
    ),
    "json": _parameter(
        "json_", Annotated[bool, typer.Option("--json", help="The record on stdout, nothing else there.")], False
    ),
}


def _negative(option: str) -> str:
    return f"--no-{option.removeprefix('--')}"


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ",".join(_text(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


_METAVARS: Mapping[Any, str] = {Factor: "FACTOR", Time: "TIME"}


def _metavar(annotation: Any) -> str:
    is_text = choices(annotation) or str(annotation).startswith("str |")  # such as auto or 2x2x2
    for kind, name in _METAVARS.items():
        if kind in (annotation, *get_args(annotation)):
            return name
    text = "" if is_text else str(annotation)
    if "dict[" in text:
        return "NAMES=NUMBERS" if text.partition("dict[")[2].partition(", ")[2].startswith("float") else "NAMES=TEXT"
    if "Measured" in text:
        return "NUMBER[,STD]"
    if "float" in text or "int" in text:
        return "NUMBERS" if "tuple" in text else "NUMBER"
    return "PATH" if "Path" in text else "NAMES" if "tuple" in text else "TEXT"


def _aliases(settings: type[Settings]) -> dict[str, str | None]:
    """Former names of options; a flag that is off anyway may be denied (None: nothing to say)."""
    found: dict[str, str | None] = dict(option_aliases(settings))
    for name, field in settings.model_fields.items():
        if field.annotation is bool and not field.default:
            found |= {
                _negative(option_name(settings, name)): None,
                _negative(option_name(settings, name)).lower(): None,
            }
    return found


def _with_present_names(arguments: list[str], aliases: Mapping[str, str | None]) -> list[str]:
    present: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            return present + arguments[place:]
        option, equals, value = argument.partition("=")
        known = aliases.get(option, option) if argument.startswith("--") else option
        if known is not None:
            present.append(f"{known}{equals}{value}")
    return present
