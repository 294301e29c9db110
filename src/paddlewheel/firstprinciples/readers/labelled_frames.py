"""Labels that others collected: extended XYZ, and the JSON of MPtrj (CHGNet's) and of MatPES.

A step is a frame. None of these says whether its electrons converged: `converged` is None, and the functional is known
where a frame names it. Energies are of the whole cell, in eV.

Extended XYZ: names are tried with REF_, dft_ and DFT_ before them, then alone; of one kind the free energy goes before
the energy, since forces belong to it. ``stress`` is in eV/A3, positive under tension (ASE's); ``virial`` and
``virials`` are in eV and minus the stress times the volume (QUIP's, GPUMD's, MACE's).

JSON: stresses are VASP's, in kbar and positive under compression, so that ASE's is -0.1 GPa of them, which matgl's
loader and CHGNet's do as well; six numbers are in ASE's order. MPtrj's energy is ``uncorrected_total_energy``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals.formats import check_extxyz_sizes, plain_info
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.readers.numbers import voigt
from paddlewheel.firstprinciples.setups import Setup
from paddlewheel.firstprinciples.steps import Calculation, Step
from paddlewheel.foreign import parsing, read_document, read_json
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

PROGRAM = "frames"
"""Of files that hold labels alone, and cannot say how they were made."""
_PREFIXES = ("REF_", "dft_", "DFT_", "")
_LABELS = ("energy", "free_energy", "force", "forces", "stress", "virial", "virials")
_IDENTITIES = ("mp_id", "material_id", "matpes_id", "frame_id", "task_id")
"""By which MPtrj and MatPES name their frames."""
_SAME = 1e-6
_GPA_PER_VASP_KBAR = -0.1
_MOST_FRAMES_DEEP = 3
"""Maps of maps of frames: MPtrj's are by material, then by frame."""


def is_labelled_xyz(head: bytes) -> bool:
    """Whether a file that begins with `head` is extended XYZ."""
    lines = head.splitlines()
    return len(lines) > 1 and lines[0].strip().isdigit() and b"properties=" in lines[1].lower()


def is_labelled_json(head: bytes) -> bool:
    """Whether a file that begins with `head` is JSON with structures and forces, as MPtrj's and MatPES's are."""
    return head.lstrip()[:1] in (b"{", b"[") and b'"lattice"' in head and b'"sites"' in head


def read(path: Path) -> Calculation:
    """Frames of extended XYZ, as steps.

    Raises
    ------
    DatasetError
        If it is none, is cut, or has no frame with an energy.
    """
    from ase.io.extxyz import read_extxyz

    content = read_document(path, DatasetError, remedy="give labelled frames as extended XYZ")
    check_extxyz_sizes(content, path, DatasetError)
    with parsing(path, DatasetError, problem="is no extended XYZ file, or is cut off", remedy="write it anew"):
        everything: Any = slice(None)  # ASE declares a number
        frames = list(read_extxyz(io.StringIO(content.decode("utf-8")), index=everything))
        contradictions: list[str] = []
        steps = [_step_of_frame(number, frame, contradictions) for number, frame in enumerate(frames)]
    if all(step.energy_eV is None for step in steps):
        raise DatasetError("no frame has an energy", where=path, remedy="name it energy or REF_energy, in eV")
    names = {str(frame.info["functional"]) for frame in frames if "functional" in frame.info}
    return _calculation(path, steps, names, contradictions)


def read_labelled_json(path: Path) -> Calculation:
    """Frames of MPtrj-like or MatPES JSON, as steps.

    Raises
    ------
    DatasetError
        If it is none.
    """
    document = read_json(path, DatasetError, remedy="give MPtrj-like or MatPES JSON")
    with parsing(path, DatasetError, problem="is no MPtrj-like or MatPES JSON", remedy="write it anew"):
        found = list(_documents(document, _MOST_FRAMES_DEEP))
        steps = [_step_of_document(number, frame) for number, frame in enumerate(found)]
    if not steps:
        raise DatasetError("holds no frame with a structure", where=path, remedy="give MPtrj-like or MatPES JSON")
    return _calculation(path, steps, {str(frame["functional"]) for frame in found if frame.get("functional")}, [])


def _calculation(path: Path, steps: list[Step], names: set[str], contradictions: list[str]) -> Calculation:
    functionals = {functional_name(name) for name in names}
    if len(functionals) > 1:
        contradictions = [*contradictions, f"frames are of {', '.join(sorted(functionals))}"]
    return Calculation(
        source=str(path),
        setup=Setup(code=PROGRAM, functional=functionals.pop() if len(functionals) == 1 else None),
        steps=tuple(steps),
        contradictions=tuple(dict.fromkeys(contradictions)),
    )


def _step_of_frame(number: int, frame: Atoms, contradictions: list[str]) -> Step:
    said: dict[str, Any] = {**frame.arrays, **frame.info}
    if frame.calc is not None:
        said |= frame.calc.results
    energy, name = _first(said, ("free_energy", "energy"), contradictions)
    forces, _ = _first(said, ("forces", "force"), contradictions)
    stress, _ = _first(said, ("stress",), contradictions)
    virial, _ = _first(said, ("virial", "virials"), contradictions)
    tensor = None if stress is None else voigt(stress)
    if virial is not None:
        by_virial = -voigt(virial) / frame.get_volume()
        if tensor is not None and not np.allclose(tensor, by_virial, rtol=1e-3, atol=1e-5):
            contradictions.append("stress is not minus the virial by the volume")
        tensor = by_virial if tensor is None else tensor
    return Step(
        number=number,
        atoms=_bare(frame),
        energy_eV=None if energy is None else float(np.asarray(energy).reshape(())),
        forces_eV_per_A=None if forces is None else np.asarray(forces, dtype=np.float64).reshape(len(frame), 3),
        stress_eV_per_A3=tensor,
        converged=None,
        electronic=f"the frame does not say; energy by the name {name}" if name else "the frame does not say",
    )


def _first(said: Mapping[str, Any], names: tuple[str, ...], contradictions: list[str]) -> tuple[Any, str]:
    """The first value by any of the names, the prefixes in their order, and its name; others that differ are told."""
    found = [(said[prefix + name], prefix + name) for prefix in _PREFIXES for name in names if prefix + name in said]
    if not found:
        return None, ""
    value, name = found[0]
    for other, other_name in found[1:]:
        alike = {name.rpartition("_")[2], other_name.rpartition("_")[2]} == {"energy"} and (
            name.startswith("free") != other_name.startswith("free")
        )
        if not alike and not _equal(value, other):
            contradictions.append(f"{name} and {other_name} differ")
    return value, name


def _equal(value: Any, other: Any) -> bool:
    first, second = np.asarray(value, dtype=np.float64).ravel(), np.asarray(other, dtype=np.float64).ravel()
    return first.shape == second.shape and np.allclose(first, second, rtol=0, atol=_SAME)


def _bare(frame: Atoms) -> Atoms:
    """The frame without labels, with what else it says of itself in a word or a number."""
    from ase import Atoms

    labels = {prefix + name for prefix in _PREFIXES for name in _LABELS}
    told = {key: value for key, value in plain_info(frame).items() if key not in labels}
    symbols, places = frame.get_chemical_symbols(), frame.get_positions()
    return Atoms(symbols, positions=places, cell=frame.cell, pbc=frame.pbc, info=told)


def _documents(document: Any, deep: int) -> Iterator[Mapping[str, Any]]:
    """Frames in lists, and in maps of maps."""
    if isinstance(document, Mapping) and "structure" in document:
        yield document
    elif deep > 0 and isinstance(document, Mapping | list):
        for value in document.values() if isinstance(document, Mapping) else document:
            yield from _documents(value, deep - 1)


def _step_of_document(number: int, document: Mapping[str, Any]) -> Step:
    from ase import Atoms

    structure = document["structure"]
    species = [_element(site) for site in structure["sites"]]
    atoms = Atoms(
        species,
        scaled_positions=np.array([site["abc"] for site in structure["sites"]], dtype=np.float64),
        cell=np.array(structure["lattice"]["matrix"], dtype=np.float64),
        pbc=True,
        info={key: str(document[key]) for key in _IDENTITIES if document.get(key) is not None},
    )
    name = next((key for key in ("uncorrected_total_energy", "energy", "energy_per_atom") if key in document), None)
    energy = None if name is None or document[name] is None else float(document[name])
    if energy is not None and name == "energy_per_atom":
        energy *= len(atoms)
    forces, stress = (document.get(f"{kind}s", document.get(kind)) for kind in ("force", "stress"))
    stress = document.get("stress", stress)
    return Step(
        number=number,
        atoms=atoms,
        energy_eV=energy,
        forces_eV_per_A=None if forces is None else np.array(forces, dtype=np.float64).reshape(len(atoms), 3),
        stress_eV_per_A3=None if stress is None else voigt(stress) * _GPA_PER_VASP_KBAR / eV_PER_A3_IN_GPA,
        converged=None,
        electronic=f"the frame does not say; energy by the name {name}" if name else "the frame does not say",
    )


def _element(site: Mapping[str, Any]) -> str:
    species = site["species"]
    if len(species) != 1 or float(species[0].get("occu", 1)) != 1:
        raise ValueError("a site that is not one whole atom")
    return str(species[0]["element"])
