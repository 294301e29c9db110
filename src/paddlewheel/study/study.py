"""The life of a study, once: settings, inputs, refusal or resume, work, record, page."""

from __future__ import annotations

import functools
import importlib
import inspect
import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from paddlewheel.errors import SettingsError, check_name
from paddlewheel.records import StudyRecord, read_record
from paddlewheel.records.seals import touched
from paddlewheel.records.tables import Beside
from paddlewheel.study.forecast import Announcement, Forecast, in_words
from paddlewheel.study.naming import python_name
from paddlewheel.study.run import Run
from paddlewheel.study.run_directory import (
    INPUTS,
    RECORD,
    Document,
    check_directory,
    claimed,
    default_directory,
    unfinished_units,
)
from paddlewheel.study.settings import Settings, bare, check_effects, is_needed, plain, setting_names

AnySettings = TypeVar("AnySettings", bound=Settings)
AnyRecord = TypeVar("AnyRecord", bound=StudyRecord)
_REPORT = "report.html"


MOST_CORES = 4096
"""Of one machine."""


def check_cores(cores: int | None) -> None:
    """Refuse a number of cores that no machine has.

    Raises
    ------
    SettingsError
        For what is no integer, below 1, or beyond any machine.
    """
    if cores is not None and (not isinstance(cores, int) or isinstance(cores, bool) or not 1 <= cores <= MOST_CORES):
        raise SettingsError(f"{cores} is not between 1 and {MOST_CORES}", where="cores", remedy="give such an integer")


@dataclass(frozen=True, kw_only=True)
class Argument:
    """What a study is about, given without an option: files, a structure, a chemical system.

    Attributes
    ----------
    name
        Keyword of the Python call.
    metavar, help
        As the command line shows it.
    many
        Whether several may be given.
    required
        Whether one must be given; otherwise the study gets None, or nothing of many.
    annotation
        What the Python call takes, as `api.pyi` has it.
    alone
        Whether the command gives one of many as itself: a study may take one and a list of one for different things.
    absent
        What it is called where it is not given, in the name of the run directory.
    """

    name: str
    metavar: str
    help: str
    many: bool = False
    required: bool = True
    annotation: str = "str | Path"
    alone: bool = False
    absent: str = ""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """An option of the command alone that prints a text and ends, such as a template to be changed."""

    option: str
    help: str
    text: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Study(Generic[AnySettings, AnyRecord]):
    """A command and a Python call, declared; calling it runs it.

    Attributes
    ----------
    command
        One or two words: ``van-hove``, ``nmr spectrum``.
    arguments, settings, record
        What it takes and what it gives.
    opens
        ``(*given, settings) -> inputs``: reads and checks what was given, cheaply. `inputs.document()` gives what was
        resolved and every input by its content.
    tries
        ``(inputs, settings)``: what is cheap next to the work and shows that it can begin, such as one evaluation of a
        potential. It is done before a directory is made, and not where the work has begun.
    measures
        ``(inputs, settings, run) -> record``: the work. It writes through `run` alone.
    says
        What the terminal tells of a record, without its warnings.
    failed
        Whether the science failed, which is exit status 1.
    document
        ``(inputs, settings) -> contents`` of `inputs.yaml`, where it is not simply settings and resolved inputs.
    of_today
        Turns a document of an earlier version into what this one would have written, so that its directory goes on.
    forecasts
        ``(inputs, settings, cores) -> Forecast`` for ``--dry-run``.
    predicts
        ``(inputs, settings, cores, directory, Forecast) -> lines``: what ``--dry-run`` tells of the results to expect;
        `directory` is that of a run that was begun, else None.
    unsaid
        Keys of `inputs.yaml` that directories of earlier versions lack (see `Document`).
    needs_directory
        Whether it works in a run directory even where none is named.
    places
        ``settings -> folder``: where a run goes without `out` if a setting says it; None leaves it to the arguments.
    prints
        Options that print a text, for which nothing is run.
    example
        A command that works, for its help.
    notes
        More for the documentation: what the options' own texts do not say.
    """

    command: str
    arguments: tuple[Argument, ...]
    settings: type[AnySettings]
    record: type[AnyRecord] | tuple[type[AnyRecord], ...]
    opens: Callable[..., Any]
    measures: Callable[[Any, AnySettings, Run], AnyRecord]
    says: Callable[[AnyRecord], Sequence[str]]
    example: str
    failed: Callable[[AnyRecord], bool] = lambda record: False
    tries: Callable[[Any, AnySettings], None] | None = None
    document: Callable[[Any, AnySettings], Mapping[str, Any]] | None = None
    of_today: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict
    forecasts: Callable[[Any, AnySettings, int | None], Forecast] | None = None
    predicts: Callable[[Any, AnySettings, int | None, Path | None, Forecast], Sequence[str]] | None = None
    unsaid: tuple[str, ...] = ()
    needs_directory: bool = False
    places: Callable[[AnySettings], Path | None] | None = None
    prints: tuple[Printed, ...] = ()
    notes: str = ""

    def __call__(
        self,
        *given: Any,
        out: str | Path | None = None,
        again: bool = False,
        cores: int | None = None,
        show_progress: bool = False,
        **settings: Any,
    ) -> AnyRecord:
        """Run the study, or return the record that the run directory holds of it already.

        Raises
        ------
        InputError
            For bad input or settings, before anything is written.
        RunDirectoryError
            If `out` holds something else, is in use, or cannot be written; before any work.
        """
        check_cores(cores)
        opened = self._opened(given, settings, out)
        if opened.directory is None:
            return self._measured(opened, Run(document=opened.document, cores=cores, show_progress=show_progress))
        if self.tries is not None and not check_directory(opened.directory, opened.document):
            self.tries(opened.inputs, opened.settings)
        with claimed(opened.directory, opened.document, anew=again) as driver:
            run = Run(
                document=opened.document,
                directory=opened.directory,
                driver=driver,
                cores=cores,
                show_progress=show_progress,
                anew=again,
            )
            trouble = None if again else self._touched(opened.directory)
            if trouble:
                print(f"paddlewheel: {trouble}: the record is made again", file=sys.stderr, flush=True)
            record = None if again or trouble else self.finished(opened.directory, opened.document)
            if record is None:
                announced = self._announced(opened, cores) if show_progress and self.forecasts else None
                record = self._measured(opened, run)
                if announced is not None:
                    announced.ended()
                for part, made in (*run.parts, (run, record)):
                    self._keep(part, made)
            elif not self._page_is_there(opened.directory, record):
                self.write_page(record)
        return record

    def _announced(self, opened: _Opened, cores: int | None) -> Announcement:
        forecasts = self.forecasts
        assert forecasts is not None

        def measure() -> Forecast:
            return forecasts(opened.inputs, opened.settings, cores).of_directory(
                opened.directory, begun=opened.directory is not None, finished=False
            )

        return Announcement(measure)

    def forecast(
        self, *given: Any, out: str | Path | None = None, cores: int | None = None, **settings: Any
    ) -> Forecast:
        """What the same call would do, measured on a few steps; nothing is written.

        Raises
        ------
        InputError
            As the call itself.
        """
        check_cores(cores)
        opened = self._opened(given, settings, out)
        directory = opened.directory
        there = directory is not None and check_directory(directory, opened.document)
        done = there and directory is not None and self.finished(directory, opened.document) is not None
        if self.tries is not None and not there:
            self.tries(opened.inputs, opened.settings)
        forecast = self.forecasts(opened.inputs, opened.settings, cores) if self.forecasts and not done else Forecast()
        if self.predicts and not done:
            told = self.predicts(opened.inputs, opened.settings, cores, directory if there else None, forecast)
            forecast = replace(forecast, notes=(*forecast.notes, *told))
        inputs = forecast.inputs or in_words(opened.document.contents)
        return replace(forecast, inputs=inputs).of_directory(directory, begun=there, finished=done)

    def identity(self, *given: Any, **settings: Any) -> str:
        """sha256 of all that decides what this call's run is: a study keeps runs of another in a cache by it."""
        return self._opened(given, settings, None).document.identity()

    def _opened(self, given: Sequence[Any], settings: Mapping[str, Any], out: str | Path | None) -> _Opened:
        values, rest = self._bound(given, settings)
        chosen = self.settings.of(**rest)
        for path in _paths([*values, out, *(getattr(chosen, name) for name in self.settings.model_fields)]):
            check_name(path)
        directory = Path(out) if out is not None else None
        if directory is None and self.needs_directory:
            directory = self.default_directory(values, chosen)
        if directory is None or not (directory / INPUTS).is_file():  # a run that was begun with them goes on
            check_effects(chosen, rest)
        inputs = self.opens(*values, chosen)
        contents = (
            self.document(inputs, chosen) if self.document is not None else {**chosen.document(), **inputs.document()}
        )
        document = Document(
            contents={"command": self.command, **plain(contents)},
            may_change=chosen.may_change(),
            may_grow=chosen.may_grow(),
            defaults=self.settings.defaults(),
            unsaid=self.unsaid,
            of_today=self.of_today,
        )
        return _Opened(inputs=inputs, settings=chosen, document=document, directory=directory)

    def default_directory(self, given: Sequence[Any], settings: AnySettings | Mapping[str, Any] | None = None) -> Path:
        """Where a run goes without `out`: named after the command and what it is about, or as a setting says."""
        if self.places is not None and settings is not None:
            chosen = self.settings.of(**settings) if isinstance(settings, Mapping) else settings
            if (folder := self.places(chosen)) is not None:
                return folder
        source = given[0] if given else None
        none_given = source is None or (isinstance(source, list | tuple) and not source)
        if none_given and self.arguments:
            source = self.arguments[0].absent or None
        return default_directory(python_name(self.command).replace("_", "-"), source)

    def _bound(self, given: Sequence[Any], settings: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Values of the arguments in their order, whether given by place or by name, and the other keywords."""
        if len(given) > len(self.arguments):
            raise TypeError(f"{self.python_name}() takes {len(self.arguments)} arguments, {len(given)} given")
        rest, values = dict(settings), list(given)
        for argument in self.arguments[len(given) :]:
            if argument.name in rest:
                values.append(rest.pop(argument.name))
            elif argument.required:
                raise TypeError(f"{self.python_name}() needs {argument.name}: {argument.help}")
            else:
                values.append(() if argument.many else None)
        return values, rest

    def _measured(self, opened: _Opened, run: Run) -> AnyRecord:
        record = self.measures(opened.inputs, opened.settings, run)
        record.lies_beside(run.beside)
        return record

    def finished(self, directory: Path, document: Document) -> AnyRecord | None:
        """The record of a finished run of these very inputs; None where there is none, or one that was touched.

        A record that was made without some of its units, which failed, is no finished run: they are tried again.
        """
        record = self.read(directory) if (directory / RECORD).is_file() else None
        if (
            record is None
            or self._touched(directory)
            or unfinished_units(directory)
            or document.difference(record.provenance.settings, strict=True)
        ):
            return None
        return record

    def _touched(self, directory: Path) -> str | None:
        """What of a record and its files is not as it was written; None where all is, or there is no record yet."""
        if not (directory / RECORD).is_file():
            return None
        trouble = touched(directory)
        return trouble or (f"{directory / RECORD} is damaged" if self.read(directory) is None else None)

    def read(self, directory: Path) -> AnyRecord | None:
        """The record in a run directory; None where the file is damaged or of another kind."""
        from paddlewheel.errors import InputError

        for kind in self.records:
            try:
                record = read_record(directory / RECORD, kind, made_by=self.command)
            except InputError:
                continue
            record.lies_beside(Beside(directory))
            return record
        return None

    def _keep(self, run: Run, record: StudyRecord) -> None:
        run.folder.mkdir(parents=True, exist_ok=True)
        run.seal(record)
        self.write_page(record)

    def write_page(self, record: StudyRecord) -> None:
        """Write `report.html` and `figures/` from the record and what lies beside it.

        Raises
        ------
        RunDirectoryError
            If the directory cannot be written.
        """
        from paddlewheel.page.write import write_report

        module = importlib.import_module(record.page_module())
        write_report(record, module.figures, module.page)

    def _page_is_there(self, directory: Path, record: AnyRecord) -> bool:
        """Whether the page was written after the record, by this version, to its end."""
        from paddlewheel.version import __version__

        path = directory / _REPORT
        if not path.is_file() or path.stat().st_mtime_ns < (directory / RECORD).stat().st_mtime_ns:
            return False
        page = path.read_bytes()
        return f'content="paddlewheel {__version__}"'.encode() in page[:4096] and page.rstrip().endswith(b"</html>")

    @property
    def records(self) -> tuple[type[AnyRecord], ...]:
        """The classes of its records, one for most studies."""
        return self.record if isinstance(self.record, tuple) else (self.record,)

    @property
    def python_name(self) -> str:
        """Name of the Python call."""
        return python_name(self.command)

    def signature(self) -> inspect.Signature:
        """The Python call's signature, made from arguments and settings."""
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            inspect.Parameter(
                argument.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if argument.required else None,
            )
            for argument in self.arguments
        ]
        fields = self.settings.model_fields
        parameters += [
            inspect.Parameter(
                name,
                keyword,
                annotation=bare(fields[name].annotation),
                default=inspect.Parameter.empty if is_needed(self.settings, name) else fields[name].get_default(),
            )
            for name in setting_names(self.settings)
        ]
        for name, default in (("out", None), ("again", False), ("cores", None), ("show_progress", False)):
            parameters.append(inspect.Parameter(name, keyword, default=default))
        returned = functools.reduce(operator.or_, self.records)
        return inspect.Signature(parameters, return_annotation=returned)

    def documentation(self, summary: str) -> str:
        """The Python call's docstring, made from the help of arguments and settings."""
        lines = [summary, "", "Parameters", "----------"]
        for argument in self.arguments:
            lines += [argument.name, f"    {argument.help}"]
        for name in setting_names(self.settings):
            lines += [name, f"    {self.settings.model_fields[name].description}"]
        lines += ["out", "    Run directory for the record, its tables and the report."]
        if not self.needs_directory:
            lines[-1] += " Nothing is written without it."
        lines += ["again", "    Compute anew what the run directory holds already."]
        lines += ["cores", "    Cores of this machine to use; all by default."]
        if self.notes:
            lines += ["", *inspect.cleandoc(self.notes).splitlines()]
        return "\n".join(lines)


def _paths(values: Sequence[Any]) -> Iterator[str | Path]:
    """The values that may be paths: every Path, and every text of one line, alone or in a list."""
    for value in values:
        if isinstance(value, Path) or (isinstance(value, str) and "\n" not in value):
            yield value
        elif isinstance(value, list | tuple):
            yield from _paths(value)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    inputs: Any
    settings: Any
    document: Document
    directory: Path | None = field(default=None)


def call_of(study: Study[Any, Any], *, summary: str) -> Callable[..., Any]:
    """The study as a function with its own name, signature and docstring, for the library."""

    def call(*given: Any, **settings: Any) -> Any:
        return study(*given, **settings)

    call.__name__ = call.__qualname__ = study.python_name
    call.__doc__ = study.documentation(summary)
    call.__signature__ = study.signature()  # type: ignore[attr-defined]
    call.study = study  # type: ignore[attr-defined]
    return call
