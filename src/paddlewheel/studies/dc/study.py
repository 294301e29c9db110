"""`dc`: from currents at constant voltage to the conduction by electrons, the share of the ions, or a leak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from pydantic import field_validator, model_validator
from uncertainties import ufloat

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.cell_tests import CellTests, ReadTests, open_tests
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.geometry import Uncertain, deviation, disc_area_cm2, nominal, to_measured, to_uncertain
from paddlewheel.lab.ohmic import (
    HIGHEST_TRANSFERENCE_V,
    SAME_V,
    BlockingElectrode,
    HebbWagner,
    OhmicLine,
    bruce_vincent,
    conductivity_S_per_cm,
    first_current_A,
    fit_hebb_wagner,
    fit_ohmic_line,
    transference_number,
    watanabe,
)
from paddlewheel.lab.polarization import Hold, find_holds
from paddlewheel.lab.table import CellTest
from paddlewheel.records import Citation, Measured
from paddlewheel.records.tables import stacked
from paddlewheel.studies.dc.record import (
    CURRENTS,
    LINE,
    CurrentDecay,
    DcHold,
    DcMeasures,
    DcRecord,
    HebbWagnerResult,
    OhmicResult,
)
from paddlewheel.studies.laboratory.settings import CELL_TESTS, ColumnSettings, PelletSettings, check_drawn, spread
from paddlewheel.study.run import Run
from paddlewheel.study.settings import Integers, Quantity, bad_value, setting
from paddlewheel.study.study import Study

_Fit = OhmicLine | HebbWagner
_ONE_SIDED_95 = 1.645
_SURE = 2.0
_MOST_DRAWN = 12
_ASSUMED = 0.05
"""Relative error of a resistance of impedance without one: so much the usual ways of reading a spectrum differ."""
_REST_SHARE = 0.1
"""Voltage and current below this share of the largest are those of a rest beside a polarization."""
_ABOVE = 1.05
_RESISTANCES = ("initial_resistance_ohm", "steady_resistance_ohm", "bulk_resistance_ohm")
_KNOWN = (*_RESISTANCES, "ionic_conductivity_mS_per_cm")
"""What may be told of the cell beside its sizes."""
_CITED = {
    "hebb-wagner": (
        Citation(
            what="current of electrons and holes with one blocking electrode",
            reference="Hebb, J. Chem. Phys. 20, 185 (1952)",
            doi="10.1063/1.1700165",
        ),
    ),
    "transference": (
        Citation(
            what="transference number of a symmetric cell",
            reference="Evans, Vincent, Bruce, Polymer 28, 2324 (1987)",
            doi="10.1016/0032-3861(87)90394-6",
        ),
        Citation(
            what="transference number at 10 mV or less",
            reference="Bruce, Vincent, J. Electroanal. Chem. 225, 1 (1987)",
            doi="10.1016/0022-0728(87)80001-3",
        ),
        Citation(
            what="transference number from the bulk resistance",
            reference="Watanabe, Nagano, Sanui, Ogata, Solid State Ionics 28-30, 911 (1988)",
            doi="10.1016/0167-2738(88)90303-7",
        ),
    ),
}
_CITED_ALWAYS = (
    Citation(
        what="variable projection (decays)",
        reference="Golub, Pereyra, SIAM J. Numer. Anal. 10, 413 (1973)",
        doi="10.1137/0710036",
    ),
    Citation(what="BIC", reference="Schwarz, Ann. Statist. 6, 461 (1978)", doi="10.1214/aos/1176344136"),
)


class DcSettings(PelletSettings, ColumnSettings):
    """Settings of `dc`."""

    measures: DcMeasures = setting(
        "electronic", "What the cell is: electrodes that block ions, one reversible, both reversible, or a whole cell"
    )
    temperature_K: float | None = setting(None, "K, over what the file says.")
    ionic_conductivity_mS_per_cm: Quantity | None = setting(
        None,
        "Ionic conductivity, such as that of `eis`, value or value,std: for the ions' share.",
        aliases=("ionic_mS_per_cm",),
        only_with={"measures": ("electronic",)},
    )
    blocking_electrode: BlockingElectrode | None = setting(
        None,
        "Electrode that blocks ions (hebb-wagner): working, whose voltage against the other the file has, or counter;"
        " leads the other way round exchange electrons and holes.",
        only_with={"measures": ("hebb-wagner",)},
    )
    initial_resistance_ohm: Quantity | None = setting(
        None,
        "Of both interfaces before, from impedance (transference): value,std.",
        only_with={"measures": ("transference",)},
    )
    steady_resistance_ohm: Quantity | None = setting(
        None,
        "Of both interfaces after, from impedance (transference): value,std.",
        only_with={"measures": ("transference",)},
    )
    bulk_resistance_ohm: Quantity | None = setting(
        None,
        "Of the electrolyte, for the first current V / (Rb + R0), and Watanabe's number: value,std.",
        only_with={"measures": ("transference",)},
    )
    holds: Integers = setting(
        (),
        "Holds to draw, by number from 1; twelve at most by default.",
        each=(1, 1_000_000),
        distinct="name each hold once",
        may_change=True,
    )
    largest_drift: float = setting(
        0.05, "Share of the steady current that may still decay at the end of a hold.", gt=0, lt=1
    )

    @field_validator(*_KNOWN)
    @classmethod
    def _positive(cls, given: Measured | None) -> Measured | None:
        if given is not None and not given.value > 0:
            raise bad_value(f"{given.value:g} is not above 0", "give a number above 0")
        return given

    @model_validator(mode="after")
    def _given_where_needed(self) -> Self:
        if self.measures == "hebb-wagner" and self.blocking_electrode is None:
            raise SettingsError(
                "not given",
                where="blocking_electrode",
                remedy="say working (the file's voltage is that of the blocking electrode) or counter: the wrong one "
                "exchanges electrons and holes",
            )
        if self.measures == "transference":
            for name in ("initial_resistance_ohm", "steady_resistance_ohm"):
                if getattr(self, name) is None:
                    raise SettingsError("not given", where=name, remedy="give that of both interfaces, from impedance")
        return self

    def known(self) -> dict[str, Measured]:
        """What is told of the cell beside its sizes."""
        told = {name: getattr(self, name) for name in _KNOWN}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class DcInputs:
    """The tests, the pellet and the temperature."""

    read: ReadTests
    sample: str
    pellet: Pellet | None
    temperature_K: float | None

    def document(self) -> dict[str, Any]:
        """Sizes of the pellet, the temperature that counts, and the tests by their content."""
        return {
            "sample": self.sample or None,
            **({} if self.pellet is None else self.pellet.sizes()),
            "temperature_K": self.temperature_K,
            "tests": self.read.inputs(),
        }


def _opens(files: CellTests, settings: DcSettings) -> DcInputs:
    name, pellet = settings.pellet()
    if settings.ionic_conductivity_mS_per_cm is not None and pellet is None:
        raise SettingsError("no geometry", where="ionic_conductivity_mS_per_cm", remedy="give diameter and thickness")
    read = open_tests(files, columns=settings.columns, commands=("dc",))
    temperature_K = settings.temperature_K or _mean_temperature_K(read.tests)
    if settings.measures == "hebb-wagner" and temperature_K is None:
        raise SettingsError("none given, nor in the file", where="temperature_K", remedy="give it in K")
    return DcInputs(read=read, sample=name, pellet=pellet, temperature_K=temperature_K)


def _mean_temperature_K(tests: Sequence[CellTest]) -> float | None:
    told = np.concatenate([test.temperature_K for test in tests if test.temperature_K is not None] or [np.empty(0)])
    return float(np.nanmean(told)) if np.isfinite(told).any() else None


def _measures(inputs: DcInputs, settings: DcSettings, run: Run) -> DcRecord:
    read, pellet, known = inputs.read, inputs.pellet, settings.known()
    holds = [
        (number, hold)
        for number, test in enumerate(read.tests)
        for hold in find_holds(test, largest_drift=settings.largest_drift)
    ]
    check_drawn("holds", settings.holds, len(holds))
    diameter = None if pellet is None else Measured(value=pellet.diameter_cm, std=pellet.diameter_std_cm)
    thickness = None if pellet is None else Measured(value=pellet.thickness_cm, std=pellet.thickness_std_cm)
    area = None if diameter is None else disc_area_cm2(to_uncertain(diameter))
    results, fit, refused, notes = _results(
        settings.measures, [hold for _, hold in holds], known, area=area,
        thickness=None if thickness is None else to_uncertain(thickness), temperature_K=inputs.temperature_K,
        blocking=settings.blocking_electrode,
    )  # fmt: skip
    files = {"currents": _keep_currents([(read.tests[number], hold) for number, hold in holds], run)}
    if fit is not None:
        files["line"] = _keep_line(fit, [hold.voltage_V for _, hold in holds], run)
    return DcRecord(
        measures=settings.measures,
        sample=inputs.sample or None,
        temperature_K=inputs.temperature_K,
        diameter_cm=diameter,
        thickness_cm=thickness,
        holds=[_row(hold, read.names[number], read.tests[number], area) for number, hold in holds],
        drawn_holds=list(settings.holds) or spread(len(holds), most=_MOST_DRAWN),
        largest_drift=settings.largest_drift,
        ionic_conductivity_mS_per_cm=known.get("ionic_conductivity_mS_per_cm"),
        **results,
        refused=refused,
        notes=notes,
        warnings=list(read.warnings),
        files=files,
        citations=[*_CITED.get(settings.measures, ()), *_CITED_ALWAYS],
        provenance=run.provenance(),
    )


def _results(
    measures: DcMeasures,
    holds: Sequence[Hold],
    known: Mapping[str, Measured],
    *,
    area: Uncertain | None,
    thickness: Uncertain | None,
    temperature_K: float | None,
    blocking: BlockingElectrode | None,
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    """Fields of the record, what was fitted to the steady currents, why there is no result, and notes."""
    if measures == "transference":
        holds = _without_rests(holds)
    moving = [hold for hold in holds if not hold.steady]
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
        assert blocking is not None
        return _hebb_wagner(holds, temperature_K, blocking, drift if moving else None, specific)
    return _electronic(holds, known, drift if moving else None, specific)


def _hebb_wagner(
    holds: Sequence[Hold], temperature_K: float, blocking: BlockingElectrode, drift: str | None, specific: Any
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    if drift is not None:
        return {}, None, drift, []
    found = fit_hebb_wagner(holds, temperature_K=temperature_K, blocking=blocking)
    if found is None:
        why = (
            "electrons and holes need three voltages or more, and currents that both conductances describe with the "
            f"{blocking} electrode blocking"
        )
        return {}, None, why, []
    fitted = HebbWagnerResult(
        blocking_electrode=blocking,
        electron_conductance_S=to_measured(found.electrons_S),
        hole_conductance_S=to_measured(found.holes_S),
        electron_conductivity_mS_per_cm=_measured(specific(found.electrons_S)),
        hole_conductivity_mS_per_cm=_measured(specific(found.holes_S)),
        scatter_probability=found.probability,
    )
    notes = [f"the {blocking} electrode blocks, as was told; were it the other one, these would be holes and electrons"]
    if found.probability < 0.05:
        notes.append("currents scatter more than their errors about the two")
    return {"hebb_wagner": fitted}, found, None, notes


def _electronic(
    holds: Sequence[Hold], known: Mapping[str, Measured], drift: str | None, specific: Any
) -> tuple[dict[str, Any], _Fit | None, str | None, list[str]]:
    driven = [hold for hold in holds if abs(hold.voltage_V) > SAME_V]
    if not driven:
        raise DataError("no hold at a voltage other than 0", where="files", remedy="give a polarization at 0.1 V, say")
    if drift is not None:
        highest = max(driven, key=lambda hold: abs(hold.voltage_V))
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


def _without_rests(holds: Sequence[Hold]) -> list[Hold]:
    """The holds without those before or after the polarization, near 0 V and with next to no current."""
    size = {hold: (abs(hold.voltage_V), abs(nominal(hold.steady_A))) for hold in holds}
    most = np.array(list(size.values())).max(axis=0)
    return [hold for hold in holds if np.any(np.array(size[hold]) > _REST_SHARE * most)]


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
    resistances, notes = _with_errors(known)
    before, after = (resistances[name] for name in ("initial_resistance_ohm", "steady_resistance_ohm"))
    first, found = sign * hold.initial_A, {}
    if voltage > _ABOVE * HIGHEST_TRANSFERENCE_V:
        notes.append(
            f"{1000 * voltage:.3g} mV is above the {1000 * HIGHEST_TRANSFERENCE_V:g} mV up to which the theory of "
            "Bruce and Vincent, linear in the voltage, holds: polarize by less"
        )
    if "bulk_resistance_ohm" in resistances:
        bulk = resistances["bulk_resistance_ohm"]
        found["watanabe"] = _measured(
            watanabe(voltage_V=voltage, steady_A=steady, bulk_resistance_ohm=bulk, steady_resistance_ohm=after)
        )
        sampled = nominal(first)
        first = first_current_A(voltage_V=voltage, bulk_resistance_ohm=bulk, initial_resistance_ohm=before)
        notes.append(
            f"the first current is the {nominal(first):.3g} A of V / (Rb + R0), with which the formula of Bruce and "
            "Vincent is Watanabe's"
        )
        if abs(sampled / nominal(first) - 1) > _ABOVE - 1:
            notes.append(f"the file's first row has {sampled:.3g} A: sampled too late (or too early), and not used")
    else:
        notes.append(
            "the first current is that of the file's first row, which was written after it began to fall: give "
            "--bulk-resistance-ohm"
        )
    found["bruce_vincent"] = _measured(
        bruce_vincent(
            voltage_V=voltage,
            initial_A=first,
            steady_A=steady,
            initial_resistance_ohm=before,
            steady_resistance_ohm=after,
        )
    )
    return found, None, notes


def _with_errors(known: Mapping[str, Measured]) -> tuple[dict[str, Uncertain], list[str]]:
    """Resistances of impedance, those without an error with an assumed one, and what has to be said of that."""
    bare = [name for name in _RESISTANCES if name in known and known[name].std == 0]
    given = {
        name: ufloat(known[name].value, known[name].std or _ASSUMED * known[name].value)
        for name in _RESISTANCES
        if name in known
    }
    if not bare:
        return given, []
    return given, [f"{', '.join(bare)}: no error is given, {100 * _ASSUMED:g} % is assumed (value,std gives one)"]


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


def _keep_currents(holds: Sequence[tuple[CellTest, Hold]], run: Run) -> str:
    parts = []
    for number, (test, hold) in enumerate(holds, start=1):
        rows = slice(*hold.rows)
        time = test.time_s[rows] - test.time_s[rows.start]
        parts.append(
            (np.full(len(time), number), time, test.voltage_V[rows], test.current_A[rows], hold.fitted_A(time))
        )
    return run.table(CURRENTS, stacked(("hold", "time_s", "voltage_V", "current_A", "fit_A"), parts))


def _keep_line(fit: _Fit, voltages_V: Sequence[float], run: Run) -> str:
    """Currents of the fit from 0 V over all holds, for whoever draws it."""
    voltage = np.linspace(min(0.0, *voltages_V), max(0.0, *voltages_V), 200)
    return run.table(LINE, {"voltage_V": voltage, "current_A": fit.current_A(voltage)})


def _measured(value: Uncertain | None) -> Measured | None:
    return None if value is None else to_measured(value)


def _says(record: DcRecord) -> list[str]:
    lines = []
    for hold in record.holds:
        state = "steady" if hold.steady else f"not steady: {hold.reason}"
        lines.append(f"{hold.voltage_V:.4g} V, {hold.length_s / 3600:.3g} h: {_told(hold.steady_A, 'A')}, {state}")
    lines += [f"{name}: {_told(value, unit)}".rstrip() for name, value, unit in record.results()]
    if record.refused:
        lines.append(f"no result: {record.refused}")
    if record.electronic_upper_bound_95_mS_per_cm is not None:
        lines.append(f"electronic conductivity below {record.electronic_upper_bound_95_mS_per_cm:.3g} mS/cm")
    return [*lines, *(f"note: {note}" for note in record.notes)]


def _told(value: Measured, unit: str) -> str:
    return f"{value.value:.5g} +- {value.std:.2g} {unit}"


STUDY = Study(
    command="dc",
    arguments=(CELL_TESTS,),
    settings=DcSettings,
    record=DcRecord,
    opens=_opens,
    measures=_measures,
    says=_says,
    failed=lambda record: record.refused is not None,
    example="paddlewheel dc steel.mpt --diameter-cm 1.0 --thickness-cm 0.1 --ionic-conductivity-mS-per-cm 4.6",
    notes="""
    What the cell is: `electronic`, between two electrodes that block ions; `hebb-wagner`, one of them reversible (the
    current of electrons and holes; a temperature is needed); `transference`, both reversible (Bruce and Vincent; the
    resistances of the interfaces before and after are needed); `leakage`, a whole cell, of which the steady currents
    are the result. Without a geometry there are conductances alone.
    """,
)
