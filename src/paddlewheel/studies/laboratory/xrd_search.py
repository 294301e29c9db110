"""`--candidates` of `xrd fit` and `xrd series`: the phases of a folder, and which of them are in a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from paddlewheel.errors import InputError, SettingsError
from paddlewheel.lab.xrd.phase import Phase
from paddlewheel.lab.xrd.search_match import Identification
from paddlewheel.records import Record

_MOST_TOLD = 12


class XrdCandidate(Record):
    """A phase of `--candidates` and the evidence.

    `chi2_gain` is the fall of chi2 of a quick fit that it brings beside the phases found, `chance_chi2_gain` the
    largest that it brings with a swollen or shrunk cell, `bic_gain` the fall less the cost of its parameters.
    `lines_there` is the share of its strong lines' expected intensity that is measured; `alike` looks the same here.
    """

    name: str
    formula: str
    is_found: bool
    chi2_gain: float
    chance_chi2_gain: float | None
    bic_gain: float
    lines_there: float
    n_strong_lines: int
    missing_two_theta_deg: list[float]
    intensity_share: float
    cell_shift_percent: float
    alike: list[str]
    reason: str | None


class XrdUnexplained(Record):
    """A peak that no phase explains; its height over that of the highest."""

    two_theta_deg: float
    d_A: float
    relative_height: float


class XrdIdentification(Record):
    """Which of `n_candidates` are in a pattern: those found, then the nearest of the others."""

    n_candidates: int
    candidates: list[XrdCandidate]
    unexplained: list[XrdUnexplained]
    unexplained_share: float
    left_out: list[str]


def read_candidates(folder: Path, given: Sequence[Phase]) -> tuple[list[Phase], list[str]]:
    """The phases of the CIFs of a folder but those that are given already, and which files were left out and why.

    Raises
    ------
    SettingsError
        For a folder that holds no CIF that can be read.
    """
    from paddlewheel.lab.xrd.structure_factors import read_phase

    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder", where="candidates", remedy="give the folder of the CIFs")
    names = {phase.name for phase in given}
    found: list[Phase] = []
    left: list[str] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".cif"):
        try:
            phase = read_phase(path)
        except InputError as error:
            left.append(f"{path.name}: {error.problem}")
            continue
        if phase.name not in names:
            names.add(phase.name)
            found.append(phase)
    if not found:
        raise SettingsError(f"{folder} holds no CIF that can be read", where="candidates",
                            remedy="give the folder of the CIFs")  # fmt: skip
    return found, left


def identification_record(found: Identification, left: Sequence[str]) -> XrdIdentification:
    """What the record holds of a search: the phases found, and the others that came nearest."""
    shown = [*found.found, *[each for each in found.candidates if not each.is_found][:_MOST_TOLD]]
    return XrdIdentification(
        n_candidates=len(found.candidates),
        candidates=[
            XrdCandidate(
                name=each.name, formula=each.formula, is_found=each.is_found, chi2_gain=each.gain,
                chance_chi2_gain=each.chance_gain, bic_gain=each.bic_gain, lines_there=each.lines_there,
                n_strong_lines=each.n_strong_lines, missing_two_theta_deg=list(each.missing_two_theta_deg),
                intensity_share=each.intensity_share, cell_shift_percent=each.cell_shift_percent,
                alike=list(each.alike), reason=each.reason,
            )
            for each in shown
        ],
        unexplained=[
            XrdUnexplained(two_theta_deg=peak.two_theta_deg, d_A=peak.d_A, relative_height=peak.relative_height)
            for peak in found.unexplained[:_MOST_TOLD]
        ],
        unexplained_share=found.unexplained_share,
        left_out=list(left),
    )  # fmt: skip
