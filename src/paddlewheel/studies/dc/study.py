"""`dc`: from currents at constant voltage to the conduction by electrons, the share of the ions, or a leak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.cell_tests import (
    CellTests,
    open_tests,
)
from paddlewheel.lab.geometry import (
    Uncertain,
    as_measured,
    deviation,
    disc_area_cm2,
    nominal,
    to_measured,
    to_uncertain,
)
from paddlewheel.lab.ohmic import (
    SAME_V,
    HebbWagner,
    OhmicLine,
    bruce_vincent,
    conductivity_S_per_cm,
    fit_hebb_wagner,
    fit_ohmic_line,
    transference_number,
    watanabe,
)
from paddlewheel.lab.pellets import (
    check_temperature_K,
    given_pellet,
)
from paddlewheel.lab.polarization import Hold, find_holds
from paddlewheel.lab.table import CellTest
from paddlewheel.records import (
    Measured,
    write_record,
)
from paddlewheel.records.tables import (
    write_stacked_table,
)
from paddlewheel.studies.dc.record import (
    CurrentDecay,
    DcHold,
    DcMeasures,
    DcRecord,
    HebbWagnerResult,
    OhmicResult,
)
from paddlewheel.studies.motion.runs import run_directory
from paddlewheel.study.citations import dc_citations
from paddlewheel.study.provenance import provenance

_Fit = OhmicLine | HebbWagner
_ONE_SIDED_95 = 1.645
_SURE = 2.0


def dc(
    files: CellTests,
    *,
    measures: DcMeasures = "electronic",
    sample: str | Path | None = None,
    diameter_cm: float | None = None,
    thickness_cm: float | None = None,
    diameter_std_cm: float = 0.0,
    thickness_std_cm: float = 0.0,
    temperature_K: float | None = None,
    ionic_conductivity_mS_per_cm: Measured | float | None = None,
    initial_resistance_ohm: Measured | float | None = None,
    steady_resistance_ohm: Measured | float | None = None,
    bulk_resistance_ohm: Measured | float | None = None,
    largest_drift: float = 0.05,
    columns: Mapping[str, str] | None = None,
    out: str | Path | None = None,
) -> DcRecord:
    """Steady currents of every hold at constant voltage, and what the cell makes of them.

    Parameters
    ----------
    files
        Chronoamperometries of one cell, of one voltage or several.
    measures
        What the cell is: ``electronic``, between two electrodes that block ions; ``hebb-wagner``, one of them
        reversible (the current of electrons and holes; a temperature is needed); ``transference``, both reversible
        (Bruce and Vincent; the interface's resistances before and after are needed); ``leakage``, a whole cell, of
        which the steady currents are the result.
    sample
        File of the sample (`paddlewheel.lab.sample`), instead of the sizes.
    diameter_cm, thickness_cm, diameter_std_cm, thickness_std_cm
        Of the pellet; without them there are conductances alone.
    temperature_K
        Over what the files say.
    ionic_conductivity_mS_per_cm
        Such as that of `eis`, for the transference number of ions of ``electronic``.
    initial_resistance_ohm, steady_resistance_ohm, bulk_resistance_ohm
        Of both interfaces before and after the polarization, from impedance; the bulk for Watanabe's number.
    largest_drift
        Share of the steady current that may still decay at the end of a hold.
    columns
        As for `read_cell_test`.
    out
        Run directory for the record, tables and the report; nothing is written without it.

    Raises
    ------
    InputError
        For a file without a hold at constant voltage, bad settings, an impossible geometry or transference number, or
        a directory that holds something else.

    Examples
    --------
    >>> from paddlewheel import dc
    >>> dc("steel-steel.mpt", diameter_cm=1.0, thickness_cm=0.1).electronic  # doctest: +SKIP
    """
    if measures not in get_args(DcMeasures):
        raise SettingsError(f"{measures!r}", where="measures", remedy=f"give {', '.join(get_args(DcMeasures))}")
    given = {
        "ionic_conductivity_mS_per_cm": ionic_conductivity_mS_per_cm,
        "initial_resistance_ohm": initial_resistance_ohm,
        "steady_resistance_ohm": steady_resistance_ohm,
        "bulk_resistance_ohm": bulk_resistance_ohm,
    }
    known = {name: _positive(value, name) for name, value in given.items() if value is not None}
    _refuse_needless(measures, known)
    name, pellet = given_pellet(
        sample=sample,
        diameter_cm=diameter_cm,
        thickness_cm=thickness_cm,
        diameter_std_cm=diameter_std_cm,
        thickness_std_cm=thickness_std_cm,
    )
    if measures == "electronic" and "ionic_conductivity_mS_per_cm" in known and pellet is None:
        raise SettingsError("no geometry", where="ionic_conductivity_mS_per_cm", remedy="give diameter and thickness")
    read = open_tests(files, columns=columns)
    temperature = _temperature(temperature_K, read.tests)
    if measures == "hebb-wagner" and temperature is None:
        raise SettingsError("none given, nor in the file", where="temperature_K", remedy="give it in K")
    settings: dict[str, Any] = {
        "command": "dc",
        "measures": measures,
        "sample": None if sample is None else str(sample),
        **({} if pellet is None else vars(pellet)),
        "temperature_K": temperature,
        **{name: value.model_dump() for name, value in known.items()},
        "largest_drift": largest_drift,
        "columns": None if columns is None else dict(columns),
        "tests": read.inputs(),
    }
    holds = [
        (number, one) for number, test in enumerate(read.tests) for one in find_holds(test, largest_drift=largest_drift)
    ]
    diameter = None if pellet is None else Measured(value=pellet.diameter_cm, std=pellet.diameter_std_cm)
    thickness = None if pellet is None else Measured(value=pellet.thickness_cm, std=pellet.thickness_std_cm)
    area = None if diameter is None else disc_area_cm2(to_uncertain(diameter))
    results, fit, refused, notes = _results(
        measures, [one for _, one in holds], known, area=area,
        thickness=None if thickness is None else to_uncertain(thickness), temperature_K=temperature,
    )  # fmt: skip
    record = DcRecord(
        measures=measures,
        sample=name or None,
        temperature_K=temperature,
        diameter_cm=diameter,
        thickness_cm=thickness,
        holds=[_row(one, read.names[number], read.tests[number], area) for number, one in holds],
        largest_drift=largest_drift,
        ionic_conductivity_mS_per_cm=known.get("ionic_conductivity_mS_per_cm"),
        **results,
        refused=refused,
        notes=notes,
        warnings=list(read.warnings),
        files={"currents": "currents.csv"} | ({} if fit is None else {"line": "line.csv"}),
        citations=dc_citations(measures),
        provenance=provenance(settings),
    )
    with run_directory(out, settings) as directory:
        if directory is not None:
            _write_currents(directory / "currents.csv", [(read.tests[number], one) for number, one in holds])
            if fit is not None:
                _write_line(directory / "line.csv", fit, [one.voltage_V for _, one in holds])
            write_record(record, directory / "result.json")
    return record


def _results(
    measures: DcMeasures,
    holds: Sequence[Hold],
    known: Mapping[str, Measured],
    *,
    area: Uncertain | None,
    thickness: Uncertain | None,
    temperature_K: float | None,
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    """Fields of the record, what was fitted to the steady currents, why there is no result, and notes."""
    moving = [one for one in holds if not one.steady]
    drift = f"{len(moving)} of {len(holds)} holds have not come to rest" + (f": {moving[0].reason}" if moving else "")

    def specific(conductance: Uncertain) -> Uncertain | None:
        if area is None or thickness is None:
            return None
        return 1000 * conductivity_S_per_cm(conductance, thickness_cm=thickness, area_cm2=area)

    if measures == "leakage":
        return {}, None, None, [f"{drift}; their leak is at most that of the tail"] if moving else []
    if measures == "transference":
        found, refused, notes = _transference(holds, known, drift if moving else None)
        return found, None, refused, notes
    if measures == "hebb-wagner":
        assert temperature_K is not None
        return _hebb_wagner(holds, temperature_K, drift if moving else None, specific)
    return _electronic(holds, known, drift if moving else None, specific)


def _hebb_wagner(
    holds: Sequence[Hold], temperature_K: float, drift: str | None, specific: Any
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    if drift is not None:
        return {}, None, drift, []
    found = fit_hebb_wagner(holds, temperature_K=temperature_K)
    if found is None:
        why = "electrons and holes need three voltages or more, and currents that both conductances describe"
        return {}, None, why, []
    fitted = HebbWagnerResult(
        electron_conductance_S=to_measured(found.electrons_S),
        hole_conductance_S=to_measured(found.holes_S),
        electron_conductivity_mS_per_cm=_measured(specific(found.electrons_S)),
        hole_conductivity_mS_per_cm=_measured(specific(found.holes_S)),
        scatter_probability=found.probability,
    )
    poor = found.probability < 0.05
    notes = ["currents scatter more than their errors about the two"] if poor else []
    return {"hebb_wagner": fitted}, found, None, notes


def _electronic(
    holds: Sequence[Hold], known: Mapping[str, Measured], drift: str | None, specific: Any
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    driven = [one for one in holds if abs(one.voltage_V) > SAME_V]
    if not driven:
        raise DataError("no hold at a voltage other than 0", where="files", remedy="give a polarization at 0.1 V, say")
    if drift is not None:
        highest = max(driven, key=lambda one: abs(one.voltage_V))
        bound = specific(abs(highest.tail_A / highest.voltage_V))
        return {"electronic_upper_bound_95_mS_per_cm": None if bound is None else nominal(bound)}, None, drift, []
    line = fit_ohmic_line(holds)
    sigma = specific(line.conductance_S)
    found: dict[str, Any] = {
        "electronic": OhmicResult(
            conductance_S=to_measured(line.conductance_S),
            offset_A=_measured(line.offset_A),
            scatter_probability=line.probability,
            conductivity_mS_per_cm=_measured(sigma),
        )
    }
    value, error = nominal(line.conductance_S), deviation(line.conductance_S)
    if value < _SURE * error:
        bound = specific(max(value, 0.0) + _ONE_SIDED_95 * error)
        found = {"electronic_upper_bound_95_mS_per_cm": None if bound is None else nominal(bound)}
        return found, None, f"the conductance of {value:.2g} +- {error:.1g} S is not told from zero", []
    notes = []
    if line.offset_A is None:
        notes.append("one voltage alone: the line goes through the origin, an offset of the instrument would be in it")
    if not line.straight:
        notes.append(f"the currents are not ohmic (probability {line.probability:.1g}): see hebb-wagner, or a reaction")
    if "ionic_conductivity_mS_per_cm" in known and sigma is not None:
        ionic = to_uncertain(known["ionic_conductivity_mS_per_cm"])
        found["ionic_transference"] = _measured(transference_number(ionic, sigma))
        # what 1 - t_ion would round off
        found["electronic_transference"] = _measured(transference_number(sigma, ionic))
    return found, line, None, notes


def _transference(
    holds: Sequence[Hold], known: Mapping[str, Measured], drift: str | None
) -> tuple[dict[str, Any], str | None, list[str]]:
    if len(holds) > 1:
        raise DataError(f"{len(holds)} holds", where="files", remedy="give the one polarization of the transference")
    if drift is not None:
        return {}, drift, []
    (hold,) = holds
    sign = np.sign(hold.voltage_V)
    voltage, steady = abs(hold.voltage_V), sign * hold.steady_A
    after = to_uncertain(known["steady_resistance_ohm"])
    found = {
        "bruce_vincent": _measured(
            bruce_vincent(
                voltage_V=voltage,
                initial_A=sign * hold.initial_A,
                steady_A=steady,
                initial_resistance_ohm=to_uncertain(known["initial_resistance_ohm"]),
                steady_resistance_ohm=after,
            )
        )
    }
    notes = []
    if "bulk_resistance_ohm" in known:
        bulk = to_uncertain(known["bulk_resistance_ohm"])
        found["watanabe"] = _measured(
            watanabe(voltage_V=voltage, steady_A=steady, bulk_resistance_ohm=bulk, steady_resistance_ohm=after)
        )
        ohmic = voltage / (nominal(bulk) + known["initial_resistance_ohm"].value)
        first = nominal(sign * hold.initial_A)
        if abs(first / ohmic - 1) > 0.2:
            notes.append(
                f"the first current of the file, {first:.3g} A, is not the {ohmic:.3g} A of the ohmic resistances: it "
                "was sampled too late (or too early), which falsifies the number of Bruce and Vincent"
            )
    return found, None, notes


def _row(hold: Hold, name: str, test: CellTest, area: Uncertain | None) -> DcHold:
    first, after = hold.rows
    return DcHold(
        file=name,
        first_row=first,
        last_row=after - 1,
        voltage_V=hold.voltage_V,
        length_s=float(test.time_s[after - 1] - test.time_s[first]),
        initial_A=to_measured(hold.initial_A),
        steady_A=to_measured(hold.steady_A),
        steady_A_per_cm2=None if area is None else to_measured(hold.steady_A / area),
        tail_A=hold.tail_A,
        decays=[CurrentDecay(tau_s=tau, amplitude_A=a) for tau, a in zip(hold.taus_s, hold.amplitudes_A, strict=True)],
        remaining_share=hold.remaining_share,
        steady=hold.steady,
        reason=hold.reason or None,
    )


def _write_currents(path: Path, holds: Sequence[tuple[CellTest, Hold]]) -> None:
    parts = []
    for number, (test, hold) in enumerate(holds, start=1):
        rows = slice(*hold.rows)
        time = test.time_s[rows] - test.time_s[rows.start]
        parts.append(
            (np.full(len(time), number), time, test.voltage_V[rows], test.current_A[rows], hold.fitted_A(time))
        )
    names = ("hold", "time_s", "voltage_V", "current_A", "fit_A")
    write_stacked_table(path, names, parts)


def _write_line(path: Path, fit: _Fit, voltages_V: Sequence[float]) -> None:
    """Currents of the fit from 0 V over all holds, for whoever draws it."""
    voltage = np.linspace(min(0.0, *voltages_V), max(0.0, *voltages_V), 200)
    write_stacked_table(path, ("voltage_V", "current_A"), [(voltage, fit.current_A(voltage))])


def _measured(value: Uncertain | None) -> Measured | None:
    return None if value is None else to_measured(value)


def _positive(value: Measured | float, name: str) -> Measured:
    given = as_measured(value)
    if not given.value > 0:
        raise SettingsError(f"{given.value:g}", where=name, remedy="give a number above 0")
    return given


def _refuse_needless(measures: DcMeasures, known: Mapping[str, Measured]) -> None:
    resistances = {"initial_resistance_ohm", "steady_resistance_ohm", "bulk_resistance_ohm"}
    used = {"transference": resistances, "electronic": {"ionic_conductivity_mS_per_cm"}}.get(measures, set())
    for name in known:
        if name not in used:
            raise SettingsError(
                f"has no use in {measures}", where=name, remedy="leave it out, or choose what it is for"
            )
    if measures == "transference":
        for name in ("initial_resistance_ohm", "steady_resistance_ohm"):
            if name not in known:
                raise SettingsError("not given", where=name, remedy="give that of both interfaces, from impedance")


def _temperature(given: float | None, tests: Sequence[CellTest]) -> float | None:
    if given is not None:
        return check_temperature_K(given, where="temperature_K")
    told = [one.temperature_K for one in tests if one.temperature_K is not None]
    return float(np.nanmean(np.concatenate(told))) if told and np.isfinite(np.concatenate(told)).any() else None
