"""The report of `phonons`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paddlewheel.crystals.supercell import repeats_text
from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, kelvin, measured, percent, plain
from paddlewheel.page.page import Number, Page, Section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures
from paddlewheel.records.tables import Beside
from paddlewheel.studies.phonons.figures import bands_figure, convergence_figure, quasi_harmonic_figure, thermal_figure
from paddlewheel.studies.phonons.record import PhononRecord, ThermalRow
from paddlewheel.units import BOLTZMANN_eV_PER_K, KJ_PER_MOL_IN_eV

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WORDS = {
    "ok": "is stable against every small displacement",
    "imaginary": "has imaginary modes: it is no minimum of this potential",
    "not-converged": "is not converged: its free energy still moves with the supercell, the displacement or the mesh",
    "not-relaxed": "is not fully relaxed: the potential's surface is too rough for it",
    "left-symmetry": "has less symmetry than it came with",
}
_STATIC_WORDS = {
    "ok": "a static energy, no vibrations",
    "not-relaxed": "not fully, the potential's surface is too rough for it",
    "left-symmetry": "it has less symmetry than it came with",
}
_IN_J_PER_MOL_K = 1000 / KJ_PER_MOL_IN_eV


def figures(record: PhononRecord, beside: Beside) -> Figures:
    """The figures of the report; none where there are no numbers."""
    if not record.thermal:
        return {}
    tables = {name: beside.columns(record.files[name]) for name in ("bands", "dos", "thermal")}
    drawn: dict[str, tuple[Figure, str]] = {
        "bands": (
            bands_figure(record, tables["bands"], tables["dos"]),
            f"Phonon bands of {record.formula}, and its density of states by element.",
        ),
        "thermal": (thermal_figure(record, tables["thermal"]), "Free energy, entropy and heat capacity against T."),
    }
    if record.convergence is not None and len(record.convergence.supercells) > 1:
        drawn["convergence"] = (
            convergence_figure(record.convergence), "Free energy at 300 K against supercell and displacement."
        )  # fmt: skip
    if record.quasi_harmonic is not None:
        drawn["quasi-harmonic"] = (
            quasi_harmonic_figure(record.quasi_harmonic), "Volume, expansion and heat capacity against temperature."
        )  # fmt: skip
    return drawn


def page(record: PhononRecord, _beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    told = bool(record.thermal)
    if record.static and record.static_energy_eV_per_atom is not None:
        headline = f"{record.formula} ({record.space_group}), relaxed alone: {_STATIC_WORDS[record.status]}"
    elif told:
        headline = f"{record.formula} ({record.space_group}) {_WORDS[record.status]}"
    else:
        headline = f"No phonons of {record.formula}: {record.reason}"
    sections = [
        section
        for section in (
            _band_section(record, drawings), _thermal_section(record, drawings), _convergence_section(record, drawings),
            _quasi_section(record, drawings),
        )
        if section is not None
    ]  # fmt: skip
    return Page(
        eyebrow="phonons",
        title=f"Phonons of {record.structure}",
        facts=_facts(record),
        headline=headline,
        tone="good" if record.status == "ok" else "none",
        numbers=_numbers(record),
        warnings=record.warnings,
        sections=sections,
        citations=record.citations,
        provenance=record.provenance,
        n_series=4,
    )


def _facts(record: PhononRecord) -> list[tuple[str, str]]:
    functional = f" ({record.functional})" if record.functional else ""
    told = [
        ("Material", record.formula),
        ("Space group", f"{record.space_group or ABSENT}, came as {record.space_group_start}"),
        ("Potential", f"{record.potential}{functional}"),
    ]
    if record.volume_A3_per_atom is not None:
        told.append(("Volume", f"{plain(record.volume_A3_per_atom, 4)} Å³/atom, {record.density_g_per_cm3:.3f} g/cm³"))
    if record.largest_force_eV_per_A is not None:
        told.append(("Largest force left", f"{plain(record.largest_force_eV_per_A, 2)} eV/Å"))
    return told


def _numbers(record: PhononRecord) -> list[Number]:
    numbers = []
    near = min(record.thermal, key=lambda row: abs(row.temperature_K - 300.0)) if record.thermal else None
    if near is not None:
        at = kelvin(near.temperature_K)
        numbers.append(
            Number(
                name=f"Vibrational free energy, {at}", value=measured(near.free_energy_eV_per_atom), unit="eV/atom",
                note="zero-point energy included",
            )
        )  # fmt: skip
        entropy = near.entropy_eV_per_K_per_atom.value * _IN_J_PER_MOL_K
        numbers.append(Number(name=f"Entropy, {at}", value=plain(entropy, 4), unit="J/(mol K) of atoms"))
    if record.zero_point_eV_per_atom is not None:
        numbers.append(Number(name="Zero-point energy", value=plain(record.zero_point_eV_per_atom, 4), unit="eV/atom"))
    if record.static_energy_eV_per_atom is not None:
        energy = plain(record.static_energy_eV_per_atom, 6)
        numbers.append(Number(name="Static energy", value=energy, unit="eV/atom", note="on the potential's own scale"))
    return numbers


def _band_section(record: PhononRecord, drawings: dict[str, Drawing]) -> Section | None:
    if "bands" not in drawings:
        return None
    paragraphs = [
        "Imaginary frequencies are drawn below zero. "
        + (
            "Born charges are given: longitudinal optical modes lie above the transverse ones, and each line ends in "
            "the modes as Γ is reached along it."
            if record.provenance.settings.get("born")
            else "No long-range dipole term (Born charges) is added: longitudinal and transverse modes meet at Γ."
        )
    ]
    tables = []
    if record.imaginary is not None:
        paragraphs.append(
            f"{_percent_of_modes(record.imaginary.share_of_modes)} of the modes are imaginary, down to "
            f"{record.imaginary.lowest_THz:.2f} THz. The rows below take them as real, with |ω|; left out, each would "
            "lose its share of the free energy. Half the difference is in the uncertainty."
        )
        tables.append(_imaginary_table(record))
    caption = "Bands along the special points of the lattice (left), modes per 1/cm and atom (right)."
    return Section(
        id="bands", title="Bands and density of states", paragraphs=paragraphs,
        drawings=[(drawings["bands"], caption)], tables=tables,
    )  # fmt: skip


def _percent_of_modes(share: float) -> str:
    """A share of modes in per cent, small ones with two figures."""
    return f"{100 * share:.2g} %" if share < 0.1 else percent(share)


def _imaginary_table(record: PhononRecord) -> Table:
    table = Table(
        "Vibrational free energy by the treatment of the imaginary modes",
        [("Temperature", ""), ("Left out", "eV/atom"), ("As real", "eV/atom"), ("Difference", "meV/atom")],
    )
    for row in record.imaginary.effect if record.imaginary else ():
        difference = (row.as_real_eV_per_atom - row.left_out_eV_per_atom) * 1000
        table.rows.append(
            [
                Cell(kelvin(row.temperature_K)),
                Cell(plain(row.left_out_eV_per_atom, 5)),
                Cell(plain(row.as_real_eV_per_atom, 5)),
                Cell(f"{difference:+.2f}"),
            ]
        )
    return table


def _thermal_section(record: PhononRecord, drawings: dict[str, Drawing]) -> Section | None:
    if "thermal" not in drawings:
        return None
    table = Table(
        "Thermal functions at the fixed volume of the static minimum, without the static energy",
        [
            ("Temperature", ""), ("Free energy", "eV/atom"), ("Entropy", "meV/(K atom)"), ("Entropy", "J/(mol K)"),
            ("Heat capacity", "k per atom"),
        ],
    )  # fmt: skip
    table.rows.extend(_thermal_cells(row) for row in record.thermal)
    return Section(
        id="thermal",
        title="Thermal functions",
        paragraphs=[
            "Sums over harmonic modes, zero-point energy included (eq. 1 of Oh et al., "
            "doi 10.1016/j.joule.2025.102130). The paper prints the last term of the entropy (eq. 2) with a minus; it "
            "is a plus here, as S = −dF/dT requires. ± is what supercell, displacement, mesh and imaginary modes leave "
            "open; the error of the potential is not in it."
        ],
        drawings=[(drawings["thermal"], "Dots: the rows of the table. Dashed: 3 k per atom (Dulong and Petit).")],
        tables=[table],
    )


def _thermal_cells(row: ThermalRow) -> list[Cell]:
    entropy, capacity = row.entropy_eV_per_K_per_atom, row.heat_capacity_eV_per_K_per_atom
    return [
        Cell(kelvin(row.temperature_K)),
        Cell(measured(row.free_energy_eV_per_atom)),
        Cell(plain(entropy.value * 1000, 4)),
        Cell(plain(entropy.value * _IN_J_PER_MOL_K, 4)),
        Cell(plain(capacity.value / BOLTZMANN_eV_PER_K, 4)),
    ]


def _convergence_section(record: PhononRecord, drawings: dict[str, Drawing]) -> Section | None:
    found = record.convergence
    if found is None:
        return None
    table = Table(
        "Free energy at 300 K of each supercell and displacement",
        [
            ("Supercell", ""), ("Atoms", ""), ("Displacements", ""), ("Length", "Å"), ("Free energy", "eV/atom"),
            ("Difference", "meV/atom"),
        ],
    )  # fmt: skip
    for point in [*found.supercells, *found.displacements]:
        table.rows.append(
            [
                Cell(repeats_text(point.repeats).replace("x", "×")),
                Cell(str(point.n_atoms)),
                Cell(str(point.n_displacements)),
                Cell(plain(point.displacement_A, 2)),
                Cell(f"{point.free_energy_eV_per_atom:.5f}"),
                Cell(f"{point.difference_meV_per_atom:+.3f}"),
            ]
        )
    judged = {True: "met", False: "not met", None: "not judged: there is one supercell only"}[found.converged]
    text = (
        f"Differences are from the last supercell, those of the displacements from the first. A finer mesh of wave "
        f"vectors changes the free energy by {found.mesh_difference_meV_per_atom:+.3f} meV/atom. The tolerance of "
        f"{found.tolerance_meV_per_atom:g} meV/atom is {judged}."
    )
    shown = [(drawings["convergence"], "Shaded: the tolerance.")] if "convergence" in drawings else []
    return Section(id="convergence", title="Convergence", paragraphs=[text], drawings=shown, tables=[table])


def _quasi_section(record: PhononRecord, drawings: dict[str, Drawing]) -> Section | None:
    found = record.quasi_harmonic
    if found is None:
        return None
    table = Table(
        "At zero pressure",
        [
            ("Temperature", ""), ("Gibbs energy", "eV/atom"), ("Volume", "Å³/atom"), ("Expansion", "10⁻⁶/K"),
            ("Bulk modulus", "GPa"), ("Cp", "k per atom"),
        ],
    )  # fmt: skip
    for row in found.rows:
        table.rows.append(
            [
                Cell(kelvin(row.temperature_K)),
                Cell(f"{row.gibbs_energy_eV_per_atom:.5f}"),
                Cell(plain(row.volume_A3_per_atom, 5)),
                Cell(plain(row.thermal_expansion_per_K * 1e6, 3)),
                Cell(plain(row.bulk_modulus_GPa, 3)),
                Cell(plain(row.heat_capacity_eV_per_K_per_atom / BOLTZMANN_eV_PER_K, 4)),
            ]
        )
    return Section(
        id="quasi-harmonic",
        title="Quasi-harmonic: the volume follows the temperature",
        paragraphs=[
            "The free energy at each of the volumes, static energy included, fitted by Vinet's equation of state "
            "(phonopy) and minimized at each temperature. " + found.note
        ],
        drawings=[(drawings["quasi-harmonic"], "What the minimum of F(V, T) does with temperature.")],
        tables=[table],
    )
