"""Biologic's text export .mpt: its header says the technique, below it stands one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from paddlewheel.lab.readers.text_table import TextTable, parse_table
from paddlewheel.lab.techniques import technique_of_title

MAGIC = ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE")


def read_mpt(text: str, *, source: str, warnings: Sequence[str] = ()) -> TextTable:
    """The table of a .mpt.

    Raises
    ------
    DataError
        If there is none.
    """
    table = parse_table(text, source=source, warnings=warnings)
    return replace(table, technique=technique_of_title(table.preamble[2]) if len(table.preamble) > 2 else None)
