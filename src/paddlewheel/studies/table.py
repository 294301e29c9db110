"""Every command, once: where its study is and what it does in a line. Nothing is imported before a command is used."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import InputError
from paddlewheel.study.naming import python_name

if TYPE_CHECKING:
    from paddlewheel.records import StudyRecord
    from paddlewheel.study.study import Study

SIMULATE, MOTION, STABILITY = "Simulate", "Motion of ions and anions", "Stability"
POTENTIALS, LABORATORY = "Potentials", "Laboratory"


@dataclass(frozen=True)
class Row:
    """One command: its group in the list of commands, `module:name` of its study, one line of help.

    A command whose second word is an option (`validate --experiment`) is another study than that of its first word.

    `python` is a further name of the Python call.
    """

    group: str
    study: str
    summary: str
    python: str | None = None


TABLE: dict[str, Row] = {
    "conduct": Row(
        SIMULATE,
        "conduct.study:STUDY",
        "Molecular dynamics at several temperatures: diffusivity, conductivity, Arrhenius, report.",
    ),
    "rotor": Row(
        SIMULATE, "rotor.study:STUDY", "Conductivity against the mass of the anions: does it matter how fast they turn?"
    ),
    "neb": Row(
        SIMULATE,
        "neb.study:STUDY",
        "Barriers of single hops, by vacancies or extra ions, and the barrier of each direction through the crystal.",
    ),
    "analyze": Row(MOTION, "conduct.analyze:STUDY", "The analysis of `conduct` on trajectories made elsewhere."),
    "rotation": Row(
        MOTION,
        "rotation.study:STUDY",
        "How the anions turn: speed, equipartition, memory, jumps, coupling to hops of the ions.",
    ),
    "density": Row(
        MOTION, "density.study:STUDY", "Probability density of the mobile ions, its free energy, paths and barriers."
    ),
    "sites": Row(MOTION, "sites.study:STUDY", "Sites, occupancies, residence times, jumps and the correlation factor."),
    "active": Row(
        MOTION,
        "active.study:STUDY",
        "Which ions move, how many over any window and threshold, and where they start.",
        python="active_ions",
    ),
    "van-hove": Row(
        MOTION,
        "van_hove.study:STUDY",
        "Self and distinct part of the van Hove function of the mobile ions, and their non-Gaussian parameter.",
    ),
    "coordination": Row(
        MOTION,
        "coordination.study:STUDY",
        "g(r) and anions around the mobile ion over time, with lifetimes of the shell.",
    ),
    "spectra": Row(
        MOTION,
        "spectra.study:STUDY",
        "Vibrations of each element and turning of the anions, from the motion of the atoms.",
    ),
    "onsager": Row(
        MOTION,
        "onsager.study:STUDY",
        "Collective transport of several mobile species: conductivity, Haven ratio, transference numbers.",
    ),
    "phonons": Row(STABILITY, "phonons.study:STUDY", "Relaxation, phonons, and the free energy of the vibrations."),
    "hull": Row(
        STABILITY, "hull.study:STUDY", "Free-energy hulls of a chemical system: what is stable at which temperature."
    ),
    "window": Row(
        STABILITY,
        "window.study:STUDY",
        "Between which voltages a phase is stable, what becomes of it beyond, and at interfaces.",
    ),
    "sample": Row(
        POTENTIALS, "sample.study:STUDY", "Frames for training: strains and temperatures, DIRECT selection, labels."
    ),
    "label": Row(
        POTENTIALS,
        "label.study:STUDY",
        "Energy, forces and stress of frames by any potential, as a data set with its card.",
    ),
    "train": Row(
        POTENTIALS, "train.study:STUDY", "M3GNet from energies, forces and stresses, checked by our own engine."
    ),
    "distil": Row(
        POTENTIALS,
        "distil.study:STUDY",
        "A fast NEP student from any teacher, by rounds of exploring, labelling and fitting.",
    ),
    "validate": Row(
        POTENTIALS,
        "validate.study:STUDY",
        "Two potentials side by side, on a labelled set and in dynamics, with a verdict on each gate.",
    ),
    "validate --experiment": Row(
        POTENTIALS,
        "experiment.study:STUDY",
        "Predicted conductivities of many crystals beside measured ones: do potentials rank them as experiment does?",
    ),
    "eis": Row(
        LABORATORY,
        "eis.study:STUDY",
        "Kramers-Kronig test, circuit, resistances, conductivity, Arrhenius and interface of impedance spectra.",
    ),
    "dc": Row(
        LABORATORY,
        "dc.study:STUDY",
        "Steady currents at constant voltage: electronic conductivity, transference numbers, leaks.",
    ),
    "lsv": Row(
        LABORATORY,
        "lsv.study:STUDY",
        "Onsets of oxidation and reduction of linear sweeps, and the stability window between them.",
    ),
    "cv": Row(
        LABORATORY,
        "cv.study:STUDY",
        "Peaks, separations, charges, capacitance and reversibility of cyclic voltammetries.",
    ),
    "cycling": Row(
        LABORATORY, "cycling.study:STUDY", "Capacities, efficiencies, fade and dQ/dV of every cycle of a cell test."
    ),
    "cell": Row(
        LABORATORY,
        "cell.study:STUDY",
        "The design of a cell: layers, masses, energy density, resistance, and who gives each input.",
    ),
    "dsc": Row(
        LABORATORY,
        "dsc.study:STUDY",
        "Events of calorimetry with onset, peak, enthalpy and errors; several rates; one axis with diffraction.",
    ),
    "nmr spectrum": Row(
        LABORATORY,
        "nmr_spectrum.study:STUDY",
        "Sites, shifts, widths and fractions of NMR spectra, with phase and baseline as part of the fit.",
    ),
    "nmr relaxation": Row(
        LABORATORY,
        "nmr_relaxation.study:STUDY",
        "T1 of each site; from several temperatures barrier, jump rate and conductivity; motional narrowing.",
    ),
    "nmr exchange": Row(
        LABORATORY,
        "nmr_exchange.study:STUDY",
        "Two-dimensional exchange spectra: peak volumes, rates between sites, bound on the size of domains.",
    ),
    "xrd series": Row(
        LABORATORY,
        "xrd_series.study:STUDY",
        "Phase fractions, cells and thermal expansion of a ramp of powder patterns, with onsets and completions.",
    ),
    "nmr simulate": Row(
        LABORATORY,
        "nmr_simulate.study:STUDY",
        "NMR with known truth, as files: 11B of mixtures, 23Na recoveries over temperature, 1H exchange.",
    ),
    "nmr tensors": Row(
        LABORATORY,
        "nmr_tensors.study:STUDY",
        "Calculated shielding and field gradient tensors to shifts, quadrupole couplings and spectra; inputs for them.",
    ),
    "tomography simulate": Row(
        LABORATORY,
        "tomography_simulate.study:STUDY",
        "FIB stacks of composites with known truth, as files: phases of exact shares, drift, curtains, shadow, noise.",
    ),
    "xrd pattern": Row(
        LABORATORY,
        "xrd_pattern.study:STUDY",
        "Calculated powder patterns of structures and trajectories, with what is diffuse; a measured one beside them.",
    ),
    "tomography segment": Row(
        LABORATORY,
        "tomography_segment.study:STUDY",
        "Phases of image stacks, held to the composite's recipe, with a family of segmentations that spans the doubt.",
    ),
    "xrd fit": Row(
        LABORATORY,
        "xrd_fit.study:STUDY",
        "Weight fractions with intervals, cells, sizes and strains of given phases by whole-pattern fits.",
    ),
    "tomography measure": Row(
        LABORATORY,
        "tomography_measure.study:STUDY",
        "Fractions, connectivity, surfaces, tortuosity and conductivity of labelled voxels, with intervals.",
    ),
}


def python_names() -> dict[str, str]:
    """Every Python call, and the command that it is."""
    names = {python_name(command): command for command in TABLE}
    return names | {row.python: command for command, row in TABLE.items() if row.python}


def with_own_option(arguments: list[str]) -> list[str]:
    """The words of a command line, the option that makes a command another one joined to it, wherever it stands."""
    for command in TABLE:
        first, _, option = command.partition(" ")
        if option.startswith("--") and arguments[:1] == [first] and option in arguments:
            place = arguments.index(option)
            return [command, *arguments[1:place], *arguments[place + 1 :]]
    return arguments


def load_study(command: str) -> Study[Any, Any]:
    """The study of a command; imports it."""
    module, _, name = TABLE[command].study.partition(":")
    return getattr(importlib.import_module(f"paddlewheel.studies.{module}"), name)


def record_classes(name: str) -> list[type[StudyRecord]]:
    """The classes of the records of a command, or of a kind of record; imports them.

    Raises
    ------
    InputError
        For a name that is neither.
    """
    if name in TABLE:
        return list(load_study(name).records)
    known = [record for command in TABLE for record in load_study(command).records]
    found = [record for record in known if record.model_fields["kind"].default == name]
    if not found:
        kinds = dict.fromkeys(record.model_fields["kind"].default for record in known)
        raise InputError(
            "is neither a command nor a kind of record", where=name, remedy=f"give one of {', '.join(kinds)}"
        )
    return found[:1]
