"""Computed entries of a chemical system from the Materials Project, where the user has a key (extra `mp`).

They are kept as a file that `read_energy_table` reads, so that a run does not change with the database: asking again
gives the file that is there. Static energies of GGA and GGA+U on the scale of the Materials Project's corrections
(Jain et al., APL Mater. 1, 011002 (2013), doi 10.1063/1.4812323).
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from paddlewheel.errors import InputError
from paddlewheel.records import write_atomically

KEY = "MP_API_KEY"
THERMO_TYPE = "GGA_GGA+U"
"""One functional; the mixed hull with r2SCAN holds energies of two."""


def fetch_entries(elements: Sequence[str], folder: Path, *, client: Any = None) -> Path:
    """The file of the entries of a system and all its subsystems, asked for if it is not there.

    Parameters
    ----------
    elements
        Symbols.
    folder
        Where the file is kept.
    client
        What is called with the key in place of `mp_api.client.MPRester`.

    Raises
    ------
    InputError
        Without a key in `MP_API_KEY`, without mp-api, if the database cannot be reached or gives nothing.
    """
    system = "-".join(sorted(elements))
    path = folder / f"{system}-{THERMO_TYPE}.json"
    if path.exists():
        return path
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise InputError(
            f"{KEY} is not set", where="materials-project",
            remedy="get a key at https://materialsproject.org/api and export it, or give --energies",
        )  # fmt: skip
    make = client or _client()
    try:
        with make(key) as rester:
            entries = rester.get_entries_in_chemsys(list(elements), additional_criteria={"thermo_types": [THERMO_TYPE]})
            version = getattr(rester, "db_version", None)
    except Exception as error:  # of requests, of mp-api, of the server: all end the same way for the user
        text = str(error).splitlines()
        raise InputError(
            f"{system} could not be fetched ({type(error).__name__}: {text[0] if text else 'no message'})",
            where="materials-project", remedy=f"check the network and {KEY}, or give --energies",
        ) from error  # fmt: skip
    if not entries:
        raise InputError(f"no entry of {system}", where="materials-project", remedy="check the elements")
    document = {
        "source": "Materials Project",
        "database_version": None if version is None else str(version),
        "thermo_type": THERMO_TYPE,
        "retrieved_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "entries": [_plain(entry) for entry in entries],
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document, indent=1) + "\n")
    return path


def _client() -> Any:
    try:
        from mp_api.client import MPRester  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError(
            "mp-api is not installed", where="materials-project", remedy="pip install 'paddlewheel[mp]'"
        ) from error
    return MPRester


def _plain(entry: Any) -> dict[str, Any]:
    """What a hull needs of pymatgen's entry: no sites, which are megabytes."""
    structure = getattr(entry, "structure", None)
    row: dict[str, Any] = {
        "entry_id": str(entry.entry_id),
        "composition": {str(element): float(amount) for element, amount in entry.composition.items()},
        "energy": float(entry.uncorrected_energy),
        "correction": float(entry.correction),
        "parameters": {"run_type": str(entry.parameters.get("run_type", "GGA"))},
    }
    if structure is not None:
        row["volume_A3_per_atom"] = float(structure.volume) / len(structure)
    return row
