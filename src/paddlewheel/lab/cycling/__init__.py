"""From the rows of a cell test to its cycles: faults found and mended, half cycles, what each passed, dQ/dV."""

from paddlewheel.lab.cycling.cell_kind import CellKind, Kind, Opening, tell_cell_kind
from paddlewheel.lab.cycling.cycles import Cycle, find_cycles, is_cut_short
from paddlewheel.lab.cycling.differential import DifferentialCapacity, differential_capacity, differential_voltage
from paddlewheel.lab.cycling.electrodes import ElectrodeSeen, seen_by
from paddlewheel.lab.cycling.faults import Fault, find_and_mend
from paddlewheel.lab.cycling.half_cycles import HalfCycle, find_half_cycles
from paddlewheel.lab.cycling.trends import Trend, robust_trend

__all__ = [
    "CellKind",
    "Cycle",
    "DifferentialCapacity",
    "ElectrodeSeen",
    "Fault",
    "HalfCycle",
    "Kind",
    "Opening",
    "Trend",
    "differential_capacity",
    "differential_voltage",
    "find_and_mend",
    "find_cycles",
    "find_half_cycles",
    "is_cut_short",
    "robust_trend",
    "seen_by",
    "tell_cell_kind",
]
