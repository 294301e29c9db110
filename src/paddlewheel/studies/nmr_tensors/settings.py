"""Settings of `nmr tensors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from paddlewheel.lab.nmr.tensors.inputs import ELK_SPACING_PER_A, PAPER_SPACING_PER_A, PAPER_CUTOFF_eV
from paddlewheel.study.settings import NamedNumbers, Names, Settings, bad_value, setting


def _by_nucleus(convert: Callable[[str], Any], what: str, example: str) -> BeforeValidator:
    """Reads `23Na=...`, alone or several, into a map by nucleus."""

    def parse(given: Any) -> Any:
        if isinstance(given, Mapping):
            return given
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
            return given
        found: dict[str, Any] = {}
        for text in texts:
            nucleus, _, value = text.partition("=")
            try:
                if not nucleus.strip() or nucleus.strip() in found:
                    raise ValueError(text)
                found[nucleus.strip()] = convert(value)
            except ValueError:
                raise bad_value(f"'{text}' is no {what}", f"write {example}, once for each nucleus") from None
        return found

    return BeforeValidator(parse)


def _line(text: str) -> tuple[float, float]:
    offset, *slope = (float(part) for part in text.split(","))
    if len(slope) > 1:
        raise ValueError(text)
    return offset, slope[0] if slope else -1.0


def _pairs(text: str) -> tuple[tuple[float, float], ...]:
    pairs = []
    for part in text.split(","):
        shielding, shift = part.split(":")
        pairs.append((float(shielding), float(shift)))
    return tuple(pairs)


References = Annotated[
    dict[str, tuple[float, float]], _by_nucleus(_line, "nucleus with its reference", "23Na=550 or 23Na=550,-0.9")
]
"""Offset and slope by nucleus; as text ``23Na=550,-0.9``."""
Calibrations = Annotated[
    dict[str, tuple[tuple[float, float], ...]],
    _by_nucleus(_pairs, "nucleus with pairs of shielding and shift", "23Na=560.1:-8,552.4:7.2"),
]
"""Pairs of calculated shielding and measured shift by nucleus; as text ``23Na=560.1:-8,552.4:7.2``."""


class NmrTensorsSettings(Settings):
    """Settings of `nmr tensors`."""

    reference: References | None = setting(
        None,
        "Of a nucleus, once for each: shift = offset + slope x shielding, as 23Na=550 (slope -1) or 23Na=550,-0.9.",
        each=(-1e5, 1e5),
        repeated=True,
    )
    calibration: Calibrations | None = setting(
        None,
        "Calculated shieldings with measured shifts of a nucleus, to which the line is fitted: 23Na=560.1:-8,552.4:7.2",
        each=(-1e5, 1e5),
        repeated=True,
    )
    nuclei: Names = setting((), "Nuclei that are meant where an element has several, as 10B,2H.")
    structure: Path | str | None = setting(None, "Structure of the calculation, where its output has no cell.")
    symmetry_tolerance_A: float = setting(
        0.02, "How far an atom may be from its image, A, to be of one site.", gt=0, le=1
    )
    field_T: float | None = setting(
        None, "Static field, T, for second-order shifts and spectra; that of --beside, else 9.4.", gt=0, le=50
    )
    spectrum: bool = setting(True, "Simulate the spectra of the nuclei that have a reference (extra nmr).")
    spinning_Hz: float | None = setting(
        None, "Magic angle spinning, Hz, 0 for a static sample; as --beside was measured, else 20000.", ge=0, le=300_000
    )
    line_width_Hz: float = setting(200.0, "Full width of the Lorentzian lines, Hz.", gt=0, le=1e6)
    beside: Path | str | None = setting(
        None,
        "Measured spectrum (what `nmr spectrum` reads) to draw beside the simulated one.",
        only_with={"spectrum": True},
    )
    trajectory: Path | str | None = setting(
        None, "Trajectory to average field gradients over: point charges times a factor that is fitted to the tensors."
    )
    charges: NamedNumbers | None = setting(
        None,
        "Charges of the elements, e, for --trajectory: Na=1,B=-0.2,H=-0.2",
        each=(-10, 10),
        only_with={"trajectory": True},
    )
    sternheimer: NamedNumbers | None = setting(
        None,
        "Sternheimer factor 1 - gamma by element, instead of the fit: Na=5.5",
        each=(-1000, 1000),
        only_with={"trajectory": True},
    )
    frame_interval_fs: float | None = setting(
        None,
        "fs between the frames of the trajectory, where the file does not say.",
        ge=0.1,
        le=1e6,
        only_with={"trajectory": True},
    )
    frames: int = setting(
        200, "Frames of the trajectory, evenly spread, at most", ge=2, le=1_000_000, only_with={"trajectory": True}
    )
    write: Literal["castep", "elk"] | None = setting(
        None, "Write the input of this program for the structures that are given, and stop."
    )
    run: Literal["elk"] | None = setting(
        None, "Calculate field gradients of the structures that are given by this program.", only_with={"write": False}
    )
    functional: Literal["PBE", "PBEsol", "LDA", "r2SCAN"] = setting("PBE", "Functional of the input that is written")
    kpoint_spacing_per_A: float | None = setting(
        None,
        "Largest distance of k-points in units of 2 pi / A; 0.04 for CASTEP as in the paper, 0.08 for Elk by default.",
        ge=0.005,
        le=1,
    )
    cutoff_eV: float = setting(
        PAPER_CUTOFF_eV, "Cut-off of the plane waves, eV.", ge=100, le=5000, only_with={"write": ("castep",)}
    )

    def spacing_per_A(self) -> float:
        """Largest distance of k-points in units of 2 pi / A."""
        return self.kpoint_spacing_per_A or (PAPER_SPACING_PER_A if self.write == "castep" else ELK_SPACING_PER_A)
