"""Elk as a program of its own (GPL, Debian's elk-lapw): field gradients of a structure by all electrons."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from paddlewheel.errors import InputError, ScienceError

_PROGRAMS = ("elk-lapw", "elk")
_SPECIES = ("/usr/share/elk-lapw/species", "/usr/share/elk/species", "/usr/local/share/elk/species")
_LOG = "elk.log"


def find_elk() -> tuple[str, str]:
    """The program, and the folder of its species.

    Raises
    ------
    InputError
        Where one of them is not installed.
    """
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise InputError("Elk is not installed", where="run", remedy="run: apt install elk-lapw")
    given = os.environ.get("ELK_SPECIES_PATH")
    for folder in (*([given] if given else []), *_SPECIES):
        if Path(folder).is_dir():
            return program, folder
    raise InputError("Elk's species files are not found", where="run", remedy="set ELK_SPECIES_PATH to their folder")


def run_elk(folder: Path, *, program: str, cores: int, stop_if_requested: Callable[[], None]) -> Path:
    """Run Elk on the elk.in of a folder until it ends; the EFG.OUT.

    `stop_if_requested` is called about twice a second; what it raises ends Elk too.

    Raises
    ------
    ScienceError
        If Elk ends without a result, with its own last words.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(cores)}
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen([program], cwd=folder, stdout=log, stderr=subprocess.STDOUT, env=environment)
        try:
            while process.poll() is None:
                stop_if_requested()
                time.sleep(0.5)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    result = folder / "EFG.OUT"
    said = [line.strip() for line in (folder / _LOG).read_text(errors="replace").splitlines() if line.strip()]
    if process.returncode != 0 or not result.is_file():
        errors = [line for line in said if line.startswith("Error")] or said[-1:]
        raise ScienceError(
            f"Elk gave no field gradients ({'; '.join(errors)[:200] or 'it said nothing'})", where=folder / _LOG,
            remedy="see what it says there",
        )  # fmt: skip
    info = folder / "INFO.OUT"
    if info.is_file() and "Reached self-consistent loops maximum" in info.read_text(errors="replace"):
        raise ScienceError("Elk did not come to self-consistency", where=info, remedy="take another mesh or functional")
    return result
