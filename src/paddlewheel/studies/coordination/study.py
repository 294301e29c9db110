"""`coordination`: anions around the mobile ion over time (Fig. S5 of the paper), with g(r) and the cutoff it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from paddlewheel.errors import ScienceError, SettingsError
from paddlewheel.records import (
    Citation,
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.coordination.record import (
    CoordinationRecord,
    CoordinationResult,
    ShellLifetime,
)
from paddlewheel.studies.motion.anions import (
    anion_motion,
    find_anions,
)
from paddlewheel.studies.motion.choices import (
    choose_specie,
)
from paddlewheel.studies.motion.correlation_settings import (
    default_range_A,
    document,
)
from paddlewheel.studies.motion.runs import (
    Trajectories,
    first_atoms,
    open_runs,
    run_directory,
)
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


def coordination(
    trajectories: Trajectories,
    *,
    specie: str | None = None,
    temperature_K: float | None = None,
    range_A: float | None = None,
    cutoffs_A: Mapping[str, float] | None = None,
    frame_interval_fs: float | None = None,
    type_map: Mapping[int, str] | None = None,
    skip_ps: float = 0.0,
    out: str | Path | None = None,
) -> CoordinationRecord:
    """Coordination numbers of the mobile ion by the centres of each kind of anion, and how long neighbours stay.

    The centre of an anion is the atom bonded to all others (B of BH4), the centroid of its atoms where there is none
    (B12H12), or the atom itself (Cl). Distances are those in the mean cell.

    Parameters
    ----------
    trajectories
        One or several of the same material at the same temperature: their ions are pooled.
    specie
        Mobile ion; guessed where only one fits.
    temperature_K
        Noted in the record.
    range_A
        End of g(r); by default what the cell allows (its shortest vector), 12 A at most.
    cutoffs_A
        By kind of anion, in place of the first minimum of g(r).
    frame_interval_fs, type_map, skip_ps
        As `open_runs`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For bad settings, an absent specie or anion, a cell too small for the range, frames too far apart, or a
        directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import coordination
    >>> coordination("oNBH_800K.npz", frame_interval_fs=10).results[0].coordination  # doctest: +SKIP
    """
    runs = open_runs(trajectories, frame_interval_fs=frame_interval_fs, type_map=type_map, skip_ps=skip_ps)
    ion = choose_specie(runs.cell, specie)
    surroundings = []
    for run in runs.runs:
        anions = find_anions(first_atoms(run), mobile=ion)
        motion = anion_motion(run, anions, specie=ion)
        kinds = [anion.kind for anion in anions]
        surroundings.append(
            Surroundings(ions_A=motion.ions_A, centres_A=motion.centres_A, kinds=kinds, cell_A=motion.cell_A)
        )
    count = Counter(surroundings[0].kinds)
    if unknown := sorted(set(cutoffs_A or {}) - set(count)):
        raise SettingsError(f"no {unknown[0]} here (there are {', '.join(count)})", where="cutoffs_A",
                            remedy="name one of them")  # fmt: skip
    far = default_range_A([one.cell_A for one in surroundings]) if range_A is None else range_A
    distributions = {
        kind: pair_distribution([(one.ions_A, one.of_kind(kind), one.cell_A) for one in surroundings],
                                range_A=far, bin_A=BIN_A)
        for kind in count
    }  # fmt: skip
    found, reasons = _shells(distributions)
    cutoffs = {kind: one.minimum_A for kind, one in found.items()} | dict(cutoffs_A or {})
    shells = (
        coordination_shells(surroundings, cutoffs_A=cutoffs, frame_interval_fs=runs.frame_interval_fs)
        if cutoffs
        else {}
    )
    results = [
        _result(kind, number, shells.get(kind), found.get(kind), reasons.get(kind), cutoffs.get(kind),
                given=kind in (cutoffs_A or {}))
        for kind, number in count.items()
    ]  # fmt: skip
    if ALL_KINDS in shells:
        together = sum(number for kind, number in count.items() if kind in cutoffs)
        results.append(_result(ALL_KINDS, together, shells[ALL_KINDS], None, None, None, given=False))
    inputs = runs.inputs()
    settings = document(
        "coordination",
        {"specie": ion, "temperature_K": temperature_K, "range_A": far, "cutoffs_A": dict(cutoffs_A or {})},
        inputs,
        skip_ps=skip_ps,
    )
    record = CoordinationRecord(
        **runs.common_fields(settings, inputs),
        specie=ion,
        temperature_K=temperature_K,
        files={"g(r)": "gr.csv", "coordination over time": "time.csv", "correlation of the shell": "lifetime.csv"}
        if shells
        else {"g(r)": "gr.csv"},
        warnings=[f"{kind}: {reason}" for kind, reason in reasons.items() if kind not in cutoffs],
        citations=list(_CITATIONS),
        n_ions=sum(one.ions_A.shape[1] for one in surroundings),
        range_A=far,
        bin_A=BIN_A,
        results=results,
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_tables(distributions, shells, runs.frame_interval_fs, directory)
            write_record(record, directory / "result.json")
    return record


def _shells(distributions: Mapping[str, PairDistribution]) -> tuple[dict[str, FirstShell], dict[str, str]]:
    """The first shell of each kind, or why it has none."""
    found, reasons = {}, {}
    for kind, one in distributions.items():
        try:
            found[kind] = first_shell(one)
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


def _write_tables(
    distributions: Mapping[str, PairDistribution],
    shells: Mapping[str, Shell],
    frame_interval_fs: float,
    directory: Path,
) -> None:
    first = next(iter(distributions.values()))
    columns: dict[str, np.ndarray] = {"r_A": first.r_A}
    for kind, one in distributions.items():
        columns |= {f"g_{kind}": one.g, f"std_{kind}": one.std, f"coordination_{kind}": one.coordination}
    write_table(directory / "gr.csv", columns)
    if not shells:
        return
    some = next(iter(shells.values()))
    time_ps = np.arange(some.by_time.size) * frame_interval_fs / 1000
    write_table(directory / "time.csv", {"time_ps": time_ps} | {kind: one.by_time for kind, one in shells.items()})
    write_table(
        directory / "lifetime.csv", {"lag_ps": some.lag_ps} | {kind: one.correlation for kind, one in shells.items()}
    )
