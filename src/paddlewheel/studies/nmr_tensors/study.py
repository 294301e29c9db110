"""`nmr tensors`: calculated shielding and field gradient tensors to shifts, couplings and spectra; inputs for more."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import read_structure
from paddlewheel.errors import DataError, InputError, SettingsError
from paddlewheel.execution.scratch import scratch_folder
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.firstprinciples.submission import submit_script
from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.elk_run import find_elk, run_elk
from paddlewheel.lab.nmr.tensors.inputs import CASTEP_MAGRES, castep_cell, castep_param, elk_input
from paddlewheel.lab.nmr.tensors.nuclei import chosen_nuclei, element_of
from paddlewheel.lab.nmr.tensors.readers import read_tensors
from paddlewheel.lab.nmr.tensors.references import Reference, fit_reference
from paddlewheel.lab.nmr.tensors.spectrum import SpectrumSite, simulate_spectra
from paddlewheel.records import Citation
from paddlewheel.studies.nmr_tensors.measured import Measured1D, read_measured
from paddlewheel.studies.nmr_tensors.motion import averaged, check_charges, factors
from paddlewheel.studies.nmr_tensors.record import (
    ATOMS,
    AVERAGES,
    MEASURED,
    MeasuredSpectrum,
    MotionalCoupling,
    NmrTensorsRecord,
    TensorReference,
    TensorSite,
    TensorStructure,
    spectrum_table,
)
from paddlewheel.studies.nmr_tensors.settings import NmrTensorsSettings
from paddlewheel.studies.nmr_tensors.sites import StructureSites, sites_of
from paddlewheel.study.run import Run
from paddlewheel.study.study import Argument, Study
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

_MOST_TOLD = 24
_USUAL_FIELD_T, _USUAL_SPINNING_HZ = 9.4, 20_000.0
_CITATIONS = (
    Citation(
        what="conventions of shielding (span, skew, Haeberlen)",
        reference="Mason, Solid State Nucl. Magn. Reson. 2, 285 (1993)",
        doi="10.1016/0926-2040(93)90010-K",
    ),
    Citation(
        what="shielding by GIPAW",
        reference="Pickard, Mauri, Phys. Rev. B 63, 245101 (2001)",
        doi="10.1103/PhysRevB.63.245101",
    ),
    Citation(
        what="second-order shift of the central transition",
        reference="Samoson, Chem. Phys. Lett. 119, 29 (1985)",
        doi="10.1016/0009-2614(85)85431-8",
    ),
    Citation(
        what="quadrupole moments",
        reference="Pyykkö, Mol. Phys. 106, 1965 (2008)",
        doi="10.1080/00268970802018367",
    ),
)
_MRSIMULATOR = Citation(
    what="simulated spectra", reference="Giammar et al., J. Chem. Phys. 161, 212501 (2024)", doi="10.1063/5.0231166"
)

_STERNHEIMER = Citation(
    what="field gradients of point charges",
    reference="Sternheimer, Phys. Rev. 84, 244 (1951)",
    doi="10.1103/PhysRev.84.244",
)

TENSOR_FILES = Argument(
    name="files",
    metavar="FILE...",
    help=".magres, OUTCAR, output of gipaw.x, EFG.OUT; structures with --write or --run",
    many=True,
)


@dataclass(frozen=True, kw_only=True)
class TensorInputs:
    """Tensors or structures, by name, with what decides the result."""

    tensors: dict[str, AtomTensors] = field(default_factory=dict)
    structures: dict[str, Atoms] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    nuclei: dict[str, Isotope | None] = field(default_factory=dict)
    measured: Measured1D | None = None
    trajectory: Trajectory | None = None
    field_T: float
    spinning_Hz: float

    def document(self) -> dict[str, Any]:
        """The files by their content, the nucleus of each element, and the conditions that count."""
        return {
            "field_T": self.field_T,
            "spinning_Hz": self.spinning_Hz,
            "inputs": self.digests,
            "nucleus_of": {element: each.symbol if each else None for element, each in self.nuclei.items()},
        }


def _opens(files: Sequence[str | Path] | str | Path, settings: NmrTensorsSettings) -> TensorInputs:
    given = [files] if isinstance(files, str | Path) else list(files)
    references = _references(settings)
    measured = None if settings.beside is None else read_measured(settings.beside)
    conditions: dict[str, Any] = {
        "references": references,
        "measured": measured,
        "field_T": settings.field_T or (_USUAL_FIELD_T if measured is None else measured.field_T),
        "spinning_Hz": _spinning_Hz(settings, measured),
    }
    if settings.write is not None or settings.run is not None:
        if settings.run is not None:
            find_elk()
        structures = {_name(each, given): read_structure(each) for each in given}
        elements = sorted({symbol for atoms in structures.values() for symbol in atoms.get_chemical_symbols()})
        return TensorInputs(
            structures=structures,
            digests={name: _digest_of_atoms(atoms) for name, atoms in structures.items()},
            nuclei=_nuclei(elements, settings),
            **conditions,
        )
    given = [file for each in given for file in _files_of(each)]
    read = {_name(each, given): read_tensors(each) for each in given}
    digests = {_name(each, given): hashlib.sha256(Path(each).read_bytes()).hexdigest() for each in given}
    tensors = _joined(read)
    if settings.structure is not None:
        atoms = read_structure(settings.structure)
        digests["structure"] = _digest_of_atoms(atoms)
        tensors = {
            name: each.on_structure(tuple(atoms.get_chemical_symbols()), atoms.positions, atoms.cell.array)
            for name, each in tensors.items()
        }
    elements = sorted({symbol for each in tensors.values() for symbol in each.symbols})
    if measured is not None:
        _check_measured(measured, tensors, references)
        digests["beside"] = measured.sha256
    if settings.trajectory is not None:
        conditions["trajectory"] = _trajectory(settings)
        digests["trajectory"] = _digest_of_trajectory(conditions["trajectory"])
    return TensorInputs(tensors=tensors, digests=digests, nuclei=_nuclei(elements, settings), **conditions)


def _files_of(given: str | Path) -> list[str | Path]:
    """A file, or those that CASTEP left in the folders of a directory that --write castep wrote."""
    if not Path(given).is_dir():
        return [given]
    found: list[str | Path] = [*sorted(Path(given).glob("*.magres")), *sorted(Path(given).glob("*/*.magres"))]
    if not found:
        raise DataError("holds no .magres", where=given, remedy="run CASTEP there (submit.sh), or give files")
    return found


def _trajectory(settings: NmrTensorsSettings) -> Trajectory:
    assert settings.trajectory is not None
    if settings.write is not None or settings.run is not None:
        raise SettingsError("has no effect with --write or --run", where="trajectory", remedy="give files of tensors")
    if not settings.charges:
        raise SettingsError("not given", where="charges", remedy="give those of all elements, as Na=1,B=-0.2,H=-0.2")
    trajectory = read_trajectory(settings.trajectory, frame_interval_fs=settings.frame_interval_fs)
    check_charges(settings.charges, trajectory.symbols, where=Path(settings.trajectory).name)
    return trajectory


def _digest_of_trajectory(trajectory: Trajectory) -> str:
    """Of its atoms and all positions."""
    found = hashlib.sha256(repr((trajectory.symbols, trajectory.n_frames)).encode())
    for block in trajectory.blocks():
        found.update(np.round(block.positions_A, 4).astype(np.float32).tobytes())
    return found.hexdigest()


def _check_measured(
    measured: Measured1D, tensors: Mapping[str, AtomTensors], references: Mapping[str, Reference]
) -> None:
    element = element_of(measured.nucleus)
    if not any(element in each.symbols and each.shielding_ppm is not None for each in tensors.values()):
        raise SettingsError(
            f"{measured.name} is of {measured.nucleus}, of which there is no shielding", where="beside",
            remedy="give a measurement of a nucleus of the structure",
        )  # fmt: skip
    if measured.nucleus not in references:
        raise SettingsError(
            f"{measured.name} is of {measured.nucleus}, which has no reference", where="beside",
            remedy=f"give --reference {measured.nucleus}=OFFSET",
        )  # fmt: skip


def _spinning_Hz(settings: NmrTensorsSettings, measured: Measured1D | None) -> float:
    if settings.spinning_Hz is not None:
        return settings.spinning_Hz
    return _USUAL_SPINNING_HZ if measured is None or measured.spinning_Hz is None else measured.spinning_Hz


def _name(path: str | Path, given: Sequence[str | Path]) -> str:
    """The name of a file, with its folder where two have one name."""
    same = [each for each in given if Path(each).name == Path(path).name]
    return Path(path).name if len(same) == 1 else str(path)


def _digest_of_atoms(atoms: Atoms) -> str:
    content = (
        atoms.get_chemical_symbols(),
        np.round(atoms.cell.array, 9).tolist(),
        np.round(atoms.positions, 9).tolist(),
    )
    return hashlib.sha256(repr(content).encode()).hexdigest()


def _joined(read: Mapping[str, AtomTensors]) -> dict[str, AtomTensors]:
    """The structures, two files of one structure made one where each has what the other lacks."""
    found: dict[str, AtomTensors] = {}
    for name, each in read.items():
        partner = next((other for other, known in found.items() if known.joined(each) is not None), None)
        whole = found[partner].joined(each) if partner is not None else None
        if partner is not None and whole is not None:
            del found[partner]
            found[f"{partner} + {name}"] = whole
        else:
            found[name] = each
    return found


def _references(settings: NmrTensorsSettings) -> dict[str, Reference]:
    given = settings.reference or {}
    fitted = settings.calibration or {}
    both = sorted(set(given) & set(fitted))
    if both:
        raise SettingsError(
            f"{both[0]} has a reference and a calibration", where="calibration", remedy="give one of them"
        )
    lines = {nucleus: Reference(offset_ppm=offset, slope=slope) for nucleus, (offset, slope) in given.items()}
    for nucleus, (_, slope) in given.items():
        if slope >= 0:
            raise SettingsError(
                f"the slope of {nucleus} is {slope:g}", where="reference",
                remedy="give a negative one, as 23Na=550,-0.9: a shift falls where the shielding rises",
            )  # fmt: skip
    return lines | {nucleus: fit_reference(pairs, nucleus=nucleus) for nucleus, pairs in fitted.items()}


def _nuclei(elements: Sequence[str], settings: NmrTensorsSettings) -> dict[str, Isotope | None]:
    named = {
        "nuclei": settings.nuclei,
        "reference": settings.reference or (),
        "calibration": settings.calibration or (),
    }
    return chosen_nuclei(elements, {setting: tuple(symbols) for setting, symbols in named.items()})


def _measures(inputs: TensorInputs, settings: NmrTensorsSettings, run: Run) -> NmrTensorsRecord:
    if settings.write is not None:
        return _written(inputs, settings, run)
    tensors = inputs.tensors or {
        name: _calculated(name, atoms, settings, run) for name, atoms in inputs.structures.items()
    }
    warnings = [f"{name}: {warning}" for name, each in tensors.items() for warning in each.warnings]
    found = {
        name: sites_of(
            each, name=name, nuclei=inputs.nuclei, references=inputs.references, field_T=inputs.field_T,
            tolerance_A=settings.symmetry_tolerance_A,
        )
        for name, each in tensors.items()
    }  # fmt: skip
    files = {"atoms": _keep_atoms(tensors, run)}
    spectra, more = _spectra(found, inputs, settings, run)
    notes = _notes(tensors, found, inputs)
    measured = None
    if inputs.measured is not None and inputs.measured.nucleus in spectra:
        measured = _measured_row(inputs.measured, run)
        files["measured"] = MEASURED
        warnings += [f"{inputs.measured.name}: {warning}" for warning in inputs.measured.warnings]
    motion, told = _motion(tensors, inputs, settings, run)
    if motion:
        files["averages"] = AVERAGES
    return NmrTensorsRecord(
        structures=[
            TensorStructure(
                name=name, formula=each.formula, n_atoms=len(each.symbols), code=each.code,
                space_group=found[name].space_group,
            )
            for name, each in tensors.items()
        ],
        references=_reference_rows(inputs.references),
        sites=[site for each in found.values() for site in each.sites],
        spectra=list(spectra),
        measured=measured,
        motion=motion,
        notes=[*notes, *more, *told],
        warnings=warnings,
        files=files | spectra,
        citations=[*_CITATIONS, *([_MRSIMULATOR] if spectra else []), *([_STERNHEIMER] if motion else [])],
        **_conditions(inputs, settings),
        provenance=run.provenance(),
    )  # fmt: skip


def _motion(
    tensors: Mapping[str, AtomTensors], inputs: TensorInputs, settings: NmrTensorsSettings, run: Run
) -> tuple[list[MotionalCoupling], list[str]]:
    """Averages over the trajectory, by element, and what is said of elements that have none."""
    if inputs.trajectory is None or settings.charges is None:
        return [], []
    factor, notes = factors(tensors, settings.charges, settings.sternheimer or {}, inputs.nuclei)
    factor = {
        element: each
        for element, each in factor.items()
        if (isotope := inputs.nuclei.get(element)) is not None and isotope.is_quadrupolar
    }
    found = averaged(
        inputs.trajectory, charges=settings.charges, factor=factor, nuclei=inputs.nuclei, most_frames=settings.frames
    )
    if not found:
        return [], [*notes, "no average: no element of the trajectory has a factor"]
    elements = np.concatenate([np.full(each.row.n_atoms, element) for element, each in found.items()])
    names = next(iter(found.values())).columns
    columns = {name: np.concatenate([each.columns[name] for each in found.values()]) for name in names}
    run.table(AVERAGES, {"element": elements, **columns})
    return [each.row for each in found.values()], notes


def _measured_row(measured: Measured1D, run: Run) -> MeasuredSpectrum:
    """The measured spectrum of the record, its numbers kept beside it, and where the simulated one is highest."""
    run.table(MEASURED, {"shift_ppm": measured.shift_ppm, "intensity": measured.intensity})
    simulated = run.beside.columns(spectrum_table(measured.nucleus))
    return MeasuredSpectrum(
        name=measured.name, nucleus=measured.nucleus, field_T=measured.field_T, spinning_Hz=measured.spinning_Hz,
        highest_ppm=measured.highest_ppm,
        simulated_highest_ppm=float(simulated["shift_ppm"][int(np.argmax(simulated["total"]))]),
    )  # fmt: skip


def _conditions(inputs: TensorInputs, settings: NmrTensorsSettings) -> dict[str, Any]:
    return {"field_T": inputs.field_T, "spinning_Hz": inputs.spinning_Hz, "line_width_Hz": settings.line_width_Hz}


def _written(inputs: TensorInputs, settings: NmrTensorsSettings, run: Run) -> NmrTensorsRecord:
    if run.directory is None:
        raise SettingsError("no folder to write to", where="write", remedy="give --out DIR")
    written, stems = [], _stems(inputs.structures)
    for atoms, stem in zip(inputs.structures.values(), stems, strict=True):
        folder = Path(stem if len(inputs.structures) > 1 else ".")
        if settings.write == "castep":
            cell = castep_cell(atoms, spacing_per_A=settings.spacing_per_A())
            param = castep_param(cutoff_eV=settings.cutoff_eV, functional=settings.functional)
            written.append(run.text((folder / f"{stem}.cell").as_posix(), cell))
            written.append(run.text((folder / f"{stem}.param").as_posix(), param))
        else:
            written.append(run.text((folder / "elk.in").as_posix(), _elk_in(atoms, settings, _ELK_SPECIES)))
    if settings.write == "castep" and len(inputs.structures) > 1:
        written.append(run.text("frames.txt", "".join(f"{stem}\n" for stem in stems)))
        written.append(run.text("submit.sh", submit_script(CASTEP_MAGRES, len(stems))))
    return NmrTensorsRecord(
        structures=[
            TensorStructure(
                name=name, formula=atoms.get_chemical_formula("metal"), n_atoms=len(atoms), code=str(settings.write),
                space_group=None,
            )
            for name, atoms in inputs.structures.items()
        ],
        references=[], sites=[], written=written, notes=[], files={}, **_conditions(inputs, settings),
        provenance=run.provenance(),
    )  # fmt: skip


def _stems(names: Iterable[str]) -> list[str]:
    """What the inputs of the structures are called: by their files, with a number where two have one stem."""
    stems = [Path(name).stem for name in names]
    return [f"{stem}-{place}" if stems.count(stem) > 1 else stem for place, stem in enumerate(stems, start=1)]


_ELK_SPECIES = "/usr/share/elk-lapw/species"
"""Where Debian puts them: what is written for another machine."""


def _elk_in(atoms: Atoms, settings: NmrTensorsSettings, species_path: str) -> str:
    return elk_input(
        atoms, spacing_per_A=settings.spacing_per_A(), functional=settings.functional, species_path=species_path
    )


def _calculated(name: str, atoms: Atoms, settings: NmrTensorsSettings, run: Run) -> AtomTensors:
    """Field gradients of a structure by Elk, in the order of its atoms; what Elk wrote is kept in the run directory."""
    program, species_path = find_elk()
    symmetric = _symmetrized(atoms, settings.symmetry_tolerance_A)
    text = _elk_in(symmetric, settings, species_path)
    with scratch_folder() as work:
        (work / "elk.in").write_text(text, encoding="utf-8")
        cores = run.cores or len(os.sched_getaffinity(0))
        result = run_elk(work, program=program, cores=cores, stop_if_requested=stop_if_requested)
        found = read_tensors(result)
        for kept in ("elk.in", "EFG.OUT", "GEOMETRY.OUT", "INFO.OUT"):
            run.text((Path("elk") / Path(name).stem / kept).as_posix(), (work / kept).read_bytes())
    symbols = atoms.get_chemical_symbols()
    order = [k for element in dict.fromkeys(symbols) for k, symbol in enumerate(symbols) if symbol == element]
    back = np.argsort(order)
    assert found.efg_au is not None
    return replace(
        found, symbols=tuple(symbols), labels=tuple(found.labels[k] for k in back), efg_au=found.efg_au[back],
        positions_A=symmetric.positions, cell_A=symmetric.cell.array,
    )  # fmt: skip


def _symmetrized(atoms: Atoms, tolerance_A: float) -> Atoms:
    """The structure with its space group made exact: rounding would cost Elk the symmetry, and many times the work."""
    from ase.spacegroup.symmetrize import refine_symmetry

    symmetric = atoms.copy()
    refine_symmetry(symmetric, symprec=tolerance_A)
    return symmetric


def _keep_atoms(tensors: Mapping[str, AtomTensors], run: Run) -> str:
    columns: dict[str, list[Any]] = {
        "structure": [name for name, each in tensors.items() for _ in each.labels],
        "index": [k for each in tensors.values() for k in range(1, len(each.labels) + 1)],
        "label": [label for each in tensors.values() for label in each.labels],
    }
    for i, j in np.ndindex(3, 3):
        axes = "xyz"[i] + "xyz"[j]
        for name, kind in ((f"shielding_{axes}_ppm", "shielding_ppm"), (f"efg_{axes}_au", "efg_au")):
            arrays = [(each, getattr(each, kind)) for each in tensors.values()]
            columns[name] = np.concatenate(
                [np.full(len(each.labels), np.nan) if array is None else array[:, i, j] for each, array in arrays]
            ).tolist()
    return run.table(ATOMS, columns)


def _reference_rows(references: Mapping[str, Reference]) -> list[TensorReference]:
    rows = []
    for nucleus, each in references.items():
        errors = None if each.covariance is None else np.sqrt(np.diag(each.covariance))
        rows.append(
            TensorReference(
                nucleus=nucleus, offset_ppm=each.offset_ppm, slope=each.slope,
                offset_std_ppm=None if errors is None else float(errors[0]),
                slope_std=None if errors is None else float(errors[1]),
                scatter_ppm=each.scatter_ppm, n_pairs=each.n_pairs,
            )
        )  # fmt: skip
    return rows


def _spectra(
    found: Mapping[str, StructureSites], inputs: TensorInputs, settings: NmrTensorsSettings, run: Run
) -> tuple[dict[str, str], list[str]]:
    """Tables of the spectra by nucleus, and what is said of those that could not be made."""
    pairs = [pair for each in found.values() for pair in zip(each.sites, each.simulated, strict=True)]
    wanted: dict[str, list[tuple[TensorSite, SpectrumSite]]] = {}
    for site, simulated in pairs:
        if simulated is not None and site.nucleus is not None:
            wanted.setdefault(site.nucleus, []).append((site, simulated))
    if not settings.spectrum or not wanted:
        return {}, []
    kept: dict[str, str] = {}
    isotopes = {each.symbol: each for each in inputs.nuclei.values() if each is not None}
    try:
        for nucleus, kinds in wanted.items():
            shift, spectra = simulate_spectra(
                [simulated for _, simulated in kinds], isotopes[nucleus], field_T=inputs.field_T,
                spinning_Hz=inputs.spinning_Hz, line_width_Hz=settings.line_width_Hz,
                range_ppm=_range_ppm([site for site, _ in kinds], isotopes[nucleus], inputs, settings),
            )  # fmt: skip
            columns = {"shift_ppm": shift, "total": spectra.sum(axis=0)}
            columns |= {f"site_{k}": spectrum for k, spectrum in enumerate(spectra, start=1)}
            kept[nucleus] = run.table(spectrum_table(nucleus), columns)
    except InputError as error:
        if error.where != "spectrum":
            raise
        return {}, [f"no spectra: {error.problem} ({error.remedy})"]
    return kept, []


def _range_ppm(
    sites: Sequence[TensorSite], isotope: Isotope, inputs: TensorInputs, settings: NmrTensorsSettings
) -> tuple[float, float]:
    """What is drawn: all lines with their widths, and those that were measured; sidebands beyond it are left out."""
    larmor_MHz = abs(isotope.gyromagnetic_ratio_MHz_per_T) * inputs.field_T
    shifts = [site.observed_shift_ppm or site.isotropic_shift_ppm or 0.0 for site in sites]
    second_order = max(abs(site.second_order_shift_ppm or 0.0) for site in sites)
    margin = max(10.0, 15 * settings.line_width_Hz / larmor_MHz, 4 * second_order)
    if inputs.spinning_Hz == 0:
        margin += max(site.span_ppm or 0.0 for site in sites)
    if isotope.is_quadrupolar and isotope.spin == 1:
        margin += max(0.8 * abs(site.cq_MHz or 0.0) for site in sites) / larmor_MHz * 1e6
    if inputs.measured is not None and inputs.measured.nucleus == isotope.symbol:
        shifts += inputs.measured.range_ppm
    return min(shifts) - margin, max(shifts) + margin


def _notes(tensors: Mapping[str, AtomTensors], found: Mapping[str, StructureSites], inputs: TensorInputs) -> list[str]:
    notes = []
    sites = [site for each in found.values() for site in each.sites]
    bare = [site for site in sites if site.shielding_ppm is not None and site.isotropic_shift_ppm is None]
    without = sorted({site.nucleus for site in bare if site.nucleus is not None})
    if without:
        notes.append(f"no shift of {', '.join(without)} without --reference or --calibration: the shielding is given")
    unknown = sorted({site.element for site in sites if site.nucleus is None})
    if unknown:
        notes.append(f"no nucleus of {', '.join(unknown)} is known: tensors are given as they are")
    unused = sorted(set(inputs.references) - {site.nucleus for site in sites})
    if unused:
        notes.append(f"the reference of {', '.join(unused)} was not needed: no such element is here")
    if any(each.shielding_ppm is None for each in tensors.values()):
        notes.append("field gradients alone: there are no shifts")
    broken = [site for site in sites if _is_broken(site)]
    if broken:
        notes.append(
            f"the atoms of {len(broken)} sites (the first, {broken[0].label} of {broken[0].structure}) differ in their "
            "tensors although the space group makes them equal: the run broke it, or --symmetry-tolerance-A is wide"
        )
    return notes


def _is_broken(site: TensorSite) -> bool:
    """Whether equivalent atoms differ by more than a calculation's noise: 0.5 ppm, 2 % of C_Q and 5 kHz."""
    coupling = abs(site.cq_MHz or 0.0)
    return (site.shielding_spread_ppm or 0.0) > 0.5 or (site.cq_spread_MHz or 0.0) > 0.02 * coupling + 0.005


def _says(record: NmrTensorsRecord) -> list[str]:
    if record.written:
        return [f"written: {', '.join(record.written)}"]
    lines = []
    for site in record.sites[:_MOST_TOLD]:
        parts = []
        if site.isotropic_shift_ppm is not None:
            std = "" if site.isotropic_shift_std_ppm is None else f" +- {site.isotropic_shift_std_ppm:.2g}"
            parts.append(f"shift {site.isotropic_shift_ppm:.2f}{std} ppm")
        elif site.shielding_ppm is not None:
            parts.append(f"shielding {site.shielding_ppm:.2f} ppm")
        if site.cq_MHz is not None:
            parts.append(f"C_Q {site.cq_MHz:.4g} MHz, eta {site.eta or 0.0:.2f}")
        if site.second_order_shift_ppm is not None and site.observed_shift_ppm is not None:
            parts.append(f"line at {site.observed_shift_ppm:.2f} ppm at {record.field_T:.4g} T")
        where = f"{site.structure}: " if len(record.structures) > 1 else ""
        lines.append(f"{where}{site.multiplicity} x {site.nucleus or site.element} ({site.label}): {'; '.join(parts)}")
    if len(record.sites) > _MOST_TOLD:
        lines.append(f"... {len(record.sites) - _MOST_TOLD} more sites are in the record")
    lines += [
        f"{each.nucleus} over {each.n_frames} frames: P = {each.instant_MHz:.3g} MHz at an instant, "
        f"{each.averaged_MHz:.3g} of the mean tensors, {each.fluctuating_MHz:.3g} fluctuating"
        for each in record.motion
    ]
    return [*lines, *(f"note: {note}" for note in record.notes)]


STUDY = Study(
    command="nmr tensors",
    arguments=(TENSOR_FILES,),
    settings=NmrTensorsSettings,
    record=NmrTensorsRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    example="paddlewheel nmr tensors o-nbh.magres --reference 23Na=550 --reference 11B=94.5,-0.98",
    notes="""
    Several files are several structures, beside each other; two files of one structure, of which one has the shielding
    and the other the field gradients, are one. A shift is offset + slope x shielding: without a reference the shielding
    is given and the shift left out. With `write` or `run` the files are structures, also built-in ones; several are
    written a folder each, with a submit.sh, and the .magres of their directory are read where it is given.
    """,
)
