"""How VASP is run in a folder: its POTCAR, custodian where it is there, and when an output is whole."""

from __future__ import annotations

from paddlewheel.firstprinciples.submission import Submission

CUSTODIAN = """\
# what ends VASP is mended without changing what a label is: no handler touches ISMEAR, k-points, ENCUT or EDIFF
jobs:
  - jb: custodian.vasp.jobs.VaspJob
    params:
      $vasp_cmd: [bash, -c, "exec $VASP_COMMAND"]
      auto_npar: false
      auto_gamma: false
handlers:
  - hdlr: custodian.vasp.handlers.VaspErrorHandler
    params:
      errors_subset_to_catch: [inv_rot_mat, brmix, amin, zpotrf, eddrmm, edddav, zheev, grad_not_orth]
  - hdlr: custodian.vasp.handlers.UnconvergedErrorHandler
custodian_params:
  max_errors: 4
"""

_SETUP = """\
root="$PWD"
export VASP_COMMAND="$command"

# POTCAR from POTCAR.spec where it is not there: VASP_PSP_DIR holds Na_pv/POTCAR, B/POTCAR, ...
prepare() {
    if [ -s POTCAR ]; then
        return 0
    fi
    if [ -z "${VASP_PSP_DIR:-}" ]; then
        echo "no POTCAR: set VASP_PSP_DIR to the folder of the family named in manifest.json" >&2
        return 1
    fi
    while IFS= read -r potential; do
        cat "$VASP_PSP_DIR/$potential/POTCAR" || return 1
    done <POTCAR.spec >POTCAR.part
    mv POTCAR.part POTCAR
}

finished() {
    [ -f vasprun.xml ] && tail -c 200 vasprun.xml | grep -q '</modeling>'
}

calculate() {
    if command -v cstdn >/dev/null; then
        cstdn run "$root/custodian.yaml" >custodian.log 2>&1
    else
        bash -c "exec $VASP_COMMAND" >vasp.out 2>&1
    fi
}
"""

VASP = Submission(name="VASP", variable="VASP_COMMAND", command="vasp_std", setup=_SETUP)
