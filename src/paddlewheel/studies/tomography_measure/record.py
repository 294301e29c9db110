"""The record of `tomography measure`."""

from __future__ import annotations

from typing import ClassVar, Literal

from paddlewheel.page.numbers import enumeration
from paddlewheel.records import Measured, Record, StudyRecord
from paddlewheel.records.base import Interval

PROFILES, SUB_VOLUMES, FAMILY = "profiles.csv", "sub_volumes.csv", "family.csv"
CHORDS, SIZES, CORRELATIONS = "chords.csv", "sizes.csv", "correlations.csv"
PICTURES, SURFACES = "pictures.npz", "surfaces.npz"
"""The files beside the record."""

AxisName = Literal["x", "y", "z"]
Role = Literal["active", "electrolyte", "carbon", "pore"]
Carrier = Literal["ionic", "electronic"]
TransportStatus = Literal["ok", "not-percolating"]

CARRIERS = {"ionic": "ions", "electronic": "electrons"}
"""What flows."""


class BodyResult(Record):
    """The body that was measured; edges and counts along x, y, z."""

    source: str
    voxels: tuple[int, int, int]
    voxel_nm: tuple[float, float, float]
    voxel_from: str
    size_um: tuple[float, float, float]
    segmentations: int


class ConnectivityAxis(Record):
    """Along one axis: shares of the voxels in clusters that reach both faces (`percolating_fraction`, of which
    `backbone_fraction` can carry current), one of them, and none."""

    axis: AxisName
    percolates: bool
    percolating_fraction: float
    backbone_fraction: float
    dead_end_fraction: float
    isolated_fraction: float


class LengthAxis(Record):
    """Lengths of a phase along one axis: its mean chord, and that over which it is correlated; null where the body is
    too small to say, which a warning says."""

    axis: AxisName
    mean_chord_um: float | None
    correlation_length_um: float | None


class SizeResult(Record):
    """Sizes of which a tenth, half and nine tenths of the volume are smaller, and their count where they are counted;
    null where there are none. `resolution_um` is how far off the voxels may put each of them."""

    d10_um: float | None
    d50_um: float | None
    d90_um: float | None
    resolution_um: float | None = None
    count: int | None = None
    cut_share: float | None = None


class PhaseResult(Record):
    """One phase.

    `label` is its number in the file; `percolates` says whether it reaches from face to face along every axis; `axes`
    has each. The std and intervals of `volume_fraction` hold what a body of this size leaves open, and the
    segmentation; `recipe_fraction` is what the sample's weights and densities give for the solid (of components joined
    as A+B together), scaled to the solid of the body. The surface is that within the body, over its volume;
    `surface_m2_per_g` over the mass of the phase. `thickness` is by the largest balls within the phase, null where it
    fills the body; `particles` are told apart at necks, `cut_share` of their volume by the border. The body holds its
    volume over `integral_range_um3` independent pieces.
    """

    label: int
    name: str
    role: Role | None
    volume_fraction: Measured
    recipe_fraction: float | None = None
    percolates: bool
    axes: list[ConnectivityAxis]
    clusters: int
    surface_per_um: Measured
    surface_m2_per_g: float | None = None
    lengths: list[LengthAxis]
    thickness: SizeResult | None
    particles: SizeResult
    integral_range_um3: float | None


class Contact(Record):
    """Area that two phases share, over the volume of the body; which share of the surface of each it is."""

    first: str
    second: str
    area_per_um: Measured
    share_of_first: float
    share_of_second: float


class TriplePhaseLine(Record):
    """Length of the lines where three phases meet, over the volume of the body."""

    phases: tuple[str, str, str]
    length_per_um2: Measured


class Reach(Record):
    """What of an active material ions reach from the separator and electrons from the current collector; shares of its
    volume. `ionic` is null without a conductor of ions, and `contact` the share of its area with them that is reached.
    """

    active: str
    ionic: float | None
    contact: float | None
    electronic: float | None
    both: float | None


class ErrorParts(Record):
    """Standard deviations of ln(effective conductivity) by where they come from; null where it was not measured.

    `segmentation` is the spread of the family, `method` what its members have in common, as measured on stacks whose
    phases are known; null for labels that are not of `tomography segment`.
    """

    volume: float | None
    segmentation: float | None
    method: float | None = None
    solution: float


class TransportResult(Record):
    """Flow of one carrier along one axis.

    `conducting` are numbers of the file. tau = <sigma>/sigma_eff, `square_root` its root, `macmullin_number` =
    sigma_0/sigma_eff with the largest conductivity as sigma_0, `bruggeman_exponent` that of sigma_eff/sigma_0 = eps^b
    of one conductor. Where nothing reaches across, they are null and `status` says so. `bracket` are the ends of tau by
    arithmetic and harmonic means at the faces between unlike conductors; intervals begin at its ends. Where
    `errors.volume` is null, how unsure a body of this size is was not measured: there are no intervals, and std holds
    the rest alone. Conductivities are null where none was given.
    """

    carrier: Carrier
    axis: AxisName
    conducting: list[int]
    conducting_names: list[str]
    status: TransportStatus
    volume_fraction: float
    connected_fraction: float
    tortuosity_factor: Measured | None
    square_root: Measured | None
    macmullin_number: Measured | None
    bruggeman_exponent: Measured | None
    relative_conductivity: Measured | None
    effective_conductivity_mS_per_cm: Measured | None
    bracket: Interval | None
    errors: ErrorParts
    imbalance: float
    iterations: int
    seconds: float


class ElectrodeResult(Record):
    """The electrode as a resistor along `axis`, of one carrier.

    `through_ohm_cm2` = L/sigma_eff is what a current meets that crosses the whole electrode; `finite_length_ohm_cm2` =
    L/(3 sigma_eff) the low-frequency limit where the other carrier has no resistance and the reaction is everywhere, as
    `cell` has it.
    """

    carrier: Carrier
    axis: AxisName
    thickness_um: Measured
    thickness_from: str
    effective_conductivity_mS_per_cm: Measured
    through_ohm_cm2: Measured
    finite_length_ohm_cm2: Measured


class MeasuredResistance(Record):
    """An areal resistance that the sample's `eis` record in the folder `source` has: R A of what `part` names, of the
    spectrum `file`."""

    source: str
    file: str
    temperature_K: float | None
    part: str
    areal_resistance_ohm_cm2: Measured


class TomographyRecord(StudyRecord):
    """The record of `tomography measure`; `through` leads from the separator to the current collector."""

    rows_in: ClassVar[str] = "transport"
    kind: Literal["tomography"] = "tomography"
    name: str
    through: AxisName
    body: BodyResult
    phases: list[PhaseResult]
    contacts: list[Contact]
    triple_phase_lines: list[TriplePhaseLine]
    reach: list[Reach]
    transport: list[TransportResult]
    electrode: list[ElectrodeResult]
    measured_resistances: list[MeasuredResistance]
    contradictions: list[str]
    files: dict[str, str]


def blocked_lines(record: TomographyRecord) -> list[str]:
    """Phases that were asked to conduct and do not reach across alone, a line each."""
    told = []
    for carrier, ions in CARRIERS.items():
        asked = {name for row in record.transport if row.carrier == carrier for name in row.conducting_names}
        several = " by itself" if len(asked) > 1 else ""
        for phase in record.phases:
            axes = [each.axis for each in phase.axes if not each.percolates]
            if phase.name in asked and axes:
                told.append(f"{phase.name}, to conduct {ions}, does not percolate{several} along {enumeration(axes)}")
    return told
