"""What a study works with while it measures: its directory, its lock, its units, its tables."""

from __future__ import annotations

import datetime
import io
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.execution import DriverLock, Unit
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.records import Provenance, StudyRecord, write_atomically
from paddlewheel.records.base import record_text
from paddlewheel.records.seals import SEAL, check_sealed, digest, digest_of, read_seal, write_seal
from paddlewheel.records.tables import Beside, as_column, write_table
from paddlewheel.study.run_directory import RECORD, Document, package_versions
from paddlewheel.study.stage import run_stage
from paddlewheel.version import __version__


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a study.

    Attributes
    ----------
    document
        What decides what the run is; it becomes the record's provenance.
    directory, driver
        The run directory and its lock; None where nothing is to be written.
    cores
        To use; None for all.
    show_progress
        Whether the terminal is told how far units are.
    anew
        Whether what an earlier call left is to be computed again.
    parts
        Parts of the run with their records (see `part`).
    written
        The digests of the files that belong to the records, by path.
    """

    document: Document
    directory: Path | None = None
    driver: DriverLock | None = None
    cores: int | None = None
    show_progress: bool = False
    anew: bool = False
    beside: Beside = field(default_factory=Beside)
    parts: list[tuple[Run, StudyRecord]] = field(default_factory=list)
    written: dict[Path, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.directory is not None and self.beside.directory is None:
            object.__setattr__(self, "beside", Beside(directory=self.directory))

    @property
    def folder(self) -> Path:
        """The run directory of a study that always has one."""
        assert self.directory is not None
        return self.directory

    def table(self, name: str, columns: Mapping[str, Sequence[Any] | np.ndarray]) -> str:
        """Keep equally long columns of numbers or text beside the record, as the CSV file `name`, which is returned."""
        stop_if_requested()
        if self.directory is None:
            self.beside.tables[name] = {key: as_column(values) for key, values in columns.items()}
        else:
            write_table(self.directory / name, columns)
            self.hold(name)
        return name

    def arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> str:
        """Keep arrays beside the record, as the file of NumPy `name` (.npz), which is returned."""
        if self.directory is None:
            self.beside.tables[name] = dict(arrays)
        else:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **arrays)
            self.text(name, buffer.getvalue())
        return name

    def text(self, name: str, content: str | bytes) -> str:
        """Write another file beside the record, where there is a directory; the name, for the record."""
        stop_if_requested()
        if self.directory is not None:
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
            self.hold(name)
        return name

    def hold(self, name: str) -> None:
        """Have the seal of the run bind a file beside the record that is complete now, whoever wrote it."""
        path = self.folder / name
        found = digest_of(path)
        assert found is not None, f"{path} is to be sealed and is not there"
        self.written[path] = found

    def has(self, *names: str) -> bool:
        """Whether an earlier call left these files whole (see `keep_made`); what was touched since is told in one line.

        Of an earlier version, which sealed nothing, files are taken as they are.
        """
        paths = [self.folder / name for name in names]
        if not all(path.is_file() for path in paths):
            return False
        try:
            for name in names:
                check_sealed(self.folder, name)
        except InputError as error:
            print(f"paddlewheel: {error.where}: {error.problem}: it is made again", file=sys.stderr, flush=True)
            (self.folder / SEAL).unlink()
            return False
        return True

    def keep_made(self, *names: str) -> None:
        """Seal files of a stage that are complete now, so that another call need not make them."""
        for name in names:
            self.hold(name)
        digests = {name: self.written[self.folder / name] for name in names}
        write_seal(self.folder, read_seal(self.folder) | digests)

    def seal(self, record: StudyRecord) -> None:
        """Write the record, and before it the seal of all that belongs to it: a kill leaves no record without one."""
        folder, content = self.folder, record_text(record)
        self.written[folder / RECORD] = digest(content.encode())
        inside = {path: found for path, found in self.written.items() if path.is_relative_to(folder)}
        write_seal(folder, {path.relative_to(folder).as_posix(): found for path, found in inside.items()})
        write_atomically(folder / RECORD, content)

    def units(
        self,
        units: Sequence[Unit],
        *,
        task: str,
        title: str,
        here: bool = False,
        is_short: bool = False,
        check: Callable[[Unit], str | None] = Unit.damage,
    ) -> dict[str, str]:
        """Run the units that are not finished; what went wrong, by name of the unit (see `run_stage`)."""
        assert self.driver is not None
        return run_stage(
            units,
            task=task,
            title=title,
            driver=self.driver,
            cores=self.cores,
            show_progress=self.show_progress,
            here=here,
            is_short=is_short,
            check=check,
        )

    def part(self, name: str, contents: Mapping[str, Any]) -> Run:
        """A run within this one, in the folder `name`: its tables go there, and its record once it is kept.

        `contents` is what decides the part, as `document` has it for the run.
        """
        directory = None if self.directory is None else self.directory / name
        document = Document(contents={"command": self.document.contents["command"], **contents})
        return replace(self, document=document, directory=directory, beside=Beside(directory=directory), parts=[])

    def keep(self, part: Run, record: StudyRecord) -> None:
        """Have the record of a part written, with its page, when the run's own is."""
        record.lies_beside(part.beside)
        self.parts.append((part, record))

    @contextmanager
    def within(self, name: str) -> Iterator[Run]:
        """This run in the folder `name`, with units and a lock of its own: a stage that later ones build upon."""
        directory = self.folder / name
        directory.mkdir(exist_ok=True)
        with DriverLock(directory) as driver:
            yield replace(self, directory=directory, driver=driver, beside=Beside(directory=directory))

    def provenance(self, *, structure_sha256: str | None = None, potential_sha256: str | None = None) -> Provenance:
        """What made the record: versions, command, settings and inputs of this run."""
        return Provenance(
            paddlewheel_version=__version__,
            command=shlex.join(sys.argv) if sys.argv and "paddlewheel" in sys.argv[0] else None,
            created_utc=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            versions=package_versions(),
            settings=dict(self.document.contents),
            structure_sha256=structure_sha256,
            potential_sha256=potential_sha256,
        )
