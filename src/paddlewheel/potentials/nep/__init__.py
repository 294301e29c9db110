"""NEP, our own CPU engine for neuroevolution potentials: any `nep.txt` (NEP4, NEP3), with an extrapolation grade."""

from paddlewheel.potentials.nep.calculator import NEPCalculator
from paddlewheel.potentials.nep.domain import NEPDomain, domain_path, fit_domain, read_domain, write_domain
from paddlewheel.potentials.nep.engine import NEPEngine, NEPResult
from paddlewheel.potentials.nep.model import NEPModel, Repulsion
from paddlewheel.potentials.nep.nep_file import read_nep, write_nep

__all__ = [
    "NEPCalculator",
    "NEPDomain",
    "NEPEngine",
    "NEPModel",
    "NEPResult",
    "Repulsion",
    "domain_path",
    "fit_domain",
    "read_domain",
    "read_nep",
    "write_domain",
    "write_nep",
]
