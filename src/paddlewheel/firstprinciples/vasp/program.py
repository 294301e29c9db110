"""VASP's jobs: the files of a frame, its POTCAR, custodian where it is there, and when an output is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from paddlewheel.firstprinciples.program import Program, SharedFile
from paddlewheel.firstprinciples.setups import CalculationSettings
from paddlewheel.firstprinciples.vasp.inputs import check_vasp_frame, vasp_files, vasp_settings_again
from paddlewheel.firstprinciples.vasp.potentials import potcar_of_library, potential_names

if TYPE_CHECKING:
    from ase import Atoms

_CUSTODIAN = """\
# what ends VASP is mended without changing what a label is: no handler touches ISMEAR, k-points, ENCUT or EDIFF
jobs:
  - jb: custodian.vasp.jobs.VaspJob
    params:
      $vasp_cmd: [bash, -c, "exec $command"]
      auto_npar: false
      auto_gamma: false
      backup: false
handlers:
  - hdlr: custodian.vasp.handlers.VaspErrorHandler
    params:
      errors_subset_to_catch: [inv_rot_mat, brmix, amin, zpotrf, eddrmm, edddav, zheev, grad_not_orth]
  - hdlr: custodian.vasp.handlers.UnconvergedErrorHandler
custodian_params:
  max_errors: 4
"""

_FUNCTIONS = """\
finished() {
    [ -f vasprun.xml ] && tail -c 200 vasprun.xml | grep -q '</modeling>'
}

# POTCAR from POTCAR.spec where it is not there: VASP_PSP_DIR holds Na_pv/POTCAR or POTCAR.Na_pv, packed or not, ...
prepare() {
    if [ -s POTCAR ]; then
        return 0
    fi
    if [ -z "${VASP_PSP_DIR:-}" ]; then
        echo "no POTCAR: set VASP_PSP_DIR to the folder of the release of potentials that manifest.json names" >&2
        return 1
    fi
    local potential file found
    while IFS= read -r potential; do
        found=""
        for file in "$VASP_PSP_DIR/$potential/POTCAR"{,.gz} "$VASP_PSP_DIR/POTCAR.$potential"{,.gz}; do
            if [ -z "$found" ] && [ -f "$file" ]; then
                found="$file"
            fi
        done
        if [ -z "$found" ]; then
            echo "no potential $potential in $VASP_PSP_DIR" >&2
            return 1
        fi
        gzip -cdf "$found" || return 1
    done <POTCAR.spec >POTCAR.part
    mv POTCAR.part POTCAR
}

calculate() {
    if command -v cstdn >/dev/null; then
        cstdn run "$root/custodian.yaml" >custodian.log 2>&1
    else
        bash -c "exec $command" >vasp.out 2>&1
    fi
}
"""


def _completed(settings: CalculationSettings, symbols: Sequence[str]) -> CalculationSettings:
    """An output is held to the titles of all its potentials, those of pymatgen's table too."""
    names = dict(zip(symbols, potential_names(symbols, settings), strict=True))
    return replace(settings, pseudopotentials={**settings.pseudopotentials, **names})


def _check(atoms: Atoms, settings: CalculationSettings) -> None:
    from ase.data import chemical_symbols

    check_vasp_frame(atoms, settings)
    symbols = [chemical_symbols[number] for number in sorted(set(atoms.numbers))]
    potcar_of_library(potential_names(symbols, settings), settings)


def _potcar(files: Mapping[str, str], settings: CalculationSettings) -> tuple[SharedFile | None, str]:
    names = files["POTCAR.spec"].split()
    found = potcar_of_library(names, settings)
    if found is None:
        family = settings.pseudopotential_family
        return None, f"no POTCAR (PMG_VASP_PSP_DIR is not set): submit.sh makes it where VASP_PSP_DIR holds {family}"
    return SharedFile(name="POTCAR", path=f"potcars/{'-'.join(names)}/POTCAR", text=found.text), found.remark


VASP = Program(
    title="VASP",
    completed=_completed,
    check=_check,
    files=vasp_files,
    shared=_potcar,
    again=vasp_settings_again,
    beside={"custodian.yaml": _CUSTODIAN},
    variable="VASP_COMMAND",
    command="vasp_std",
    functions=_FUNCTIONS,
)
