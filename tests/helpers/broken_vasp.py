"""Faults of VASP outputs, each with a sound twin that looks much like it.

Every entry names the fault, makes the files of the broken and of the sound output, and says a word of the refusal.
All were asked for as `made_vasp.static_run` is made, for `made_vasp.cell_of_NaBH4`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from made_vasp import MadeRun, cell_of_NaBH4, made_step, outcar, static_run, vasprun

Files = Mapping[str, bytes]


@dataclass(frozen=True)
class Fault:
    """A broken output, its sound twin, and what the refusal says."""

    name: str
    broken: Files
    sound: Files
    says: str


def _xml(run: MadeRun) -> Files:
    return {"vasprun.xml": vasprun(run).encode()}


def _out(run: MadeRun, **how: bool) -> Files:
    return {"OUTCAR": outcar(run, **how).encode()}


def _edited(files: Files, old: str, new: str) -> Files:
    ((name, content),) = files.items()
    assert old.encode() in content, old
    return {name: content.replace(old.encode(), new.encode())}


def _cut(files: Files, before: str) -> Files:
    ((name, content),) = files.items()
    return {name: content[: content.index(before.encode())]}


def _moved(by_A: tuple[float, float, float], atom: int = 7) -> MadeRun:
    atoms = cell_of_NaBH4()
    atoms.positions[atom] += by_A
    return static_run(atoms)


def _other_cell(strain: float) -> MadeRun:
    atoms = cell_of_NaBH4()
    atoms.set_cell(atoms.cell.array * (1 + strain), scale_atoms=True)
    return static_run(atoms)


def _zeroed(run: MadeRun, *, zero: bool) -> MadeRun:
    selective = np.ones((len(run.steps[0].atoms), 3), dtype=bool)
    selective[:2] = False
    forces = run.steps[0].forces_eV_per_A.copy()
    forces[:2] *= not zero
    return replace(run.with_step(forces_eV_per_A=forces), selective=selective)


def _lines_of_forces(run: MadeRun) -> str:
    x, y, z = run.steps[0].forces_eV_per_A[2]
    return f"{x:15.8f} {y:15.8f} {z:15.8f}"


def faults() -> list[Fault]:
    """At least thirty, in both formats."""
    run = static_run()
    xml, out = _xml(run), _out(run)
    atoms = cell_of_NaBH4()
    energies = run.steps[0].energies_eV
    swapped = cell_of_NaBH4()
    swapped.positions[[0, 3]] = swapped.positions[[3, 0]]
    potassium = cell_of_NaBH4()
    potassium.symbols[:2] = "K"
    smaller = cell_of_NaBH4()[:-1]
    cell_vector = tuple(atoms.cell.array[1])
    last_rows = '</varray>\n  <energy>\n   <i name="e_fr_energy">'
    of_LDA = {element: title.replace("PAW_PBE", "PAW") for element, title in run.titles.items()}

    def tags(name: str, broken: Mapping[str, str], sound: Mapping[str, str], says: str) -> Fault:
        return Fault(name, _xml(run.having(**broken)), _xml(run.having(**sound)), says)

    def make(broken: MadeRun, sound: MadeRun, form: Callable[[MadeRun], Files] = _xml) -> tuple[Files, Files]:
        return form(broken), form(sound)

    return [
        Fault("ended by NELM", *make(replace(run, steps=(made_step(atoms, n_electronic=200),)),
              replace(run, steps=(made_step(atoms, n_electronic=199),))), "200 of at most 200"),
        Fault("last change above EDIFF", *make(replace(run, steps=(made_step(atoms, last_change_eV=3e-3),)),
              replace(run, steps=(made_step(atoms, last_change_eV=1e-4),))), "last change"),
        Fault("cut within the step", _cut(xml, '<varray name="forces"'), _cut(xml, ' <structure name="finalpos"'),
              "no step"),
        Fault("cut within the bands", _cut(xml, "</eigenvalues>"), _cut(xml, "</modeling>"), "no step"),
        Fault("packed and cut", {"vasprun.xml.gz": gzip.compress(xml["vasprun.xml"])[:3000]},
              {"vasprun.xml.gz": gzip.compress(xml["vasprun.xml"])}, "no step"),
        tags("cutoff", {"ENCUT": "520"}, {"ENCUT": "680.0"}, "cutoff is 520 eV"),
        Fault("no METAGGA", _edited(xml, '  <i type="string" name="METAGGA">R2SCAN</i>\n', ""),
              _edited(xml, "R2SCAN", "R2scan"), "functional is PBE"),
        tags("SCAN", {"METAGGA": "SCAN"}, {"METAGGA": "r2SCAN"}, "functional is SCAN"),
        Fault("potentials of LDA", *make(replace(run, titles=of_LDA),
              replace(run, titles={**run.titles, "H": "PAW_PBE H_GW 21Apr2008"})), "POTCAR titles are of LDA"),
        Fault("mixed potentials", *make(replace(run, titles={**run.titles, "H": "PAW H 07Feb2000"}),
              replace(run, titles={**run.titles, "H": "PAW_PBE H 15Jun2001"})), "LDA and of PBE"),
        Fault("potentials in another order",
              *make(replace(run, titles={**run.titles, "Na": run.titles["B"], "B": run.titles["Na"]}),
                    replace(run, titles={**run.titles, "Na": "PAW_PBE Na 08Apr2002"})), "their POTCAR is"),
        tags("hybrid", {"LHFCALC": "T", "AEXX": "0.25", "HFSCREEN": "0.2"}, {"LHFCALC": "F"}, "functional is hybrid"),
        tags("spin", {"ISPIN": "1"}, {"ISPIN": "2"}, "spin is not polarized"),
        tags("tolerance", {"EDIFF": "1E-3"}, {"EDIFF": "1.0E-4"}, "tolerance of the electrons"),
        Fault("k mesh", *make(replace(run, mesh=(4, 5, 4)), replace(run, mesh=(5, 6, 4))), "k mesh is 4x5x4"),
        tags("smearing", {"ISMEAR": "1"}, {"ISMEAR": "0"}, "smearing is methfessel-paxton"),
        tags("dispersion", {"IVDW": "12"}, {"IVDW": "0"}, "adds D3(BJ)"),
        tags("U", {"LDAU": "T", "LDAUL": "-1 2 -1", "LDAUU": "0 4 0", "LDAUJ": "0 0 0"}, {"LDAU": "F"}, "adds U of B"),
        tags("spherical", {"LASPH": "F"}, {"LASPH": "T"}, "lacks aspherical"),
        Fault("forces that do not fit", _edited(xml, _lines_of_forces(run), "*************** ***** 0.1"),
              _edited(xml, _lines_of_forces(run), _lines_of_forces(run) + " "), "forces cannot be read"),
        Fault("energy that is none", _edited(xml, f"{energies[-1]:16.8f}", "             NaN"), xml, "energy"),
        Fault("energy of another run",
              _edited(xml, f"{last_rows}{energies[-1]:16.8f}", f"{last_rows}{energies[-1] - 1:16.8f}"), xml,
              "that of its last electronic step"),
        tags("no stress", {"ISIF": "0"}, {"ISIF": "2"}, "has no stress"),
        tags("pressure alone", {"ISIF": "1"}, {"ISIF": "3"}, "has no stress"),
        Fault("atom moved", *make(_moved((0.0, 0.002, 0.0)), _moved(cell_vector)), "atom 7 (H)"),
        Fault("two atoms exchanged", *make(static_run(swapped), run), "atom"),
        Fault("strained", *make(_other_cell(0.001), _other_cell(1e-6)), "vector"),
        Fault("another element", *make(static_run(potassium), run), "atom 0 is K"),
        Fault("an atom less", *make(static_run(smaller), run), "11 atoms"),
        Fault("ALGO = None", *make(replace(run, resolved={"IALGO": "2"}).having(ALGO="None"), run.having(ALGO="All")),
              "ALGO is NONE"),
        tags("density kept", {"ICHARG": "11"}, {"ICHARG": "1"}, "ICHARG is 11"),
        tags("force field", {"ML_LMLFF": "T"}, {"ML_LMLFF": "F"}, "machine-learned"),
        tags("springs", {"IMAGES": "3"}, {"IMAGES": "0"}, "IMAGES is set"),
        tags("scaled", {"SCALEE": "0.5"}, {"SCALEE": "1.0"}, "SCALEE"),
        Fault("charged", *make(replace(run, n_electrons_more=1.0), run), "charge -1 e"),
        Fault("forces set to zero", *make(_zeroed(run, zero=True), _zeroed(run, zero=False)), "selective dynamics"),
        Fault("no electronic steps", _xml(run.with_step(energies_eV=())), xml, "no electronic steps"),
        Fault("OUTCAR: not reached", _out(run, unconverged=True), out, "did not converge"),
        Fault("OUTCAR: cut", _cut(out, " POSITION "), _cut(out, " General timing"), "no step"),
        Fault("OUTCAR: force field", _edited(out, "(eV/Angst)", "(eV/Angst) (ML)"), out, "no step"),
        Fault("OUTCAR: forces that do not fit",
              _edited(out, f"{run.steps[0].forces_eV_per_A[2, 0]:14.6f}", " *************"), out,
              "forces cannot be read"),
        Fault("OUTCAR: cutoff", _out(run.having(ENCUT="520")), _out(run.having(ENCUT="680")), "cutoff is 520 eV"),
        Fault("OUTCAR: PBE", _edited(out, "   METAGGA = R2SCAN\n", ""), out, "functional is PBE"),
        Fault("OUTCAR and vasprun.xml of two runs", {**xml, **_out(static_run(seed=1))}, {**xml, **out}, "OUTCAR"),
    ]  # fmt: skip
