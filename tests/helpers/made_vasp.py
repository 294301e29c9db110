"""Outputs of VASP 6 as it writes them: vasprun.xml and OUTCAR of runs that are described, not computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ase import Atoms

from paddlewheel.units import eV_PER_A3_IN_GPA

KB = 10 * eV_PER_A3_IN_GPA
TITLES = {"Na": "PAW_PBE Na 08Apr2002", "B": "PAW_PBE B 06Sep2000", "H": "PAW_PBE H 15Jun2001",
          "K": "PAW_PBE K_sv 06Sep2000", "O": "PAW_PBE O 08Apr2002"}  # fmt: skip
VALENCES = {"Na": 1.0, "B": 3.0, "H": 1.0, "K": 9.0, "O": 6.0}


@dataclass(frozen=True, kw_only=True)
class MadeStep:
    """One ionic step: stress [3, 3] as VASP has it (kB, positive under pressure), energies of the electronic steps."""

    atoms: Atoms
    energies_eV: Sequence[float]
    forces_eV_per_A: np.ndarray
    stress_kB: np.ndarray


@dataclass(frozen=True, kw_only=True)
class MadeRun:
    """A run; atoms are sorted by element in blocks, as POSCARs are."""

    steps: Sequence[MadeStep]
    incar: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=lambda: dict(TITLES))
    mesh: tuple[int, int, int] = (2, 2, 2)
    version: str = "6.4.2"
    n_electrons_more: float = 0.0
    selective: np.ndarray | None = None
    """[n_atoms, 3], True where an atom may move."""
    n_bands: int = 8

    def having(self, **incar: str) -> MadeRun:
        """The same with these tags in the INCAR; what VASP makes of them changes with it."""
        return replace(self, incar={**self.incar, **incar})

    def with_step(self, **changes: object) -> MadeRun:
        """The same with its last step changed."""
        return replace(self, steps=(*self.steps[:-1], replace(self.steps[-1], **changes)))


def cell_of_NaBH4() -> Atoms:
    """Tetragonal NaBH4-like cell of two formula units, off its symmetric places, sorted by element."""
    random = np.random.default_rng(4)
    atoms = Atoms(
        "Na2B2H8",
        cell=[[4.33, 0.0, 0.0], [0.1, 4.33, 0.0], [0.0, 0.0, 5.87]],
        scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.25], [0.5, 0, 0.75], *random.random((8, 3))],
        pbc=True,
    )
    atoms.positions += random.normal(scale=0.05, size=(len(atoms), 3))
    atoms.wrap()
    return atoms


def made_step(atoms: Atoms, *, seed: int = 0, n_electronic: int = 12, last_change_eV: float = 3e-6) -> MadeStep:
    """A step with forces and a stress by chance, whose electrons converge geometrically."""
    random = np.random.default_rng(seed)
    stress = random.normal(scale=8.0, size=(3, 3))
    energy = -4.1 * len(atoms) + random.normal()
    changes = last_change_eV * np.minimum(3.0 ** np.arange(n_electronic - 1), 1e6)[::-1]
    energies = energy + np.cumsum([-changes.sum(), *changes])
    return MadeStep(
        atoms=atoms, energies_eV=tuple(energies), stress_kB=(stress + stress.T) / 2,
        forces_eV_per_A=random.normal(size=(len(atoms), 3)),
    )  # fmt: skip


def static_run(atoms: Atoms | None = None, *, seed: int = 0) -> MadeRun:
    """r2SCAN with the settings of the paper, which converges."""
    atoms = cell_of_NaBH4() if atoms is None else atoms
    incar = {
        "ALGO": "Normal", "METAGGA": "R2SCAN", "LASPH": "T", "ENCUT": "680", "EDIFF": f"{1e-5 * len(atoms):.8f}",
        "ISMEAR": "0", "SIGMA": "0.05", "ISPIN": "2", "NELM": "200", "NSW": "0", "PREC": "Accurate", "KSPACING": "0.35",
    }  # fmt: skip
    return MadeRun(steps=(made_step(atoms, seed=seed),), incar=incar, mesh=(5, 5, 4))


def relaxation(n_steps: int = 3) -> MadeRun:
    """Several ionic steps of a static run's settings, the atoms moving a little."""
    start = cell_of_NaBH4()
    steps = list[MadeStep]()
    for number in range(n_steps):
        atoms = start.copy()
        atoms.positions += 0.01 * number
        steps.append(made_step(atoms, seed=number))
    return replace(static_run(), steps=tuple(steps)).having(NSW=str(n_steps), IBRION="2")


def resolved_tags(run: MadeRun) -> dict[str, str]:
    """What VASP makes of an INCAR, as it writes it: LMETAGGA stays F under METAGGA, GGA is -- without a tag."""
    atoms = run.steps[0].atoms
    tags = {
        "PREC": "accura", "ENMAX": run.incar.get("ENCUT", "400"), "EDIFF": "0.0001", "IALGO": "38", "ISMEAR": "1",
        "SIGMA": "0.2", "ISTART": "0", "ICHARG": "2", "ISPIN": "1", "LNONCOLLINEAR": "F", "NUPDOWN": "-1",
        "LSORBIT": "F", "LASPH": "F", "LMETAGGA": "F", "NELM": "60", "NELMDL": "-5", "NELMIN": "2", "LDIPOL": "F",
        "LMONO": "F", "IDIPOL": "0", "EFIELD": "0.0", "NSW": "0", "IBRION": "-1", "MDALGO": "0", "ISIF": "2",
        "PSTRESS": "0.0", "SCALEE": "1.0", "LDAU": "F", "I_CONSTRAINED_M": "0", "GGA": "--", "LHFCALC": "F",
        "AEXX": "0.0", "HFSCREEN": "0.0", "LUSE_VDW": "F",
        "NELECT": str(sum(VALENCES[symbol] for symbol in atoms.symbols) + run.n_electrons_more),
    }  # fmt: skip
    tags |= {name: value for name, value in run.incar.items() if name in tags and name != "ENCUT"}
    return tags | dict(run.resolved)


_INTEGERS = ("IALGO", "ISMEAR", "ISTART", "ICHARG", "ISPIN", "NELM", "NELMDL", "NELMIN", "IDIPOL", "NSW", "IBRION",
             "MDALGO", "ISIF", "I_CONSTRAINED_M", "IVDW", "IMAGES", "LDAUTYPE")  # fmt: skip


def _item(name: str, value: str) -> str:
    if name in _INTEGERS:
        return f'<i type="int" name="{name}">{int(value):6d}</i>'
    if value in ("T", "F"):
        return f'<i type="logical" name="{name}"> {value}  </i>'
    try:
        return f'<i name="{name}">{float(value):16.8f}</i>'
    except ValueError:
        return f'<i type="string" name="{name}">{value}</i>'


def _vectors(rows: np.ndarray, indent: int) -> list[str]:
    return [f"{' ' * indent}<v>  {a:15.8f} {b:15.8f} {c:15.8f} </v>" for a, b, c in rows]


def _structure(atoms: Atoms, name: str, selective: np.ndarray | None, indent: int) -> list[str]:
    space = " " * indent
    lines = [f"{space}<structure{name}>", f"{space} <crystal>", f'{space}  <varray name="basis" >',
             *_vectors(atoms.cell.array, indent + 3), f"{space}  </varray>",
             f'{space}  <i name="volume">{atoms.get_volume():16.8f} </i>', f"{space} </crystal>",
             f'{space} <varray name="positions" >',
             *_vectors(atoms.get_scaled_positions(wrap=False), indent + 2), f"{space} </varray>"]  # fmt: skip
    if selective is not None:
        rows = [f'{space}  <v type="logical" > {" ".join("T" if free else "F" for free in row)} </v>'
                for row in selective]  # fmt: skip
        lines += [f'{space} <varray name="selective" >', *rows, f"{space} </varray>"]
    return [*lines, f"{space}</structure>"]


def _energies(total: float, indent: int) -> list[str]:
    space = " " * indent
    return [f"{space}<energy>", *(f'{space} <i name="{name}">{total:16.8f} </i>'
            for name in ("e_fr_energy", "e_wo_entrp", "e_0_energy")), f"{space}</energy>"]  # fmt: skip


def _n_points(run: MadeRun) -> int:
    """About as many as time reversal leaves of a mesh."""
    return max(1, int(np.prod(run.mesh)) // 2)


def _bands(run: MadeRun) -> list[str]:
    """Eigenvalues and a density of states: most of a file."""
    n_points = _n_points(run)
    lines = ["  <eigenvalues>", "   <array>", "    <set>"]
    for spin in (1, 2):
        lines.append(f'     <set comment="spin {spin}">')
        for point in range(n_points):
            lines.append(f'      <set comment="kpoint {point + 1}">')
            lines += [f"       <r> {-8.0 + 0.1 * band:9.4f} {1.0:9.4f} </r>" for band in range(run.n_bands)]
            lines.append("      </set>")
        lines.append("     </set>")
    lines += [
        "    </set>",
        "   </array>",
        "  </eigenvalues>",
        "  <dos>",
        '   <i name="efermi">      1.0 </i>',
        "   <set>",
    ]
    lines += [f"    <r> {0.1 * row:9.4f} {0.5:9.4f} {0.1:9.4f} </r>" for row in range(301)]
    return [*lines, "   </set>", "  </dos>"]


def vasprun(run: MadeRun) -> str:
    """The text of vasprun.xml."""
    first = run.steps[0].atoms
    elements = list(dict.fromkeys(first.symbols))
    counts = {element: list(first.symbols).count(element) for element in elements}
    lines = ['<?xml version="1.0" encoding="ISO-8859-1"?>', "<modeling>", " <generator>",
             '  <i name="program" type="string">vasp </i>',
             f'  <i name="version" type="string">{run.version}  </i>', " </generator>", " <incar>",
             *(f"  {_item(name, value)}" for name, value in run.incar.items()), " </incar>", " <kpoints>",
             '  <generation param="Gamma">',
             f'   <v type="int" name="divisions"> {" ".join(f"{n:8d}" for n in run.mesh)} </v>', "  </generation>",
             '  <varray name="kpointlist" >', *_vectors(np.zeros((_n_points(run), 3)), 3), "  </varray>",
             '  <varray name="weights" >', *["   <v> 0.1 </v>"] * _n_points(run), "  </varray>",
             " </kpoints>", " <parameters>", '  <separator name="electronic" >',
             *(f"   {_item(name, value)}" for name, value in resolved_tags(run).items()), "  </separator>",
             " </parameters>", " <atominfo>", f"  <atoms> {len(first):7d} </atoms>",
             f"  <types> {len(elements):7d} </types>", '  <array name="atoms" >', "   <set>",
             *(f"    <rc><c>{s:2s}</c><c>{elements.index(s) + 1:4d}</c></rc>" for s in first.symbols), "   </set>",
             "  </array>", '  <array name="atomtypes" >', "   <set>",
             *(f"    <rc><c>{counts[e]:4d}</c><c>{e:2s}</c><c> 1.0</c><c>{VALENCES[e]:16.8f}</c>"
               f"<c>  {run.titles[e]:38s}</c></rc>" for e in elements),
             "   </set>", "  </array>", " </atominfo>",
             *_structure(first, ' name="initialpos" ', run.selective, 1)]  # fmt: skip
    pressure = float(resolved_tags(run)["PSTRESS"])
    for step in run.steps:
        lines.append(" <calculation>")
        for energy in step.energies_eV:
            lines += [
                "  <scstep>",
                '   <time name="total">    1.00    1.01</time>',
                *_energies(energy, 3),
                "  </scstep>",
            ]
        lines += _structure(step.atoms, "", None, 2)
        lines += ['  <varray name="forces" >', *_vectors(step.forces_eV_per_A, 3), "  </varray>"]
        if resolved_tags(run)["ISIF"] != "0":
            lines += ['  <varray name="stress" >', *_vectors(step.stress_kB, 3), "  </varray>"]
        enthalpy = step.energies_eV[-1] + pressure / KB * step.atoms.get_volume() if step.energies_eV else 0.0
        lines += [*_energies(enthalpy, 2), *_bands(run), " </calculation>"]
    lines += [*_structure(run.steps[-1].atoms, ' name="finalpos" ', None, 1), "</modeling>", ""]
    return "\n".join(lines)


def _header_of_outcar(run: MadeRun) -> list[str]:
    first = run.steps[0].atoms
    elements = list(dict.fromkeys(first.symbols))
    counts = [list(first.symbols).count(element) for element in elements]
    tags = resolved_tags(run)
    lines = [f" vasp.{run.version} 20Jul23 (build Oct 18 2023 14:14:43) complex", "", " INCAR:",
             *(f"   {name} = {value}" for name, value in run.incar.items()), "",
             *(f" POTCAR:    {run.titles[element]}" for element in elements)]  # fmt: skip
    for element in elements:
        lines += [f" POTCAR:    {run.titles[element]}", f"   VRHFIN ={element}: s1", "   LEXCH  = PE",
                  f"   TITEL  = {run.titles[element]}", f"   POMASS =    1.0; ZVAL   =   {VALENCES[element]:5.3f}",
                  "   ENMAX  =  250.000; ENMIN  =  200.000 eV"]  # fmt: skip
    lines += [" POSCAR: made", "  positions in direct lattice", " KPOINTS: Automatic",
              "Automatic generation of k-mesh.", " Grid dimensions derived from KSPACING:",
              f" generate k-points for: {' '.join(f'{n:4d}' for n in run.mesh)}",
              f"   ions per type =           {' '.join(f'{count:3d}' for count in counts)}", " SYSTEM =  made",
              " Startparameter for this run:", f"   ISPIN  =      {tags['ISPIN']}    spin polarized calculation?",
              f"   LASPH  =      {tags['LASPH']}    aspherical Exc in radial PAW",
              f"   METAGGA=      {tags['LMETAGGA']}    non-selfconsistent MetaGGA calc.",
              f"   ENCUT  =  {float(tags['ENMAX']):.1f} eV  49.98 Ry    7.07 a.u.",
              f"   NELM   =    {tags['NELM']};   NELMIN=  2; NELMDL= -5     # of ELM steps",
              f"   EDIFF  = {float(tags['EDIFF']):.0E}   stopping-criterion for ELM",
              f"   NSW    =      {tags['NSW']}    steps for IOM", f"   IBRION =     {tags['IBRION']}    ionic relax",
              f"   ISIF   =      {tags['ISIF']}    stress", f"   ICHARG =      {tags['ICHARG']}    charge",
              f"   SCALEE = {float(tags['SCALEE']):.4f}    scale energy and forces",
              f"   PSTRESS=    {float(tags['PSTRESS']):.1f} pullay stress", "  Ionic Valenz",
              f"   ZVAL   =  {' '.join(f'{VALENCES[element]:6.2f}' for element in elements)}",
              f"   NELECT =     {float(tags['NELECT']):.4f}    total number of electrons",
              f"   ISMEAR =     {tags['ISMEAR']};   SIGMA  =   {float(tags['SIGMA']):.2f}  broadening in eV",
              f"   IALGO  =     {tags['IALGO']}    algorithm", f"   LDIPOL =      {tags['LDIPOL']}    correct",
              f"   GGA     =    {tags['GGA']}    GGA type", "   LEXCH   =     8    internal setting for exchange type",
              f"   LHFCALC =     {tags['LHFCALC']}    Hartree Fock is set to",
              f"   AEXX    =    {float(tags['AEXX']):.4f} exact exchange contribution"]  # fmt: skip
    return lines


def outcar(run: MadeRun, *, unconverged: bool = False) -> str:
    """The text of OUTCAR."""
    lines = _header_of_outcar(run)
    pressure = float(resolved_tags(run)["PSTRESS"])
    for number, step in enumerate(run.steps, 1):
        before = 0.0
        for count, energy in enumerate(step.energies_eV, 1):
            lines += [f"--------------------------------------- Iteration {number:6d}({count:4d})  ------------------",
                      f" total energy-change (2. order) :{energy - before:14.7E}  ({energy - before:14.7E})",
                      f"  free energy    TOTEN  = {energy:18.8f} eV"]  # fmt: skip
            before = energy
        how = "EDIFF was not reached (unconverged)" if unconverged else "because EDIFF is reached"
        lines.append(f"------------------------ aborting loop {how} ------------------")
        if resolved_tags(run)["ISIF"] != "0":
            s = step.stress_kB
            voigt = (s[0, 0], s[1, 1], s[2, 2], s[0, 1], s[1, 2], s[2, 0])
            outside = np.trace(s) / 3 - pressure
            lines += ["  FORCE on cell =-STRESS in cart. coord.  units (eV):",
                      f"  in kB  {''.join(f'{value:12.5f}' for value in voigt)}",
                      f"  external pressure = {outside:12.2f} kB  Pullay stress = {pressure:12.2f} kB"]  # fmt: skip
        zeros = f"{0:13.9f}" * 3
        energy = step.energies_eV[-1] if step.energies_eV else 0.0
        lines += [" VOLUME and BASIS-vectors are now :",
                  "      direct lattice vectors                 reciprocal lattice vectors",
                  *(f"   {a:13.9f}{b:13.9f}{c:13.9f}   {zeros}" for a, b, c in step.atoms.cell.array), "",
                  " POSITION                                       TOTAL-FORCE (eV/Angst)", f" {'-' * 83}",
                  *(f"{x:13.5f}{y:13.5f}{z:13.5f}   {fx:14.6f}{fy:14.6f}{fz:14.6f}" for (x, y, z), (fx, fy, fz)
                    in zip(step.atoms.positions, step.forces_eV_per_A, strict=True)), f" {'-' * 83}", "",
                  "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
                  f"  free  energy   TOTEN  = {energy:18.8f} eV", ""]  # fmt: skip
        if pressure:
            enthalpy = energy + pressure / KB * step.atoms.get_volume()
            lines.append(f"  enthalpy is  TOTEN    = {enthalpy:18.8f} eV")
        lines.append("     LOOP+:  cpu time  300.4573: real time  300.5640")
    return "\n".join([*lines, " General timing and accounting informations for this job:", ""])
