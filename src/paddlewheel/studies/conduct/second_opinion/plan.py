"""Second opinions asked for: chosen and checked, tried, and what they cost."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import PotentialError, SettingsError
from paddlewheel.studies.conduct.second_opinion.settings import OpinionSettings
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.frame_units import evaluate, frames_of_units
from paddlewheel.studies.simulation.potentials import potential_document, try_potential
from paddlewheel.study.progress import duration

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.studies.simulation.settings import PotentialSettings

FOLDER = "second-opinion"
"""Of all that other potentials do, in the run directory: the runs of the first are not touched, nor mistaken."""


@dataclass(frozen=True)
class Opinion:
    """Another potential: its document, as units of work keep it, and a name for files."""

    potential: Mapping[str, Any]

    @property
    def name(self) -> str:
        """For people."""
        return str(self.potential["name"])

    @property
    def slug(self) -> str:
        """For files: the last part of its name, and what stands for its contents."""
        return potential_slug(self.potential)


def potential_slug(potential: Mapping[str, Any]) -> str:
    """A name of a potential for files: another potential, or another version of it, has another."""
    last = Path(str(potential["name"])).name
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', last)}-{potential['identity'][:8]}"


def chosen_opinions(
    names: Sequence[str], settings: PotentialSettings, first: Mapping[str, Any], cell: Atoms
) -> tuple[Opinion, ...]:
    """The potentials asked for, each with the engine's settings as far as it has the choice.

    Raises
    ------
    PotentialError
        If one is unknown, needs a package that is not installed, or was not trained for an element of `cell`.
    SettingsError
        If one is the potential of the runs, or named twice.
    """
    from paddlewheel.potentials import check_elements, describe_potential

    opinions: list[Opinion] = []
    for name in names:
        card = describe_potential(name)
        check_elements(card, cell)
        potential = potential_document(
            name,
            three_body=settings.three_body if card.kind == "m3gnet" else "parent",
            device="cpu" if card.kind in ("nep", "ase") else settings.device,
            dtype=settings.dtype if card.has_float64 else "float32",
        )
        same = [first, *(opinion.potential for opinion in opinions)]
        if any(_decides(potential) == _decides(other) for other in same):
            what = "the potential of the runs themselves" if _decides(potential) == _decides(first) else "given twice"
            raise SettingsError(f"{name} is {what}", where="second_opinion", remedy="name another potential")
        opinions.append(Opinion(potential))
    return tuple(opinions)


def _decides(potential: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(potential[key] for key in ("identity", "three_body", "dtype"))


def opinion_document(opinions: Sequence[Opinion], settings: OpinionSettings) -> dict[str, Any]:
    """These in the document of a run."""
    return {
        "second_opinion": [dict(opinion.potential) for opinion in opinions],
        "second_opinion_frames": settings.second_opinion_frames,
        "second_opinion_ps": settings.second_opinion_ps,
    }


def own_prefix(opinion: Opinion, settings: OpinionSettings) -> str:
    """Begins the names of another potential's own runs: those of another length are other runs."""
    return f"{opinion.slug}-{settings.second_opinion_ps:g}ps-"


def label_costs(
    first: Mapping[str, Any], opinions: Sequence[Opinion], cells: Sequence[Atoms], *, n_frames: int
) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Core-hours of the labels of each unit, the first potential's among them, and a line for each other potential."""
    hours, told = {}, []
    for potential in [first, *(opinion.potential for opinion in opinions)] if opinions else []:
        frame_s = Cost(potential).evaluation_s(cells) * len(cells[0])
        slug = potential_slug(potential)
        for name, frames in frames_of_units([cells[0]] * n_frames).items():
            hours[f"{FOLDER}/{slug}-{name}"] = len(frames) * frame_s / 3600
        if potential is not first:
            said = f"labels {n_frames} frames, {duration(n_frames * frame_s)} of one core"
            told.append((f"second opinion, {potential['name']}", said))
    return hours, told


def try_opinions(opinions: Sequence[Opinion], cell: Atoms, *, needs_stress: bool, where: str) -> dict[str, float]:
    """Load each and evaluate the cell, so that what cannot work is told before any dynamics begins.

    Parameters
    ----------
    needs_stress
        Whether runs of their own need it.

    Returns
    -------
    The seconds that a frame takes, by name of the potential.

    Raises
    ------
    InputError
        If one cannot be loaded or evaluated, does not know an element, or gives no stress where runs need it.
    """
    from paddlewheel.potentials import check_elements

    seconds = {}
    for opinion in opinions:
        calculator = try_potential(opinion.potential, cell, where=where)  # the first time compiles
        check_elements(calculator, cell)
        if needs_stress and "stress" not in getattr(calculator, "implemented_properties", ()):
            raise PotentialError(
                f"{opinion.name} gives no stress, which runs at constant pressure need",
                where="second_opinion_ps", remedy="leave it out, or take another potential",
            )  # fmt: skip
        moved = cell.copy()
        moved.rattle(1e-3, seed=1)  # a calculator remembers the answer to the question it had last
        began = time.process_time()
        evaluate(moved, calculator, name=opinion.name, stress_may_lack=True)
        seconds[opinion.name] = time.process_time() - began
    return seconds
