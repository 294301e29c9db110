"""Make the embedded potential `nep-nabh` again: `python scripts/make_nep_nabh.py OUT [--seed 1]`.

Distils `m3gnet-nabh-r2scan` (parent form) over the cells of `nep_nabh_structures.py`, 50 to 950 K, strains to 10 %,
then judges it on frames that no step saw (`nep_nabh_heldout.py`). OUT is the run directory of `distil`, OUT/embedded a
folder that the package has as `src/paddlewheel/potentials/embedded/nep-nabh`. The same command continues a run that
was killed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nep_nabh_card import write_files
from nep_nabh_heldout import write_heldout
from nep_nabh_structures import cells

from paddlewheel import distil
from paddlewheel.studies.distil.settings import DistilSettings, Exploration

FORM = {
    "radial_cutoff_A": 6.0,
    "angular_cutoff_A": 5.0,
    "radial_n_max": 7,
    "angular_n_max": 7,
    "radial_basis_size": 10,
    "angular_basis_size": 10,
    "neurons": 80,
}


def main() -> None:
    """Run `distil` with the settings of the embedded potential."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, default=None)
    parser.add_argument("--device", default="cpu", help="of the fits and the teacher")
    parser.add_argument("--heldout", type=Path, default=None, help="frames to be judged on, made before")
    options = parser.parse_args()
    found = cells()
    record = distil(
        list(found.values()),
        names=list(found),
        teacher="m3gnet-nabh-r2scan",
        elements=("Na", "B", "H"),
        specie="Na",
        out=options.out,
        settings=DistilSettings(
            exploration=Exploration(
                temperatures_K=(50.0, 950.0), strain=0.1, seed_ps=0.1, explore_ps=4.0, rounds=2, frames_per_round=700
            ),
            form=FORM,
            fit={"batch_atoms": 300, "energy_scale_meV_per_atom": 1.0, "force_weights": {"Na": 2.0}},
            steps=2500,
            final_steps=30000,
            seed=options.seed,
            device=options.device,
        ),
        cores=options.cores,
        show_progress=True,
    )
    heldout = options.heldout or options.out / "heldout.extxyz"
    write_heldout(heldout, student=options.out / "nep.txt")
    errors = write_files(options.out, record, heldout, options.out / "embedded", seed=options.seed)
    for name, row in errors.items():
        print(f"{name}: {row}")


if __name__ == "__main__":
    main()
