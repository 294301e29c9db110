"""What the data do not tell of a circuit that was asked for: parameters at an end, known only together, or not."""

from __future__ import annotations

import numpy as np

from paddlewheel.lab.eis.fit import CircuitFit
from paddlewheel.lab.eis.least_squares import Weighted, bounds
from paddlewheel.lab.eis.limits import short_name

CORRELATED_ABOVE = 0.99
_LOG_UNKNOWN, _EXPONENT_UNKNOWN = 1.0, 0.3
_AT_END = 1e-4


def untold(fit: CircuitFit, data: Weighted, *, inflation: float = 1.0) -> list[str]:
    """A sentence for each parameter or pair that the spectrum does not determine; none for what is fixed.

    Parameters
    ----------
    fit, data
        A fit and the weighted spectrum that it is of.
    inflation
        Of the variances, for correlated residuals.
    """
    low, high = bounds(fit.circuit, data)
    asked = {limit.name for limit in fit.circuit.limits}
    spread = np.sqrt(np.diag(fit.covariance) * inflation)
    said: list[str] = []
    open_: list[int] = []
    for k, parameter in enumerate(fit.circuit.parameters()):
        name, value = short_name(parameter), f"{fit.value(parameter.name):.3g} {parameter.unit}".strip()
        if low[k] == high[k]:
            continue
        near = _AT_END * (high[k] - low[k])
        if min(fit.theta[k] - low[k], high[k] - fit.theta[k]) <= near:
            if parameter.name in asked:
                said.append(f"{name} stands at the end of its range, {value}")
            elif not parameter.logarithmic:
                said.append(f"{name} stands at {value}, where exponents end")
            else:
                said.append(f"{name} runs away to {value}: the spectrum does not show it")
        elif spread[k] > (_LOG_UNKNOWN if parameter.logarithmic else _EXPONENT_UNKNOWN):
            error = f"a factor of {np.exp(min(spread[k], 50.0)):.2g}" if parameter.logarithmic else f"{spread[k]:.2g}"
            said.append(f"{name} is not determined by the spectrum ({value}, with an error of {error})")
        else:
            open_.append(k)
    return said + _together(fit, open_)


def _together(fit: CircuitFit, determined: list[int]) -> list[str]:
    names = [short_name(parameter) for parameter in fit.circuit.parameters()]
    std = np.maximum(np.sqrt(np.diag(fit.covariance)), 1e-300)
    correlation = fit.covariance / std[:, None] / std
    return [
        f"{names[i]} and {names[j]} are known only together (correlation {correlation[i, j]:.4f})"
        for at, i in enumerate(determined)
        for j in determined[at + 1 :]
        if abs(correlation[i, j]) > CORRELATED_ABOVE
    ]
