"""`van-hove`, `coordination`, `spectra` and `onsager`: correlations in given trajectories."""

from __future__ import annotations

from typing import Annotated

import typer

from paddlewheel.cli.motion import (
    Files,
    FrameIntervalFs,
    Json,
    Out,
    SkipPs,
    Specie,
    Temperature,
    TypeMap,
    finish,
)
from paddlewheel.cli.values import named_numbers, numbers, type_elements
from paddlewheel.errors import SettingsError

Drift = Annotated[str, typer.Option(help="Drift removed: framework, none or all.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("van-hove", epilog="Example: paddlewheel van-hove oNBH_800K.npz --frame-interval-fs 10")(van_hove)
    app.command("coordination", epilog="Example: paddlewheel coordination oNBH_800K.npz --frame-interval-fs 10")(
        coordination
    )
    app.command("spectra", epilog="Example: paddlewheel spectra oNBH_800K.npz --frame-interval-fs 10")(spectra)
    app.command("onsager", epilog="Example: paddlewheel onsager run.zarr --species Na=1,Li=1 --temperature 600")(
        onsager
    )


def van_hove(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    lags_ps: Annotated[str, typer.Option(help="Times in ps, separated by commas; log-spaced by default.")] = "",
    n_lags: Annotated[int, typer.Option(help="Number of log-spaced times.")] = 55,
    bin_a: Annotated[float, typer.Option("--bin-A", help="Width of the bins of the self part, A.")] = 0.05,
    distinct_range_a: Annotated[
        float | None, typer.Option("--distinct-range-A", help="End of the distinct part, A; by default the cell's.")
    ] = None,
    origin_stride: Annotated[int, typer.Option(help="Every how many frames an origin; 1 takes all.")] = 1,
    drift: Drift = "framework",
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Van Hove functions of the mobile ions, self and distinct, and their non-Gaussian parameter."""
    from paddlewheel.api import van_hove as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("van-hove", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        lags_ps=numbers(lags_ps, "--lags-ps") if lags_ps else None,
        n_lags=n_lags,
        bin_A=bin_a,
        distinct_range_A=distinct_range_a,
        origin_stride=origin_stride,
        drift=drift,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    peak = record.alpha_2_peak
    last = record.lags[-1]
    lines = [
        f"{record.specie}, {record.n_ions} ions: MSD {last.msd_A2:.3g} A^2 after {last.lag_ps:.3g} ps",
        "non-Gaussian parameter: not known"
        if peak is None
        else f"non-Gaussian parameter at most {peak.value:.3g} +- {peak.std:.2g} ({record.alpha_2_peak_lag_ps:.3g} ps)",
    ]
    return finish(record, directory, json, lines)


def coordination(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    range_a: Annotated[float | None, typer.Option("--range-A", help="End of g(r), A; by default the cell's.")] = None,
    cutoff_a: Annotated[
        str, typer.Option("--cutoff-A", help="Cutoffs by anion in place of g(r)'s minimum: BH4=4.5,B12H12=6.")
    ] = "",
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Coordination of the mobile ion by the anions over time, from g(r) of their centres; how long neighbours stay."""
    from paddlewheel.api import coordination as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("coordination", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        range_A=range_a,
        cutoffs_A=named_numbers(cutoff_a, "--cutoff-A", example="BH4=4.5,B12H12=6") if cutoff_a else None,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    lines = []
    for row in record.results:
        if row.coordination is None:
            lines.append(f"{row.anion}: no shell ({row.reason})")
            continue
        within = "" if row.cutoff_A is None else f" within {row.cutoff_A:.2f} A ({row.cutoff_from})"
        lines.append(f"{row.anion}: {row.coordination.value:.3f} +- {row.coordination.std:.2g}{within}")
    counted = any(row.status == "ok" for row in record.results)
    return finish(record, directory, json, lines, status=0 if counted else 1)


def spectra(
    trajectories: Files,
    out: Out = None,
    specie: Specie = None,
    temperature: Temperature = None,
    segment_fs: Annotated[float, typer.Option(help="Length of a segment: the resolution is about 2 over it.")] = 1000.0,
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Power spectra of the velocities of each element, and of the directions of the bonds of each anion."""
    from paddlewheel.api import spectra as study
    from paddlewheel.study.run_directory import default_directory

    directory = out or default_directory("spectra", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        specie=specie,
        temperature_K=temperature,
        segment_fs=segment_fs,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    lines = [
        f"{row.element}: strongest line "
        + ("not known" if row.peak_per_cm is None else f"{row.peak_per_cm.value:.0f} +- {row.peak_per_cm.std:.0f} 1/cm")
        for row in record.elements
    ]
    return finish(record, directory, json, [*lines, *record.warnings])


def onsager(
    trajectories: Files,
    out: Out = None,
    species: Annotated[str, typer.Option(help="Mobile species with their charges, such as Na=1,Li=1.")] = "",
    temperature: Temperature = None,
    minimum_onset_ps: Annotated[float, typer.Option(help="Earliest lag of the MSD's fit, ps.")] = 0.0,
    drift: Drift = "framework",
    frame_interval_fs: FrameIntervalFs = None,
    type_map: TypeMap = "",
    skip_ps: SkipPs = 0.0,
    json: Json = False,
) -> int:
    """Onsager coefficients of several mobile species: collective conductivity, Haven ratio, transference numbers."""
    from paddlewheel.api import onsager as study
    from paddlewheel.study.run_directory import default_directory

    if temperature is None:
        raise SettingsError("is needed", where="--temperature", remedy="give the temperature of the run in K")
    if not species:
        raise SettingsError("is needed", where="--species", remedy="give the mobile ones with their charges: Na=1,Li=1")
    directory = out or default_directory("onsager", trajectories[0])
    record = study(
        trajectories,
        out=directory,
        species=named_numbers(species, "--species", example="Na=1,Li=1"),
        temperature_K=temperature,
        minimum_onset_ps=minimum_onset_ps,
        drift=drift,
        frame_interval_fs=frame_interval_fs,
        type_map=type_elements(type_map),
        skip_ps=skip_ps,
    )
    if record.conductivity_mS_per_cm is None or record.haven_ratio is None or record.haven_ratio_95 is None:
        return finish(record, directory, json, [f"not determined: {record.reason}"], status=1)
    sigma, haven, ends = record.conductivity_mS_per_cm, record.haven_ratio, record.haven_ratio_95
    lines = [
        f"collective conductivity {sigma.value:.3g} +- {sigma.std:.2g} mS/cm",
        f"Haven ratio {haven.value:.3g} +- {haven.std:.2g} (95 %: {ends[0]:.3g} to {ends[1]:.3g})",
    ]
    lines += [
        f"{row.specie}: transference number {row.transference.value:.3g} +- {row.transference.std:.2g}"
        for row in record.species
        if row.transference is not None and len(record.species) > 1
    ]
    return finish(record, directory, json, lines)
