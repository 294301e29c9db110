"""Sites of the record from the tensors of one structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.conventions import (
    Gradient,
    Shielding,
    gradient_of,
    has_central_transition,
    quadrupole_coupling_MHz,
    second_order_shift_ppm,
    shielding_of,
)
from paddlewheel.lab.nmr.tensors.equivalence import equivalent_atoms
from paddlewheel.lab.nmr.tensors.references import Reference
from paddlewheel.lab.nmr.tensors.spectrum import SpectrumSite
from paddlewheel.studies.nmr_tensors.record import TensorSite


@dataclass(frozen=True, kw_only=True)
class StructureSites:
    """The sites of one structure, what a simulation needs of each (None without a shift), and the space group."""

    sites: list[TensorSite]
    simulated: list[SpectrumSite | None]
    space_group: str | None


def sites_of(
    tensors: AtomTensors,
    *,
    name: str,
    nuclei: Mapping[str, Isotope | None],
    references: Mapping[str, Reference],
    field_T: float,
    tolerance_A: float,
) -> StructureSites:
    """Group equivalent atoms, and tell the tensors of each group."""
    groups, space_group = equivalent_atoms(tensors, tolerance_A=tolerance_A)
    sites, simulated = [], []
    for atoms in groups:
        isotope = nuclei.get(tensors.symbols[atoms[0]])
        reference = references.get(isotope.symbol) if isotope is not None else None
        site, drawn = _site(tensors, atoms, name, isotope, reference, field_T)
        sites.append(site)
        simulated.append(drawn)
    return StructureSites(sites=sites, simulated=simulated, space_group=space_group)


def _site(
    tensors: AtomTensors, atoms: list[int], name: str, isotope: Isotope | None, reference: Reference | None,
    field_T: float,
) -> tuple[TensorSite, SpectrumSite | None]:  # fmt: skip
    told: dict[str, float | None] = {}
    shielding: Shielding | None = None
    gradient: Gradient | None = None
    if tensors.shielding_ppm is not None:
        all_shieldings = [shielding_of(tensors.shielding_ppm[atom]) for atom in atoms]
        shielding = all_shieldings[0]
        isotropic = np.array([each.isotropic_ppm for each in all_shieldings])
        told |= {
            "shielding_ppm": float(isotropic.mean()),
            "shielding_spread_ppm": float(np.ptp(isotropic) / 2),
            "shielding_zeta_ppm": _mean([each.zeta_ppm for each in all_shieldings]),
            "shielding_eta": _mean([each.eta for each in all_shieldings]),
            "span_ppm": _mean([each.span_ppm for each in all_shieldings]),
            "skew": _mean([each.skew for each in all_shieldings]),
        }
    if tensors.efg_au is not None:
        all_gradients = [gradient_of(tensors.efg_au[atom]) for atom in atoms]
        gradient = all_gradients[0]
        told["largest_gradient_au"] = _mean([each.largest_au for each in all_gradients])
        told["eta"] = _mean([each.eta for each in all_gradients])
        if isotope is not None and isotope.is_quadrupolar:
            couplings = np.array([quadrupole_coupling_MHz(each.largest_au, isotope) for each in all_gradients])
            told["cq_MHz"] = float(couplings.mean())
            told["cq_spread_MHz"] = float(np.ptp(couplings) / 2)
            if has_central_transition(isotope):
                told["second_order_shift_ppm"] = _mean(
                    [
                        second_order_shift_ppm(cq, each.eta, isotope, field_T=field_T)
                        for cq, each in zip(couplings, all_gradients, strict=True)
                    ]
                )
    simulated = None
    if shielding is not None and reference is not None:
        shift = reference.shift_ppm(told["shielding_ppm"] or 0.0)
        told["isotropic_shift_ppm"] = shift
        told["isotropic_shift_std_ppm"] = reference.shift_std_ppm(told["shielding_ppm"] or 0.0)
        if gradient is not None or not (isotope is not None and isotope.is_quadrupolar):
            told["observed_shift_ppm"] = shift + (told.get("second_order_shift_ppm") or 0.0)
        simulated = SpectrumSite(
            isotropic_shift_ppm=shift, weight=float(len(atoms)), shielding=shielding, gradient=gradient,
            slope=reference.slope,
        )  # fmt: skip
    site = TensorSite(
        structure=name,
        element=tensors.symbols[atoms[0]],
        nucleus=None if isotope is None else isotope.symbol,
        index=atoms[0] + 1,
        label=tensors.labels[atoms[0]],
        multiplicity=len(atoms),
        atoms=[atom + 1 for atom in atoms],
        **told,
    )
    return site, simulated


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
