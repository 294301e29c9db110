"""From areas of lines to amounts: corrected for pulse and recycle delay, as shares of nuclei, moles and masses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paddlewheel.errors import SettingsError

_QUANTILES = (1.0, 1.959964)
"""Of the normal distribution, for 68 and 95 %."""
_EDGE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Efficiency:
    """Share of its full signal that a site gives, with its standard deviation."""

    value: float
    std: float = 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Shares:
    """Parts of a whole.

    Attributes
    ----------
    values, covariance
        [n], adding to one, and [n, n].
    intervals_68, intervals_95
        [n, 2] each; normal in the logarithm of share over rest, so that they stay between 0 and 1.
    """

    values: np.ndarray
    covariance: np.ndarray
    intervals_68: np.ndarray
    intervals_95: np.ndarray

    @property
    def std(self) -> np.ndarray:
        """Standard deviations; [n]."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def amounts(
    areas: np.ndarray, covariance: np.ndarray, efficiencies: Sequence[Efficiency]
) -> tuple[np.ndarray, np.ndarray]:
    """Areas over efficiencies, with the covariance of both; the efficiencies are independent; [n], [n, n]."""
    shares = np.array([each.value for each in efficiencies])
    relative = np.array([each.std / each.value for each in efficiencies])
    corrected = areas / shares
    return corrected, covariance / shares[:, None] / shares + np.diag((corrected * relative) ** 2)


def shares(values: np.ndarray, covariance: np.ndarray) -> Shares:
    """Each value over the sum of all, with covariance and intervals."""
    total = float(values.sum())
    parts = values / total
    slopes = (np.eye(len(values)) - parts[:, None]) / total
    of_parts = slopes @ covariance @ slopes.T
    std = np.sqrt(np.maximum(np.diag(of_parts), 0.0))
    return Shares(
        values=parts,
        covariance=of_parts,
        intervals_68=np.array([_interval(part, error, _QUANTILES[0]) for part, error in zip(parts, std, strict=True)]),
        intervals_95=np.array([_interval(part, error, _QUANTILES[1]) for part, error in zip(parts, std, strict=True)]),
    )


def _interval(part: float, std: float, quantile: float) -> tuple[float, float]:
    """Ends of a share; at the edges of 0 and 1, where the logarithm has no width, the error itself."""
    if not _EDGE < part < 1 - _EDGE:
        return max(0.0, part - quantile * std), min(1.0, part + quantile * std)
    middle, width = np.log(part / (1 - part)), quantile * std / (part * (1 - part))
    low, high = 1 / (1 + np.exp(-np.clip([middle - width, middle + width], -700, 700)))
    return float(low), float(high)


@dataclass(frozen=True, eq=False, kw_only=True)
class Compounds:
    """Amounts of compounds: their formulas, and their shares of moles of formula units and of mass."""

    formulas: tuple[str, ...]
    moles: Shares
    masses: Shares


def compounds(
    names: Sequence[str], values: np.ndarray, covariance: np.ndarray, *, formulas: Mapping[str, str], nucleus: str
) -> Compounds:
    """Moles and masses of compounds from the nuclei of their sites.

    Parameters
    ----------
    names, values, covariance
        Of the sites, and their amounts of nuclei: [n_sites], [n_sites, n_sites].
    formulas
        Compound of each site; sites of one compound are counted together, against all its atoms of the element.
    nucleus
        Such as ``11B``.

    Raises
    ------
    SettingsError
        For a site without a formula, a formula without the element, or what is no formula.
    """
    from pymatgen.core import Composition

    element = nucleus.lstrip("0123456789")
    missing = [name for name in names if name not in formulas]
    if missing:
        raise SettingsError(
            f"no formula of {missing[0]}", where="formulas", remedy=f"give one for each of {', '.join(names)}"
        )
    distinct = tuple(dict.fromkeys(formulas[name] for name in names))
    per_nucleus = np.zeros((len(distinct), len(names)))
    masses = np.zeros(len(distinct))
    for place, formula in enumerate(distinct):
        try:
            composition = Composition(formula)
        except ValueError:
            raise SettingsError(f"'{formula}' is no formula", where="formulas", remedy="write NaBH4") from None
        if not composition[element] > 0:
            raise SettingsError(
                f"{formula} has no {element}", where="formulas", remedy=f"the nucleus is {nucleus}: give its compound"
            )
        masses[place] = composition.weight
        for site, name in enumerate(names):
            per_nucleus[place, site] = (formulas[name] == formula) / composition[element]
    moles = per_nucleus @ values
    of_moles = per_nucleus @ covariance @ per_nucleus.T
    return Compounds(
        formulas=distinct,
        moles=shares(moles, of_moles),
        masses=shares(moles * masses, of_moles * masses[:, None] * masses),
    )
