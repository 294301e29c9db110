"""Outputs of CASTEP, GPAW, CP2K and Quantum ESPRESSO in the forms of real ones, whose numbers are those of ASE's EMT.

Each program's units and signs are written out here from its manual or its real outputs, apart from the readers.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

HARTREE, BOHR, RY = units.Hartree, units.Bohr, units.Ry
ENTROPY_EV = 0.02
"""-TS of all made outputs: the free energy is lower by it than the energy."""


def alloy(*, seed: int = 1) -> Atoms:
    """Four atoms of copper and aluminium off their places, in a cell without right angles, sorted by atomic number."""
    atoms = bulk("Cu", "fcc", a=3.7, cubic=True)
    atoms.symbols = ["Al", "Al", "Cu", "Cu"]
    atoms.set_cell(atoms.cell.array @ np.array([[1, 0.02, 0], [0, 1.03, 0.01], [0.03, 0, 0.98]]), scale_atoms=True)
    atoms.rattle(0.08, seed=seed)
    atoms.wrap()
    return atoms


def labelled(atoms: Atoms) -> Atoms:
    """With EMT's numbers: the energy is the one that forces and stress belong to."""
    frame = atoms.copy()
    frame.calc = EMT()
    numbers = {name: frame.calc.get_property(name, frame) for name in ("energy", "forces", "stress")}
    frame.calc = SinglePointCalculator(frame, **numbers)
    return frame


def moved(n_frames: int = 3) -> list[Atoms]:
    """Labelled frames of which each is another rattling of the same cell."""
    return [labelled(alloy(seed=number + 1)) for number in range(n_frames)]


def _stress_3x3(frame: Atoms) -> np.ndarray:
    return frame.get_stress(voigt=False)


def castep(
    frames: list[Atoms],
    *,
    unconverged: tuple[int, ...] = (),
    constrained: bool = False,
    dispersion_eV: float | None = None,
    finite_basis_eV: float | None = None,
    ends: bool = True,
    functional: str = "Perdew Burke Ernzerhof",
) -> str:
    """A .castep of a geometry optimization at a fixed cell, metallic.

    With dispersion or a correction for the finite basis the energy without them is lower, such that their sum is EMT's.
    """
    lines = [
        " |  Welcome to Academic Release CASTEP version 22.11          |",
        " type of calculation                            : geometry optimization",
        " stress calculation                             : on",
        f" using functional                               : {functional}",
        f" DFT+D: Semi-empirical dispersion correction    : {'on' if dispersion_eV else 'off'}",
        *([" SEDC with                                      : D3(BJ) correction scheme"] if dispersion_eV else []),
        " plane wave basis set cut-off                   :   600.0000   eV",
        " treating system as spin-polarized",
        " Method: Treating system as metallic with density mixing treatment of electrons,",
        " total energy / atom convergence tol.           : 0.1000E-04   eV",
        " smearing scheme                                : Gaussian",
        " smearing width                                 : 0.2000       eV",
    ]
    for number, frame in enumerate(frames):
        lines += [f" BFGS: starting iteration {number:9d} ..."] * (number > 0)
        lines += ["        Real Lattice(A)              Reciprocal Lattice(1/A)"] * (number == 0)
        if number == 0:
            lines += ["".join(f"{value:14.7f}" for value in (*vector, 1.0, 1.0, 1.0)) for vector in frame.cell.array]
        lines += [
            "            x  Element    Atom        Fractional coordinates of atoms  x",
            "            x            Number           u          v          w      x",
            "            x----------------------------------------------------------x",
            *(f"            x  {symbol:2s} {index + 1:11d}   " + "".join(f"{value:13.8f}" for value in place) + "   x"
              for index, (symbol, place) in enumerate(
                  zip(frame.get_chemical_symbols(), frame.get_scaled_positions(), strict=True))),
            "            xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ]  # fmt: skip
        if number == 0:
            lines += [
                "                          Files used for pseudopotentials:",
                "                                    Al 2|2.0|5|6|7|30N:31L:32N",
                "                                    Cu Cu_C19_PBE_OTF.usp",
                "",
                "                       MP grid size for SCF calculation is  4  5  6",
                f"                      Number of ionic constraints     = {5 if constrained else 3:11d}",
                "                         Centre of mass is constrained",
                "                         External pressure/stress (GPa)",
                "                          0.00000   0.00000   0.00000",
            ]
        free = frame.get_potential_energy() - (dispersion_eV or 0.0) - (finite_basis_eV or 0.0)
        gain = 1.2e-3 if number in unconverged else 3.4e-7
        final = "Current" if number in unconverged else "Final"
        lines += [
            "------------------------------------------------------------------------ <-- SCF",
            "SCF loop      Energy           Fermi           Energy gain       Timer   <-- SCF",
            "Initial  -8.55399066E+002  0.00000000E+000                         5.56  <-- SCF",
            f"     12  {free:15.8E}  6.19287519E+000  {gain:15.8E}       5.85  <-- SCF",
            "------------------------------------------------------------------------ <-- SCF",
        ]
        if number in unconverged:
            lines.append(" *Warning* max. SCF cycles performed but system has not reached the groundstate.")
        lines += [
            f"{final} energy, E             = {free + ENTROPY_EV:20.10f}     eV",
            f"{final} free energy (E-TS)    = {free:20.10f}     eV",
            "(energies not corrected for finite basis set)",
            " ",
            f"NB est. 0K energy (E-0.5TS)      = {free + ENTROPY_EV / 2:20.10f}     eV",
        ]
        if dispersion_eV:
            total = free + dispersion_eV
            lines += [
                f"(SEDC) Total Energy Correction : {dispersion_eV:14.6E} eV",
                f"Dispersion corrected final energy*, Ecor          = {total + ENTROPY_EV:20.10f}     eV",
                f"Dispersion corrected final free energy* (Ecor-TS) = {total:20.10f}     eV",
                f"NB dispersion corrected est. 0K energy* (Ecor-0.5TS) = {total + ENTROPY_EV / 2:20.10f}     eV",
            ]
        if finite_basis_eV and number == 0:
            lines += [
                " For future reference: finite basis dEtot/dlog(Ecut) =      -2.274482eV",
                f" Total energy corrected for finite basis set = {frame.get_potential_energy():16.9f} eV",
            ]
        lines += _castep_tables(frame, constrained=constrained)
        if ends or number < len(frames) - 1:
            lines.append(f" BFGS: finished iteration {number:5d} with enthalpy= {free:16.8E} eV")
    if ends:
        lines += ["Initialisation time =      0.53 s", "Calculation time    =      8.20 s"]
        lines += ["Finalisation time   =      0.11 s", "Total time          =      8.84 s"]
    return "\n".join(lines) + "\n"


def _castep_tables(frame: Atoms, *, constrained: bool) -> list[str]:
    kind, mark = ("Constrained Forces", "(cons'd)") if constrained else ("Symmetrised Forces", "")
    rows = []
    for index, (symbol, force) in enumerate(zip(frame.get_chemical_symbols(), frame.get_forces(), strict=True)):
        shown = np.zeros(3) if constrained and index == 0 else force
        words = "".join(f"{value:13.5f}{mark if constrained and index == 0 else ''}" for value in shown)
        rows.append(f" * {symbol:2s} {index + 1:14d} {words} *")
    tensor = _stress_3x3(frame) / units.GPa
    return [
        f" ******************** {kind} ********************",
        " *                                                          *",
        " *               Cartesian components (eV/A)                *",
        " * -------------------------------------------------------- *",
        " *                         x            y            z      *",
        *rows,
        " ************************************************************",
        " ",
        " *********** Symmetrised Stress Tensor ***********",
        " *          Cartesian components (GPa)           *",
        " *             x             y             z     *",
        *(f" *  {axis} " + "".join(f"{value:14.6f}" for value in row) + "  *"
          for axis, row in zip("xyz", tensor, strict=True)),
        f" *  Pressure: {-np.trace(tensor) / 3:9.4f}                          *",
        " *************************************************",
    ]  # fmt: skip


def castep_frames(frames: list[Atoms], *, velocities: float | None = None) -> str:
    """A .geom, or with velocities (A/fs) a .md, whose stress holds the motion of the ions."""
    hartree, bohr = (units.create_units("2018")[name] for name in ("Hartree", "Bohr"))
    blocks = []
    for number, frame in enumerate(frames):
        tensor = _stress_3x3(frame)
        energy = frame.get_potential_energy() / hartree
        rows = [f"{number:20d}"] if velocities is None else [f"{0.5 * number:30.16E}"]
        rows += [f"{energy:26.16E} {energy:26.16E}   <-- E"]
        rows += ["".join(f"{value / bohr:26.16E}" for value in vector) + "  <-- h" for vector in frame.cell.array]
        moving = frame.copy()
        if velocities is not None:
            moving.set_velocities(np.random.default_rng(number).normal(size=(len(frame), 3)) * velocities / units.fs)
            tensor = tensor + moving.get_kinetic_stress(voigt=False)
        rows += ["".join(f"{value * bohr**3 / hartree:26.16E}" for value in row) + "  <-- S" for row in tensor]
        au_velocity = bohr / (units._hbar / (hartree * units._e) * 1e15 * units.fs)
        for tag, values in (("R", frame.positions / bohr), ("V", moving.get_velocities() / au_velocity),
                            ("F", frame.get_forces() * bohr / hartree)):  # fmt: skip
            if tag != "V" or velocities is not None:
                rows += [f" {symbol:2s} {index + 1:12d}" + "".join(f"{value:26.16E}" for value in row) + f"  <-- {tag}"
                         for index, (symbol, row) in enumerate(
                             zip(frame.get_chemical_symbols(), values, strict=True))]  # fmt: skip
        blocks.append("\n".join(rows))
    return " BEGIN header\n\n END header\n\n" + "\n\n".join(blocks) + "\n\n"


def gpaw_old(frames: list[Atoms], *, unconverged: tuple[int, ...] = (), ends: bool = True) -> str:
    """A log of GPAW 21."""
    lines = ["", "  ___ ___ ___ _ _ _  ", " |   |   |_  | | | | ", " | | | | | . | | | | ",
             " |__ |  _|___|_____|  21.6.0", " |___|_|", "", "Spin-paired calculation", "",
             "Occupation numbers:", "  Fermi-Dirac: width=0.1000 eV", "",
             "Convergence criteria:", "  Maximum total energy change: 0.0005 eV / electron", "",
             "64 k-points: 4 x 4 x 4 Monkhorst-Pack grid", "", "Plane-wave cutoff: 400.000 eV",
             "XC parameters: PBE with 2 nearest neighbor stencil"]  # fmt: skip
    for number, frame in enumerate(frames):
        lines += ["", "Positions:"]
        lines += [f"{index:4d} {symbol:2s}  " + "".join(f"{value:12.6f}" for value in place) + "  ( 0.0, 0.0, 0.0)"
                  for index, (symbol, place) in enumerate(
                      zip(frame.get_chemical_symbols(), frame.positions, strict=True))]  # fmt: skip
        lines += ["", "Unit cell:", "           periodic     x           y           z      points  spacing"]
        lines += [f"  {axis + 1}. axis:    yes " + "".join(f"{value:12.6f}" for value in vector) + "    20     0.1929"
                  for axis, vector in enumerate(frame.cell.array)]  # fmt: skip
        lines += ["", "iter:   1  12:00:00          -5.5", "iter:  12  12:00:01  -4.00  -3.80    -5.6", ""]
        lines += ["Did not converge!" if number in unconverged else "Converged after 12 iterations.", ""]
        free = frame.get_potential_energy()
        lines += ["Energy contributions relative to reference atoms: (reference = -13206.846530)", "",
                  f"Entropy (-ST): {-ENTROPY_EV:14.6f}", "--------------------------", f"Free energy:   {free:14.6f}",
                  f"Extrapolated:  {free + ENTROPY_EV / 2:14.6f}", "", "Forces in eV/Ang:"]  # fmt: skip
        lines += [f"{index:3d} {symbol:2s}" + "".join(f"{value:12.5f}" for value in force)
                  for index, (symbol, force) in enumerate(
                      zip(frame.get_chemical_symbols(), frame.get_forces(), strict=True))]  # fmt: skip
        lines += ["", "Stress tensor:"]
        lines += ["".join(f"{value:13.6f}" for value in row) for row in _stress_3x3(frame)]
    if ends:
        lines += ["", "Memory usage: 120.00 MiB"]
    return "\n".join(lines) + "\n"


def gpw(path: Path, frame: Atoms, *, converged: bool | None = True, version: int = 3) -> Path:
    """A .gpw without densities and wave functions."""
    from ase.io.trajectory import write_atoms
    from ase.io.ulm import Writer

    with Writer(path, tag="gpaw") as writer:
        writer.write(version=version, gpaw_version="21.6.0", ha=HARTREE, bohr=BOHR)
        write_atoms(writer.child("atoms"), frame)
        free = float(frame.get_potential_energy())
        writer.child("results").write(energy=free + ENTROPY_EV / 2, free_energy=free, forces=frame.get_forces(),
                                      stress=frame.get_stress())  # fmt: skip
        writer.child("parameters").write(mode={"name": "pw", "ecut": 400.0}, xc="PBE",
                                         occupations={"name": "fermi-dirac", "width": 0.1})  # fmt: skip
        if converged is not None:
            writer.child("scf").write(converged=converged)
    return path


def cp2k(
    frames: list[Atoms], *, unconverged: tuple[int, ...] = (), new: bool = False, ends: bool = True, outer: bool = False
) -> str:
    """An output of CP2K 7 or, `new`, of 2025; only the first geometry is in it. See `cp2k_positions`."""
    first = frames[0]
    parameters = first.cell.cellpar()
    printed = "{:14.6f}" if new else "{:10.3f}"
    lines = [
        " CP2K| version string:                 " + ("CP2K version 2025.1" if new else "CP2K version 7.1"),
        " GLOBAL| Project name                                                     alloy",
        *(f" CELL| Vector {name} [angstrom]:" + "".join(printed.format(value) for value in vector)
          + f"   |{name}| = {length:12.6f}"
          for name, vector, length in zip("abc", first.cell.array, parameters[:3], strict=True)),
        *(f" CELL| Angle ({pair}), {name} [degree]:          {angle:12.6f}" for pair, name, angle in zip(
            ("b,c", "a,c", "a,b"), ("alpha", "beta ", "gamma"), parameters[3:], strict=True)),
        " CELL| Periodicity                                                           XYZ",
        " DFT| Spin unrestricted (spin-polarized) Kohn-Sham calculation               UKS",
        " FUNCTIONAL| PBE:", " FUNCTIONAL| J.P.Perdew, K.Burke, M.Ernzerhof, Phys. Rev. Letter, 77, 3865 (1996)",
        " QS| Density cutoff [a.u.]:                                                300.0",
        "  1. Atomic kind: Al                                    Number of atoms:       2",
        "     Orbital Basis Set                                       DZVP-MOLOPT-SR-GTH",
        "     Potential information for                                       GTH-PBE-q3",
        "  2. Atomic kind: Cu                                    Number of atoms:       2",
        "     Orbital Basis Set                                       DZVP-MOLOPT-SR-GTH",
        "     Potential information for                                      GTH-PBE-q11",
        " MODULE QUICKSTEP: ATOMIC COORDINATES IN ANGSTROM" if new
        else " MODULE QUICKSTEP:  ATOMIC COORDINATES IN angstrom",
        "", "  Atom  Kind  Element       X           Y           Z          Z(eff)       Mass", *([] if new else [""]),
        *(f"{index + 1:8d}{1 if symbol == 'Al' else 2:6d} {symbol:2s}{number:4d}"
          + "".join(f"{value:14.8f}" for value in place) + "      4.00      28.0855"
          for index, (symbol, number, place) in enumerate(
              zip(first.get_chemical_symbols(), first.numbers, first.positions, strict=True))),
        "",
    ]  # fmt: skip
    for number, frame in enumerate(frames):
        if outer:  # the inner loop gives up once, the outer one goes on
            lines += ["  *** SCF run NOT converged ***", "  outer SCF iter =    1 RMS gradient =   0.91E-06"]
        done = number not in unconverged
        lines += ["  *** SCF run converged in    11 steps ***" if done else "  *** SCF run NOT converged ***"]
        if outer and done:
            lines += ["  outer SCF loop converged in   2 iterations or   31 steps"]
        energy = frame.get_potential_energy() / HARTREE
        unit = "[hartree]  " if new else "[a.u.]:    "
        lines += [f" ENERGY| Total FORCE_EVAL ( QS ) energy {unit} {energy:24.15f}", ""]
        forces = frame.get_forces() * BOHR / HARTREE
        if new:
            lines += [" FORCES| Atomic forces [hartree/bohr]",
                      " FORCES|   Atom     x               y               z               |f|"]  # fmt: skip
            lines += [f" FORCES|{index + 1:7d}" + "".join(f"{value:17.8E}" for value in (*force, np.linalg.norm(force)))
                      for index, force in enumerate(forces)]  # fmt: skip
            lines += [" FORCES| Sum     0.0 0.0 0.0 0.0"]
        else:
            lines += [
                " ATOMIC FORCES in [a.u.]",
                "",
                " # Atom   Kind   Element          X              Y              Z",
            ]
            lines += [f"{index + 1:7d}{1:7d}      {symbol:8s}" + "".join(f"{value:15.8f}" for value in force)
                      for index, (symbol, force) in enumerate(
                          zip(frame.get_chemical_symbols(), forces, strict=True))]  # fmt: skip
            lines += [" SUM OF ATOMIC FORCES            0.0 0.0 0.0 0.0"]
        pressure = -_stress_3x3(frame) / units.GPa
        if new:
            lines += ["", " STRESS| Analytical stress tensor [bar]",
                      " STRESS|                        x                   y                   z"]  # fmt: skip
            lines += [f" STRESS|      {axis} " + "".join(f"{value * 1e4:20.11E}" for value in row)
                      for axis, row in zip("xyz", pressure, strict=True)]  # fmt: skip
            lines += [" STRESS| 1/3 Trace  1.0"]
        else:
            lines += ["", " STRESS TENSOR [GPa]", "", "            X               Y               Z"]
            lines += [f"  {axis} " + "".join(f"{value:16.8f}" for value in row)
                      for axis, row in zip("XYZ", pressure, strict=True)]  # fmt: skip
            lines += ["", "  1/3 Trace(stress tensor):   1.0"]
    if ends:
        lines.append("  **** **** ******  **  PROGRAM ENDED AT                2026-01-01 10:00:00.000")
    return "\n".join(lines) + "\n"


def cp2k_positions(frames: list[Atoms], *, forces: bool = False) -> str:
    """The PROJECT-pos-1.xyz beside it, or its PROJECT-frc-1.xyz."""
    lines = []
    for number, frame in enumerate(frames):
        energy = frame.get_potential_energy() / HARTREE
        lines += [str(len(frame)), f" i = {number:8d}, time = {0.5 * number:12.3f}, E = {energy:20.10f}"]
        vectors = frame.get_forces() * BOHR / HARTREE if forces else frame.positions
        lines += [f"  {symbol:2s}" + "".join(f"{value:20.10f}" for value in vector)
                  for symbol, vector in zip(frame.get_chemical_symbols(), vectors, strict=True)]  # fmt: skip
    return "\n".join(lines) + "\n"


def espresso(
    frames: list[Atoms], *, unconverged: tuple[int, ...] = (), ends: bool = True, form: str = "crystal"
) -> str:
    """An output of pw.x: the first geometry in its head, the others as they are reached, in the form asked for."""
    first = frames[0]
    alat = 7.1
    lines = [
        "", "     Program PWSCF v.7.2 starts on 30Dec2025 at 16:10:39 ", "",
        f"     lattice parameter (alat)  = {alat:12.4f}  a.u.",
        "     number of atoms/cell      =            4",
        "     kinetic-energy cutoff     =      50.0000  Ry", "     charge density cutoff     =     400.0000  Ry",
        "     scf convergence threshold =      1.0E-08", "     Exchange-correlation= PBE",
        "                           (   1   4   3   4   0   0   0)",
        f"     celldm(1)= {alat:11.6f}  celldm(2)=   0.000000  celldm(3)=   0.000000",
        "     crystal axes: (cart. coord. in units of alat)",
        *(f"               a({axis + 1}) = (" + "".join(f"{value / BOHR / alat:13.9f}" for value in vector) + " )  "
          for axis, vector in enumerate(first.cell.array)),
        "     PseudoPot. # 1 for Al read from file:", "     ./Al.pbe-n-kjpaw_psl.1.0.0.UPF",
        "     PseudoPot. # 2 for Cu read from file:", "     ./Cu.pbe-dn-kjpaw_psl.1.0.0.UPF",
        "   Cartesian axes", "", "     site n.     atom                  positions (alat units)",
        *_sites(first, first.positions / BOHR / alat), "", "   Crystallographic axes", "",
        "     site n.     atom                  positions (cryst. coord.)",
        *_sites(first, first.get_scaled_positions()), "",
        "     number of k points=    32  Marzari-Vanderbilt smearing, width (Ry)=  0.0200",
    ]  # fmt: skip
    for number, frame in enumerate(frames):
        if number:
            lines += ["CELL_PARAMETERS (angstrom)"]
            lines += ["".join(f"{value:16.9f}" for value in vector) for vector in frame.cell.array]
            places = {"crystal": frame.get_scaled_positions(wrap=False), "angstrom": frame.positions,
                      "bohr": frame.positions / BOHR, "alat": frame.positions / BOHR / alat}[form]  # fmt: skip
            lines += ["", f"ATOMIC_POSITIONS ({form})"]
            lines += [f"{symbol:2s}   " + "".join(f"{value:18.10f}" for value in place) + "    0   0   0" * (index == 1)
                      for index, (symbol, place) in enumerate(
                          zip(frame.get_chemical_symbols(), places, strict=True))]  # fmt: skip
            lines += [""]
        free = frame.get_potential_energy() / RY
        done = number not in unconverged
        lines += [
            "     iteration #  1     ecut=    50.00 Ry     beta= 0.70",
            "     total energy              =     -80.00000000 Ry", "     estimated scf accuracy    <       0.06 Ry",
            "     End of self-consistent calculation", "",
            f"{'!' if done else ' '}    total energy              = {free:20.10f} Ry",
            "     estimated scf accuracy    <          1.5E-09 Ry",
            f"     smearing contrib. (-TS)   = {-ENTROPY_EV / RY:16.8f} Ry",
            f"     internal energy E=F+TS    = {free + ENTROPY_EV / RY:16.8f} Ry",
            "     total magnetization       =     0.00 Bohr mag/cell", "",
            "     convergence has been achieved in  11 iterations" if done
            else "     convergence NOT achieved after 100 iterations: stopping", "",
            "     Forces acting on atoms (cartesian axes, Ry/au):", "",
            *_espresso_forces(frame, 1.0), "     The non-local contrib.  to forces", *_espresso_forces(frame, 0.5), "",
            "     Total force =     0.000000     Total SCF correction =     0.000007", "",
            "     Computing stress (Cartesian axis) and pressure", "",
        ]  # fmt: skip
        tensor = -_stress_3x3(frame)
        lines += [
            f"          total   stress  (Ry/bohr**3)                   (kbar)     P= {np.trace(tensor) / 3:12.2f}"
        ]
        lines += ["".join(f"{value * BOHR**3 / RY:14.8f}" for value in row)
                  + "".join(f"{value / units.GPa * 10:14.2f}" for value in row) for row in tensor]  # fmt: skip
        lines += [""]
    if ends:
        lines.append("   JOB DONE.")
    return "\n".join(lines) + "\n"


def _sites(frame: Atoms, places: np.ndarray) -> list[str]:
    rows = []
    for index, (symbol, place) in enumerate(zip(frame.get_chemical_symbols(), places, strict=True)):
        words = "".join(f"{value:15.10f}" for value in place)
        rows.append(f"{index + 1:10d}           {symbol:2s}  tau({index + 1:4d}) = ({words}  )")
    return rows


def _espresso_forces(frame: Atoms, factor: float) -> list[str]:
    return [f"     atom {index + 1:4d} type {1 if symbol == 'Al' else 2:2d}   force = "
            + "".join(f"{value * BOHR / RY * factor:14.8f}" for value in force)
            for index, (symbol, force) in enumerate(
                zip(frame.get_chemical_symbols(), frame.get_forces(), strict=True))]  # fmt: skip


def espresso_xml(frames: list[Atoms], *, converged: bool = True) -> str:
    """A data-file-schema.xml of a relaxation: a step for every frame, the last again as the output."""
    steps = "".join(f'<step n_step="{number + 1}">{_xml_of(frame, converged=True, wrapped=False)}</step>'
                    for number, frame in enumerate(frames))  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<qes:espresso xmlns:qes="http://www.quantum-espresso.org/ns/qes/qes-1.0">'
        '<general_info><creator NAME="PWSCF" VERSION="7.2">XML file generated by PWSCF</creator></general_info>'
        "<input><electron_control><conv_thr>5.0e-9</conv_thr></electron_control></input>" + steps + "<output>"
        + _xml_of(frames[-1], converged=converged, wrapped=True)
        + '<atomic_species ntyp="2"><species name="Al"><pseudo_file>Al.UPF</pseudo_file></species>'
        '<species name="Cu"><pseudo_file>Cu.UPF</pseudo_file></species></atomic_species>'
        "<basis_set><ecutwfc>2.5e1</ecutwfc><ecutrho>2.0e2</ecutrho></basis_set><dft><functional>PBE</functional></dft>"
        "<magnetization><lsda>true</lsda><noncolin>false</noncolin></magnetization><band_structure><starting_k_points>"
        '<monkhorst_pack nk1="4" nk2="5" nk3="6" k1="0" k2="0" k3="0">Monkhorst-Pack</monkhorst_pack>'
        "</starting_k_points><occupations_kind>smearing</occupations_kind>"
        '<smearing degauss="3.674932e-3">gaussian</smearing></band_structure>'
        "</output><exit_status>0</exit_status></qes:espresso>\n"
    )  # fmt: skip


def _xml_of(frame: Atoms, *, converged: bool, wrapped: bool) -> str:
    said = (f"<scf_conv><convergence_achieved>{str(converged).lower()}</convergence_achieved>"
            "<n_scf_steps>9</n_scf_steps><scf_error>1e-10</scf_error></scf_conv>")  # fmt: skip
    said = f"<convergence_info>{said}</convergence_info>" if wrapped else said
    atoms = "".join(f'<atom name="{symbol}1" index="{index + 1}">{_row(place / BOHR)}</atom>'
                    for index, (symbol, place) in enumerate(
                        zip(frame.get_chemical_symbols(), frame.positions, strict=True)))  # fmt: skip
    cell = "".join(f"<a{axis + 1}>{_row(vector / BOHR)}</a{axis + 1}>" for axis, vector in enumerate(frame.cell.array))
    energy = frame.get_potential_energy() / HARTREE
    return (
        f'{said}<atomic_structure nat="4" alat="7.1"><atomic_positions>{atoms}</atomic_positions><cell>{cell}</cell>'
        f"</atomic_structure><total_energy><etot>{energy:.15e}</etot><demet>-1e-3</demet></total_energy>"
        f'<forces rank="2" dims="3 4">{_row(frame.get_forces().ravel() * BOHR / HARTREE)}</forces>'
        f'<stress rank="2" dims="3 3">{_row(-_stress_3x3(frame).ravel() * BOHR**3 / HARTREE)}</stress>'
    )


def _row(values: np.ndarray) -> str:
    return " ".join(f"{value:.15e}" for value in values)


def mptrj(frames: list[Atoms]) -> str:
    """JSON as CHGNet's MPtrj: by material, then by frame; VASP's stress in kbar."""
    documents = {f"mp-1-{number}-0": _document(frame, {
        "uncorrected_total_energy": frame.get_potential_energy(), "corrected_total_energy": 1.0,
        "energy_per_atom": 2.0, "force": frame.get_forces().tolist(),
        "stress": (-_stress_3x3(frame) / units.GPa * 10).tolist(), "magmom": None,
    }) for number, frame in enumerate(frames)}  # fmt: skip
    return json.dumps({"mp-1": documents})


def matpes(frames: list[Atoms], *, functionals: tuple[str, ...] = ("r2SCAN",)) -> str:
    """JSON as MatPES: a list; VASP's stress in kbar."""
    documents = [_document(frame, {
        "matpes_id": f"matpes-{number}", "energy": frame.get_potential_energy(), "forces": frame.get_forces().tolist(),
        "stress": (-frame.get_stress() / units.GPa * 10).tolist(), "functional": functionals[number % len(functionals)],
    }) for number, frame in enumerate(frames)]  # fmt: skip
    return json.dumps(documents)


def _document(frame: Atoms, labels: dict) -> dict:
    sites = [{"species": [{"element": symbol, "occu": 1}], "abc": place.tolist(), "label": symbol} for symbol, place in
             zip(frame.get_chemical_symbols(), frame.get_scaled_positions(), strict=True)]  # fmt: skip
    return {"structure": {"lattice": {"matrix": frame.cell.array.tolist()}, "sites": sites}, **labels}
