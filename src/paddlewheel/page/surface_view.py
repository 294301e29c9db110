"""Surfaces of a body in three dimensions: data for the viewer, and a still picture from the same side."""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.page.cell_picture import cell_box, framed, views
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.viewer import cell_view, viewer_scripts

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_LONGEST = 20.0
"""Of the body's edges, in the units of the viewer, whose lines and letters are made for cells."""
_TILT_DEG, _TURN_DEG = 25.0, -35.0


@dataclass(frozen=True, eq=False)
class Surface:
    """One surface to draw.

    Attributes
    ----------
    name, colour
        In the legend.
    vertices
        [n, 3]: x, y, z in the unit of the body's edges; at most 65,535.
    faces
        [m, 3] triangles of vertices, in mathematical order seen from outside.
    """

    name: str
    colour: str
    vertices: np.ndarray
    faces: np.ndarray


def surface_section(
    still: Drawing, surfaces: Sequence[Surface], size: Sequence[float], *, hidden: Collection[str] = ()
) -> Markup:
    """The viewer of a body with edges `size` (x, y, z), for `Section.html`; the page needs `surface_scripts`.

    Parameters
    ----------
    hidden
        Names of surfaces that are not shown at first.
    """
    edges = np.asarray(size, dtype=float)
    cell = np.diag(edges * (_LONGEST / edges.max()))
    data = {
        "symbols": [],
        "positions": [],
        "neighbours": [],
        "cell": np.round(cell, 4).tolist(),
        "colours": {},
        "radii": {},
        "views": views(cell, _view()),
        "axes": ["x", "y", "z"],
        "surfaces": [
            {"colour": surface.colour, "vertices": _packed(surface.vertices / edges * 65535),
             "faces": _packed(surface.faces)}
            for surface in surfaces
        ],
    }  # fmt: skip
    legend = [(surface.name, surface.colour, f"{len(surface.faces):,} triangles") for surface in surfaces]
    return cell_view(still, data, legend=legend, axes=("x", "y", "z"), hidden=list(hidden))


def surface_scripts() -> list[Markup]:
    """What `surface_section` needs."""
    return viewer_scripts("surfaces.js")


def surface_figure(surfaces: Sequence[Surface], size: Sequence[float]) -> Figure:
    """A still of surfaces within the box of edges `size`, far triangles behind near ones."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    view = _view()
    corners, edges = cell_box(np.diag(np.asarray(size, dtype=float)))
    frame = corners @ view.T
    margin = 0.03 * np.ptp(frame, axis=0).max()
    low, high = frame.min(axis=0) - margin, frame.max(axis=0) + margin
    figure, axes = framed(low, high, frame[edges])
    pieces, depths, colours = [np.zeros((0, 3, 2))], [np.zeros(0)], [np.zeros((0, 3))]
    for surface in surfaces:
        seen = surface.vertices[surface.faces] @ view.T
        normal = np.cross(seen[:, 1] - seen[:, 0], seen[:, 2] - seen[:, 0])
        facing = normal[:, 2] > 0
        light = 0.45 + 0.55 * normal[facing, 2] / np.linalg.norm(normal[facing], axis=1)
        pieces.append(seen[facing][:, :, :2])
        depths.append(seen[facing][:, :, 2].mean(axis=1))
        colours.append(np.array(to_rgb(surface.colour)) * light[:, None])
    order = np.argsort(np.concatenate(depths))
    shades = np.concatenate(colours)[order]
    axes.add_collection(
        PolyCollection(list(np.concatenate(pieces)[order]), facecolors=shades, edgecolors=shades, linewidths=0.2,
                       rasterized=True, zorder=1)
    )  # fmt: skip
    for name, corner in zip("xyz", np.diag(1.05 * np.asarray(size, dtype=float)) @ view.T, strict=True):
        axes.annotate(name, corner[:2], ha="center", va="center", annotation_clip=False)
    return figure


def _packed(values: np.ndarray) -> str:
    """Numbers from 0 to 65535 as base64, little endian."""
    return base64.b64encode(np.rint(values).astype("<u2").tobytes()).decode("ascii")


def _view() -> np.ndarray:
    """Rotation [3, 3] to an onlooker before the body: x to the right, z up, turned and tilted to show three faces."""
    tilt, turn = np.radians(_TILT_DEG), np.radians(_TURN_DEG)
    upright = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    about_up = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_right = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return about_right @ about_up @ upright
