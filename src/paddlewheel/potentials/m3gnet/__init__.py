"""M3GNet, our own engine: any matgl M3GNet checkpoint, with forces and stress from a backward pass written out."""

from paddlewheel.potentials.m3gnet.calculator import M3GNetCalculator
from paddlewheel.potentials.m3gnet.conventions import Conventions
from paddlewheel.potentials.m3gnet.model import M3GNet, M3GNetResult, System

__all__ = ["Conventions", "M3GNet", "M3GNetCalculator", "M3GNetResult", "System"]
