"""The record of `nmr tensors`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from paddlewheel.records import Record, StudyRecord

ATOMS = "atoms.csv"
"""The table of all atoms with their tensors beside the record."""


MEASURED = "measured.csv"
"""The table of the measured spectrum."""


AVERAGES = "averages.csv"
"""The table of averages over a trajectory, an atom a row."""


def spectrum_table(nucleus: str) -> str:
    """Name of the table of a simulated spectrum."""
    return f"spectrum_{nucleus}.csv"


class TensorReference(Record):
    """How shifts of a nucleus follow from shieldings: shift = offset + slope x shielding.

    `scatter_ppm` is the standard deviation about a fitted line of `n_pairs`; null where the line was given or goes
    through all of its points.
    """

    nucleus: str
    offset_ppm: float
    slope: float
    offset_std_ppm: float | None = None
    slope_std: float | None = None
    scatter_ppm: float | None = None
    n_pairs: int = 0


class TensorSite(Record):
    """One kind of site: atoms that the space group carries into each other; values are means over them.

    `index` counts the atoms of the file from 1 (the first of the site), `label` is the file's own name of it.
    Quantities are null where the file has no such tensor, the nucleus no such moment, or a shift no reference.
    `largest_gradient_au` is Vzz. `cq_spread_MHz` and `shielding_spread_ppm` are half the range over the atoms of
    the site: how far the calculation itself breaks the symmetry.
    """

    structure: str
    element: str
    nucleus: str | None
    index: int = Field(ge=1)
    label: str
    multiplicity: int
    atoms: list[int]
    shielding_ppm: float | None = None
    shielding_spread_ppm: float | None = None
    shielding_zeta_ppm: float | None = None
    shielding_eta: float | None = None
    span_ppm: float | None = None
    skew: float | None = None
    isotropic_shift_ppm: float | None = None
    isotropic_shift_std_ppm: float | None = None
    largest_gradient_au: float | None = None
    cq_MHz: float | None = None
    cq_spread_MHz: float | None = None
    eta: float | None = None
    second_order_shift_ppm: float | None = None
    observed_shift_ppm: float | None = None


class MotionalCoupling(Record):
    """Field gradients of an element's atoms over a trajectory, of point charges times the Sternheimer factor.

    Root mean squares of P = C_Q sqrt(1 + eta^2/3), which relaxation and second-order shifts depend on: `instant_MHz`
    over atoms and frames, `averaged_MHz` of each atom's mean tensor (what is left to see while the motion is fast),
    and `fluctuating_MHz` of the deviations from it (what relaxes); its error is that over the atoms.
    `unexplained_share` is what the charges do not give of the calculated tensors that the factor was fitted to; null
    where it was given (`n_tensors` is 0).
    """

    element: str
    nucleus: str
    n_atoms: int
    n_frames: int
    length_ps: float | None
    sternheimer_factor: float
    sternheimer_std: float | None
    unexplained_share: float | None
    n_tensors: int
    instant_MHz: float
    averaged_MHz: float
    fluctuating_MHz: float
    fluctuating_std_MHz: float | None


class MeasuredSpectrum(Record):
    """A measured spectrum beside the simulated one: its nucleus, field, and spinning where the file says it.

    `highest_ppm` is where it is highest, of the simulated one `simulated_highest_ppm`.
    """

    name: str
    nucleus: str
    field_T: float
    spinning_Hz: float | None
    highest_ppm: float
    simulated_highest_ppm: float


class TensorStructure(Record):
    """One file or structure: its atoms, program and space group; null where it has no cell."""

    name: str
    formula: str
    n_atoms: int
    code: str
    space_group: str | None


class NmrTensorsRecord(StudyRecord):
    """The record of `nmr tensors`; spectra and tensors of all atoms are in the tables that `files` names.

    `written` are input files, where they alone were asked for: there are no sites then.
    """

    rows_in: ClassVar[str] = "sites"
    kind: Literal["nmr-tensors"] = "nmr-tensors"
    structures: list[TensorStructure]
    references: list[TensorReference]
    sites: list[TensorSite]
    field_T: float
    spinning_Hz: float
    line_width_Hz: float
    spectra: list[str] = Field(default=[], description="nuclei whose spectra are simulated")
    measured: MeasuredSpectrum | None = None
    motion: list[MotionalCoupling] = []
    written: list[str] = []
    notes: list[str]
    files: dict[str, str]
