"""How much of each phase: what NMR counts in nuclei becomes weight fractions, beside those that diffraction sees.

NMR counts nuclei of sites, whatever order surrounds them; diffraction weighs crystals among each other. A share f of
nuclei of a site that a formula unit has n of are f / n moles of its phase. Phases without a site of their own follow
from those that they are left over with. All is linear, so that the covariance of the fractions is carried on.

A phase that NMR counts and diffraction does not show contradicts only where it exceeds what the pattern could have
shown (its detection limit): then it is no crystal, or of crystals of a few nanometres, or the lines are not what they
were taken for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.fractions import Shares, shares
from paddlewheel.lab.sample import Phase
from paddlewheel.records import Measured, Record

_Z_95 = 1.959964
_EXACT = 1e-9
"""Least standard deviation of a difference of weight fractions."""

Verdict = Literal["agree", "contradict", "too little to see", "not seen by diffraction", "not seen by NMR"]
"""Both see as much; they differ; NMR counts less than diffraction detects; the pattern was fitted without the phase;
NMR has no site of it."""


@dataclass(frozen=True, kw_only=True)
class SeenByDiffraction:
    """A phase of a whole-pattern fit; `detection_limit` is a weight fraction, None where the fit has none.

    `is_present` is what the fit says; without it the limit and the interval decide.
    """

    name: str
    weight_fraction: Measured
    detection_limit: float | None = None
    is_present: bool | None = None
    formula: str | None = None

    @property
    def is_seen(self) -> bool:
        """Whether the fit shows it: above its detection limit, and its 95 % interval above zero."""
        if self.is_present is not None:
            return self.is_present
        low = (self.weight_fraction.interval_95 or (self.weight_fraction.value - _Z_95 * self.weight_fraction.std,))[0]
        return self.weight_fraction.value > (self.detection_limit or 0.0) and low > 0


class PhaseAmount(Record):
    """Weight fractions of a phase by both, and what they say together.

    `by_diffraction` and `detection_limit` are null where the fit had no such phase, `by_nmr` where no site and no other
    phase tells of it, `difference_over_std` (diffraction less NMR) where not both see it.
    """

    name: str
    by_diffraction: Measured | None
    detection_limit: float | None
    by_nmr: Measured | None
    difference_over_std: float | None
    verdict: Verdict
    says: str


def weights_of_nuclei(
    sites: Sequence[str], fractions: np.ndarray, covariance: np.ndarray, phases: Sequence[Phase]
) -> dict[str, Measured]:
    """Weight fractions of phases by the nuclei of their sites.

    Parameters
    ----------
    sites, fractions, covariance
        Of a spectrum: names, shares of the nuclei, and their covariance; [n_sites], [n_sites, n_sites].
    phases
        With their formulas, `nmr_sites` and `left_with`.

    Returns
    -------
    dict
        By name of the phase, of all phases that sites or other phases tell of, adding to one.

    Raises
    ------
    DataError
        For a site that the spectrum does not have, a phase without a formula, and a circle of phases.
    """
    per_site = {phase.name: _moles(phase, sites) for phase in phases if phase.nmr_sites}
    for _ in phases:  # phases that follow from others, which may follow from others
        for phase in phases:
            if phase.name not in per_site and phase.left_with and all(other in per_site for other in phase.left_with):
                per_site[phase.name] = np.sum(
                    [moles * per_site[other] for other, moles in phase.left_with.items()], axis=0
                )
    if not per_site:
        return {}
    chosen = [phase for phase in phases if phase.name in per_site]
    masses = np.array([_mass_g_per_mol(phase) for phase in chosen])
    weights = np.array([per_site[phase.name] for phase in chosen]) * masses[:, None]
    amounts = weights @ fractions
    if not amounts.sum() > 0:
        raise DataError("its sites have no nuclei", where="nmr", remedy="check nmr_sites of the components")
    parts = shares(amounts, weights @ covariance @ weights.T)
    return {phase.name: _measured(parts, place) for place, phase in enumerate(chosen)}


def _moles(phase: Phase, sites: Sequence[str]) -> np.ndarray:
    """Moles of a phase on one of each site's nuclei: of several sites the mean of what each says; [n_sites]."""
    moles = np.zeros(len(sites))
    for site, count in phase.nmr_sites.items():
        if site not in sites:
            raise DataError(f"{phase.name} has the site {site!r}", where="nmr_sites",
                            remedy=f"sites of the spectrum are {', '.join(sites)}")  # fmt: skip
        if not count > 0:
            raise DataError(f"{count:g} nuclei of {site} in {phase.name}", where="nmr_sites", remedy="give how many")
        moles[list(sites).index(site)] = 1 / count / len(phase.nmr_sites)
    return moles


def _mass_g_per_mol(phase: Phase) -> float:
    from pymatgen.core import Composition

    try:
        mass = float(Composition(phase.formula or "").weight)
    except ValueError:
        mass = 0.0
    if not mass > 0:
        raise DataError(f"{phase.name} has the formula {phase.formula!r}", where="components",
                        remedy="give its formula, such as NaBH4")  # fmt: skip
    return mass


def _measured(parts: Shares, place: int) -> Measured:
    return Measured(
        value=float(parts.values[place]), std=float(parts.std[place]),
        interval_68=(float(parts.intervals_68[place][0]), float(parts.intervals_68[place][1])),
        interval_95=(float(parts.intervals_95[place][0]), float(parts.intervals_95[place][1])),
    )  # fmt: skip


def compare_amounts(
    diffraction: Sequence[SeenByDiffraction], nmr: Mapping[str, Measured], *, formulas: Mapping[str, str] | None = None
) -> list[PhaseAmount]:
    """Phase by phase what diffraction and NMR say, and whether they contradict.

    Parameters
    ----------
    diffraction
        The phases of a fit.
    nmr
        Weight fractions by name of the phase, as `weights_of_nuclei` gives them.
    formulas
        By name, so that a phase is found under another name of the same formula.
    """
    names = list(dict.fromkeys([*(phase.name for phase in diffraction), *nmr]))
    seen = {phase.name: phase for phase in diffraction}
    told = formulas or {}
    found = []
    for name in names:
        twin = next(
            (other for other in nmr if other != name and told.get(other) is not None
             and told.get(other) == told.get(name) and name not in nmr),
            None,
        )  # fmt: skip
        if name not in seen and any(told.get(name) is not None and told.get(name) == told.get(other) for other in seen):
            continue  # stands under the name that the fit has
        found.append(_compared(name, seen.get(name), nmr.get(twin or name)))
    return found


def _compared(name: str, seen: SeenByDiffraction | None, counted: Measured | None) -> PhaseAmount:
    over, (verdict, says) = None, ("agree", "")
    if counted is None:
        verdict, says = "not seen by NMR", f"{_percent(seen and seen.weight_fraction)} by diffraction, no site of NMR"
    elif seen is None:
        verdict, says = "not seen by diffraction", f"{_percent(counted)} by NMR; the pattern was fitted without it"
    elif not seen.is_seen:
        verdict, says = _unseen(seen, counted)
    else:
        weight = seen.weight_fraction
        over = (weight.value - counted.value) / max(math.hypot(weight.std, counted.std), _EXACT)
        verdict = "agree" if abs(over) <= _Z_95 else "contradict"
        says = f"{_percent(weight)} by diffraction, {_percent(counted)} by NMR"
        if verdict == "contradict":
            why = (
                "diffraction weighs crystals among each other alone" if over > 0
                else "a part is amorphous, or crystals of a few nm"
            )  # fmt: skip
            says = f"{says}: {abs(over):.1f} standard deviations apart; {why}"
    return PhaseAmount(
        name=name, by_diffraction=None if seen is None else seen.weight_fraction,
        detection_limit=None if seen is None else seen.detection_limit, by_nmr=counted, difference_over_std=over,
        verdict=verdict, says=f"{name}: {says}",
    )  # fmt: skip


def _unseen(seen: SeenByDiffraction, counted: Measured) -> tuple[Verdict, str]:
    """What it means that diffraction shows nothing of what NMR counts."""
    low = counted.interval_95[0] if counted.interval_95 else counted.value - _Z_95 * counted.std
    limit = seen.detection_limit
    bound = limit if limit is not None else seen.weight_fraction.value + _Z_95 * seen.weight_fraction.std
    shows = f"{_percent(counted)} by NMR; diffraction shows none and detects {100 * bound:.2g} wt% of crystals"
    if low <= bound:
        return "too little to see", f"{shows}: no contradiction"
    return "contradict", f"{shows}: amorphous, or crystals of a few nm, or the lines of NMR are something else's"


def _percent(value: Measured | None) -> str:
    if value is None:
        return "nothing"
    digits = max(0, 1 - math.floor(math.log10(100 * value.std))) if value.std > 0 else 2
    return f"{100 * value.value:.{digits}f} +- {100 * value.std:.{digits}f} wt%"
