"""The design model of a cell: layers, masses, thicknesses, resistances and energy densities from stated inputs."""

from paddlewheel.lab.design.inputs import Anode, Assumption, CellDesign, load_design, template
from paddlewheel.lab.design.model import CellEstimate, estimate, resistance, resistance_sweep, sweep
from paddlewheel.lab.design.thickness import (
    ThicknessLine,
    composite_mg_per_cm2,
    dense_composite_g_per_cm3,
    fit_thickness_line,
    thickness_line,
)

__all__ = [
    "Anode",
    "Assumption",
    "CellDesign",
    "CellEstimate",
    "ThicknessLine",
    "composite_mg_per_cm2",
    "dense_composite_g_per_cm3",
    "estimate",
    "fit_thickness_line",
    "load_design",
    "resistance",
    "resistance_sweep",
    "sweep",
    "template",
    "thickness_line",
]
