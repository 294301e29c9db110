"""Electrochemical techniques: their plain names, what instruments call them, and the command that evaluates them.

The names are those of the field (and of EC-Lab's manual): PEIS, GCPL, CV, OCV, ... A reader sets `technique` of its
table from what the file's header says; a study that finds a file of another technique says so, with `other_command`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Technique:
    """A technique.

    Attributes
    ----------
    name
        The plain name, such as ``PEIS``.
    titles
        What instruments write above its data, the first of them what a reader may say to a user.
    command
        The command that evaluates it; None where none does.
    """

    name: str
    titles: tuple[str, ...]
    command: str | None


def _of(command: str | None, **titles: str | tuple[str, ...]) -> list[Technique]:
    return [
        Technique(name=name, titles=(title,) if isinstance(title, str) else title, command=command)
        for name, title in titles.items()
    ]


_PEIS, _GEIS = "Potentio Electrochemical Impedance Spectroscopy", "Galvano Electrochemical Impedance Spectroscopy"
TECHNIQUES: dict[str, Technique] = {
    technique.name: technique
    for technique in (
        *_of("eis", PEIS=_PEIS, GEIS=_GEIS, SPEIS=f"Staircase {_PEIS}", SGEIS=f"Staircase {_GEIS}",
             PEISW=f"{_PEIS} Wait"),
        *_of("cycling",
             GCPL=("Galvanostatic Cycling with Potential Limitation",),
             GCPL2="Galvanostatic Cycling with Potential Limitation 2",
             GCPL3="Galvanostatic Cycling with Potential Limitation 3",
             GCPL4="Galvanostatic Cycling with Potential Limitation 4",
             GCPL5="Galvanostatic Cycling with Potential Limitation 5",
             GCPL6="Galvanostatic Cycling with Potential Limitation 6",
             GCPL7="Galvanostatic Cycling with Potential Limitation 7",
             SGCPL="Special Galvanostatic Cycling with Potential Limitation",
             PCGA="Potentiodynamic Cycling with Galvanostatic Acceleration", MB="Modulo Bat",
             BCD="Battery Capacity Determination", CED="Coulombic Efficiency Determination",
             APGC="Alternate Pulse Galvano Cycling", CLD="Constant Load Discharge", CPW="Constant Power",
             CP="Chronopotentiometry", CoC="Constant Current", GPI="Galvano Profile Importation",
             PWPI="Power Profile Importation", RPI="Resistance Profile Importation", MG="Modular Galvano"),
        *_of("dc", CA=("Chronoamperometry / Chronocoulometry", "Chronoamperometry"), CoV="Constant Voltage"),
        *_of("lsv", LSV="Linear Sweep Voltammetry", LP="Linear Polarization", IVC="I-V Characterization"),
        *_of("cv", CV="Cyclic Voltammetry", CVA="Cyclic Voltammetry Advanced"),
        *_of(None, OCV="Open Circuit Voltage", SOCV="Special Open Circuit Voltage", SV="Staircase Voltammetry",
             LASV="Large Amplitude Sinusoidal Voltammetry", ACV="Alternating Current Voltammetry",
             DPV="Differential Pulse Voltammetry", SWV="Square Wave Voltammetry", NPV="Normal Pulse Voltammetry",
             RNPV="Reverse Normal Pulse Voltammetry", DNPV="Differential Normal Pulse Voltammetry",
             DPA="Differential Pulse Amperometry", MP="Modular Potentio", PPI="Potentio Profile Importation",
             MIR="Manual IR compensation", EVT=("Ecorr versus Time", "Ecorr vs Time"), GC="Generalized Corrosion",
             CPP="Cyclic Potentiodynamic Pitting", DP="Depassivation Potential", CPT="Critical Pitting Temperature",
             CM="Corrosimetry (Rp vs. time)", ZRA="Zero Resistance Ammeter", ZVC="Zero Voltage Current",
             VASP="Variable Amplitude Sinusoidal microPolarization",
             CASP="Constant Amplitude Sinusoidal microPolarization", WAIT="Wait",
             ZIR=("IR compensation (PEIS)", "IR determination with PEIS"), TC="Temperature Control"),
    )
}  # fmt: skip
"""By plain name."""


def technique_of_title(title: str) -> str | None:
    """The plain name for what stands above an instrument's data; None where it is no technique that we know."""
    wanted = _plain(title)
    return next(
        (name for name, technique in TECHNIQUES.items() if wanted in {_plain(name), *map(_plain, technique.titles)}),
        None,
    )


def _plain(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", title.lower())


def other_command(technique: object, *commands: str) -> str | None:
    """What a file of another technique is, for a command that does not evaluate it; None where it is one of them.

    Parameters
    ----------
    technique
        ``metadata["technique"]`` of a cell test or spectrum; None and unknown names are not judged.
    commands
        The command that asks, and others that evaluate the same files.

    Returns
    -------
    A sentence such as ``holds PEIS (Potentio Electrochemical Impedance Spectroscopy), which `paddlewheel eis` takes``.
    """
    known = TECHNIQUES.get(technique) if isinstance(technique, str) else None
    if known is None or known.command in commands:
        return None
    taken = "no command evaluates it" if known.command is None else f"which `paddlewheel {known.command}` takes"
    return f"holds {known.name} ({known.titles[0]}), {taken}"
