"""Whole-pattern fit: which share each phase has, its cell and widths, and how well all of it is known.

Scales and background are linear and solved exactly, the rest follows in an order that needs no hand: place and width
of the lines, cells, shapes, each phase's own widths and B, texture where the evidence asks for it. Numbers that the
data do not tell (the width of a phase that is hardly there) are held by weak priors and by limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.background import background_basis
from paddlewheel.lab.xrd.microabsorption import corrected_fractions
from paddlewheel.lab.xrd.model import (
    CELL_NAMES,
    MOST_BROAD_DEG,
    MOST_DB_A2,
    MOST_NANO_DEG,
    Instrument,
    Parameter,
    PatternModel,
    PhaseModel,
    cell_names,
    free_cell,
)
from paddlewheel.lab.xrd.pattern import Geometry, Pattern
from paddlewheel.lab.xrd.phase import Phase, cell_volume_A3, d_spacing_A
from paddlewheel.lab.xrd.profiles import apportion, axial_divergence, nodes_needed
from paddlewheel.lab.xrd.separable import Linear, SeparableFit
from paddlewheel.lab.xrd.unexplained import Unexplained, find_unexplained

Shift = Literal["displacement", "zero", "both", "none"]
MOST_CORRELATED = 0.99
INTENSITY_SYSTEMATICS = 0.04
"""Relative uncertainty of the ratio of two phases' intensities from texture, extinction, grains and atoms: measured on
the CPD round robin."""
NOTHING_SAID = 0.2
"""Detection limit from which on nothing can be said of a phase that is not seen."""
PARTICLES_UM = 5.0
"""Diameter of particles taken where none is given, for the warning of absorption contrast alone."""
_CONTRAST_TOLD = 0.1
"""|mu - mean| x diameter beyond which microabsorption is no longer small (Brindley: medium grains from 0.1 on)."""
_LIMIT_STD = 3.29
"""Detection limit over the standard uncertainty of a blank (Currie, doi 10.1021/ac60259a007)."""
_WHITE_RUNS = 1.508
"""Berar and Lelann's factor of independent Gaussian residuals."""
_SHIFTS = ("zero_deg", "displacement_deg", "transparency_deg")
_SHARE_OF_OWN, _CLEAR_STD = 0.01, 4.0
"""Share of the intensity, or scale over its error, from which on a phase has its own cell, widths and B factor."""
_SHARE_OF_TEXTURE = 0.05
_LEAST_BY_TEXTURE = 0.02
"""Of the sum of squares: a texture that takes away less is as likely a wrong line shape."""
_MORE_TERMS, _MOST_TERMS, _LEAST_BY_TERMS, _LINES_OF_A_TERM = 4, 30, 0.05, 20.0
"""Terms that the background grows by, of the sum of squares that they have to take away, and widths of a line that the
narrowest wave of it may have."""
_WIDTHS_DEG = (0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.008)
_NANO_WIDTHS_DEG: tuple[float, ...] = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6)
_SWOLLEN = (-0.16, -0.1, -0.06, 0.06, 0.1, 0.16)
"""Of the cell: what a phase explains with them it explains by chance."""
_OVER_CHANCE, _NANO_GAIN, _TERMS_AGAINST = 2.0, 3.0, 6
"""Falls of chi2 by broad lines: over that by chance or by so many more terms of the background; over their cost."""
_FLAT_TOP, _FLAT_POINTS, _FLAT_SIGMA = 3, 5, 20.0
"""Points in a row on the highest value, in all, and how many uncertainties high: a detector that is saturated."""
_LINES_LOOKED_FOR = 1.1
"""Goodness of fit from which on other lines of the tube are looked for."""
_BESIDE = (0.965, 0.975, 0.985, 1.015, 1.025, 1.035)
"""Times a wavelength: what is found there is chance."""
_SAME_PATTERN, _SAME_SCALES = 0.98, 0.95
"""Cosine of two patterns, and correlation of their scales, from which on only the sum of two phases is known."""
_LINE_SIGMA, _LINE_OVER_CHANCE, _LEAST_LINE = 5.0, 2.0, 0.002
_AXES: tuple[tuple[int, int, int], ...] = ((0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1), (0, 1, 1))


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """What is fitted, and what is known.

    Attributes
    ----------
    range_deg, excluded_deg
        Angles that are fitted; ranges inside them that are not.
    instrument
        Widths and zero of a standard; None: they are fitted.
    shift
        What moves the lines: the sample's displacement, the zero, both, or none; None: displacement of a flat plate,
        zero of a capillary, and none where an instrument is given for a capillary.
    cells
        Whether cells are free.
    cell_percent
        How far each length of a cell may go.
    texture
        Axis (planes) of the March-Dollase texture of each phase by name; phases that it does not name have one of the
        low-index axes where the evidence asks for it, unless `no_texture`.
    mu_r
        Absorption times radius of a capillary.
    background_order
        Of the Chebyshev polynomials; None: one for each 8 degrees, between 6 and 18, and more (to 30) where they take
        away a good part of the sum of squares and none is as narrow as 20 lines.
    humps
        Centre and width of each broad hump, in degrees.
    le_bail
        Names of phases whose intensities are free: no fractions then.
    spike
        Name and weight fraction of a phase that was weighed in.
    particles_um
        Diameter of the particles of each phase, for its correction by Brindley; empty for none.
    refits
        Whether fits with other plausible choices are made; their spread is part of the intervals.
    """

    range_deg: tuple[float, float] | None = None
    excluded_deg: tuple[tuple[float, float], ...] = ()
    instrument: Instrument | None = None
    shift: Shift | None = None
    transparency: bool = False
    cells: bool = True
    cell_percent: float = 0.3
    texture: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    no_texture: bool = False
    mu_r: float = 0.0
    background_order: int | None = None
    humps: tuple[tuple[float, float], ...] = ()
    le_bail: tuple[str, ...] = ()
    spike: tuple[str, float] | None = None
    particles_um: Mapping[str, float] = field(default_factory=dict)
    refits: bool = True
    intensity_systematics: float = INTENSITY_SYSTEMATICS


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedPhase:
    """A phase of a fit; fractions are of one, errors are standard uncertainties with serial correlation and misfit.

    Attributes
    ----------
    is_present
        Whether the scale is above what a blank would give.
    weight_fraction, weight_std, weight_interval_95
        The parts of `weight_std` are `statistical_std`, `systematic_std` (intensities) and `choice_std` (refits).
        NaN where a phase without believed atoms is in the fit.
    detection_limit
        Weight fraction that would have been seen.
    intensity_share
        Of the intensity of all phases over the range.
    cell, cell_std, cell_statistical_std, cell_correlation
        a, b, c in A, alpha, beta, gamma in degrees; [6]. The errors of those that are not free are 0. `cell_std` of a
        flat plate without `shift` given holds half of what a shifted zero in place of a displacement makes of it, which
        neighbours of a series have in common; `cell_statistical_std` does not. Correlation of the statistical errors,
        0 for what is not free; [6, 6].
    size_nm, strain_percent
        Of the Lorentzian widths less the instrument's, by integral breadths (pi / 2 of a width): volume-weighted size
        lambda / (beta cos theta), and strain beta / (4 tan theta) (Stokes and Wilson, Proc. Phys. Soc. 56, 174 (1944));
        value and error, None where the width is none; without an instrument they are bounds.
    b_A2, march_r
        Added to B of all atoms; March-Dollase ratio; value and error, None where not fitted.
    position_deg, hkl
        Of the reflections of the strongest line that lie in the range.
    """

    name: str
    formula: str
    is_present: bool
    weight_fraction: float
    weight_std: float
    weight_interval_95: tuple[float, float]
    statistical_std: float
    systematic_std: float
    choice_std: float
    detection_limit: float
    intensity_share: float
    mole_fraction: float
    volume_fraction: float
    scale: float
    scale_std: float
    cell: np.ndarray
    cell_std: np.ndarray
    cell_statistical_std: np.ndarray
    cell_correlation: np.ndarray
    volume_A3: float
    volume_std_A3: float
    size_nm: tuple[float, float] | None
    strain_percent: tuple[float, float] | None
    b_A2: tuple[float, float] | None
    march_r: tuple[float, float] | None
    axis: tuple[int, int, int] | None
    r_bragg: float
    mu_per_cm: float
    density_g_per_cm3: float
    position_deg: np.ndarray
    hkl: np.ndarray
    observed: np.ndarray


@dataclass(frozen=True, eq=False, kw_only=True)
class FitStart:
    """Where a fit ended, for the next pattern of a series by the same phases.

    Attributes
    ----------
    cells, axes
        Cell [6] and axis of the texture of each phase.
    parameters
        Value, middle and width of the prior of each by name and phase.
    """

    cells: tuple[np.ndarray, ...]
    axes: tuple[tuple[int, int, int] | None, ...]
    parameters: Mapping[tuple[str, int], tuple[float, float, float]]
    background_order: int


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternFit:
    """A fitted pattern; arrays over the points are [n_points], `components` [n_phases, n_points].

    Attributes
    ----------
    inflation
        What standard uncertainties of least squares are multiplied with: goodness of fit (where over one) times the
        factor of serial correlation (Berar and Lelann, J. Appl. Cryst. 24, 1 (1991)).
    displacement_mm
        Of the sample off the axis towards the detector, where the radius is known.
    amorphous
        Weight fraction of what does not diffract, with its error, where a spike was weighed in.
    refits
        Weight fractions of each refit by what was other in it.
    brindley
        Weight fractions by the radius of all particles in micrometres, at contrast.
    unexplained
        Peaks and humps that the model leaves over, but for lines of the tube that `flags` name.
    """

    pattern: Pattern
    geometry: Geometry
    phases: tuple[FittedPhase, ...]
    two_theta_deg: np.ndarray
    measured: np.ndarray
    std: np.ndarray
    calculated: np.ndarray
    background: np.ndarray
    components: np.ndarray
    rwp: float
    rexp: float
    gof: float
    durbin_watson: float
    inflation: float
    n_parameters: int
    instrument: Instrument
    shift: Shift
    zero_deg: tuple[float, float] | None
    displacement_deg: tuple[float, float] | None
    displacement_mm: tuple[float, float] | None
    correlations: tuple[tuple[str, str, float], ...]
    amorphous: tuple[float, float] | None
    refits: Mapping[str, tuple[float, ...]]
    brindley: Mapping[float, tuple[float, ...]]
    flags: tuple[str, ...]
    parameters: Mapping[tuple[str, int], tuple[float, float, float]]
    background_order: int
    unexplained: tuple[Unexplained, ...]

    def phase(self, name: str) -> FittedPhase:
        """The phase of a name."""
        return next(each for each in self.phases if each.name == name)

    def end(self) -> FitStart:
        """Where it ended."""
        return FitStart(
            cells=tuple(phase.cell for phase in self.phases), axes=tuple(phase.axis for phase in self.phases),
            parameters=self.parameters, background_order=self.background_order,
        )  # fmt: skip


class UnresolvedCellError(DataError):
    """The pattern does not tell cells from what shifts all lines."""


def fit_pattern(
    pattern: Pattern,
    phases: Sequence[Phase],
    options: FitOptions | None = None,
    *,
    start: FitStart | None = None,
    stops: Callable[[], bool] | None = None,
) -> PatternFit:
    """Fit a pattern by its phases.

    Parameters
    ----------
    pattern, phases
        What was measured, with its radiation; what may be in it.
    start
        End of the fit of a neighbour of a series by the same phases: cells, widths and shift start there, and its cells
        are the middle of the limits.
    stops
        Asked at every step: the fit is given up early where it says so.

    Raises
    ------
    DataError
        For a pattern without radiation, or without counts in the range.
    UnresolvedCellError
        Where cells and what shifts all lines cannot be told apart.
    """
    return _Work(pattern, list(phases), options or FitOptions(), start, stops).fit()


class _Work:
    """One fit."""

    def __init__(
        self,
        pattern: Pattern,
        phases: list[Phase],
        options: FitOptions,
        start: FitStart | None,
        stops: Callable[[], bool] | None,
    ) -> None:
        if pattern.radiation is None:
            raise DataError("no wavelength", where=pattern.source, remedy="give --wavelength-A")
        if not phases:
            raise DataError("no phase", where=pattern.source, remedy="give --phases A.cif,B.cif")
        self.pattern, self.options, self.start = pattern, options, start
        self.geometry: Geometry = pattern.geometry or (
            "bragg-brentano" if len(pattern.radiation.lines) > 1 else "debye-scherrer"
        )
        low, high = options.range_deg or (-math.inf, math.inf)
        x = pattern.two_theta_deg
        seen = (x >= max(low, 1e-3)) & (x <= min(high, 179.9))
        if seen.sum() < 50:
            raise DataError(
                f"{seen.sum()} points between {low:g} and {high:g} degrees", where=pattern.source,
                remedy="give a wider --two-theta-range",
            )  # fmt: skip
        self.x, self.y, self.std = x[seen], pattern.intensity[seen].astype(float), pattern.std[seen].astype(float)
        self.left_out = np.zeros(self.x.size, dtype=bool)
        for first, last in options.excluded_deg:
            self.left_out |= (self.x >= first) & (self.x <= last)
        self.flat = flat_tops(self.y, self.std)
        self.left_out |= self.flat
        if start is not None:
            phases = [replace(phase, cell=start.cells[p].copy()) for p, phase in enumerate(phases)]
        self.shift: Shift = options.shift or self._usual_shift()
        self.cells_of_zero: list[np.ndarray] | None = None
        self.phases = phases
        self.model = self._model()
        order = options.background_order
        usual = start.background_order if start is not None else int(np.clip((self.x[-1] - self.x[0]) / 8, 6, 18))
        self.order = usual if order is None else order
        self.problem = SeparableFit(self.model, self.y, self._weight(None), self._basis(self.order), stops=stops)

    def _usual_shift(self) -> Shift:
        if self.geometry == "bragg-brentano":
            return "displacement"
        return "zero" if self.options.instrument is None else "none"

    def _weight(self, calculated: np.ndarray | None) -> np.ndarray:
        variance = self.std**2
        if self.pattern.counts and calculated is not None:
            variance = np.maximum(calculated, np.maximum(0.1 * self.y, 1.0))
        return np.where(self.left_out, 0.0, 1 / variance)

    def _basis(self, order: int) -> np.ndarray:
        return background_basis(self.x, order, humps=self.options.humps, air=self.x[0] < 20)

    def _model(self) -> PatternModel:
        from paddlewheel.lab.xrd.structure_factors import reflections

        radiation = self.pattern.radiation
        assert radiation is not None
        top = min(self.x[-1] + 1.0, 179.0)
        d_min_A = min(wavelength for wavelength, _ in radiation.lines) / (2 * math.sin(math.radians(top / 2)))
        models = []
        for phase in self.phases:
            found = reflections(phase, radiation, d_min_A * (1 - self.options.cell_percent / 100))
            if not len(found.hkl):
                raise DataError(
                    f"no reflection of {phase.name} between {self.x[0]:g} and {self.x[-1]:g} degrees",
                    where=self.pattern.source, remedy="leave it out, or check the wavelength",
                )  # fmt: skip
            free = phase.name in self.options.le_bail
            intensities = np.full(len(found.hkl), 1.0) * found.multiplicity if free else None
            axis = self.options.texture.get(phase.name)
            models.append(PhaseModel(phase=phase, reflections=found, intensities=intensities).textured(axis))
        given = self.options.instrument or Instrument()
        model = PatternModel(
            two_theta_deg=self.x, radiation=radiation, geometry=self.geometry, instrument=given, phases=models,
            mu_r=self.options.mu_r,
        )  # fmt: skip
        add = model.parameters.append
        add(Parameter(name="zero_deg", phase=-1, value=given.zero_deg, lower=-1.0, upper=1.0))
        add(Parameter(name="displacement_deg", phase=-1, value=0.0, lower=-1.0, upper=1.0))
        add(Parameter(name="transparency_deg", phase=-1, value=0.0, lower=-0.2, upper=0.05))
        add(Parameter(name="w_deg2", phase=-1, value=given.w_deg2, lower=1e-7, upper=1.0))
        add(Parameter(name="u_deg2", phase=-1, value=given.u_deg2, lower=0.0, upper=1.0, prior_std=0.1))
        add(Parameter(name="v_deg2", phase=-1, value=given.v_deg2, lower=-1.0, upper=0.2, prior_std=0.1))
        add(Parameter(name="x_deg", phase=-1, value=given.x_deg, lower=0.0, upper=MOST_BROAD_DEG))
        add(Parameter(name="y_deg", phase=-1, value=given.y_deg, lower=0.0, upper=MOST_BROAD_DEG))
        add(Parameter(name="axial", phase=-1, value=given.axial, lower=0.0, upper=0.12))
        reach = self.options.cell_percent / 100
        for p, phase in enumerate(self.phases):
            for number, _ in enumerate(free_cell(phase)):
                add(
                    Parameter(name=f"cell_{number}", phase=p, value=0.0, lower=-reach, upper=reach, prior_std=reach / 2)
                )
            add(Parameter(name="size_deg", phase=p, value=0.0, lower=0.0, upper=MOST_BROAD_DEG))
            add(Parameter(name="strain_deg", phase=p, value=0.0, lower=0.0, upper=2 * MOST_BROAD_DEG))
            add(Parameter(name="b_A2", phase=p, value=0.0, lower=-MOST_DB_A2, upper=MOST_DB_A2, prior_std=0.25))
            add(Parameter(name="march_r", phase=p, value=1.0, lower=0.3, upper=2.5, prior=1.0, prior_std=0.5))
        return model

    # ---- the order of the fit

    def fit(self) -> PatternFit:
        """All of it."""
        texture_free = [
            self.model.place("march_r", p) for p, each in enumerate(self.model.phases) if each.axis is not None
        ]
        own = self.options.instrument is None
        if self.start is None:
            self._find_lines()
        else:
            self._take_start(self.start)
        shift = self._shift_places()
        linear = self.problem.at(self.model.theta())
        if self.start is None:
            linear = self._minimise([*shift, *self._global("w_deg2" if own else "", "x_deg")], 12, 1e-3)
            linear = self._minimise([*shift, *self._global("w_deg2" if own else "", "x_deg", "y_deg"),
                                     *self._cells(linear, 0.02)], 12, 1e-3)  # fmt: skip
        if own and self.start is None:
            self.model.parameters[self.model.place("axial")].value = 0.03 if self.x[0] < 60 else 0.0
        shape = self._global("w_deg2", "u_deg2", "v_deg2", "axial") if own else []
        if self.start is None:
            linear = self._minimise(
                [*shift, *shape, *self._global("x_deg", "y_deg"), *self._cells(linear, _SHARE_OF_OWN)], 15, 1e-4
            )
            self._own_widths()
        self.problem.reweigh(self._weight(linear.calculated))
        if self.start is None and self._find_broad(self.problem.at(self.model.theta())):
            linear = self.problem.at(self.model.theta())
            linear = self._minimise([*shift, *shape, *self._cells(linear, _SHARE_OF_OWN), *self._phase_numbers(linear),
                                     *texture_free], 15, 1e-4)  # fmt: skip
            self.problem.reweigh(self._weight(linear.calculated))
        if self.options.background_order is None and self.start is None:
            linear = self._loosen_background(linear)
        self._stiffen(linear)
        linear = self._minimise([*shift, *shape, *self._cells(linear, _SHARE_OF_OWN), *self._phase_numbers(linear),
                                 *texture_free], 15, 1e-4)  # fmt: skip
        if not self.options.no_texture:
            linear, texture_free = self._find_texture(linear, texture_free)
        self._stiffen(linear)
        for _ in range(2):
            self.problem.reweigh(self._weight(linear.calculated))
            self.free = [
                *shift,
                *shape,
                *self._cells(linear, _SHARE_OF_OWN),
                *self._phase_numbers(linear),
                *texture_free,
            ]
            linear = self._minimise(self.free, 15, 1e-6)
        self.texture_free = texture_free
        if self.shift == "displacement" and self.options.shift is None and self.options.cells:
            linear = self._see_other_shift(linear)
        return self._result(linear)

    def _minimise(self, free: Sequence[int], most_steps: int, least_gain: float) -> Linear:
        linear = self.problem.minimise(list(free), most_steps=most_steps, least_gain=least_gain)
        free_intensities = [p for p, each in enumerate(self.model.phases) if each.intensities is not None]
        for _ in range(4 if free_intensities else 0):
            for _ in range(3):
                for p in free_intensities:
                    self._le_bail(p, linear)
                linear = self.problem.at(self.model.theta())
            linear = self.problem.minimise(list(free), most_steps=3, least_gain=least_gain)
        return linear

    def _global(self, *names: str) -> list[int]:
        return [self.model.place(name) for name in names if name]

    def _shift_places(self) -> list[int]:
        names = {"displacement": ["displacement_deg"], "zero": ["zero_deg"], "none": [],
                 "both": ["zero_deg", "displacement_deg"]}[self.shift]  # fmt: skip
        if self.options.transparency:
            names = [*names, "transparency_deg"]
        return self._global(*names)

    def _shares(self, linear: Linear) -> np.ndarray:
        sums = linear.scales * linear.columns.sum(axis=1)
        return sums / max(float(sums.sum()), 1e-300)

    def _cells(self, linear: Linear, least_share: float) -> list[int]:
        if not self.options.cells:
            return []
        seen = self._are_clear(linear)
        return [
            place
            for p, share in enumerate(self._shares(linear))
            if share >= least_share or seen[p]
            for place, each in enumerate(self.model.parameters)
            if each.phase == p and each.name.startswith("cell_")
        ]

    def _are_clear(self, linear: Linear) -> np.ndarray:
        """Whether the scale of each phase is far above its error of counts, misfit and serial correlation."""
        covariance = self.problem.covariance(self.model.theta(), linear, [])
        n_points = int((self.problem.weight > 0).sum())
        inflation = math.sqrt(max(1.0, linear.chi2 / n_points)) * self._serial(linear)
        return linear.scales > _CLEAR_STD * inflation * np.sqrt(np.maximum(np.diag(covariance), 1e-300))

    def _phase_numbers(self, linear: Linear) -> list[int]:
        found = []
        seen = self._are_clear(linear)
        for p, share in enumerate(self._shares(linear)):
            if share >= _SHARE_OF_OWN or seen[p]:
                found += [self.model.place("size_deg", p), self.model.place("strain_deg", p)]
                if self.model.phases[p].intensities is None:
                    found.append(self.model.place("b_A2", p))
        return found

    def _own_widths(self) -> None:
        """Give every phase the widths that all have, as start and as the middle of its prior."""
        x, y = (self.model.parameters[self.model.place(name)] for name in ("x_deg", "y_deg"))
        given = self.options.instrument or Instrument()
        for p in range(len(self.phases)):
            for name, each, least in (("size_deg", x, given.x_deg), ("strain_deg", y, given.y_deg)):
                own = self.model.parameters[self.model.place(name, p)]
                own.value = own.prior = max(each.value - least, 0.0)
                own.prior_std = max(0.5 * own.value, 0.02)
        x.value, y.value = given.x_deg, given.y_deg

    def _take_start(self, start: FitStart) -> None:
        by_name = dict(start.parameters)
        for each in self.model.parameters:
            if not each.name.startswith("cell_") and (each.name, each.phase) in by_name:
                each.value, each.prior, each.prior_std = by_name[each.name, each.phase]
                if each.name == "size_deg" and each.value > each.upper:
                    each.upper = MOST_NANO_DEG
        for p, axis in enumerate(start.axes):
            self.model.phases[p] = self.model.phases[p].textured(axis)

    def _stiffen(self, linear: Linear) -> None:
        n_points = int((self.problem.weight > 0).sum())
        self.problem.stiffness = max(1.0, linear.chi2 / n_points) * 4.0

    def _loosen_background(self, linear: Linear) -> Linear:
        """Give the background more terms as long as they take away more than a wrong line shape would."""
        theta = self.model.theta()
        narrowest = _LINES_OF_A_TERM * self._line_width(theta)
        best = self.problem.at(theta)
        while (order := self.order + _MORE_TERMS) <= _MOST_TERMS and (self.x[-1] - self.x[0]) / order > narrowest:
            before = self.problem.basis
            self.problem.basis = self._basis(order)
            self.problem.reweigh(self.problem.weight)
            tried = self.problem.at(theta)
            if best.chi2 - tried.chi2 < _LEAST_BY_TERMS * best.chi2:
                self.problem.basis = before
                self.problem.reweigh(self.problem.weight)
                break
            self.order, linear, best = order, tried, tried
        return linear

    def _line_width(self, theta: np.ndarray) -> float:
        """Median full width at half maximum of the lines of all phases in the range, degrees."""
        peaks = [self.model.peaks(p, theta) for p in range(len(self.phases))]
        position, fwhm = (
            np.concatenate([getattr(each, name) for each in peaks]) for name in ("position_deg", "fwhm_deg")
        )
        inside = (position >= self.x[0]) & (position <= self.x[-1])
        return float(np.median(fwhm[inside] if inside.any() else fwhm))

    def _find_lines(self) -> None:
        """Width and shift from coarse to fine: the best of all widths is taken."""
        shift = self._shift_places()
        place_w, place_x = self.model.place("w_deg2"), self.model.place("x_deg")
        own = self.options.instrument is None
        step = float(np.median(np.diff(self.x)))
        at, best = 0.0, (math.inf, 0.0, 0.1)
        theta = self.model.theta()
        for width in [each for each in _WIDTHS_DEG if each >= 1.5 * step]:
            tried = theta.copy()
            if own:
                tried[place_w], tried[place_x] = (0.7 * width) ** 2, 0.4 * width
            found = []
            for moved in (at + width * np.arange(-3, 4) / 3.0) if shift else [0.0]:
                if shift:
                    tried[shift[0]] = theta[shift[0]] + moved
                found.append((self.problem.at(tried).chi2, float(moved)))
            chi2, at = min(found)
            best = min(best, (chi2, at, width))
            if chi2 > 1.3 * best[0]:
                break
        if shift:
            self.model.parameters[shift[0]].value += best[1]
        if own:
            self.model.parameters[place_w].value, self.model.parameters[place_x].value = (
                (0.7 * best[2]) ** 2, min(0.4 * best[2], MOST_BROAD_DEG),
            )  # fmt: skip

    def _see_other_shift(self, linear: Linear) -> Linear:
        """The cells of a flat plate by a shifted zero in place of a displacement, kept for the errors of the cells.

        Which of the two it is a pattern does not tell: asymmetric lines sway the sum of squares as much as they do.
        """
        kept = self.model.theta()
        displacement, zero = self.model.place("displacement_deg"), self.model.place("zero_deg")
        self.model.parameters[zero].value = 0.9 * kept[displacement]
        self.model.parameters[displacement].value = 0.0
        free = [zero if place == displacement else place for place in self.free]
        self.problem.minimise(free, most_steps=8, least_gain=1e-4)
        self.cells_of_zero = [self.model.cell(p, self.model.theta()) for p in range(len(self.phases))]
        self._set(kept)
        return linear

    def _find_broad(self, linear: Linear) -> bool:
        """Let a phase be of crystals of a few nanometres where the pattern asks for it; whether one is.

        What broad lines explain must be theirs: more terms of the background may not explain it, and the same lines in
        a cell swollen or shrunk by more than any temperature does may not either.
        """
        n_points = int((self.problem.weight > 0).sum())
        theta, found = self.model.theta(), False
        for p, phase in enumerate(self.model.phases):
            if phase.intensities is not None:
                continue
            size, strain = self.model.place("size_deg", p), self.model.place("strain_deg", p)
            cells = [self.model.place(f"cell_{number}", p) for number, _ in enumerate(free_cell(phase.phase))]
            fall = self._fall_by(linear, theta, p, cells)
            gain, width = max((fall(0.0, width), width) for width in _NANO_WIDTHS_DEG)
            noise = max(1.0, (linear.chi2 - gain) / n_points)
            if gain < noise * _NANO_GAIN * (math.log(n_points) + 6):
                continue
            chance = max(fall(moved, width) for moved in _SWOLLEN)
            basis = self.problem.basis
            self.problem.basis = self._basis(self.order + _TERMS_AGAINST)
            self.problem.reweigh(self.problem.weight)
            by_background = linear.chi2 - self.problem.solve(linear.columns).chi2
            self.problem.basis = basis
            self.problem.reweigh(self.problem.weight)
            if gain < _OVER_CHANCE * max(chance, by_background):
                continue
            for place, value, std in ((size, width, width), (strain, 0.0, 0.02)):
                own = self.model.parameters[place]
                own.value, own.prior, own.prior_std = value, value, std
            self.model.parameters[size].upper = MOST_NANO_DEG
            found = True
        return found

    def _fall_by(
        self, linear: Linear, theta: np.ndarray, p: int, cells: Sequence[int]
    ) -> Callable[[float, float], float]:
        """How much chi2 falls by a phase with its cell changed by a share and lines broad by size, in degrees."""

        def fall(moved: float, width: float) -> float:
            tried = theta.copy()
            tried[self.model.place("size_deg", p)], tried[self.model.place("strain_deg", p)] = width, 0.0
            tried[list(cells)] += moved
            columns = linear.columns.copy()
            columns[p] = self.model.column(p, tried)
            return linear.chi2 - self.problem.solve(columns).chi2

        return fall

    def _find_texture(self, linear: Linear, free: list[int]) -> tuple[Linear, list[int]]:
        """Give a strong phase the low-index axis that gains most, where it gains more than chance and misfit would."""
        n_points = int((self.problem.weight > 0).sum())
        for p in np.argsort(-self._shares(linear)):
            phase = self.model.phases[p]
            if phase.axis is not None or phase.intensities is not None or self._shares(linear)[p] < _SHARE_OF_TEXTURE:
                continue
            place = self.model.place("march_r", int(p))
            kept = self.model.theta()
            chi2 = linear.chi2
            tries = []
            for axis in _different_axes(phase):
                self.model.phases[p] = phase.textured(axis)
                self._set(kept)
                self.model.parameters[place].value = 0.95
                tried = self.problem.minimise([place], most_steps=4, least_gain=1e-4)
                tries.append((tried.chi2, axis, self.model.parameters[place].value))
            least, axis, r = min(tries)
            self._set(kept)
            noise = max(1.0, chi2 / n_points) * self._serial(linear) ** 2
            gain = (chi2 - least) / noise
            if gain > math.log(n_points) + 2 * math.log(len(tries)) + 6 and chi2 - least > _LEAST_BY_TEXTURE * chi2:
                self.model.phases[p] = phase.textured(axis)
                self.model.parameters[place].value = r
                free = [*free, place]
                linear = self.problem.at(self.model.theta())
            else:
                self.model.phases[p] = phase
        return linear, free

    def _set(self, theta: np.ndarray) -> None:
        for each, value in zip(self.model.parameters, theta, strict=True):
            each.value = float(value)

    def _le_bail(self, p: int, linear: Linear) -> None:
        """Apportion what was measured among the reflections (doi 10.1016/0025-5408(88)90019-0)."""
        observed, _ = self._apportioned(p, linear)
        self.model.phases[p].intensities = np.maximum(observed * linear.scales[p], 0.0)

    def _apportioned(self, p: int, linear: Linear) -> tuple[np.ndarray, np.ndarray]:
        """Observed and calculated intensity m |F|^2 of each reflection (Rietveld's R_Bragg), at the phase's scale."""
        theta, phase = self.model.theta(), self.model.phases[p]
        peaks = self.model.peaks(p, theta)
        height = self.model._values(p, theta)["axial"]
        angles = np.clip(peaks.position_deg, 0.05, 179.5)
        nodes = axial_divergence(angles, height, nodes_needed(angles, height, peaks.fwhm_deg))
        above = linear.calculated - linear.coefficients @ self.problem.basis
        tells = (above > 1e-3 * above.max()) & ~self.left_out
        ratio = np.where(
            tells, (self.y - linear.coefficients @ self.problem.basis) / np.where(tells, above, 1.0), 1.0
        )  # fmt: skip
        part, whole = np.zeros(peaks.area.size), np.zeros(peaks.area.size)
        apportion(
            self.x, peaks.position_deg, peaks.fwhm_deg, peaks.eta, nodes.offset_deg, nodes.weight, nodes.n_nodes,
            ratio, part, whole,
        )  # fmt: skip
        n_lines = len(self.model.radiation.lines)
        shares = np.repeat([share for _, share in self.model.radiation.lines], part.size // n_lines)
        part, whole = ((shares * each).reshape(n_lines, -1).sum(axis=0) for each in (part, whole))
        seen = whole > 0.3 * np.max(whole, initial=0.0)
        calculated = np.where(seen, phase.strengths, 0.0)
        return np.where(seen, phase.strengths * part / np.maximum(whole, 1e-300), 0.0), calculated

    def _serial(self, linear: Linear) -> float:
        """Berar and Lelann's factor over that of independent residuals, at least 1."""
        residual = ((self.y - linear.calculated) * np.sqrt(self.problem.weight))[self.problem.weight > 0]
        return serial_correlation(residual)

    # ---- what comes of it

    def _fractions(self, linear: Linear) -> np.ndarray:
        masses = linear.scales * self._mass_factors()
        return masses / max(float(masses.sum()), 1e-300)

    def _mass_factors(self) -> np.ndarray:
        """Mass of the cell times its volume: W_p ~ S_p M_p V_p with |F|^2 of a whole cell."""
        from paddlewheel.lab.xrd.structure_factors import cell_mass_g_per_mol

        theta = self.model.theta()
        return np.array([
            cell_mass_g_per_mol(phase) * cell_volume_A3(self.model.cell(p, theta))
            for p, phase in enumerate(self.phases)
        ])  # fmt: skip

    def _refits(self, linear: Linear) -> dict[str, np.ndarray]:
        """Weight fractions by other plausible choices, each from the minimum on."""
        kept, phases = self.model.theta(), list(self.model.phases)
        found: dict[str, np.ndarray] = {}
        b_places = [place for place in self.free if self.model.parameters[place].name == "b_A2"]

        def again(name: str, free: Sequence[int]) -> None:
            found[name] = self._fractions(self.problem.minimise(list(free), most_steps=6, least_gain=1e-4))
            self._set(kept)

        basis = self.problem.basis
        for name, order in (
            ("background of more terms", self.order + 4),
            ("background of fewer terms", self.order - 3),
        ):
            if self.options.background_order is None or order > self.order:
                self.problem.basis = self._basis(max(order, 2))
                self.problem.reweigh(self.problem.weight)
                again(name, self.free)
        self.problem.basis = basis
        self.problem.reweigh(self.problem.weight)
        if b_places:
            for place in b_places:
                self.model.parameters[place].value = 0.5 * kept[place]
            again("B factors halfway to those given", [place for place in self.free if place not in b_places])
        chosen = [place for place in self.texture_free if phases[self.model.parameters[place].phase].axis is not None]
        if chosen and not self.options.texture:
            for place in chosen:
                self.model.parameters[place].value = 1.0
            again("no texture", [place for place in self.free if place not in chosen])
        return found

    def _result(self, linear: Linear) -> PatternFit:
        from paddlewheel.lab.xrd.structure_factors import density_g_per_cm3, mu_per_cm

        theta, problem = self.model.theta(), self.problem
        n_phases = len(self.phases)
        used = problem.weight > 0
        residual = ((self.y - linear.calculated) * np.sqrt(problem.weight))[used]
        n_parameters = n_phases + len(problem.basis) + len(self.free)
        freedom = max(int(used.sum()) - n_parameters, 1)
        weighted = float((problem.weight * self.y**2).sum())
        rwp, rexp = math.sqrt(linear.chi2 / weighted), math.sqrt(freedom / weighted)
        gof = rwp / rexp
        inflation = max(1.0, gof) * serial_correlation(residual)
        covariance = problem.covariance(theta, linear, self.free) * inflation**2
        names = [self._name(place) for place in self.free]
        correlations = self._correlations(covariance[n_phases:, n_phases:], names)
        flags = [*self._flat_flags(), *self._check_correlated(correlations)]
        others = np.zeros(self.x.size)
        if gof > _LINES_LOOKED_FOR:
            told, others = self._other_lines(linear, residual, inflation)
            flags += told

        factors = self._mass_factors()
        fractions = self._fractions(linear)
        total = float((linear.scales * factors).sum())
        turn = (np.eye(n_phases) - fractions[:, None]) * factors[None, :] / (total or math.inf)
        variance = np.diag(turn @ covariance[:n_phases, :n_phases] @ turn.T)
        statistical = np.sqrt(np.maximum(variance, 0.0)) if total else np.ones(n_phases)
        refits = self._refits(linear) if self.options.refits and n_phases > 1 and not self.options.le_bail else {}
        choice = (
            np.sqrt(np.mean([(other - fractions) ** 2 for other in refits.values()], axis=0))
            if refits else np.zeros(n_phases)
        )  # fmt: skip
        systematic = self.options.intensity_systematics * fractions * (1 - fractions)
        std = np.sqrt(statistical**2 + systematic**2 + choice**2)
        under = [np.abs(other - fractions) for name, other in refits.items() if name.startswith("background")]
        limits = np.minimum(_LIMIT_STD * np.hypot(statistical, np.max(under, axis=0) if under else 0.0), 1.0)
        present = (fractions > limits) if n_phases > 1 else np.array([True])
        pairs = self._alike(linear, covariance[:n_phases, :n_phases])
        for pair in pairs:
            both = float(fractions[list(pair)].sum())
            limits[list(pair)] = np.maximum(limits[list(pair)], min(both, 1.0))
            present[list(pair)] = False
            std[list(pair)] = np.hypot(std[list(pair)], both / math.sqrt(12))
            error = math.sqrt(max(float(turn[list(pair)].sum(axis=0) @ covariance[:n_phases, :n_phases]
                                        @ turn[list(pair)].sum(axis=0)), 0.0))  # fmt: skip
            moved = [abs(sum(other[list(pair)]) - both) for other in refits.values()]
            error = math.hypot(error, self.options.intensity_systematics * both * (1 - both), *moved)
            if not self.options.le_bail:
                names_of_pair = " and ".join(self.phases[p].name for p in pair)
                flags.append(
                    f"{names_of_pair} cannot be told apart here: their lines are the same; together they are"
                    f" {100 * both:.1f} ± {100 * error:.1f} wt%; leave one of them out"
                )

        densities = np.array([density_g_per_cm3(phase) for phase in self.phases])
        absorption = np.array([mu_per_cm(phase, self.model.radiation.wavelength_A) for phase in self.phases])
        volumes = fractions / densities
        volumes = volumes / max(float(volumes.sum()), 1e-300)
        moles = fractions / np.array([formula_mass(phase) for phase in self.phases])
        moles = moles / max(float(moles.sum()), 1e-300)
        amorphous, fractions_of_all, flags_of_spike = self._amorphous(fractions, std)
        if self.options.le_bail:
            fractions_of_all = np.full(n_phases, math.nan)
        flags += flags_of_spike
        if n_phases > 1 and not present.any() and not pairs:
            flags.append("none of the phases is seen")
        flags += self._bound_flags(present)
        if not self.options.le_bail:
            flags += [
                f"nothing can be said of {phase.name}: up to {100 * limits[p]:.2g} wt% of it would not be seen, and the"
                " other fractions are as uncertain"
                for p, phase in enumerate(self.phases)
                if not present[p] and limits[p] > NOTHING_SAID and present.any()
                and not any(p in pair for pair in pairs)
            ]  # fmt: skip
        brindley, told = self._absorption(fractions, present, volumes, absorption, densities)
        flags += told

        shares = self._shares(linear)
        found = []
        for p, phase in enumerate(self.phases):
            cell, cell_std, cell_statistical_std = self._cell_with_errors(p, theta, covariance, n_phases)
            observed, calculated = self._apportioned(p, linear)
            sizes = self._size_and_strain(p, covariance, n_phases)
            d_A = d_spacing_A(self.model.phases[p].reflections.hkl, cell)
            peaks = self.model.peaks(p, theta)
            position = peaks.position_deg[: len(d_A)]
            inside = (position >= self.x[0]) & (position <= self.x[-1])
            w, s = float(fractions_of_all[p]), float(std[p])
            ends = (max(0.0, w - 1.96 * s), min(1.0, w + 1.96 * s))
            volume, volume_std = cell_volume_A3(cell), self._volume_std(p, theta, covariance, n_phases)
            found.append(
                FittedPhase(
                    name=phase.name, formula=phase.formula, is_present=bool(present[p]),
                    weight_fraction=w, weight_std=s,
                    weight_interval_95=ends, statistical_std=float(statistical[p]), systematic_std=float(systematic[p]),
                    choice_std=float(choice[p]), detection_limit=float(limits[p]), intensity_share=float(shares[p]),
                    mole_fraction=float(moles[p]), volume_fraction=float(volumes[p]), scale=float(linear.scales[p]),
                    scale_std=float(math.sqrt(max(covariance[p, p], 0.0))), cell=cell, cell_std=cell_std,
                    cell_statistical_std=cell_statistical_std,
                    cell_correlation=self._cell_correlation(p, covariance, n_phases), volume_A3=volume,
                    volume_std_A3=volume_std, size_nm=sizes[0], strain_percent=sizes[1],
                    b_A2=self._value("b_A2", p, covariance, n_phases),
                    march_r=self._value("march_r", p, covariance, n_phases), axis=self.model.phases[p].axis,
                    r_bragg=float(np.abs(observed - calculated).sum() / max(float(np.abs(observed).sum()), 1e-300)),
                    mu_per_cm=float(absorption[p]), density_g_per_cm3=float(densities[p]),
                    position_deg=position[inside], hkl=self.model.phases[p].reflections.hkl[inside],
                    observed=observed[inside],
                )
            )  # fmt: skip
        displacement = self._value("displacement_deg", -1, covariance, n_phases)
        radius = self.pattern.goniometer_radius_mm
        in_mm = None
        if displacement is not None and radius is not None and self.geometry == "bragg-brentano":
            in_mm = (-math.radians(displacement[0]) * radius / 2, math.radians(displacement[1]) * radius / 2)
        given = {name: float(theta[self.model.place(name)]) for name in
                 ("u_deg2", "v_deg2", "w_deg2", "x_deg", "y_deg", "axial", "zero_deg")}  # fmt: skip
        background = linear.coefficients @ problem.basis
        return PatternFit(
            pattern=self.pattern, geometry=self.geometry, phases=tuple(found), two_theta_deg=self.x, measured=self.y,
            std=1 / np.sqrt(np.maximum(problem.weight, 1e-300)), calculated=linear.calculated, background=background,
            components=linear.scales[:, None] * linear.columns, rwp=rwp, rexp=rexp, gof=gof,
            durbin_watson=float((np.diff(residual) ** 2).sum() / max((residual**2).sum(), 1e-300)), inflation=inflation,
            n_parameters=n_parameters, instrument=replace(self.model.instrument, **given),
            shift=self.shift, zero_deg=self._value("zero_deg", -1, covariance, n_phases), displacement_deg=displacement,
            displacement_mm=in_mm, correlations=tuple(correlations), amorphous=amorphous,
            refits={name: tuple(map(float, each)) for name, each in refits.items()}, brindley=brindley,
            flags=tuple(flags),
            parameters={
                (each.name, each.phase): (each.value, each.prior, each.prior_std) for each in self.model.parameters
            },
            background_order=self.order,
            unexplained=find_unexplained(
                self.x, self.y - linear.calculated - others, problem.weight, linear.scales @ linear.columns + others,
                background, self._line_width(theta),
            ),
        )  # fmt: skip

    def _alike(self, linear: Linear, covariance: np.ndarray) -> list[tuple[int, int]]:
        """Pairs of phases whose patterns are the same but for the background, or whose scales go with each other."""
        columns = self.problem.without_background(linear.columns * np.sqrt(self.problem.weight))
        size = np.linalg.norm(columns, axis=1)
        size[size <= 0] = math.inf
        likeness = columns @ columns.T / np.outer(size, size)
        std = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
        correlation = covariance / np.outer(std, std)
        return [
            (q, p)
            for p in range(len(self.phases))
            for q in range(p)
            if likeness[p, q] > _SAME_PATTERN or (likeness[p, q] > 0.5 and correlation[p, q] < -_SAME_SCALES)
        ]

    def _flat_flags(self) -> list[str]:
        if not self.flat.any():
            return []
        return [
            f"the detector is saturated: {int(self.flat.sum())} points are on the highest value, {self.y.max():g}; they"
            " are left out, but points just below may be too low as well; attenuate the beam"
        ]

    def _bound_flags(self, present: np.ndarray) -> list[str]:
        """Tell of phases whose lines are as broad as they may be."""
        told = []
        for p, phase in enumerate(self.phases):
            at_bound = [
                each.name for each in (self.model.parameters[self.model.place(name, p)] for name in
                                       ("size_deg", "strain_deg")) if each.value > 0.99 * each.upper
            ]  # fmt: skip
            if present[p] and at_bound:
                told.append(
                    f"the lines of {phase.name} are as broad as they may be by"
                    f" {' and '.join(name.removesuffix('_deg') for name in at_bound)}: its size, strain and fraction"
                    " are wrong by more than their errors"
                )
        return told

    def _other_lines(
        self, linear: Linear, residual: np.ndarray, inflation: float
    ) -> tuple[list[str], np.ndarray]:  # fmt: skip
        """Tell of Kb and of L lines of tungsten on the anode, by the reflections of all phases at their wavelengths.

        With the intensity of those that are told, [n_points].
        """
        from paddlewheel.lab.xrd.instrument import KB_A, W_LA_A, tube_of

        radiation = self.model.radiation
        element = tube_of(radiation.wavelength_A)
        others = np.zeros(self.x.size)
        if element is None:
            return [], others
        theta, problem, used = self.model.theta(), self.problem, self.problem.weight > 0
        root = np.sqrt(problem.weight)
        known = np.vstack([linear.columns[linear.scales > 0], problem.basis]) * root
        frame = np.linalg.qr(known.T)[0]

        def share(wavelength_A: float) -> tuple[float, float, np.ndarray]:
            """Over the Ka lines, and in standard uncertainties; the pattern by this wavelength."""
            model = replace(self.model, radiation=replace(radiation, lines=((wavelength_A, 1.0),)), _held_nodes={})
            drawn = np.zeros(self.x.size)
            for p, scale in enumerate(linear.scales):
                if scale > 0:
                    drawn += scale * model.column(p, theta)
            column = root * drawn
            column = (column - frame @ (frame.T @ column))[used]
            size = max(float(np.linalg.norm(column)), 1e-300)
            return float(column @ residual) / size**2, float(column @ residual) / size, drawn

        told = []
        for name, wavelength_A in ((f"Kb of {element}", KB_A[element]), ("La of tungsten on the anode", W_LA_A)):
            found, sigma, drawn = share(wavelength_A)
            if found < _LEAST_LINE or sigma < _LINE_SIGMA * inflation:
                continue
            if sigma > _LINE_OVER_CHANCE * max(share(factor * wavelength_A)[1] for factor in _BESIDE):
                told.append(
                    f"lines at {wavelength_A:.4f} A ({name}), {100 * found:.2g} % of Ka, are in the pattern and not in"
                    " the fit; leave out the strongest by --exclude"
                )
                others += found * drawn
        return told, others

    def _name(self, place: int) -> str:
        each = self.model.parameters[place]
        if each.phase < 0:
            return each.name
        name = each.name
        if name.startswith("cell_"):
            name = cell_names(self.phases[each.phase])[int(name.removeprefix("cell_"))]
        return f"{name} of {self.phases[each.phase].name}"

    def _correlations(self, covariance: np.ndarray, names: Sequence[str]) -> list[tuple[str, str, float]]:
        size = np.sqrt(np.diag(covariance))
        size[size <= 0] = 1.0
        correlation = covariance / np.outer(size, size)
        return [
            (names[i], names[j], float(correlation[i, j]))
            for i in range(len(names))
            for j in range(i)
            if abs(correlation[i, j]) > MOST_CORRELATED
        ]

    def _check_correlated(self, correlations: Sequence[tuple[str, str, float]]) -> list[str]:
        """Refuse shifts and cells that are one number; tell of others."""
        told = []
        for first, second, value in correlations:
            places = [name for name in (first, second) if name.split()[0] in _SHIFTS]
            if len(places) == 2 or (places and any(name.split()[0] in CELL_NAMES for name in (first, second))):
                raise UnresolvedCellError(
                    f"{first} and {second} cannot be told apart (correlation {value:.4f}): cells would be wrong by more"
                    " than their errors",
                    where=self.pattern.source,
                    remedy=f"fix {places[0].removesuffix('_deg')} by a standard (--instrument, --shift none), or"
                    " --cells fixed",
                )
            if any(name.split()[0] in CELL_NAMES for name in (first, second)):
                told.append(f"{first} and {second} are hardly told apart (correlation {value:.4f})")
        return told

    def _value(self, name: str, p: int, covariance: np.ndarray, n_phases: int) -> tuple[float, float] | None:
        place = self.model.place(name, p)
        if place not in self.free:
            return None
        row = n_phases + self.free.index(place)
        return self.model.parameters[place].value, float(math.sqrt(max(covariance[row, row], 0.0)))

    def _cell_with_errors(
        self, p: int, theta: np.ndarray, covariance: np.ndarray, n_phases: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        cell, statistical, other = self.model.cell(p, theta), np.zeros(6), np.zeros(6)
        for number, places in enumerate(free_cell(self.phases[p])):
            found = self._value(f"cell_{number}", p, covariance, n_phases)
            for place in places:
                statistical[place] = 0.0 if found is None else found[1] * float(self.phases[p].cell[place])
                if found is not None and self.cells_of_zero is not None:
                    other[place] = 0.5 * abs(self.cells_of_zero[p][place] - cell[place])
        return cell, np.hypot(statistical, other), statistical

    def _cell_correlation(self, p: int, covariance: np.ndarray, n_phases: int) -> np.ndarray:
        """Of the errors of the cell's numbers; [6, 6]."""
        row = np.full(6, -1)
        for number, places in enumerate(free_cell(self.phases[p])):
            place = self.model.place(f"cell_{number}", p)
            if place in self.free:
                row[list(places)] = n_phases + self.free.index(place)
        free = np.flatnonzero(row >= 0)
        found = np.zeros((6, 6))
        if free.size:
            part = covariance[np.ix_(row[free], row[free])]
            size = np.sqrt(np.maximum(np.diag(part), 1e-300))
            found[np.ix_(free, free)] = part / np.outer(size, size)
        return found

    def _volume_std(self, p: int, theta: np.ndarray, covariance: np.ndarray, n_phases: int) -> float:
        slopes, rows = [], []
        for number, _ in enumerate(free_cell(self.phases[p])):
            place = self.model.place(f"cell_{number}", p)
            if place in self.free:
                moved = theta.copy()
                moved[place] += 1e-6
                slopes.append(
                    (cell_volume_A3(self.model.cell(p, moved)) - cell_volume_A3(self.model.cell(p, theta))) / 1e-6
                )
                rows.append(n_phases + self.free.index(place))
        slope = np.array(slopes)
        return float(math.sqrt(max(slope @ covariance[np.ix_(rows, rows)] @ slope, 0.0))) if rows else 0.0

    def _size_and_strain(
        self, p: int, covariance: np.ndarray, n_phases: int
    ) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        wavelength = self.model.radiation.wavelength_A
        size, strain = (self._value(name, p, covariance, n_phases) for name in ("size_deg", "strain_deg"))
        in_nm = None
        if size is not None and size[0] > 1e-4:
            nm = 2 / math.pi * wavelength / 10 / math.radians(size[0])
            in_nm = (nm, nm * size[1] / size[0])
        in_percent = None
        if strain is not None and strain[0] > 1e-4:
            in_percent = (12.5 * math.pi * math.radians(strain[0]), 12.5 * math.pi * math.radians(strain[1]))
        return in_nm, in_percent

    def _amorphous(
        self, fractions: np.ndarray, std: np.ndarray
    ) -> tuple[tuple[float, float] | None, np.ndarray, list[str]]:
        """What does not diffract, by a phase that was weighed in: the crystalline parts shrink with it."""
        if self.options.spike is None:
            return None, fractions, []
        name, weighed = self.options.spike
        place = [phase.name for phase in self.phases].index(name)
        found = float(fractions[place])
        if found <= 0:
            raise DataError(f"no {name}, the spike, is seen", where=self.pattern.source, remedy="check the phase")
        share = 1 - weighed / found
        error = weighed / found**2 * float(std[place])
        told = []
        if share < -2 * error:
            told.append(
                f"{name} is less than was weighed in ({100 * found:.1f} for {100 * weighed:.1f} wt%): no amorphous"
                " share explains that; texture, absorption or the weight do"
            )
        return (share, error), fractions * weighed / found, told

    def _absorption(
        self, fractions: np.ndarray, present: np.ndarray, volumes: np.ndarray, mu: np.ndarray, density: np.ndarray
    ) -> tuple[dict[float, tuple[float, ...]], list[str]]:
        """Warn of contrast of absorption, with what Brindley's correction does at several radii."""
        if self.options.le_bail or present.sum() < 2:
            return {}, []
        mean = float((volumes * mu).sum())
        sizes = np.array([self.options.particles_um.get(phase.name, PARTICLES_UM) for phase in self.phases])
        contrast = np.where(present, np.abs(mu - mean) * sizes * 1e-4, 0.0)
        worst = int(np.argmax(contrast))
        if contrast[worst] < _CONTRAST_TOLD:
            return {}, []
        swept = {
            radius: tuple(map(float, corrected_fractions(fractions, mu, density, np.full(mu.size, radius))))
            for radius in (0.5, 1.0, 2.0, 5.0, 10.0)
        }
        how = "given" if self.phases[worst].name in self.options.particles_um else "taken"
        return swept, [
            f"contrast of absorption: mu of {self.phases[worst].name} is {mu[worst]:.0f} 1/cm, the mean {mean:.0f}: at"
            f" particles of {sizes[worst]:g} um ({how}) |mu - mean| D is {contrast[worst]:.2f}, and fractions can be"
            " wrong by more than their intervals; grind finer, measure at a shorter wavelength, or give --particles-um"
        ]


def _different_axes(model: PhaseModel) -> list[tuple[int, int, int]]:
    """Low-index planes that no operation of the Laue group makes equal."""
    found: list[tuple[int, int, int]] = []
    images: set[tuple[int, ...]] = set()
    for axis in _AXES:
        if axis not in images:
            found.append(axis)
            for rotation in model.phase.rotations:
                image = np.asarray(axis) @ rotation
                images |= {tuple(int(v) for v in image), tuple(int(-v) for v in image)}
    return found


def flat_tops(y: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Points of a saturated detector, [n_points]: those on the highest value where several are in a row."""
    top = y == y.max()
    row = np.convolve(top, np.ones(_FLAT_TOP, dtype=int), mode="valid").max(initial=0)
    high = float((y[top] / std[top]).min()) > _FLAT_SIGMA
    return top if row == _FLAT_TOP and top.sum() >= _FLAT_POINTS and high else np.zeros(y.size, dtype=bool)


def serial_correlation(residual: np.ndarray) -> float:
    """Factor that errors grow by where neighbouring residuals are alike (Berar and Lelann), 1 for independent ones.

    sqrt(sum over runs of one sign of (sum r)^2 / sum r^2), over 1.508, which independent Gaussian residuals give.
    """
    if residual.size < 2 or not residual.any():
        return 1.0
    starts = np.flatnonzero(np.concatenate([[True], np.sign(residual[1:]) != np.sign(residual[:-1])]))
    sums = np.add.reduceat(residual, starts)
    return max(1.0, math.sqrt(float((sums**2).sum() / (residual**2).sum())) / _WHITE_RUNS)


def formula_mass(phase: Phase) -> float:
    """Mass of a formula unit, g/mol; without `formula_units` that of the smallest whole formula in the cell, or of the
    cell where the numbers are not whole."""
    from paddlewheel.lab.xrd.structure_factors import cell_mass_g_per_mol, contents_per_cell

    if phase.formula_units is not None:
        return cell_mass_g_per_mol(phase) / phase.formula_units
    amounts = np.array(list(contents_per_cell(phase).values()))
    whole = np.round(amounts).astype(int)
    units = int(np.gcd.reduce(whole)) if np.abs(amounts - whole).max() < 0.01 and (whole > 0).all() else 1
    return cell_mass_g_per_mol(phase) / units
