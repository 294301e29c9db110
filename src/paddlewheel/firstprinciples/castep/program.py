"""CASTEP's jobs: the files of a frame, and when an output is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddlewheel.firstprinciples.castep.inputs import SEED, castep_files, castep_settings_again, check_castep_settings
from paddlewheel.firstprinciples.program import Program
from paddlewheel.firstprinciples.setups import CalculationSettings

if TYPE_CHECKING:
    from ase import Atoms

_FUNCTIONS = f"""\
finished() {{
    [ -f {SEED}.castep ] && grep -q '^Total time' {SEED}.castep
}}

# CASTEP appends to an output that is there: that of a killed run is put aside
prepare() {{
    if [ -f {SEED}.castep ]; then
        mv {SEED}.castep "{SEED}.castep.cut-$(date +%s)"
    fi
}}

calculate() {{
    bash -c "exec $command {SEED}" >castep.out 2>&1
}}
"""


def _check(_: Atoms, settings: CalculationSettings) -> None:
    check_castep_settings(settings)


CASTEP = Program(
    title="CASTEP",
    files=castep_files,
    again=castep_settings_again,
    check=_check,
    variable="CASTEP_COMMAND",
    command="castep.serial",
    functions=_FUNCTIONS,
)
