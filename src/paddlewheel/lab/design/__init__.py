"""The design model of a cell: layers, masses, thicknesses, resistances and energy densities from stated inputs."""

from paddlewheel.lab.design.inputs import Anode, Assumption, CellDesign, load_design, template
from paddlewheel.lab.design.model import CellEstimate, estimate, sweep
from paddlewheel.lab.design.thickness import ThicknessLine, fit_thickness_line

__all__ = [
    "Anode",
    "Assumption",
    "CellDesign",
    "CellEstimate",
    "ThicknessLine",
    "estimate",
    "fit_thickness_line",
    "load_design",
    "sweep",
    "template",
]
