"""How much more runs differ than the errors that they give themselves.

The error of a diffusivity comes from the scatter over stretches of its run. What changes more slowly than the run (the
disorder of anions, which ions are loose) is the same in all stretches, and no run knows of it: the variance of its
estimate is `ratio` times the one it gives. Replicas that start apart, and temperatures about one line, show the ratio:
the chi2 of k such differences is `ratio` times that of Pearson. Few differences know it badly, so they are joined with
what was known before any: an inverse chi2 law of `PRIOR_DEGREES` about `PRIOR_RATIO`, to which normal differences are
conjugate (Gelman et al., Bayesian Data Analysis, 3rd ed., ISBN 1439840954, section 2.6). The estimates then follow
Student's t. One ratio holds for all temperatures of a study: slow modes and the hops that sample them are of one
material.
"""

from __future__ import annotations

from dataclasses import dataclass

PRIOR_RATIO = 0.8
PRIOR_DEGREES = 8.0
"""As if 8 differences had been seen before (see docs/statistics.md for where they come from, and what they do)."""
_NEVER = 0.01


@dataclass(frozen=True)
class ExcessVariance:
    """Differences between runs, in errors that the runs give themselves.

    Attributes
    ----------
    chi2
        Sum of the squared differences over their variances.
    differences
        Number of independent ones: replicas less one, temperatures less two.
    """

    chi2: float = 0.0
    differences: int = 0

    def __add__(self, other: ExcessVariance) -> ExcessVariance:
        """Those of both."""
        return ExcessVariance(self.chi2 + other.chi2, self.differences + other.differences)

    @property
    def ratio(self) -> float:
        """Variance over the one that runs give themselves; `PRIOR_RATIO` where nothing was seen."""
        if self.beyond_prior:
            return self.chi2 / self.differences
        return (PRIOR_DEGREES * PRIOR_RATIO + self.chi2) / self.degrees_of_freedom

    @property
    def degrees_of_freedom(self) -> float:
        """Of the ratio."""
        return self.differences + (0.0 if self.beyond_prior else PRIOR_DEGREES)

    @property
    def beyond_prior(self) -> bool:
        """Whether the differences are larger than the prior would ever expect (1 %): then they count alone."""
        from scipy.special import fdtrc

        if self.differences == 0:
            return False
        return bool(fdtrc(self.differences, PRIOR_DEGREES, self.chi2 / self.differences / PRIOR_RATIO) < _NEVER)

    @property
    def seen(self) -> float | None:
        """The ratio by the differences alone; None without any."""
        return self.chi2 / self.differences if self.differences else None

    def joined(self, degrees_of_freedom: float) -> float:
        """Degrees of freedom of a variance that was estimated with as many, times the ratio."""
        return joined_degrees(degrees_of_freedom, self.degrees_of_freedom)


NO_EXCESS = ExcessVariance()


def joined_degrees(first: float, second: float) -> float:
    """Degrees of freedom of the product of two variances: their relative variances add, 2 over the degrees each."""
    return 1.0 / (1.0 / first + 1.0 / second)
