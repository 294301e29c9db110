"""The record of a study: what `result.json` holds, and how it shows itself in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import PrivateAttr

from paddlewheel.records.base import SCHEMA_VERSION, Citation, Provenance, Record
from paddlewheel.records.show import dataframe_of, figures_of, html_of, short
from paddlewheel.records.tables import Beside


class StudyRecord(Record):
    """Base of the records that studies give: `result.json` of a run directory.

    Subclasses add ``kind`` and their results. `rows_in` names the list that `to_dataframe` shows.
    """

    rows_in: ClassVar[str | None] = None

    schema_version: Literal[1] = SCHEMA_VERSION
    warnings: list[str] = []
    citations: list[Citation] = []
    provenance: Provenance
    _beside: Any = PrivateAttr(default=None)

    def lies_beside(self, beside: Any) -> None:
        """Remember the files that belong to the record (`paddlewheel.records.tables.Beside`), for its figures."""
        self._beside = beside

    @property
    def lying_beside(self) -> Any:
        """What lies beside the record (`paddlewheel.records.tables.Beside`)."""
        return self._beside or Beside()

    @property
    def said_first(self) -> list[str]:
        """What a reader must know before any result."""
        return []

    @property
    def said_last(self) -> list[str]:
        """What was settled of the input before the work, and casts no doubt on a result."""
        return []

    @property
    def directory(self) -> Path | None:
        """The run directory that the record is in; None where nothing was written."""
        return self.lying_beside.directory

    def plot(self) -> dict[str, Any]:
        """The figures of the report as matplotlib figures, by name.

        Raises
        ------
        InputError
            If a table that a figure needs is missing or damaged.
        """
        return figures_of(self)

    def to_dataframe(self) -> Any:
        """The rows of the record as a pandas DataFrame; a measured column ``x`` has its uncertainty in ``x_std``.

        Raises
        ------
        InputError
            Where pandas is not installed, or the record has no rows.
        """
        return dataframe_of(self)

    def page_module(self) -> str:
        """The module that draws the report: ``page`` beside ``record`` in the study's package."""
        return type(self).__module__.rpartition(".")[0] + ".page"

    def __eq__(self, other: object) -> bool:
        """Whether it says the same, wherever it lies."""
        return type(self) is type(other) and self.__dict__ == vars(other)

    def __repr__(self) -> str:
        return short(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return html_of(self)


class PreparedRecord(StudyRecord):
    """Base of the records of work on structures that may have had to be ordered first.

    `prepared` says how: the cells that partly occupied sites became, and of which oxidation states. What of it casts a
    doubt, such as a changed composition, is among the warnings.
    """

    prepared: list[str] = []

    @property
    def said_last(self) -> list[str]:
        return list(self.prepared)


class PotentialRecord(PreparedRecord):
    """Base of the records of what a potential computed.

    `potential_note` says first what a reader must know of the potential: that it is a first guess, taken because none
    was named, or that nothing tells where it is asked beyond its training set. Null where there is nothing to say.
    """

    potential_note: str | None = None

    @property
    def said_first(self) -> list[str]:
        return [] if self.potential_note is None else [self.potential_note]
