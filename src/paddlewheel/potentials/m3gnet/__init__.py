"""M3GNet, our own engine: any matgl M3GNet checkpoint, with forces and stress from a backward pass written out.

The only engine that needs torch, which the extra `m3gnet` installs.
"""

import importlib.util

from paddlewheel.errors import PotentialError

if importlib.util.find_spec("torch") is None:
    raise PotentialError(
        "M3GNet needs torch, which is not installed",
        remedy="pip install 'paddlewheel[m3gnet]' --extra-index-url https://download.pytorch.org/whl/cpu (the CPU's "
        "wheels; without the index, torch for CUDA, which is larger)",
    )

from paddlewheel.potentials.m3gnet.calculator import M3GNetCalculator
from paddlewheel.potentials.m3gnet.conventions import Conventions
from paddlewheel.potentials.m3gnet.model import M3GNet, M3GNetResult, System

__all__ = ["Conventions", "M3GNet", "M3GNetCalculator", "M3GNetResult", "System"]
