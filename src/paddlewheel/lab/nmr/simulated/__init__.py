"""Measurements with known truth: what no public file has. Nothing here is shared with what reads or fits them."""

from paddlewheel.lab.nmr.simulated.exchange import ExchangeTruth, simulate_exchange
from paddlewheel.lab.nmr.simulated.files import bruker_files, csdm_text
from paddlewheel.lab.nmr.simulated.flaws import Flaws
from paddlewheel.lab.nmr.simulated.recovery import (
    RelaxationTruth,
    magnetization,
    simulate_recoveries,
    simulate_recovery,
)
from paddlewheel.lab.nmr.simulated.spinning import Observation, Site, borohydride_sites, simulate_spectrum

__all__ = [
    "ExchangeTruth",
    "Flaws",
    "Observation",
    "RelaxationTruth",
    "Site",
    "borohydride_sites",
    "bruker_files",
    "csdm_text",
    "magnetization",
    "simulate_exchange",
    "simulate_recoveries",
    "simulate_recovery",
    "simulate_spectrum",
]
