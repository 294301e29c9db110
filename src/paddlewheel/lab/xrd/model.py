"""A powder pattern as a function of phases and instrument: columns of unit scale, with derivatives by every parameter.

y = sum_p S_p sum_h m_h |F_h|^2 L(2theta_h) exp(-2 dB_p s_h^2) T_p(h) A(2theta_h) P(2theta - 2theta_h) + b(2theta)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from paddlewheel.lab.xrd.pattern import Geometry, Radiation
from paddlewheel.lab.xrd.phase import CrystalSystem, Phase, Reflections, d_spacing_A, metric_of
from paddlewheel.lab.xrd.profiles import (
    AxialDivergence,
    axial_divergence,
    nodes_needed,
    paint,
    paint_with_slopes,
    thompson_cox_hastings,
)

MOST_BROAD_DEG = 0.25
"""Largest Lorentzian width by size and by strain of a phase (X and Y): an absent phase may not become background."""
MOST_NANO_DEG = 8.0
"""That of size where the pattern asks for it: crystals of 0.7 nm at Cu Ka."""
MOST_DB_A2 = 0.5
_FREE_CELL: dict[CrystalSystem, tuple[tuple[int, ...], ...]] = {
    "cubic": ((0, 1, 2),),
    "tetragonal": ((0, 1), (2,)),
    "hexagonal": ((0, 1), (2,)),
    "trigonal": ((0, 1, 2), (3, 4, 5)),
    "orthorhombic": ((0,), (1,), (2,)),
    "triclinic": ((0,), (1,), (2,), (3,), (4,), (5,)),
}
CELL_NAMES = ("a_A", "b_A", "c_A", "alpha_deg", "beta_deg", "gamma_deg")


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """What the instrument does to every reflection.

    Attributes
    ----------
    u_deg2, v_deg2, w_deg2
        Gaussian width squared = U tan^2 theta + V tan theta + W, full widths at half maximum in degrees of 2theta.
    x_deg, y_deg, z_deg
        Lorentzian width = X / cos theta + Y tan theta + Z.
    axial
        Sum of the half heights of sample and detector over the goniometer's radius (Finger, Cox and Jephcoat).
    zero_deg
        Added to the angles of all reflections.
    """

    u_deg2: float = 0.0
    v_deg2: float = 0.0
    w_deg2: float = 0.0025
    x_deg: float = 0.0
    y_deg: float = 0.0
    z_deg: float = 0.0
    axial: float = 0.0
    zero_deg: float = 0.0


@dataclass(kw_only=True)
class Parameter:
    """A number of the model that is not linear.

    `phase` is that phase's place, -1 for the instrument and the sample as a whole; `prior_std` is the standard
    deviation of a Gaussian around `prior` that the fit is held by where the data do not tell.
    """

    name: str
    phase: int
    value: float
    lower: float
    upper: float
    prior: float = 0.0
    prior_std: float = math.inf


def free_cell(phase: Phase) -> tuple[tuple[int, ...], ...]:
    """Which of the six numbers of the cell are free, the equal ones together."""
    if phase.crystal_system == "monoclinic":
        unique = int(np.argmax(np.abs(phase.cell[3:] - 90.0))) if (np.abs(phase.cell[3:] - 90.0) > 1e-6).any() else 1
        return ((0,), (1,), (2,), (3 + unique,))
    return _FREE_CELL[phase.crystal_system]


@dataclass(eq=False, kw_only=True)
class PhaseModel:
    """A phase in a fit: its reflections, and the angles of their normals to the axis of texture.

    `intensities` stand for m |F|^2 where the atoms are not believed (Le Bail).
    """

    phase: Phase
    reflections: Reflections
    axis: tuple[int, int, int] | None = None
    cos2_to_axis: np.ndarray | None = None
    intensities: np.ndarray | None = None

    def textured(self, axis: tuple[int, int, int] | None) -> PhaseModel:
        """The same with a preferred orientation of the planes `axis`."""
        cosines = None if axis is None else cos2_to_axis(self.phase, self.reflections.hkl, axis)
        return replace(self, axis=axis, cos2_to_axis=cosines)

    @property
    def strengths(self) -> np.ndarray:
        """m |F|^2 of each reflection, or what stands for it."""
        if self.intensities is not None:
            return self.intensities
        return self.reflections.multiplicity * self.reflections.structure_factor_squared


def cos2_to_axis(phase: Phase, hkl: np.ndarray, axis: tuple[int, int, int]) -> np.ndarray:
    """cos^2 of the angles between the equivalents of each reflection and the normal of the planes `axis`.

    [n_reflections, n_operations of the Laue group].
    """
    reciprocal = np.linalg.inv(metric_of(phase.cell))
    images = np.einsum("ni,oij->noj", hkl, phase.rotations).astype(float)
    normal = np.asarray(axis, dtype=float)
    along = images @ reciprocal @ normal
    squared = np.einsum("noi,ij,noj->no", images, reciprocal, images) * float(normal @ reciprocal @ normal)
    return np.clip(along**2 / squared, 0.0, 1.0)


def march_dollase(r: float, cos2: np.ndarray) -> np.ndarray:
    """Mean over the equivalents of (r^2 cos^2 + sin^2 / r)^(-3/2) (doi 10.1107/S0021889886089458); [n_reflections]."""
    return ((r**2 * cos2 + (1 - cos2) / r) ** -1.5).mean(axis=1)


def lorentz_polarization(two_theta_deg: np.ndarray, monochromator_cos2: float) -> np.ndarray:
    """(1 + K cos^2 2theta) / (sin^2 theta cos theta)."""
    two_theta = np.radians(two_theta_deg)
    return (1 + monochromator_cos2 * np.cos(two_theta) ** 2) / (np.sin(two_theta / 2) ** 2 * np.cos(two_theta / 2))


def capillary_transmission(two_theta_deg: np.ndarray, mu_r: float) -> np.ndarray:
    """Transmission of a cylinder of absorption times radius mu_r <= 1 (Rouse and others, Acta Cryst. A26, 682 (1970));
    within 0.0035 of the integral over the cylinder."""
    sin2 = np.sin(np.radians(two_theta_deg) / 2) ** 2
    return np.exp(-(1.7133 - 0.0368 * sin2) * mu_r + (0.0927 + 0.375 * sin2) * mu_r**2)


@dataclass(frozen=True, eq=False)
class Peaks:
    """All lines of all reflections of a phase; [n_lines * n_reflections]."""

    position_deg: np.ndarray
    fwhm_deg: np.ndarray
    eta: np.ndarray
    area: np.ndarray


@dataclass(eq=False, kw_only=True)
class PatternModel:
    """The columns of a pattern for a vector of parameters.

    Attributes
    ----------
    two_theta_deg
        [n_points].
    parameters
        What is not linear, in the order of the vectors `theta` that the methods take.
    mu_r
        Absorption times radius of a capillary.
    """

    two_theta_deg: np.ndarray
    radiation: Radiation
    geometry: Geometry
    instrument: Instrument
    phases: list[PhaseModel]
    parameters: list[Parameter] = field(default_factory=list)
    mu_r: float = 0.0
    _held_nodes: dict[int, np.ndarray] = field(default_factory=dict)

    def hold_nodes(self, theta: np.ndarray) -> None:
        """Keep the numbers of nodes of axial divergence as they are needed here: a search wants one smooth function."""
        self._held_nodes = {}
        self._held_nodes = {
            phase: self._n_nodes(phase, self.peaks(phase, theta), self._values(phase, theta)["axial"])
            for phase in range(len(self.phases))
        }

    def _n_nodes(self, phase: int, peaks: Peaks, height: float) -> np.ndarray:
        held = self._held_nodes.get(phase)
        if held is not None:
            return held
        return nodes_needed(np.clip(peaks.position_deg, 0.05, 179.5), height, peaks.fwhm_deg)

    def place(self, name: str, phase: int = -1) -> int:
        """Where a parameter stands in `theta`."""
        for place, each in enumerate(self.parameters):
            if each.name == name and each.phase == phase:
                return place
        raise KeyError((name, phase))

    def theta(self) -> np.ndarray:
        """The values of the parameters."""
        return np.array([each.value for each in self.parameters])

    def cell(self, phase: int, theta: np.ndarray) -> np.ndarray:
        """The cell of a phase; [6]."""
        cell = self.phases[phase].phase.cell.astype(float).copy()
        for number, places in enumerate(free_cell(self.phases[phase].phase)):
            value = theta[self.place(f"cell_{number}", phase)]
            for place in places:
                cell[place] = cell[place] * (1 + value)
        return cell

    def peaks(self, phase: int, theta: np.ndarray) -> Peaks:
        """Where the reflections of a phase are, how wide and how large at a scale of one."""
        at, found, radiation = self._values(phase, theta), self.phases[phase], self.radiation
        d_A = d_spacing_A(found.reflections.hkl, self.cell(phase, theta))
        strengths = found.strengths * np.exp(-at["b_A2"] / (2 * d_A**2))
        if found.cos2_to_axis is not None:
            strengths = strengths * march_dollase(at["march_r"], found.cos2_to_axis)
        parts = []
        for wavelength_A, share in radiation.lines:
            sine = np.minimum(wavelength_A / (2 * d_A), 0.9999)
            bragg = 2 * np.degrees(np.arcsin(sine))
            cosine = np.sqrt(1 - sine**2)
            tangent = sine / cosine
            moved = bragg + at["zero_deg"] + self._moved(bragg, sine, cosine, at)
            gauss2 = at["u_deg2"] * tangent**2 + at["v_deg2"] * tangent + at["w_deg2"]
            gauss = np.sqrt(np.maximum(gauss2, 1e-8))
            lorentz = (at["x_deg"] + at["size_deg"]) / cosine + (at["y_deg"] + at["strain_deg"]) * tangent
            fwhm, eta = thompson_cox_hastings(gauss, np.maximum(lorentz + self.instrument.z_deg, 1e-7))
            area = share * strengths * lorentz_polarization(bragg, radiation.monochromator_cos2)
            if self.mu_r > 0:
                area = area * capillary_transmission(bragg, self.mu_r)
            seen = wavelength_A / (2 * d_A) < 0.9999
            parts.append((moved, fwhm, eta, np.where(seen, area, 0.0)))
        return Peaks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _moved(self, bragg: np.ndarray, sine: np.ndarray, cosine: np.ndarray, at: dict[str, float]) -> np.ndarray:
        """Shift by the sample's place: off the axis of a flat plate and its transparency, or off a capillary's axis."""
        if self.geometry == "bragg-brentano":
            return at["displacement_deg"] * cosine + at["transparency_deg"] * 2 * sine * cosine
        two_theta = np.radians(bragg)
        return at["displacement_deg"] * np.sin(two_theta) + at["along_deg"] * np.cos(two_theta)

    def _values(self, phase: int, theta: np.ndarray) -> dict[str, float]:
        given = self.instrument
        at = {
            "u_deg2": given.u_deg2, "v_deg2": given.v_deg2, "w_deg2": given.w_deg2, "x_deg": given.x_deg,
            "y_deg": given.y_deg, "axial": given.axial, "zero_deg": given.zero_deg, "displacement_deg": 0.0,
            "transparency_deg": 0.0, "along_deg": 0.0, "b_A2": 0.0, "size_deg": 0.0, "strain_deg": 0.0, "march_r": 1.0,
        }  # fmt: skip
        for each, value in zip(self.parameters, theta, strict=True):
            if each.phase in (-1, phase):
                at[each.name] = float(value)
        return at

    def _axial(self, peaks: Peaks, height: float, n_nodes: np.ndarray) -> AxialDivergence:
        return axial_divergence(np.clip(peaks.position_deg, 0.05, 179.5), height, n_nodes)

    def column(self, phase: int, theta: np.ndarray) -> np.ndarray:
        """The pattern of a phase at a scale of one; [n_points]."""
        peaks = self.peaks(phase, theta)
        height = self._values(phase, theta)["axial"]
        n_nodes = self._n_nodes(phase, peaks, height)
        nodes = self._axial(peaks, height, n_nodes)
        y = np.zeros(self.two_theta_deg.size)
        paint(
            self.two_theta_deg, peaks.position_deg, peaks.fwhm_deg, peaks.eta, peaks.area,
            nodes.offset_deg, nodes.weight, nodes.n_nodes, y,
        )  # fmt: skip
        return y

    def _peak_slopes(self, phase: int, theta: np.ndarray, place: int, peaks: Peaks) -> np.ndarray:
        """Derivatives of place, width, Lorentzian share and area by a parameter; [n_lines * n_reflections, 4]."""
        name = self.parameters[place].name
        slopes = np.zeros((peaks.area.size, 4))
        if name == "zero_deg":
            slopes[:, 0] = 1.0
            return slopes
        if name == "b_A2":
            d_A = d_spacing_A(self.phases[phase].reflections.hkl, self.cell(phase, theta))
            slopes[:, 3] = -peaks.area / (2 * np.tile(d_A, len(self.radiation.lines)) ** 2)
            return slopes
        step = 1e-6 if name.startswith("cell") else 1e-5
        moved = theta.copy()
        moved[place] += step
        other = self.peaks(phase, moved)
        for column, attribute in enumerate(("position_deg", "fwhm_deg", "eta", "area")):
            slopes[:, column] = (getattr(other, attribute) - getattr(peaks, attribute)) / step
        return slopes

    def slopes(self, phase: int, theta: np.ndarray, free: Sequence[int]) -> np.ndarray:
        """Derivatives of the column of a phase by the parameters at the places `free`; [n_free, n_points]."""
        peaks = self.peaks(phase, theta)
        height = self._values(phase, theta)["axial"]
        n_nodes = self._n_nodes(phase, peaks, height)
        nodes = self._axial(peaks, height, n_nodes)
        own = [place for place in free if self.parameters[place].phase in (-1, phase)]
        slopes = np.zeros((peaks.area.size, 4, len(own)))
        offset_slope, weight_slope, axial = np.zeros_like(nodes.offset_deg), np.zeros_like(nodes.weight), -1
        for column, place in enumerate(own):
            if self.parameters[place].name == "axial":
                step = 1e-6
                other = self._axial(peaks, height + step, n_nodes)
                offset_slope = (other.offset_deg - nodes.offset_deg) / step
                weight_slope = (other.weight - nodes.weight) / step
                axial = column
                continue
            slopes[:, :, column] = self._peak_slopes(phase, theta, place, peaks)
        y, dy = np.zeros(self.two_theta_deg.size), np.zeros((len(own), self.two_theta_deg.size))
        paint_with_slopes(
            self.two_theta_deg, peaks.position_deg, peaks.fwhm_deg, peaks.eta, peaks.area,
            nodes.offset_deg, nodes.weight, nodes.n_nodes, slopes, offset_slope, weight_slope, axial, y, dy,
        )  # fmt: skip
        whole = np.zeros((len(free), self.two_theta_deg.size))
        for column, place in enumerate(own):
            whole[list(free).index(place)] = dy[column]
        return whole


def cell_names(phase: Phase) -> list[str]:
    """Name of each free number of the cell, by the first of its equals."""
    return [CELL_NAMES[places[0]] for places in free_cell(phase)]
