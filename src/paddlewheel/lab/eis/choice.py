"""Which circuit a spectrum, or a series of spectra of one sample, calls for.

Candidates are every circuit of `Circuit` (resistor or not, zero to three arcs, five tails, inductor or not), and the
electrode of Randles in place of the last arc and the tail of a good one, if it is better by far; an arc inside an arc
in place of its two slowest, chosen only where it is better by far and a rival elsewhere; a resistor beside an inductor
with the best two; where that is better, a spectrum turns back, or the best misses something, such leads or a negative
arc with all good ones. One that
the spectrum cannot determine is out: an element whose size is not known to 30 % (68 %) is not in the data. Of the rest
the lowest BIC (Schwarz, doi 10.1214/aos/1176344136) is chosen; then any special case of it that an F-test does not
reject at 0.1 % takes its place, the smallest first (5 % over some fifty candidates, after Bonferroni). BIC and not
AICc: AICc takes one superfluous parameter in six.

Residuals of real spectra are not independent: neighbours share what no circuit describes. The number of independent
values is therefore N (1 - rho) / (1 + rho), with rho the correlation of neighbouring residuals of the best candidate,
and the variances grow by its inverse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paddlewheel.lab.eis.assignment import assign_roles
from paddlewheel.lab.eis.circuit import MOST_ARCS, NESTED, TAILS, Circuit, Tail
from paddlewheel.lab.eis.fit import CircuitFit, fit_circuit
from paddlewheel.lab.eis.least_squares import Weighted
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.eis.starts import StartGrid

SIZE_KNOWN_TO = 0.30
TIME_KNOWN_TO = 0.50
EXPONENT_KNOWN_TO = 0.15
F_LEVEL = 0.001
NESTED_BETTER_BY = 6.0
"""BIC by which what is inside an arc must be better than the same behind it: they are near equivalents."""
_TRIED: tuple[Tail, ...] = tuple(tail for tail in TAILS if tail not in NESTED)
_SHARE_OF_SERIES = 0.75
_NEARLY = 0.01
_MISSED = 0.3
"""Correlation of neighbouring residuals from which on the best circuit misses something."""
_FLANK_EXPONENT = 0.9
_BACK = 0.01
"""Share of |Z| by which a spectrum turns back where it is inductive."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A circuit on all spectra of a series (one or more).

    Attributes
    ----------
    fits
        One a spectrum.
    bic
        Summed over the spectra; lower is better.
    determined
        Whether every element is determined and in its place, in three of four spectra.
    """

    circuit: Circuit
    fits: tuple[CircuitFit, ...]
    bic: float
    determined: bool


@dataclass(frozen=True)
class Rival:
    """A fit by another circuit than the chosen one, and its weight beside it: exp(-(its BIC - that of the chosen) / 2),
    at most 1."""

    fit: CircuitFit
    weight: float


@dataclass(frozen=True, eq=False)
class Choice:
    """The circuit chosen, and those that it was chosen from, by BIC.

    Attributes
    ----------
    chosen
        The winner.
    candidates
        All, lowest BIC first.
    correlation
        `[n_spectra]`, of neighbouring residuals of the best candidate; 0 where they are independent.
    reason
        Why it was chosen, a sentence.
    """

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    correlation: np.ndarray
    reason: str

    def rivals(self, spectrum: int = 0) -> list[Rival]:
        """The fits of one spectrum that are nearly as probable as the chosen one."""
        others = [candidate for candidate in self.candidates if candidate is not self.chosen]
        weighed = [(each, min(np.exp(-(each.bic - self.chosen.bic) / 2), 1.0)) for each in others]
        return [
            Rival(each.fits[spectrum], float(weight))
            for each, weight in weighed
            if weight > _NEARLY and is_in_place(each.fits[spectrum])
        ]


def choose_circuit(spectra: Sequence[Weighted], *, pellet: Pellet | None = None) -> Choice:
    """Fit every circuit to every spectrum and choose one for all of them.

    Parameters
    ----------
    spectra
        One spectrum, or those of one sample at several temperatures or times.
    pellet
        The geometry: an arc of the volume holds none of an electrode.
    """
    tried = _Tried(spectra)
    inductive = any((data.impedance_ohm.imag[data.omega > 0.3 * data.omega.max()] > 0).any() for data in spectra)
    best_by_arcs: list[float] = []
    ranked: list[Candidate] = []
    for arcs in range(MOST_ARCS + 1):
        # a third arc only where the second was worth it
        if arcs == MOST_ARCS and not best_by_arcs[2] < best_by_arcs[1]:
            break
        likely = {"", "CPE", *(candidate.circuit.tail for candidate in ranked[:3])}
        tails: list[Tail] = [tail for tail in _TRIED if tail in likely or arcs < MOST_ARCS]
        for tail in tails:
            for resistor in (False, True):
                for inductor in (False, True) if inductive else (False,):
                    if resistor or arcs or tail:
                        tried.fit(Circuit(resistor, inductor, arcs, tail))
        ranked = tried.ranked()
        best_by_arcs.append(
            min((candidate.bic for candidate in ranked if candidate.circuit.arcs == arcs), default=np.inf)
        )
    if not inductive:
        for candidate in tried.ranked()[:3]:
            circuit = candidate.circuit
            tried.fit(Circuit(circuit.resistor, True, circuit.arcs, circuit.tail))
    _nest(tried.ranked()[:3], tried)
    in_series = tried.ranked()
    _nest_arcs(in_series[:3], tried)
    _drop_misnested(tried, pellet)
    # arcs that are nested bend to what is inductive: whether something is missed is seen without them
    missed = any(neighbour_correlation(fit) > _MISSED for fit in in_series[0].fits)
    # leads whose turn lies within the first arc look like a part of it
    for candidate in tried.ranked()[:2]:
        tried.fit(replace(candidate.circuit, inductor=False, coil=True))
    missed |= tried.ranked()[0].circuit.coil
    if missed or any(_turns_back(data) for data in spectra):
        _add_inductive([*in_series[:3], *tried.ranked()[:1]], tried)
        _drop_misnested(tried, pellet)
    correlation = np.array([neighbour_correlation(fit) for fit in tried.ranked()[0].fits])
    return _chosen(tried.ranked(correlation), spectra, correlation)


def neighbour_correlation(fit: CircuitFit) -> float:
    """Correlation of neighbouring residuals, both parts together; 0 where it is within twice its error of none."""
    parts = np.stack([fit.residual.real, fit.residual.imag])
    found = float((parts[:, 1:] * parts[:, :-1]).sum() / max((parts**2).sum(), 1e-300))
    # a fit of many parameters makes neighbours of white noise anticorrelated: only what is clearly positive counts
    return min(found, 0.95) if found > 2 / np.sqrt(parts.size) else 0.0


def inflation(correlation: float) -> float:
    """(1 + rho) / (1 - rho): by how much the variances of a fit grow when neighbouring residuals are correlated."""
    return (1 + correlation) / (1 - correlation)


def is_determined(fit: CircuitFit, *, correlation: float = 0.0) -> bool:
    """Whether every element is known: sizes to 30 %, times to 50 %, exponents to 0.15."""
    spread = np.sqrt(np.diag(fit.covariance) * inflation(correlation))
    for parameter, sigma in zip(fit.circuit.parameters(), spread, strict=True):
        limit = (
            EXPONENT_KNOWN_TO
            if not parameter.logarithmic
            else TIME_KNOWN_TO
            if "tau" in parameter.name
            else SIZE_KNOWN_TO
        )
        if not sigma < limit:
            return False
    return True


def is_in_place(fit: CircuitFit) -> bool:
    """Whether each element is where its kind is.

    A finite diffusion path, or a negative arc, that is faster than an arc imitates, or takes from, the arcs; arcs in
    series are faster than those nested, and an arc is faster than the one inside it; the inductance of leads is faster
    than the slowest arc.
    """
    circuit = fit.circuit
    arcs = [fit.value(f"tau{k}_s") for k in range(1, circuit.arcs + 1)]
    if circuit.tail == "RRQQ":
        if not max([0.0, *arcs]) < fit.value("outer_tau_s") < fit.value("inner_tau_s"):
            return False
        arcs.append(fit.value("outer_tau_s"))
    if not arcs:
        return True
    slowest = max(arcs)
    return not (
        (circuit.tail in ("Ws", "Wo") and fit.value("tail_tau_s") < slowest)
        or (circuit.loop and fit.value("loop_tau_s") < slowest)
        or (circuit.coil and fit.value("coil_tau_s") > slowest)
    )


class _Tried:
    """The circuits fitted so far to some spectra."""

    def __init__(self, spectra: Sequence[Weighted]) -> None:
        self.spectra = spectra
        self.fits: dict[Circuit, list[CircuitFit]] = {}
        self._grids = [StartGrid(data) for data in spectra]
        self._fewest = min(len(data.omega) for data in spectra)

    def fit(self, circuit: Circuit) -> None:
        """Fit a circuit, if it is not yet, and the shortest spectrum has points enough for it."""
        if circuit in self.fits or 2 * self._fewest - circuit.size < max(3, circuit.size):
            return
        pairs = zip(self.spectra, self._grids, self._starts(circuit), strict=True)
        self.fits[circuit] = [fit_circuit(circuit, data, grid=grid, starts=start) for data, grid, start in pairs]

    def _starts(self, circuit: Circuit) -> list[np.ndarray | None]:
        """Of an arc inside an arc, for each spectrum: the same two in series, the slower one inside, as fitted before.

        A short diffusion path is the flank of the slower one: it ends in a resistance as an arc does, at the time of
        its slowest mode, 4 / pi^2 of its own.
        """
        rows: list[list[np.ndarray]] = [[] for _ in self.spectra]
        if circuit.tail == "RRQQ" and not (circuit.coil or circuit.loop):
            for tail, arcs in (("", circuit.arcs + 2), ("Ws", circuit.arcs + 1)):
                if arcs > MOST_ARCS:
                    continue
                # their sizes, times and exponents stand in the same order
                fitted = self.fits.get(replace(circuit, tail=tail, arcs=arcs), [])
                for row, fit in zip(rows, fitted, strict=False):
                    flank = [] if tail == "" else [fit.theta[-1] + np.log(4 / np.pi**2), _FLANK_EXPONENT]
                    row.append(np.append(fit.theta[: circuit.size - len(flank)], flank))
        return [np.array(row) if row else None for row in rows]

    def ranked(self, correlation: np.ndarray | None = None) -> list[Candidate]:
        """All, lowest BIC first; `correlation` of neighbouring residuals, `[n_spectra]`, is none if not given."""
        ranked = []
        rhos = np.zeros(len(self.spectra)) if correlation is None else correlation
        for circuit, fits in self.fits.items():
            bic, known = 0.0, 0
            for fit, data, rho in zip(fits, self.spectra, rhos, strict=True):
                values = 2 * len(data.omega) / inflation(rho)
                bic += values * np.log(fit.chi2 / (2 * len(data.omega))) + circuit.size * np.log(values)
                known += is_determined(fit, correlation=rho) and is_in_place(fit)
            ranked.append(Candidate(circuit, tuple(fits), float(bic), known >= _SHARE_OF_SERIES * len(fits)))
        return sorted(ranked, key=lambda candidate: candidate.bic)


def _turns_back(data: Weighted) -> bool:
    """Whether Z'' is above 0, or Z' falls with the frequency, at three points in a row by more than one per cent."""
    z, by_frequency = data.impedance_ohm, np.argsort(-data.omega)
    share = z.imag[by_frequency] / np.abs(z[by_frequency])
    falls = -np.diff(z.real[by_frequency]) / np.abs(z[by_frequency][1:])
    return any(bool((np.convolve(each > _BACK, np.ones(3), "valid") == 3).any()) for each in (share, falls))


def _add_inductive(ahead: Sequence[Candidate], tried: _Tried) -> None:
    """Fit the best circuits, those without their tail and with one more arc, with a resistor beside an inductor in
    front, and with a negative arc behind, which an inductive loop is."""
    bases = {candidate.circuit for candidate in ahead}
    for circuit in tuple(bases):
        arcs = circuit.arcs + (circuit.tail == "RWQ")
        bases |= {replace(circuit, tail="", arcs=n) for n in (arcs, min(arcs + 1, MOST_ARCS)) if n or circuit.resistor}
    for circuit in sorted(bases, key=lambda each: each.name):
        for coil, loop in ((True, False), (False, True)):
            tried.fit(replace(circuit, inductor=False, coil=coil, loop=loop))
    # a resistor is hidden by that of the leads, or was needed without them
    best = tried.ranked()[0].circuit
    if best.coil:
        tried.fit(replace(best, resistor=not best.resistor))


def _nest(ahead: Sequence[Candidate], tried: _Tried) -> None:
    """Fit the electrode of Randles in place of the slowest arc and the tail of the best, or of one arc more; it is kept
    where it is better by far than the two in series, which have as many parameters."""
    kinds = {
        (candidate.circuit.resistor, candidate.circuit.inductor, arcs)
        for candidate in ahead
        for arcs in range(1, min(candidate.circuit.arcs + 1, MOST_ARCS) + 1)
    }
    for resistor, inductor, arcs in sorted(kinds):
        series, nested = Circuit(resistor, inductor, arcs, "W"), Circuit(resistor, inductor, arcs - 1, "RWQ")
        tried.fit(series)
        if series not in tried.fits:
            continue
        tried.fit(nested)
        of = {candidate.circuit: candidate.bic for candidate in tried.ranked()}
        if not of[nested] < of[series] - NESTED_BETTER_BY:
            del tried.fits[nested]


def _nest_arcs(ahead: Sequence[Candidate], tried: _Tried) -> None:
    """Fit an arc inside an arc in place of the two slowest of the best, or of one more.

    It is a rival of as many arcs in series: the two may differ by less than noise, and yet leave another resistance to
    the arcs before.
    """
    for candidate in ahead:
        circuit = candidate.circuit
        # any tail may be the flank of an arc
        alike = circuit.arcs + (circuit.tail != "") + (circuit.tail == "RWQ")
        for arcs in (alike - 2, alike - 1):
            if alike >= 2 and arcs < MOST_ARCS:
                tried.fit(replace(circuit, arcs=arcs, tail="RRQQ"))


def _drop_misnested(tried: _Tried, pellet: Pellet | None) -> None:
    """Leave out arcs of the volume about one of an electrode: arcs in series are the same at n = 1, and make sense."""
    for circuit in [each for each in tried.fits if each.tail == "RRQQ"]:
        roles = assign_roles(tried.fits[circuit], pellet)
        if roles["inner_ohm"] == "interface" and roles["outer_ohm"] not in ("interface", "unclear"):
            del tried.fits[circuit]


def _chosen(ranked: list[Candidate], spectra: Sequence[Weighted], correlation: np.ndarray) -> Choice:
    known = [candidate for candidate in ranked if candidate.determined]
    in_series = min((each.bic for each in known if each.circuit.tail != "RRQQ"), default=np.inf)
    known = [each for each in known if each.circuit.tail != "RRQQ" or each.bic < in_series - NESTED_BETTER_BY]
    if not known:
        reason = "no circuit is determined by the data; the one of lowest BIC is shown, and its elements are not known"
        return Choice(ranked[0], tuple(ranked), correlation, reason)
    best = known[0]
    reason = f"{best.circuit.name} has the lowest BIC of {len(known)} circuits whose elements are all determined"
    parts = [candidate for candidate in known if candidate.circuit.is_part_of(best.circuit)]
    for part in sorted(parts, key=lambda candidate: (candidate.circuit.size, candidate.bic)):
        p = _f_probability(part, best, spectra, correlation)
        if p > F_LEVEL:
            reason += f"; its special case {part.circuit.name} fits as well (F-test, p = {p:.2g})"
            best = part
            break
    return Choice(best, tuple(ranked), correlation, reason)


def _f_probability(part: Candidate, whole: Candidate, spectra: Sequence[Weighted], correlation: np.ndarray) -> float:
    """Of a gain as large as this if the part is true; the spectra's chi2 in units of their own noise."""
    from scipy.special import fdtrc

    gain, freedom = 0.0, 0.0
    extra = (whole.circuit.size - part.circuit.size) * len(spectra)
    for simple, full, rho in zip(part.fits, whole.fits, correlation, strict=True):
        left = max(full.degrees_of_freedom / inflation(rho), 1.0)
        gain += max(simple.chi2 / full.chi2 - 1, 0.0) * left
        freedom += left
    return float(fdtrc(extra, freedom, gain / extra))
