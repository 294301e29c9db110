"""`coordination`: anions around the mobile ion over time (Fig. S5 of the paper), with g(r) and the cutoff it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.records import Citation, Measured
from paddlewheel.studies.coordination.record import (
    LIFETIME,
    RADIAL,
    TIME,
    CoordinationRecord,
    CoordinationResult,
    ShellLifetime,
)
from paddlewheel.studies.motion.anions import anion_motion, find_anions
from paddlewheel.studies.motion.choices import choose_specie, default_range_A
from paddlewheel.studies.motion.runs import MotionRuns, Trajectories, first_atoms, open_runs
from paddlewheel.studies.motion.settings import TRAJECTORIES, MotionSettings
from paddlewheel.study.run import Run
from paddlewheel.study.settings import NamedNumbers, setting
from paddlewheel.study.study import Study
from paddlewheel.trajectories import Trajectory
from paddlewheel.transport import (
    ALL_KINDS,
    FirstShell,
    PairDistribution,
    Shell,
    Surroundings,
    coordination_shells,
    first_shell,
    pair_distribution,
)

BIN_A = 0.05
_CITATIONS = (
    Citation(
        what="radial distribution function",
        reference="Allen, Tildesley, Computer Simulation of Liquids, 2nd ed. (2017), section 2.6",
        doi="10.1093/oso/9780198803195.001.0001",
    ),
    Citation(
        what="correlation of a shell", reference="Rapaport, Mol. Phys. 50, 1151 (1983)", doi="10.1080/00268978300102931"
    ),
)


class CoordinationSettings(MotionSettings):
    """Settings of `coordination`."""

    range_A: float | None = setting(
        None, "End of g(r), A; by default the cell's shortest vector, which it cannot be over, 12 A at most", gt=0
    )
    cutoffs_A: NamedNumbers | None = setting(
        None,
        "Cutoffs by kind of anion, A, in place of the first minimum of g(r): BH4=4.5,B12H12=6",
        aliases=("cutoff_A",),
    )


@dataclass(frozen=True, kw_only=True)
class CoordinationInputs:
    """The runs, how far to look, and cutoffs that were given."""

    runs: MotionRuns
    specie: str
    range_A: float
    cutoffs_A: dict[str, float]

    def document(self) -> dict[str, Any]:
        """What was resolved, and the trajectories by their content."""
        return {
            "specie": self.specie,
            "range_A": self.range_A,
            "cutoffs_A": self.cutoffs_A,
            **self.runs.document("name", "n_frames", "frame_interval_fs", "sha256"),
        }


def _opens(trajectories: Trajectories, settings: CoordinationSettings) -> CoordinationInputs:
    runs = open_runs(trajectories, settings)
    specie = choose_specie(runs.cell, runs.specie)
    range_A = settings.range_A or default_range_A(runs.mean_cells_A)
    return CoordinationInputs(runs=runs, specie=specie, range_A=range_A, cutoffs_A=settings.cutoffs_A or {})


def _measures(inputs: CoordinationInputs, _settings: CoordinationSettings, run: Run) -> CoordinationRecord:
    surroundings = [_surroundings(trajectory, inputs.specie) for trajectory in inputs.runs.runs]
    count = Counter(surroundings[0].kinds)
    if unknown := sorted(set(inputs.cutoffs_A) - set(count)):
        raise SettingsError(
            f"no {unknown[0]} here (there are {', '.join(count)})", where="cutoffs_A", remedy="name one of them"
        )
    distributions = {
        kind: pair_distribution(
            [(around.ions_A, around.of_kind(kind), around.cell_A) for around in surroundings],
            range_A=inputs.range_A,
            bin_A=BIN_A,
        )
        for kind in count
    }
    found, reasons = _first_shells(distributions)
    cutoffs = {kind: shell.minimum_A for kind, shell in found.items()} | inputs.cutoffs_A
    interval_fs = inputs.runs.frame_interval_fs
    shells = coordination_shells(surroundings, cutoffs_A=cutoffs, frame_interval_fs=interval_fs) if cutoffs else {}
    results = [
        _result(kind, number, shells.get(kind), found.get(kind), reasons.get(kind), cutoffs.get(kind),
                given=kind in inputs.cutoffs_A)
        for kind, number in count.items()
    ]  # fmt: skip
    if ALL_KINDS in shells:
        together = sum(number for kind, number in count.items() if kind in cutoffs)
        results.append(_result(ALL_KINDS, together, shells[ALL_KINDS], None, None, None, given=False))
    return CoordinationRecord(
        **inputs.runs.common_fields(run),
        specie=inputs.specie,
        files=_keep_tables(distributions, shells, interval_fs, run),
        warnings=[
            *inputs.runs.warnings,
            *(f"{kind}: {reason}" for kind, reason in reasons.items() if kind not in cutoffs),
        ],
        citations=list(_CITATIONS),
        n_ions=sum(around.ions_A.shape[1] for around in surroundings),
        range_A=inputs.range_A,
        bin_A=BIN_A,
        results=results,
    )


def _surroundings(trajectory: Trajectory, specie: str) -> Surroundings:
    """The ions and the centres of the anions: the atom bonded to all others (B of BH4), the centroid where there is
    none (B12H12), or the atom itself (Cl)."""
    anions = find_anions(first_atoms(trajectory), mobile=specie)
    motion = anion_motion(trajectory, anions, specie=specie)
    kinds = [anion.kind for anion in anions]
    return Surroundings(ions_A=motion.ions_A, centres_A=motion.centres_A, kinds=kinds, cell_A=motion.cell_A)


def _first_shells(
    distributions: Mapping[str, PairDistribution],
) -> tuple[dict[str, FirstShell], dict[str, str]]:
    """The first shell of each kind, or why it has none."""
    found, reasons = {}, {}
    for kind, distribution in distributions.items():
        try:
            found[kind] = first_shell(distribution)
        except ScienceError as error:
            reasons[kind] = str(error)
    return found, reasons


def _result(
    kind: str,
    n_anions: int,
    shell: Shell | None,
    found: FirstShell | None,
    reason: str | None,
    cutoff_A: float | None,
    *,
    given: bool,
) -> CoordinationResult:
    if shell is None:
        return CoordinationResult(anion=kind, n_anions=n_anions, status="no-minimum", reason=reason)
    life = shell.lifetime
    return CoordinationResult(
        anion=kind,
        n_anions=n_anions,
        status="ok",
        peak_A=found.peak_A if found else None,
        cutoff_A=cutoff_A,
        cutoff_from=None if cutoff_A is None else "given" if given else "first minimum of g(r)",
        coordination=Measured.or_none(shell.mean, shell.std),
        share=[float(value) for value in shell.share],
        lifetime=ShellLifetime(
            time_ps=Measured.or_none(life.time_ps, life.std_ps), lower_bound_ps=life.lower_bound_ps, reason=life.reason
        ),
    )


def _keep_tables(
    distributions: Mapping[str, PairDistribution], shells: Mapping[str, Shell], frame_interval_fs: float, run: Run
) -> dict[str, str]:
    """Write the tables; their names by what they hold."""
    columns: dict[str, np.ndarray] = {"r_A": next(iter(distributions.values())).r_A}
    for kind, pairs in distributions.items():
        columns |= {f"g_{kind}": pairs.g, f"std_{kind}": pairs.std, f"coordination_{kind}": pairs.coordination}
    files = {"g(r)": run.table(RADIAL, columns)}
    if shells:
        some = next(iter(shells.values()))
        time_ps = np.arange(some.by_time.size) * frame_interval_fs / 1000
        by_time = {kind: shell.by_time for kind, shell in shells.items()}
        memory = {kind: shell.correlation for kind, shell in shells.items()}
        files["coordination over time"] = run.table(TIME, {"time_ps": time_ps} | by_time)
        files["correlation of the shell"] = run.table(LIFETIME, {"lag_ps": some.lag_ps} | memory)
    return files


def _says(record: CoordinationRecord) -> list[str]:
    lines = []
    for row in record.results:
        if row.coordination is None:
            lines.append(f"{row.anion}: no shell ({row.reason})")
            continue
        within = "" if row.cutoff_A is None else f" within {row.cutoff_A:.2f} A ({row.cutoff_from})"
        lines.append(f"{row.anion}: {row.coordination.value:.3f} +- {row.coordination.std:.2g}{within}")
    return lines


STUDY = Study(
    command="coordination",
    arguments=(TRAJECTORIES,),
    settings=CoordinationSettings,
    record=CoordinationRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    failed=lambda record: all(row.status != "ok" for row in record.results),
    example="paddlewheel coordination oNBH_800K.npz --frame-interval-fs 10",
    notes="""
    The centre of an anion is the atom bonded to all others (B of BH4), the centroid of its atoms where there is none
    (B12H12), or the atom itself (Cl). Distances are those in the mean cell; the ions of several runs are pooled.
    """,
)
