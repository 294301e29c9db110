"""What `make install` leaves out is not needed: torch, and three packages that pymatgen-core asks for.

Each program runs in a process whose importer does not find them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ABSENT = ("torch", "matgl", "networkx", "pandas", "sympy")

_HALF_OCCUPIED = """data_half
_cell_length_a 5.6
_cell_length_b 5.6
_cell_length_c 5.6
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Na1 Na 0.25 0.25 0.25 0.5
Cl1 Cl 0 0 0 1
"""


def _without(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    block = f"""
from importlib.machinery import PathFinder
found = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name.split(".")[0] in {ABSENT!r} else found(name, *rest)
"""
    return subprocess.run(
        [sys.executable, "-c", block + code], capture_output=True, text=True, cwd=folder, check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def test_structures_are_read_ordered_and_run(tmp_path: Path) -> None:
    (tmp_path / "half.cif").write_text(_HALF_OCCUPIED)
    done = _without(
        """
from ase.build import bulk
from ase.calculators.emt import EMT
from paddlewheel.crystals import order_structure, read_structure
from paddlewheel.dynamics import MDRun, MDSettings
import paddlewheel.studies.conduct.page, paddlewheel.studies.conduct.study, paddlewheel.studies.conduct.analyze
for name in ("o-nbh", "nabh4", "na2b12h12"):
    read_structure(name)
bulk("Cu", cubic=True).write("cu.cif"); bulk("Cu", cubic=True).write("POSCAR", format="vasp")
read_structure("POSCAR")
assert order_structure("half.cif", n_cells=2, seed=1, supercell="2x1x1")
run = MDRun(read_structure("cu.cif"), EMT(), MDSettings(temperature_K=300.0, relax_above_eV_per_A=0.0))
run.step()
print("ran")
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ran\n"


def test_m3gnet_without_torch_says_how_to_get_it_in_one_line(shared: Path, tmp_path: Path) -> None:
    checkpoint = shared / "data/potentials/M3GNet-r2SCAN-NaBH"
    arguments = ["conduct", "nabh4", "--potential", str(checkpoint), "--out", "run"]
    done = _without(f"from paddlewheel.cli.main import run\nrun({arguments!r})", tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "torch" in done.stderr
    assert "pip install 'paddlewheel[m3gnet]'" in done.stderr
    assert "https://download.pytorch.org/whl/cpu" in done.stderr
    assert not (tmp_path / "run").exists()


def test_hulls_and_windows_are_computed(tmp_path: Path) -> None:
    """pymatgen's phase diagrams need plotly, of what `make install` could leave out, and nothing else."""
    (tmp_path / "given.csv").write_text("formula,energy_eV_per_formula\nNa,0\nCl,0\nNaCl,-4\n")
    done = _without(
        """
from paddlewheel.cli.main import status_of
assert status_of(["hull", "Na-Cl", "--energies", "given.csv", "--out", "hull"]) == 0
assert status_of(["window", "NaCl", "--system", "Na-Cl", "--energies", "given.csv", "--out", "window"]) == 0
""",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "NaCl: 0.00 +- 0.00 to 4.00 +- 0.00 V against Na" in done.stdout
