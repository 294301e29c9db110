"""Whether an ionic step may be a label, and whether calculations make one set: with reasons in words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.firstprinciples.readers.vasp_tags import U_OF, Tags, corrections_of
from paddlewheel.firstprinciples.setups import (
    CalculationSettings,
    Setup,
    mesh_of_spacing,
    reciprocal_lengths_per_A,
    spacing_of_mesh,
)
from paddlewheel.firstprinciples.steps import Calculation, Step

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

CLOSE_A = 1e-4
"""Places closer than this are the same: outputs write five decimals, and a force changes by 1e-3 eV/A over it."""
_CLOSE_EV = 0.1
"""Cutoffs closer than this are the same: programs convert from Ry and round."""
_SHARE_OF_A_SPACING = 2 / 3
"""Where as many meshes can be made of one spacing, the set was: every mesh has it. Of pymatgen's rules by atoms, by
reciprocal volume and by lengths at most 0.48 of 300 cells with edges of 3.5 to 16 A can be made of one."""
_COARSER = 2.0
"""How much coarser than the most frequent spacing a mesh of other rules may be: those cells spread by up to 1.98."""


def judge(
    calculation: Calculation,
    step: Step,
    *,
    asked: Atoms | None = None,
    order: Sequence[int] | None = None,
    settings: CalculationSettings | None = None,
    take_unknown_convergence: bool = False,
) -> tuple[str, ...]:
    """Reasons why a step cannot be a label, in words; none where it is sound.

    Parameters
    ----------
    calculation, step
        The output, and one of its steps.
    asked
        The frame that was to be computed; without it any geometry is taken.
    order
        Atom i of the output is atom ``order[i]`` of `asked`; as they are without it.
    settings
        What was asked for; without them any setup is taken.
    take_unknown_convergence
        Whether a step whose output does not say that its electrons converged is taken.
    """
    reasons = [*calculation.contradictions, *_unsound(step, take_unknown_convergence)]
    if asked is not None and _are_numbers(step.atoms.positions) and _are_numbers(step.atoms.cell.array):
        reasons += _moved(step.atoms, asked, order)
    if settings is not None:
        reasons += _differs(calculation.setup, settings, step.atoms)
    return tuple(dict.fromkeys(reasons))


def _unsound(step: Step, take_unknown_convergence: bool) -> list[str]:
    reasons = list[str]()
    words = f": {step.electronic}" if step.electronic else ""
    if step.converged is False:
        reasons.append(f"the electrons did not converge{words}")
    elif step.converged is None and not take_unknown_convergence:
        reasons.append(f"nothing says that the electrons converged{words}")
    numbers = {"positions": step.atoms.positions, "cell": step.atoms.cell.array}
    if step.energy_eV is None:
        reasons.append("has no energy")
    else:
        numbers["energy"] = np.array(step.energy_eV)
    for name, values, shape in (
        ("forces", step.forces_eV_per_A, (len(step.atoms), 3)),
        ("stress", step.stress_eV_per_A3, (6,)),
    ):
        if values is None:
            reasons.append(f"has no {name}")
        elif values.shape != shape:
            reasons.append(f"its {name} have the shape {values.shape}, not {shape}")
        else:
            numbers[name] = values
    reasons += [f"its {name} cannot be read as numbers" for name, values in numbers.items()
                if not _are_numbers(values)]  # fmt: skip
    if not len(step.atoms):
        reasons.append("has no atoms")
    return reasons


def _are_numbers(values: NDArray[np.float64]) -> bool:
    """Whether they are, and none so large that it can only be damage: nothing of a step is, in A and eV."""
    return bool(np.all(np.abs(values) < 1e8))


def _has_volume(cell: NDArray[np.float64]) -> bool:
    return _are_numbers(cell) and abs(np.linalg.det(cell)) > 1e-3


def _moved(atoms: Atoms, asked: Atoms, order: Sequence[int] | None) -> list[str]:
    """Where a geometry is another than the one asked for, up to order and translations of the lattice."""
    if len(atoms) != len(asked):
        return [f"it has {len(atoms)} atoms, asked for were {len(asked)}"]
    of_asked = np.arange(len(asked)) if order is None else np.asarray(order, dtype=int)
    if sorted(of_asked.tolist()) != list(range(len(asked))):
        return [f"the order of its atoms is no permutation of {len(asked)}"]
    wanted = asked[of_asked.tolist()]
    numbers = np.flatnonzero(atoms.numbers != wanted.numbers)
    if len(numbers):
        at = int(numbers[0])
        return [f"atom {of_asked[at]} is {atoms.symbols[at]}, asked for was {wanted.symbols[at]}"]
    cells = np.abs(atoms.cell.array - asked.cell.array)
    if not np.all(cells <= CLOSE_A):
        vector = int(np.argmax(np.nan_to_num(cells, nan=math.inf).max(axis=1)))
        return [f"vector {'abc'[vector]} of the cell is {_vector(atoms.cell.array[vector])} A, "
                f"asked for was {_vector(asked.cell.array[vector])} A"]  # fmt: skip
    away = (atoms.positions - wanted.positions) @ np.linalg.inv(asked.cell.array)
    distances = np.linalg.norm((away - np.round(away)) @ asked.cell.array, axis=1)
    if not np.all(distances <= CLOSE_A):
        worst = int(np.argmax(np.nan_to_num(distances, nan=math.inf)))
        return [f"atom {of_asked[worst]} ({atoms.symbols[worst]}) is {distances[worst]:.2g} A from where it was asked"]
    return []


def _vector(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.5f}" for value in values)


def _differs(setup: Setup, settings: CalculationSettings, atoms: Atoms) -> list[str]:
    """In what a calculation is another than the one asked for."""
    reasons = list[str]()

    def compare(name: str, found: object, wanted: object, *, same: bool | None = None) -> None:
        if found is None:
            reasons.append(f"does not say its {name} (asked for is {wanted})")
        elif not (found == wanted if same is None else same):
            reasons.append(f"{name} is {found}, asked for is {wanted}")

    compare("functional", setup.functional, settings.functional)
    cutoff = setup.cutoff_eV
    compare("cutoff", _in_eV(cutoff), _in_eV(settings.cutoff_eV),
            same=cutoff is not None and abs(cutoff - settings.cutoff_eV) < _CLOSE_EV)  # fmt: skip
    compare("spin", _spin(setup.spin_polarized), _spin(settings.spin_polarized))
    if _has_volume(atoms.cell.array):
        least = mesh_of_spacing(atoms.cell.array, settings.k_spacing_per_A)
        dense = setup.k_mesh is not None and all(n >= m for n, m in zip(setup.k_mesh, least, strict=True))
        compare("k mesh", _mesh(setup.k_mesh), f"{_mesh(least)} or denser", same=dense)
    if setup.smearing is not None:
        width = "" if settings.smearing in ("tetrahedron", "none") else f" {settings.smearing_width_eV:g} eV"
        compare("smearing", setup.smearing, settings.smearing + width)
    if setup.energy_tolerance_eV is not None:
        wanted = settings.tolerance_eV(len(atoms))
        compare("tolerance of the electrons", f"{setup.energy_tolerance_eV:.3g} eV", f"{wanted:.3g} eV or less",
                same=abs(setup.energy_tolerance_eV) <= wanted * (1 + 1e-6) + 1e-8)  # fmt: skip
    for element, title in setup.pseudopotentials:
        name = settings.pseudopotentials.get(element)
        if name is not None and name not in title.split() and name != title:
            reasons.append(f"the potential of {element} is {title}, asked for is {name}")
    if setup.program == "vasp":
        elements = list(dict.fromkeys(atoms.symbols))
        tags = Tags(incar={name: _tag(value, elements) for name, value in settings.tags.items()})
        wanted = corrections_of(tags, elements)
        for correction in sorted(set(setup.corrections) - set(wanted)):
            reasons.append(f"adds {correction}, which was not asked for")
        for correction in sorted(set(wanted) - set(setup.corrections)):
            reasons.append(f"lacks {correction}, which was asked for")
    return reasons


def _tag(value: object, elements: Sequence[str]) -> str:
    """A value of a tag as VASP writes it; one that is given by element (LDAUU) in the order of the elements."""
    if isinstance(value, Mapping):
        return " ".join(str(value.get(element, 0)) for element in elements)
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, (list, tuple)):
        return " ".join(str(item) for item in value)
    return str(value)


def _in_eV(value: float | None) -> str | None:
    return None if value is None else f"{value:g} eV"


def _spin(polarized: bool | None) -> str | None:
    return None if polarized is None else "polarized" if polarized else "not polarized"


def _mesh(mesh: tuple[int, int, int] | None) -> str | None:
    return None if mesh is None else "x".join(str(n) for n in mesh)


@dataclass(frozen=True, kw_only=True)
class OneSetting:
    """The setting of a set, and which calculations have another.

    Attributes
    ----------
    program, functional, cutoff_eV, spin_polarized, corrections
        As `Setup` has them, the most frequent together.
    codes
        Programs with their versions, of those that belong to the set.
    pseudopotentials
        Element and title of the potential, with its U where it has one, the most frequent for each element.
    k_spacing_per_A
        Largest distance of neighbouring k-points of the rule that most of the set's meshes follow; None without meshes.
    differing
        By the number of the calculation what differs, in words: ``ENCUT 520 eV, the set has 680 eV``.
    """

    program: str
    functional: str | None
    cutoff_eV: float | None
    spin_polarized: bool | None
    corrections: tuple[str, ...]
    codes: tuple[str, ...]
    pseudopotentials: tuple[tuple[str, str], ...]
    k_spacing_per_A: float | None
    differing: Mapping[int, tuple[str, ...]]


def one_setting(calculations: Sequence[Calculation]) -> OneSetting:
    """Which setting a set of calculations has: the most frequent, of equals the first; the rest are named.

    Compared are the program, functional, cutoffs, spin, corrections, the potential of each element, and how dense the
    k-points are.

    Parameters
    ----------
    calculations
        At least one; of each the setup and the cell of its first step count.
    """
    keys = [_key(calculation.setup) for calculation in calculations]
    key = Counter(keys).most_common(1)[0][0]
    same = [number for number, other in enumerate(keys) if other == key]
    differing = {number: _differences(calculations[number].setup, calculations[same[0]].setup)
                 for number, other in enumerate(keys) if other != key}  # fmt: skip
    titles: dict[str, Counter[str]] = {}
    for number in same:
        for element, title in _by_element(calculations[number].setup):
            titles.setdefault(element, Counter())[title] += 1
    chosen = {element: counts.most_common(1)[0][0] for element, counts in titles.items()}
    intervals = {number: _spacings(calculations[number]) for number in same}
    spacing, coarsest = _common_spacing([interval for interval in intervals.values() if interval is not None])
    for number in same:
        reasons = [f"the potential of {element} is {title}, the set has {chosen[element]}"
                   for element, title in _by_element(calculations[number].setup)
                   if title != chosen[element]]  # fmt: skip
        interval = intervals[number]
        if spacing is not None and interval is not None and interval[0] > coarsest:
            mesh = _mesh(calculations[number].setup.k_mesh)
            reasons.append(f"k mesh {mesh} ({interval[0]:.3f} 1/A), the set has {spacing:.3f} 1/A")
        if reasons:
            differing[number] = tuple(reasons)
    setup = calculations[same[0]].setup
    return OneSetting(
        program=setup.program, functional=setup.functional, cutoff_eV=setup.cutoff_eV,
        spin_polarized=setup.spin_polarized, corrections=_of_all_elements(setup),
        codes=tuple(sorted({calculations[number].setup.code for number in same if number not in differing})),
        pseudopotentials=tuple(sorted(chosen.items())), k_spacing_per_A=spacing,
        differing=dict(sorted(differing.items())),
    )  # fmt: skip


def _key(setup: Setup) -> tuple[object, ...]:
    found = (setup.cutoff_eV, setup.density_cutoff_eV)
    cutoffs = (None if cutoff is None else round(cutoff / _CLOSE_EV) for cutoff in found)
    return setup.program, setup.functional, *cutoffs, setup.spin_polarized, _of_all_elements(setup)


def _of_all_elements(setup: Setup) -> tuple[str, ...]:
    """Corrections that do not belong to one element."""
    return tuple(correction for correction in setup.corrections if not correction.startswith(U_OF))


def _by_element(setup: Setup) -> list[tuple[str, str]]:
    """Element and title of each potential, with the U of the element."""
    u = {correction[len(U_OF) :].partition(":")[0]: f" with {correction}" for correction in setup.corrections
         if correction.startswith(U_OF)}  # fmt: skip
    return [(element, title + u.get(element, "")) for element, title in setup.pseudopotentials]


def _differences(setup: Setup, of_set: Setup) -> tuple[str, ...]:
    cutoff = "ENCUT" if setup.program == "vasp" else "cutoff"
    rows = (
        ("program", setup.program, of_set.program),
        ("functional", setup.functional, of_set.functional),
        (cutoff, _in_eV(setup.cutoff_eV), _in_eV(of_set.cutoff_eV)),
        ("cutoff of the density", _in_eV(setup.density_cutoff_eV), _in_eV(of_set.density_cutoff_eV)),
        ("spin", _spin(setup.spin_polarized), _spin(of_set.spin_polarized)),
        ("corrections", *(", ".join(_of_all_elements(either)) or "none" for either in (setup, of_set))),
    )
    return tuple(f"{name} {found or 'unknown'}, the set has {common or 'unknown'}"
                 for name, found, common in rows if found != common)  # fmt: skip


def _spacings(calculation: Calculation) -> tuple[float, float] | None:
    """From which to below which distance of k-points (1/A) a rule gives this mesh; None without a mesh or a cell."""
    mesh = calculation.setup.k_mesh
    cell = calculation.steps[0].atoms.cell.array if calculation.steps else np.zeros((3, 3))
    if mesh is None or not _has_volume(cell):
        return None
    lengths = reciprocal_lengths_per_A(cell)
    coarser = [length / (n - 1) for length, n in zip(lengths, mesh, strict=True) if n > 1]
    return spacing_of_mesh(cell, mesh), min(coarser, default=math.inf)


def _common_spacing(intervals: Sequence[tuple[float, float]]) -> tuple[float | None, float]:
    """The spacing that most intervals hold (the largest lower end of those), and the coarsest beside it, 1/A."""
    if not intervals:
        return None, math.inf
    lows, highs = np.sort(np.array(intervals), axis=0).T
    n_holding = np.searchsorted(lows, lows, "right") - np.searchsorted(highs, lows, "right")
    best = int(np.argmax(n_holding))
    is_of_spacing = n_holding[best] >= _SHARE_OF_A_SPACING * len(intervals)
    return float(lows[best]), float(lows[best]) * (1 + 1e-6 if is_of_spacing else _COARSER)
