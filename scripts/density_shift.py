"""How much a candidate's density is off its reference's, to first order in their difference.

`python scripts/density_shift.py RUN.zarr --temperature 500 --candidate nep-nabh --reference m3gnet-nabh-r2scan`

Two runs of NPT must each be long to tell densities that differ by 1 %: the volume of 128 atoms at 500 K fluctuates by
2 %. On frames of the candidate's own run the two pressures differ by little and with little noise, and

    V_reference / V_candidate - 1 = <P_reference - P_candidate> / B + ...,    B = k T <V> / var(V)

(the first term of a perturbation expansion in the difference of the energies; Zwanzig, J. Chem. Phys. 22, 1420 (1954),
doi 10.1063/1.1740409). RUN.zarr is a trajectory in NPT without load: of `validate`
(trajectories/candidate-npt-*.zarr), or of `conduct`, whose equilibration --skip-ps leaves out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from paddlewheel.dynamics.health import block_mean
from paddlewheel.potentials import load_potential
from paddlewheel.trajectories import open_store
from paddlewheel.units import eV_PER_A3_IN_GPA

BOLTZMANN_eV_PER_K = 8.617333262e-5


def pressure_GPa(atoms, calculator) -> float:
    """Pressure of the potential energy alone: the kinetic part is the same for both."""
    atoms = atoms.copy()
    atoms.calc = calculator
    return -float(atoms.get_stress(voigt=True)[:3].mean()) * eV_PER_A3_IN_GPA


def main() -> None:
    """Print the shift of the candidate's density from the reference's in per cent, with its standard error."""
    from ase import Atoms

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--temperature", type=float, required=True)
    parser.add_argument("--candidate", default="nep-nabh")
    parser.add_argument("--reference", default="m3gnet-nabh-r2scan")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--skip-ps", type=float, default=1.0)
    options = parser.parse_args()
    trajectory = open_store(options.run).after(options.skip_ps)
    wanted = set(np.linspace(0, trajectory.n_frames - 1, options.frames).round().astype(int).tolist())
    candidate, reference = load_potential(options.candidate), load_potential(options.reference)
    volumes_A3, differences_GPa = [], []
    for block in trajectory.blocks():
        volumes_A3 += np.abs(np.linalg.det(block.cell_A)).tolist()
        for offset in sorted(wanted & set(range(block.start, block.start + len(block.positions_A)))):
            row = offset - block.start
            atoms = Atoms(trajectory.symbols, positions=block.positions_A[row], cell=block.cell_A[row], pbc=True)
            differences_GPa.append(pressure_GPa(atoms, reference) - pressure_GPa(atoms, candidate))
    volumes = np.array(volumes_A3)
    modulus_GPa = BOLTZMANN_eV_PER_K * options.temperature * volumes.mean() / volumes.var() * eV_PER_A3_IN_GPA
    shift, error = block_mean(np.array(differences_GPa))
    print(
        f"{options.run.stem}: reference - candidate {shift:+.4f} +- {error:.4f} GPa on {len(differences_GPa)} frames, "
        f"B {modulus_GPa:.1f} GPa: density of the candidate {100 * shift / modulus_GPa:+.2f} "
        f"+- {100 * error / modulus_GPa:.2f} %"
    )


if __name__ == "__main__":
    main()
