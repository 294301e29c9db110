"""The figure of `label`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.drawing import (
    BLUE,
    ORANGE,
    series_colours,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

from paddlewheel.studies.sample.figures import _MARKERS, _thinned


def labels_figure(
    volumes_A3: np.ndarray, energies_eV: np.ndarray, pressures_GPa: np.ndarray, structures: list[str]
) -> Figure:
    """Energy and pressure against volume of the labelled frames, all [n_frames], per atom; a marker per structure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.0), layout="constrained")
    panels = figure.subplots(1, 2)
    names = sorted(set(structures))
    colours = [BLUE, ORANGE, *series_colours(max(1, len(names)))]
    for number, name in enumerate(names):
        mine = _thinned(np.flatnonzero(np.array(structures) == name))
        for axes, values in zip(panels, (energies_eV, pressures_GPa), strict=True):
            axes.scatter(
                volumes_A3[mine], values[mine], s=16, marker=_MARKERS[number % len(_MARKERS)], color=colours[number],
                alpha=0.7, linewidths=0, label=name,
            )  # fmt: skip
    for axes, label in zip(panels, ("energy  (eV/atom)", "pressure  (GPa)"), strict=True):
        axes.set_xlabel("volume  (Å³/atom)")
        axes.set_ylabel(label)
    if len(names) > 1:
        panels[0].legend()
    return figure
