"""`neb`: barriers of single hops of an ion, which of them lead through the crystal, and a first look at many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddlewheel.errors import SettingsError
from paddlewheel.studies.neb.measure import (
    CITATIONS,
    lattice_found,
    measure_crystal,
    measure_ends,
    moved_atoms,
    void_found,
)
from paddlewheel.studies.neb.record import NebEndsRecord, NebHop, NebRecord, NebScreenRecord, ScreenRow, moved_told
from paddlewheel.studies.neb.settings import EndsInputs, NebInputs, NebSettings, ScreenInputs, open_neb
from paddlewheel.studies.neb.units import SCREEN_TASK, screen_unit
from paddlewheel.studies.simulation.potentials import potential_citations, potential_note, try_potential
from paddlewheel.study.forecast import Forecast
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study

if TYPE_CHECKING:
    from paddlewheel.execution import Unit

_BAND_STEPS, _END_STEPS = 60, 40
"""What is counted for a band and for each of its ends: they take 30 to 400 and 10 to 200, which nobody knows before."""
_STEPS_NOTE = (
    f"a band counts as {_BAND_STEPS} steps and each of its ends as {_END_STEPS}: how many they take is not known before"
)
_SCREEN_STEPS = 25
_BYTES_OF_AN_ATOM, _BYTES_OF_A_REPORT = 250, 2e6


def _crystals(inputs: NebInputs | ScreenInputs) -> tuple[NebInputs, ...]:
    return inputs.crystals if isinstance(inputs, ScreenInputs) else (inputs,)


def _tries(inputs: NebInputs | ScreenInputs | EndsInputs, settings: NebSettings) -> None:
    if isinstance(inputs, EndsInputs):
        try_potential(inputs.potential, inputs.cell, where=inputs.name)
        return
    crystals = _crystals(inputs)
    if settings.screen and len(crystals) > 1:
        return
    for crystal in crystals:
        found = _found_before(crystal, settings)
        cell = crystal.cell if found.empty is None else crystal.with_ion(found.empty[0])
        try_potential(crystal.potential, cell, where=crystal.name)
        if not found.hops.hops:
            raise SettingsError(
                f"no two sites of {crystal.specie} within {found.hops.farthest_A:g} A",
                where="farthest_A", remedy="allow longer hops",
            )  # fmt: skip


def _found_before(crystal: NebInputs, settings: NebSettings) -> Any:
    if settings.mechanism == "vacancy":
        return lattice_found(crystal.cell, crystal.specie, settings.farthest_A)
    return void_found(crystal, crystal.cell, settings.farthest_A)


def _measures(
    inputs: NebInputs | ScreenInputs | EndsInputs, settings: NebSettings, run: Run
) -> NebRecord | NebScreenRecord | NebEndsRecord:
    if isinstance(inputs, EndsInputs):
        return measure_ends(inputs, settings, run)
    if isinstance(inputs, ScreenInputs):
        return _screened(inputs, settings, run)
    return measure_crystal(inputs, settings, run)


def _screen_units(inputs: ScreenInputs, settings: NebSettings, run: Run) -> list[Unit]:
    names: dict[str, int] = {}
    units = []
    for crystal in inputs.crystals:
        names[crystal.name] = names.get(crystal.name, 0) + 1
        number = names[crystal.name]
        units.append(
            screen_unit(
                name=f"screen-{crystal.name}" + (f".{number}" if number > 1 else ""), cell=crystal.cell,
                specie=crystal.specie, repeats=crystal.repeats, farthest_A=settings.farthest_A,
                potential=crystal.potential, directory=run.folder,
            )
        )  # fmt: skip
    return units


def _screened(inputs: ScreenInputs, settings: NebSettings, run: Run) -> NebScreenRecord:
    units = _screen_units(inputs, settings, run)
    troubles = run.units(units, task=SCREEN_TASK, title="screening", here=True)
    rows = [_screen_row(crystal, unit, troubles.get(unit.name))
            for crystal, unit in zip(inputs.crystals, units, strict=True)]  # fmt: skip
    rows += [ScreenRow(structure=name, formula="", status="failed", reason=reason) for name, reason in inputs.refused]
    rows.sort(key=lambda row: (row.barrier_1D_eV is None, row.barrier_1D_eV or 0.0))
    names = sorted({crystal.potential["name"] for crystal in inputs.crystals})
    said = [potential_note(name, by_default=settings.potential is None) for name in names]
    return NebScreenRecord(
        potential=", ".join(names),
        potential_note=" ".join(note for note in said if note) or None,
        rows=rows,
        prepared=[f"{crystal.name}: {line}" for crystal in inputs.crystals for line in crystal.prepared],
        citations=[*CITATIONS, *(cited for name in names for cited in potential_citations(name))],
        warnings=[f"{row.structure}: {row.reason}" for row in rows if row.status == "failed"]
        + [f"{crystal.name}: {note}" for crystal in inputs.crystals for note in crystal.notes],
        provenance=run.provenance(potential_sha256=inputs.potential["identity"] if len(names) == 1 else None),
    )


def _screen_row(crystal: NebInputs, unit: Unit, trouble: str | None) -> ScreenRow:
    formula = crystal.cell.get_chemical_formula("metal")
    result = unit.result()
    if result is None:
        return ScreenRow(structure=crystal.name, formula=formula, status="failed", reason=trouble)
    barriers = result["barriers_eV"]
    return ScreenRow(
        structure=crystal.name,
        formula=formula,
        status="ok" if barriers else "does-not-percolate",
        reason=None if barriers else "no way through the crystal by hops that have a barrier",
        barrier_1D_eV=barriers.get("1D"),
        barrier_2D_eV=barriers.get("2D"),
        barrier_3D_eV=barriers.get("3D"),
        n_sites=result["n_sites"],
        n_hops=result["n_hops"],
        n_hops_refused=result["n_hops_refused"],
        seconds=result["seconds"],
    )


def _says(record: NebRecord | NebScreenRecord | NebEndsRecord) -> list[str]:
    if isinstance(record, NebEndsRecord):
        return [
            f"{record.structure} to {record.end}, {record.formula}, {record.n_atoms} atoms: "
            + moved_told(record.moved, n_reordered=record.n_reordered, drift_A=record.drift_A),
            *(_hop_told(hop, f"{hop.name}, {hop.length_A:.2f} A: ") for hop in record.hops),
        ]
    if isinstance(record, NebScreenRecord):
        return [
            f"{row.structure}, {row.formula}: " + (f"{row.reason}" if row.barrier_1D_eV is None else _opens_at(row))
            for row in record.rows
        ]
    lines = [
        f"{record.structure}, {record.formula}, {record.space_group}: {record.mechanism} hops of {record.specie}, "
        f"{record.n_atoms} atoms, images {record.shortest_image_distance_A:.1f} A apart"
    ]
    lines += [_hop_told(hop, f"{hop.name}, {hop.length_A:.2f} A, {hop.multiplicity} in a cell: ")
              for hop in record.hops]  # fmt: skip
    open_ways = [row for row in record.percolation if row.barrier_eV is not None]
    lines += [f"along {row.direction}: {row.barrier_eV.value:.3f} eV, over {row.bottleneck}"
              for row in open_ways if row.barrier_eV and row.direction in "abc"]  # fmt: skip
    lines += [f"{row.direction}: {row.barrier_eV.value:.3f} eV" for row in open_ways
              if row.barrier_eV and row.direction not in "abc"]  # fmt: skip
    if not open_ways:
        lines.append("no way through the crystal by hops that have a barrier")
    if record.beside is not None:
        energy = record.beside.activation_energy_eV
        lines.append(f"dynamics ({record.beside.source}, {record.beside.potential}): {energy.value:.3f} +- "
                     f"{energy.std:.3f} eV")  # fmt: skip
    return lines


def _hop_told(hop: NebHop, named: str) -> str:
    if hop.barrier_eV is None or hop.reverse_barrier_eV is None:
        return f"{named}{hop.status} ({hop.reason})"
    back = "" if hop.start == hop.to else f", back {hop.reverse_barrier_eV.value:.3f}"
    return f"{named}{hop.barrier_eV.value:.3f} +- {hop.barrier_eV.std:.3f} eV{back}"


def _opens_at(row: ScreenRow) -> str:
    by_name = (("1D", row.barrier_1D_eV), ("2D", row.barrier_2D_eV), ("3D", row.barrier_3D_eV))
    return ", ".join(f"{name} {value:.2f} eV" for name, value in by_name if value is not None)


def _forecasts(inputs: NebInputs | ScreenInputs | EndsInputs, settings: NebSettings, cores: int | None) -> Forecast:
    from paddlewheel.studies.simulation.cost import Cost

    if isinstance(inputs, EndsInputs):
        second = Cost(inputs.potential).evaluation_s([inputs.cell]) * len(inputs.cell)
        return Forecast.of_units(
            {"hop-start-end": _evaluations(settings) * second / 3600},
            cores=cores,
            inputs=(
                ("structures", f"{inputs.name} to {inputs.end} ({len(inputs.cell)} atoms)"),
                ("potential", f"{inputs.potential['name']}, {inputs.potential['dtype']}"),
                (
                    "moves",
                    moved_told(
                        moved_atoms(inputs.path), n_reordered=inputs.path.n_reordered, drift_A=inputs.path.drift_A
                    ),
                ),
            ),
            n_atoms=len(inputs.cell),
            disk_bytes=_BYTES_OF_A_REPORT + _BYTES_OF_AN_ATOM * len(inputs.cell) * (settings.images + 2),
            notes=(_STEPS_NOTE,),
        )
    hours: dict[str, float] = {}
    disk, largest = _BYTES_OF_A_REPORT, 0
    crystals = _crystals(inputs)
    cost = Cost(crystals[0].potential)
    for crystal in crystals:
        whole = crystal.cell.repeat(crystal.repeats)
        second = cost.evaluation_s([whole]) * len(whole)
        found = _found_before(crystal, settings)
        names, largest = found.names(), max(largest, len(whole))
        if settings.screen:
            evaluations = len(names) * (2 * _SCREEN_STEPS + 3 * _SCREEN_STEPS)
            hours[f"screen-{crystal.name}"] = evaluations * second / 3600
            continue
        hours |= {f"hop-{name}": _evaluations(settings) * second / 3600 for name in names}
        disk += _BYTES_OF_AN_ATOM * len(whole) * (settings.images + 2) * len(names)
    notes = [_STEPS_NOTE]
    if settings.mechanism == "interstitial":
        notes.append("empty places are as they are before an extra ion relaxes: some will merge or be dropped")
    if settings.larger is not None:
        notes.append("the larger supercell, for the hops that decide a direction, is not counted")
    return Forecast.of_units(
        hours,
        cores=cores,
        inputs=(
            ("structures", ", ".join(f"{crystal.name} ({len(crystal.cell)} atoms)" for crystal in crystals)),
            ("potential", f"{crystals[0].potential['name']}, {crystals[0].potential['dtype']}"),
            ("supercell", "x".join(map(str, crystals[0].repeats)) if len(crystals) == 1 else "each its own"),
            *(
                ("ordered", f"{crystal.name}: {note}")
                for crystal in crystals
                for note in (*crystal.notes, *crystal.prepared)
            ),
        ),
        n_atoms=largest,
        disk_bytes=disk,
        notes=tuple(notes),
    )


def _evaluations(settings: NebSettings) -> int:
    """Of one hop."""
    return 2 * _END_STEPS + settings.images * _BAND_STEPS + 42


STUDY = Study(
    command="neb",
    arguments=(
        Argument(
            name="structures",
            metavar="STRUCTURE",
            help="a built-in name (see `structures`) or a file; several with --screen, and two or more with --ends",
            many=True,
            alone=True,
            annotation="str | Path | Atoms | Sequence[str | Path | Atoms]",
        ),
    ),
    settings=NebSettings,
    record=(NebRecord, NebScreenRecord, NebEndsRecord),
    opens=open_neb,
    tries=_tries,
    measures=_measures,
    says=_says,
    failed=lambda record: (
        not (
            any(row.status != "failed" for row in record.rows)
            if isinstance(record, NebScreenRecord)
            else any(hop.barrier_eV for hop in record.hops)
        )
    ),
    forecasts=_forecasts,
    needs_directory=True,
    example="paddlewheel neb nabh4 --potential nep-nabh --out runs/neb-nabh4",
    notes="""
    The crystal is relaxed; every hop that symmetry leaves distinct is computed with a climbing image between relaxed
    ends, in a supercell without background charge: a potential knows atoms, not charges. What fails with a hop is in
    its `status`, not an error.
    """,
)
