"""Potentials: named ones with their files, our own M3GNet and NEP engines, and adapters to any ASE calculator."""

from paddlewheel.potentials.card import PotentialCard, PotentialFile
from paddlewheel.potentials.registry import (
    check_elements,
    default_potential,
    describe_potential,
    fetch_potential,
    identify_potential,
    is_at_hand,
    is_installed,
    list_potentials,
    load_potential,
    plain_name,
)

__all__ = [
    "PotentialCard",
    "PotentialFile",
    "check_elements",
    "default_potential",
    "describe_potential",
    "fetch_potential",
    "identify_potential",
    "is_at_hand",
    "is_installed",
    "list_potentials",
    "load_potential",
    "plain_name",
]
