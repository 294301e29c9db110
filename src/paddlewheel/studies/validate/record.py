"""The record of `validate`: two potentials side by side, and a verdict on each gate."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.records import Interval, Measured, Record, StudyRecord

Verdict = Literal["pass", "fail", "not-run"]
Role = Literal["reference", "candidate"]


class Gate(Record):
    """One condition: what was measured, its limit, and the verdict.

    `measured` and `limit` are in `unit`; `detail` says what they are, or why the gate was not run.
    """

    subject: str
    phase: str | None = None
    temperature_K: float | None = None
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    verdict: Verdict
    detail: str = ""


class ComparedPhase(Record):
    """A structure and the supercell that its dynamics ran in."""

    name: str
    formula: str
    n_atoms: int
    repeats: tuple[int, int, int]
    mobile: str
    anions: list[str]
    sha256: str


class ComparedSetResult(Record):
    """The set behind the error tables; `labels` says whose its labels are."""

    name: str
    n_frames: int
    sha256: str
    labels: str
    functional: str | None = None


class ErrorResult(Record):
    """Errors of one potential against the labels: mean absolute, root mean square, largest, mean signed; in `unit`."""

    potential: Role
    group: str
    quantity: Literal["energy", "force", "stress"]
    element: str | None
    n: int
    mae: float
    rmse: float
    largest: float
    bias: float
    unit: str


class EquationOfStateResult(Record):
    """Third-order Birch-Murnaghan fit of one potential; `reason` where there is none."""

    phase: str
    potential: Role
    volume_A3_per_atom: float | None = None
    bulk_modulus_GPa: float | None = None
    bulk_modulus_derivative: float | None = None
    rms_misfit_meV_per_atom: float | None = None
    relaxed_cell_A_deg: tuple[float, float, float, float, float, float] | None = None
    reason: str | None = None


class LatticeResult(Record):
    """Means over one NPT run, of the unit cell; `reason` where the run is broken or did not end."""

    phase: str
    potential: Role
    temperature_K: float
    production_ps: float
    a_A: Measured | None = None
    b_A: Measured | None = None
    c_A: Measured | None = None
    alpha_deg: Measured | None = None
    beta_deg: Measured | None = None
    gamma_deg: Measured | None = None
    density_g_per_cm3: Measured | None = None
    reason: str | None = None


class PhononResult(Record):
    """Phonon densities of states of both potentials, each at its own minimum, in the same supercell."""

    phase: str
    shift_per_cm: float | None = None
    share_elsewhere: float | None = None
    imaginary_share_reference: float | None = None
    imaginary_share_candidate: float | None = None
    lowest_reference_per_cm: float | None = None
    lowest_candidate_per_cm: float | None = None
    reason: str | None = None


class RadialResult(Record):
    """How far g(r) of one pair differs: the share of neighbours elsewhere; `noise`: of the reference's own halves."""

    phase: str
    temperature_K: float
    pair: str
    difference: float
    noise: float


class BandResult(Record):
    """A band of the vibrational spectrum of one element's atoms."""

    phase: str
    temperature_K: float
    element: str
    band: str
    reference_peak_per_cm: float
    candidate_peak_per_cm: float
    reference_centre_per_cm: float
    candidate_centre_per_cm: float


class DiffusionResult(Record):
    """Diffusivity of the mobile ion from one run or given trajectory."""

    phase: str
    specie: str
    potential: Role
    temperature_K: float
    source: str
    production_ps: float
    status: str
    reason: str | None = None
    diffusivity_cm2_per_s: Measured | None = None
    diffusivity_95_cm2_per_s: Interval | None = None
    upper_bound_95_cm2_per_s: float | None = None


class BondResult(Record):
    """Whether the bonds inside the polyanions held in one run of the candidate."""

    phase: str
    part: str
    temperature_K: float
    production_ps: float
    status: str
    detail: str


class ValidationRecord(StudyRecord):
    """Everything `validate` found; `curves` names the CSV files of the run directory by what is in them."""

    rows_in: ClassVar[str] = "gates"
    kind: Literal["validation"] = "validation"
    candidate: str
    reference: str
    passed: bool
    gates: list[Gate]
    phases: list[ComparedPhase]
    compared_set: ComparedSetResult | None = None
    errors: list[ErrorResult] = []
    equations_of_state: list[EquationOfStateResult] = []
    lattices: list[LatticeResult] = []
    phonons: list[PhononResult] = []
    radial: list[RadialResult] = []
    bands: list[BandResult] = []
    diffusion: list[DiffusionResult] = []
    bonds: list[BondResult] = []
    curves: dict[str, str] = {}
