"""A cell to turn: 3Dmol.js in the page itself, over a still picture that stays where scripts or WebGL are absent."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.page import HERE, asset_script, environment, json_for_script

if TYPE_CHECKING:
    from markupsafe import Markup


def cell_view(
    still: Drawing,
    data: Mapping[str, Any],
    *,
    legend: Sequence[tuple[str, str, str]],
    level_start: int | None = None,
    axes: tuple[str, str, str] = ("a", "b", "c"),
    hidden: Collection[str] | None = None,
) -> Markup:
    """The stage of the viewer, for `Section.html`; the page's `scripts` must be `viewer_scripts`.

    Parameters
    ----------
    still
        The picture that `cell_picture.cell_figure` or the like drew.
    data
        `CellPicture.viewer_data()`, and what further scripts need.
    legend
        Name, colour and count (or nothing) of what is drawn.
    level_start
        Where a slider for the level of a density starts, 0 to 1000; without it there is no slider.
    axes
        What the three edges are called.
    hidden
        Names of the legend that are not shown at first, where a reader shows and hides each (`surfaces.js`).
    """
    from markupsafe import Markup

    return Markup(
        environment()
        .get_template("cell_view.html.j2")
        .render(
            still=f"data:image/png;base64,{base64.b64encode(still.png.read_bytes()).decode()}",
            alt=still.alt,
            legend=legend,
            level_start=level_start,
            axes=list(zip("abc", axes, strict=True)),
            hidden=hidden,
            data=json_for_script(dict(data)),
        )
    )


def viewer_scripts(*more: str) -> list[Markup]:
    """3Dmol.js with its licence, the viewer, and the scripts `assets/more` that draw into it."""
    from markupsafe import Markup

    licence = (HERE / "assets" / "3Dmol-LICENSE.txt").read_text(encoding="utf-8").replace("*/", "* /")
    library = (HERE / "assets" / "3Dmol-min.js").read_text(encoding="utf-8")
    return [Markup(f"/*\n{licence}*/\n{library}"), *map(asset_script, ("viewer.js", *more))]
