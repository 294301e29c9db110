"""NEP, our own CPU engine for neuroevolution potentials: any `nep.txt` (NEP4, NEP3), with an extrapolation grade."""

from paddlewheel.potentials.nep.model import NEPModel, Repulsion
from paddlewheel.potentials.nep.nep_file import read_nep, write_nep

__all__ = ["NEPModel", "Repulsion", "read_nep", "write_nep"]
