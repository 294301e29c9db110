"""The stack of a cell: masses and thicknesses of its layers, layers to a target capacity, energy and resistance.

Per layer and cm2: cathode composite m_c = loading / w; capacity Q = loading * q; anode m_a = NP Q / q_a, over the
share that is no electrolyte; separator and foils by density and thickness, two foils for the first layer and some for
each further one. n = target / Q layers (not rounded: the
paper's 1.33) make the cell, E = n Q (V_cathode - V_anode) over its mass, packaging included, and its volume when
charged. Resistances: separator L / sigma; composite L tau / (3 eps sigma), the low-frequency limit of a transmission
line whose electronic rail is perfect (Euler and Nonnenmacher, Electrochim. Acta 1960, 2, 268; tau = eps sigma_0 /
sigma_eff). Neither charge transfer nor electronic resistance is in them, nor a second conductor beside
the catholyte: they are the ionic part alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from paddlewheel.lab.design.inputs import Anode, CellDesign
from paddlewheel.lab.design.thickness import ThicknessLine, composite_mg_per_cm2, thickness_line
from paddlewheel.lab.design.tomography import MACMULLIN
from paddlewheel.lab.geometry import nominal
from paddlewheel.units import ZERO_CELSIUS_K, BOLTZMANN_eV_PER_K

_Found = TypeVar("_Found")


@dataclass(frozen=True, kw_only=True)
class CellEstimate:
    """One loading with one anode.

    Attributes
    ----------
    layers
        Layers of cathode to the target capacity, not rounded.
    capacity_mAh_per_cm2
        Of one layer.
    masses_mg_per_cm2, thicknesses_um
        Of one layer's parts, by name, its share of the cell's foils among them; the anode's thickness when charged.
    cell_mass_mg_per_cm2, cell_thickness_um
        Of the whole cell, packaging in its mass.
    cell_voltage_V
        Mean, without polarization.
    energy_density_Wh_per_kg, energy_density_Wh_per_L
        Of the whole cell.
    """

    loading_mg_per_cm2: float
    anode: str
    layers: float
    capacity_mAh_per_cm2: float
    masses_mg_per_cm2: dict[str, float]
    thicknesses_um: dict[str, float]
    cell_mass_mg_per_cm2: float
    cell_thickness_um: float
    cell_voltage_V: float
    energy_density_Wh_per_kg: float
    energy_density_Wh_per_L: float


@dataclass(frozen=True, kw_only=True)
class Resistance:
    """Ionic resistances of one layer at a temperature, and the voltage that they cost at a C-rate.

    `polarization_V` is the current of the rate times the resistance; beyond a few tenths of a volt the cell cannot give
    its capacity at this rate.
    """

    loading_mg_per_cm2: float
    temperature_K: float
    separator_ohm_cm2: float
    composite_ohm_cm2: float
    polarization_V: dict[float, float]

    @property
    def total_ohm_cm2(self) -> float:
        """Of separator and composite."""
        return self.separator_ohm_cm2 + self.composite_ohm_cm2


def estimate(design: CellDesign, *, loading_mg_per_cm2: float, anode: Anode, line: ThicknessLine) -> CellEstimate:
    """The cell of a loading with an anode."""
    values = design.values()
    capacity = loading_mg_per_cm2 * values["active_capacity_mAh_per_g"] / 1000
    layers = values["target_capacity_mAh_per_cm2"] / capacity
    composite = composite_mg_per_cm2(loading_mg_per_cm2, values)
    # 1 g/cm3 by 1 um is 0.1 mg/cm2
    separator = 0.1 * values["separator_density_g_per_cm3"] * values["separator_thickness_um"]
    foils_um = _foils(values, layers) / layers * values["foil_thickness_um"]
    metal = 1000 * capacity / design.metal_capacity_mAh_per_g
    if anode.capacity_mAh_per_g is None:
        negative, charged = 0.0, metal
    else:
        active = 1000 * values["negative_to_positive"] * capacity / anode.capacity_mAh_per_g.value
        negative = active / (1 - anode.electrolyte_weight_fraction.value)
        charged = negative + metal
    foils = 0.1 * values["foil_density_g_per_cm3"] * foils_um
    masses = {"cathode composite": composite, "separator": separator, "anode": negative, "foils": foils}
    thicknesses = {
        "cathode composite": nominal(line.thickness_um(composite)),
        "separator": values["separator_thickness_um"],
        "anode, charged": 10 * charged / anode.charged_density_g_per_cm3.value,
        "foils": foils_um,
    }
    mass = layers * sum(masses.values()) / (1 - values["packaging_mass_fraction"])
    thickness = layers * sum(thicknesses.values())
    voltage = values[design.cathode_voltage] - anode.mean_potential_V.value
    energy_mWh_per_cm2 = values["target_capacity_mAh_per_cm2"] * voltage
    return CellEstimate(
        loading_mg_per_cm2=loading_mg_per_cm2,
        anode=anode.name,
        layers=layers,
        capacity_mAh_per_cm2=capacity,
        masses_mg_per_cm2=masses,
        thicknesses_um=thicknesses,
        cell_mass_mg_per_cm2=mass,
        cell_thickness_um=thickness,
        cell_voltage_V=voltage,
        energy_density_Wh_per_kg=1000 * energy_mWh_per_cm2 / mass,
        energy_density_Wh_per_L=1e4 * energy_mWh_per_cm2 / thickness,
    )


def _foils(values: Mapping[str, float], layers: float) -> float:
    """Foils of the whole cell: those of one layer, and of what is more than one."""
    return values["foils_of_first_layer"] + values["foils_per_layer"] * max(layers - 1, 0.0)


def resistance(
    design: CellDesign, *, loading_mg_per_cm2: float, temperature_K: float, line: ThicknessLine
) -> Resistance:
    """Ionic resistances of one layer, with sigma(T) T = sigma_0 T_0 exp(-Ea / k (1 / T - 1 / T_0))."""
    values = design.values()
    reference_K = values["conductivity_temperature_C"] + ZERO_CELSIUS_K
    exponent = -values["activation_energy_eV"] / BOLTZMANN_eV_PER_K * (1 / temperature_K - 1 / reference_K)
    factor = reference_K / temperature_K * math.exp(exponent)
    separator = values["separator_thickness_um"] * 1e-4 / (values["separator_conductivity_mS_per_cm"] * factor * 1e-3)
    macmullin = values.get(MACMULLIN, values["tortuosity_factor"] / values["catholyte_volume_fraction"])
    effective = values["catholyte_conductivity_mS_per_cm"] * factor * 1e-3 / macmullin
    thickness_cm = nominal(line.thickness_um(composite_mg_per_cm2(loading_mg_per_cm2, values))) * 1e-4
    composite = thickness_cm / (3 * effective)
    capacity = loading_mg_per_cm2 * values["active_capacity_mAh_per_g"] / 1000
    total = separator + composite
    return Resistance(
        loading_mg_per_cm2=loading_mg_per_cm2,
        temperature_K=temperature_K,
        separator_ohm_cm2=separator,
        composite_ohm_cm2=composite,
        polarization_V={rate: rate * capacity * 1e-3 * total for rate in design.c_rates_per_h},
    )


def sweep(design: CellDesign, *, loading_mg_per_cm2: float, anode: str) -> dict[str, tuple[CellEstimate, CellEstimate]]:
    """The cell at both ends of every swept input that changes its energy density, the others as they are."""

    def of(variant: CellDesign) -> CellEstimate:
        chosen = next(each for each in variant.anodes if each.name == anode)
        return estimate(variant, loading_mg_per_cm2=loading_mg_per_cm2, anode=chosen, line=thickness_line(variant))

    return _swept(design, of, lambda found: (found.energy_density_Wh_per_kg, found.energy_density_Wh_per_L))


def resistance_sweep(
    design: CellDesign, *, loading_mg_per_cm2: float, temperature_K: float
) -> dict[str, tuple[Resistance, Resistance]]:
    """The resistances at both ends of every swept input that changes them, the others as they are."""

    def of(variant: CellDesign) -> Resistance:
        line = thickness_line(variant)
        return resistance(variant, loading_mg_per_cm2=loading_mg_per_cm2, temperature_K=temperature_K, line=line)

    return _swept(design, of, lambda found: (found.total_ohm_cm2,))


def _swept(
    design: CellDesign, of: Callable[[CellDesign], _Found], numbers: Callable[[_Found], tuple[float, ...]]
) -> dict[str, tuple[_Found, _Found]]:
    middle = numbers(of(design))
    ends: dict[str, tuple[_Found, _Found]] = {}
    for name, assumption in design.inputs().items():
        if assumption.low is None or assumption.high is None:
            continue
        low, high = of(design.changed(name, assumption.low)), of(design.changed(name, assumption.high))
        if not all(np.allclose(numbers(end), middle, rtol=1e-9, atol=0) for end in (low, high)):
            ends[name] = (low, high)
    return ends
