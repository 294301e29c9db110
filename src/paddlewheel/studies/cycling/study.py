"""`cycling`: capacities, efficiencies, voltages, constant-voltage share and dQ/dV of every cycle of a cell test, and
capacity against rate and temperature of one test or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from paddlewheel.errors import SettingsError
from paddlewheel.lab.geometry import geometry
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.sample import Sample, load_sample
from paddlewheel.lab.table import CellTest
from paddlewheel.records import write_record
from paddlewheel.studies.cycling.analysis import (
    AnalysedTest,
    CyclingSettings,
    Working,
    analyse_test,
    normalizers,
)
from paddlewheel.studies.cycling.files import (
    test_folders,
    write_stages,
    write_tables,
)
from paddlewheel.studies.cycling.record import (
    CyclingRecord,
    CyclingSeriesRecord,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.study.provenance import provenance


def cycling(
    files: str | Path | CellTest | Sequence[str | Path | CellTest],
    *,
    sample: str | Path | Sample | None = None,
    working: Working = "cathode",
    reference_cycle: int | None = None,
    curves: Sequence[int] | None = None,
    bin_mV: float = 2.0,
    smoothing_mV: float = 5.0,
    c_rates_per_h: Sequence[float] = (),
    temperatures_K: Sequence[float] = (),
    columns: Mapping[str, str] | None = None,
    out: str | Path | None = None,
) -> CyclingRecord | CyclingSeriesRecord:
    """Every cycle of a cell test, with the faults of its file; of several tests also capacity against rate and
    temperature.

    Parameters
    ----------
    files
        A file that `paddlewheel.lab.readers.read_cell_test` reads, or a test that it gave; or a sequence of those, of
        one cell or of cells alike.
    sample
        A sample (or its file) with a composite, for capacities per g and per cm2, and the C-rate.
    working
        ``cathode``: cycles begin with the charge, the efficiency is discharge over charge; ``anode``: the other way.
    reference_cycle
        The cycle whose second half is the retention's 1; by default the first whole one.
    curves
        Cycles whose voltage and dQ/dV are kept; by default six over the test.
    bin_mV, smoothing_mV
        Of dQ/dV, see `differential_capacity`.
    c_rates_per_h, temperatures_K
        One for all files or one a file, over what the files and the sample say; a rate only for files of one rate.
    columns
        As for `read_cell_test`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Returns
    -------
    A `CyclingRecord` for one file, a `CyclingSeriesRecord` for a sequence.

    Raises
    ------
    InputError
        For a file without a cell test, without current or charge, a sample that cannot be, a cycle that is not
        there, or a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import cycling
    >>> cycling("cell.mpr", sample="sample.yaml").average_coulombic_efficiency  # doctest: +SKIP
    """
    if working not in ("cathode", "anode"):
        raise SettingsError(f"{working!r}", where="working", remedy="give cathode or anode")
    several = not isinstance(files, str | Path | CellTest)
    given = list(files) if several else [files]
    if not given:
        raise SettingsError("none given", where="files", remedy="give at least one")
    known = load_sample(sample) if isinstance(sample, str | Path) else sample
    found = None if known is None else geometry(known, where=sample if isinstance(sample, str | Path) else "sample")
    settings = CyclingSettings(
        sample=known, geometry=found, working=working, reference_cycle=reference_cycle,
        curves=None if curves is None else tuple(curves), bin_mV=bin_mV, smoothing_mV=smoothing_mV,
        columns=None if columns is None else dict(columns),
    )  # fmt: skip
    rates = _each(c_rates_per_h, len(given), "c_rates_per_h")
    temperatures = _each(temperatures_K, len(given), "temperatures_K")
    analysed = [
        analyse_test(
            one if isinstance(one, CellTest) else read_cell_test(one, columns=columns),
            settings, c_rate_per_h=rate, temperature_K=temperature,
        )
        for one, rate, temperature in zip(given, rates, temperatures, strict=True)
    ]  # fmt: skip
    if not several:
        (one,) = analysed
        with run_directory(out, one.settings) as directory:
            if directory is not None:
                write_tables(one, directory)
                write_record(one.record, directory / "result.json")
        return one.record
    return _series(analysed, settings, out)


def _series(analysed: Sequence[AnalysedTest], settings: CyclingSettings, out: str | Path | None) -> CyclingSeriesRecord:
    folders = test_folders([one.record.file for one in analysed])
    inputs = {"command": "cycling", "tests": [one.settings for one in analysed]}
    stages = [
        stage.model_copy(update={"test": number})
        for number, one in enumerate(analysed, start=1)
        for stage in one.record.stages
    ]
    first = stages[0].capacity_mAh if stages else 1.0
    record = CyclingSeriesRecord(
        sample=None if settings.sample is None else settings.sample.name,
        working=settings.working,
        **normalizers(settings.geometry),
        stages=[stage.model_copy(update={"over_first": stage.capacity_mAh / first}) for stage in stages],
        tests=dict(zip(folders, (one.record.file for one in analysed), strict=True)),
        contradictions=list(dict.fromkeys(text for one in analysed for text in one.record.contradictions)),
        warnings=[f"{one.record.file}: {text}" for one in analysed for text in one.record.warnings],
        files={"stages": "stages.csv"},
        citations=analysed[0].record.citations,
        provenance=provenance(inputs),
    )
    with run_directory(out, inputs) as directory:
        if directory is not None:
            for folder, one in zip(folders, analysed, strict=True):
                (directory / folder).mkdir(parents=True, exist_ok=True)
                write_tables(one, directory / folder)
                write_record(one.record, directory / folder / "result.json")
            write_stages(record.stages, directory / "stages.csv")
            write_record(record, directory / "result.json")
    return record


def _each(values: Sequence[float], n_files: int, name: str) -> list[float | None]:
    """One value for every file, None without any.

    Raises
    ------
    SettingsError
        For another number of values, or one that is not above 0.
    """
    if any(not value > 0 for value in values):
        raise SettingsError(f"{min(values):g}", where=name, remedy="give numbers above 0")
    if len(values) not in (0, 1, n_files):
        raise SettingsError(f"{len(values)} for {n_files} files", where=name, remedy="give one for all, or one a file")
    if not values:
        return [None] * n_files
    return list(values) if len(values) == n_files else [values[0]] * n_files
