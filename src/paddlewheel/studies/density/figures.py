"""Figures of a density: projections along the cell vectors, and the free energy along the paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.page.drawing import INK, MUTED, series_colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paddlewheel.studies.density.record import FreeEnergyBarrier

_MARKERS = "o^sDv"


def projection_figure(
    density: np.ndarray, *, cell_A: np.ndarray, centres: dict[str, np.ndarray], specie: str
) -> Figure:
    """The density integrated along a, b and c over the plane of the other two vectors, 1/A^2; anions as hollow marks.

    Parameters
    ----------
    density
        `[n_a, n_b, n_c]`, 1/A^3.
    cell_A
        `[3, 3]`.
    centres
        Fractional centres `[n, 3]` of the anions of each kind.
    specie
        The mobile ion.
    """
    from matplotlib.figure import Figure

    voxel = abs(float(np.linalg.det(cell_A))) / density.size
    flat = [_plane(cell_A, axis) for axis in range(3)]
    # all three at one scale
    sizes = np.array([np.abs(basis).sum(axis=0) for _, _, basis in flat])
    inches = min(9.0 / sizes[:, 0].sum(), 4.0 / sizes[:, 1].max())
    figure = Figure(figsize=(11.0, sizes[:, 1].max() * inches + 1.5), layout="constrained")
    panels = figure.subplots(1, 3, width_ratios=sizes[:, 0].tolist())
    image, sums = None, []
    for axis, (first, second, _) in enumerate(flat):
        area = np.linalg.norm(np.cross(cell_A[first], cell_A[second])) / (density.shape[first] * density.shape[second])
        summed = density.sum(axis=axis) * voxel / area
        sums.append(np.pad(summed if first < second else summed.T, (0, 1), mode="wrap"))
    highest = max(summed.max() for summed in sums)
    for axis, (panel, summed, (first, second, basis)) in enumerate(zip(panels, sums, flat, strict=True)):
        # voxels are centred on their points: half a step to either side, so that the outer ones are cut by the cell
        u = np.clip((np.arange(summed.shape[0] + 1) - 0.5) / (summed.shape[0] - 1), 0, 1)
        v = np.clip((np.arange(summed.shape[1] + 1) - 0.5) / (summed.shape[1] - 1), 0, 1)
        points = u[:, None, None] * basis[0] + v[None, :, None] * basis[1]
        image = panel.pcolormesh(points[..., 0], points[..., 1], summed, cmap="YlOrBr", vmin=0, vmax=highest,
                                 rasterized=True)  # fmt: skip
        corners = np.array([[0, 0], basis[0], basis[0] + basis[1], basis[1], [0, 0]])
        panel.plot(*corners.T, color=MUTED, lw=0.9)
        for marker, (name, where) in zip(_MARKERS, centres.items(), strict=False):
            inside = np.mod(where[:, [first, second]], 1.0) @ basis
            panel.plot(*inside.T, marker, mfc="none", mec=INK, ms=6, mew=1.0, ls="none", label=name)
        panel.set(aspect="equal", title=f"Along {'abc'[axis]}", xlabel=f"along {'abc'[first]} (Å)")
        panel.grid(False)
    if centres:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(centres))
    if image is not None:
        figure.colorbar(image, ax=panels, aspect=30, pad=0.01, label=f"{specie} per Å²")
    return figure


def _plane(cell_A: np.ndarray, axis: int) -> tuple[int, int, np.ndarray]:
    """The other two axes, the longer one to the right, and their vectors in the plane `[2, 2]`."""
    others = [k for k in range(3) if k != axis]
    first, second = sorted(others, key=lambda k: -float(np.linalg.norm(cell_A[k])))
    right = cell_A[first] / np.linalg.norm(cell_A[first])
    along = float(cell_A[second] @ right)
    up = float(np.linalg.norm(cell_A[second] - along * right))
    return first, second, np.array([[float(np.linalg.norm(cell_A[first])), 0.0], [along, up]])


def profile_figure(
    paths: dict[str, dict[str, np.ndarray]], barriers: list[FreeEnergyBarrier], *, specie: str
) -> Figure:
    """Free energy along the path of each direction; the barrier with its error, dashed lines where not converged.

    Parameters
    ----------
    paths
        By axis, the columns of its CSV: `distance_A`, `free_energy_eV`.
    barriers
        Of the record.
    specie
        The mobile ion.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 2.3 * len(paths) + 0.5), layout="constrained")
    panels: Any = figure.subplots(len(paths), 1, squeeze=False)[:, 0]
    by_direction = {barrier.direction: barrier for barrier in barriers}
    top = max(float(path["free_energy_eV"].max()) for path in paths.values())
    for panel, colour, (axis, path) in zip(panels, series_colours(len(paths)), paths.items(), strict=True):
        barrier = by_direction[axis]
        known = barrier.barrier_eV is not None
        panel.plot(path["distance_A"], path["free_energy_eV"], color=colour, ls="-" if known else "--")
        title = f"Along {axis}, winding {_winding(barrier.winding)}"
        if barrier.barrier_eV is not None:
            value, std = barrier.barrier_eV.value, barrier.barrier_eV.std
            panel.axhspan(value - std, value + std, color=colour, alpha=0.18, lw=0)
            panel.axhline(value, color=colour, lw=0.9)
        else:
            title += ": not converged"
        panel.set(title=title, xlim=(0, path["distance_A"][-1]), ylim=(0, 1.15 * top), ylabel="F (eV)")
    panels[-1].set_xlabel(f"distance along the path of {specie} (Å)")
    return figure


def _winding(winding: tuple[int, int, int] | None) -> str:
    return "[" + " ".join(f"{n}".replace("-", "−") for n in winding or ()) + "]"
