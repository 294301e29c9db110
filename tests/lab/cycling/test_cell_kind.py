"""Which electrode works: 40 made cells, all told right, at most 10 of them by asking; the cells of the issue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import made_electrodes as made
from made_electrodes import MadeCell
from paddlewheel import cycling
from paddlewheel.errors import DataError
from paddlewheel.lab.cycling import find_and_mend, find_half_cycles, tell_cell_kind
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.table import CellTest


def cycled(
    cell: MadeCell,
    first: int,
    low_V: float,
    high_V: float,
    *,
    n_cycles: int = 4,
    rates: tuple[float, ...] = (0.2,),
    rest_min: float = 5,
    pulses: int = 0,
    hold: bool = False,
    formation: float | None = None,
    lead: bool = True,
) -> MadeCell:
    """Cycles between two voltages, each beginning with `first` (1: charge), at one rate after the other."""
    if lead:
        cell.rest(30)
    limit = {1: high_V, -1: low_V}
    for number in range(n_cycles):
        rate = rates[number * len(rates) // n_cycles]
        rate = formation if formation is not None and number == 0 else rate
        for sign in (first, -first):
            cell.half(sign, rate, limit[sign], pulses=pulses, hold=hold and sign > 0)
            if rest_min:
                cell.rest(rest_min)
    return cell


def full(negative: made.Electrode, positive: made.Electrode, low_V: float, high_V: float, **how: object) -> MadeCell:
    return cycled(MadeCell(working=positive, negative=negative, seed=3), 1, low_V, high_V, **how)  # type: ignore[arg-type]


def half(working: made.Electrode, first: int, low_V: float, high_V: float, **how: object) -> MadeCell:
    return cycled(MadeCell(working=working, seed=4), first, low_V, high_V, **how)  # type: ignore[arg-type]


def received(soc: float, **how: object) -> MadeCell:
    """A commercial cell that comes partly charged and is discharged first."""
    cell = MadeCell(working=made.NMC, negative=made.GRAPHITE, seed=5)
    cell.half(1, 0.1, 4.2)
    cell.half(-1, 0.1, 2.8)
    cell.half(1, 0.1, 4.2, share=2 * soc * 0.5 * 0.95)
    cell.rows, cell.halves, cell.time_s = [], [], 0.0
    cell.rest(10)
    cell.half(-1, 0.2, 2.8)
    cell.rest(10)
    return cycled(cell, 1, 2.8, 4.2, lead=False, **how)  # type: ignore[arg-type]


def of_later_file(cell: MadeCell, low_V: float, high_V: float, *, first: int, keep: int) -> MadeCell:
    """The rows from a half cycle on: the second file of a test."""
    before = MadeCell(**{name: getattr(cell, name) for name in ("working", "negative", "seed")})
    for number in range(keep):
        before.half(first * (-1) ** number, 0.2, {1: high_V, -1: low_V}[first * (-1) ** number])
    before.rows, before.halves, before.time_s = [], [], 0.0
    return cycled(before, first * (-1) ** keep, low_V, high_V)


def prelithiated() -> MadeCell:
    cell = MadeCell(working=made.GRAPHITE, seed=6)
    return of_later_file(cell, 0.01, 1.5, first=-1, keep=1)


def with_small_first_discharge() -> MadeCell:
    cell = MadeCell(working=replace(made.NMC, made_at=0.9), seed=7)
    cell.rest(20)
    cell.half(-1, 0.1, 3.0)
    return cycled(cell, 1, 3.0, 4.3)


def rate_test(build: Callable[..., MadeCell], *args: object) -> MadeCell:
    return build(*args, n_cycles=8, rates=(0.1, 0.5, 1.0, 0.1))


def with_tests_of_resistance(cell: MadeCell, first: int, low_V: float, high_V: float) -> MadeCell:
    """Pulses of 10 s both ways before, between and after the cycles."""
    cell.rest(20)
    for number in range(3):
        for sign in (first, -first):
            cell.pulse(1, 1.0, 10)
            cell.pulse(-1, 1.0, 10)
            cell.half(sign, 0.2, {1: high_V, -1: low_V}[sign])
            cell.rest(3 + number)
    return cell


G, H, S, T, X = made.GRAPHITE, made.HARD_CARBON, made.SILICON, made.TITANATE, made.OXIDE
CELLS: dict[str, tuple[str, str, Callable[[], MadeCell]]] = {
    # kind, the half that a cycle begins with, the cell
    "graphite NMC": ("full", "charge", lambda: full(G, made.NMC, 2.8, 4.2)),
    "graphite NMC, CCCV": ("full", "charge", lambda: full(G, made.NMC, 2.8, 4.2, hold=True, rest_min=0)),
    "graphite LFP": ("full", "charge", lambda: full(G, made.PHOSPHATE, 2.0, 3.65)),
    "graphite LFP, formation": ("full", "charge", lambda: full(G, made.PHOSPHATE, 2.0, 3.65, formation=0.05)),
    "silicon NMC": ("full", "charge", lambda: full(S, made.NMC, 2.5, 4.2)),
    "hard carbon NASICON": ("full", "charge", lambda: full(H, made.NASICON, 1.5, 3.7)),
    "hard carbon P2": ("full", "charge", lambda: full(H, replace(made.P2_OXIDE, made_at=0.97), 1.0, 4.0)),
    "titanate LFP": ("full", "charge", lambda: full(T, made.PHOSPHATE, 1.0, 2.4)),
    "titanate NMC": ("full", "charge", lambda: full(T, made.NMC, 1.5, 2.8)),
    "graphite NMC, rate test": ("full", "charge", lambda: rate_test(full, G, made.NMC, 2.8, 4.2)),
    "graphite NMC, titration": ("full", "charge", lambda: full(G, made.NMC, 2.8, 4.2, pulses=12, n_cycles=3)),
    "graphite NMC, pulses": ("full", "charge", lambda: with_tests_of_resistance(
        MadeCell(working=made.NMC, negative=G, seed=8), 1, 2.8, 4.2)),
    "graphite NMC, received at 30 %": ("full", "charge", lambda: received(0.3)),
    "graphite NMC, received at 50 %": ("full", "charge", lambda: received(0.5, rest_min=0)),
    "graphite NMC, received full": ("full", "charge", lambda: received(1.0)),
    "graphite NMC, later file": ("full", "charge", lambda: of_later_file(
        MadeCell(working=made.NMC, negative=G, seed=9), 2.8, 4.2, first=1, keep=2)),
    "NMC": ("cathode", "charge", lambda: half(made.NMC, 1, 3.0, 4.3)),
    "LFP": ("cathode", "charge", lambda: half(made.PHOSPHATE, 1, 2.5, 3.8)),
    "NASICON, no rest": ("cathode", "charge", lambda: half(made.NASICON, 1, 2.0, 3.8, rest_min=0, lead=False)),
    "NMC, rate test": ("cathode", "charge", lambda: rate_test(half, made.NMC, 1, 3.0, 4.3)),
    "NMC, a little discharged first": ("cathode", "charge", with_small_first_discharge),
    "P2, charged first": ("cathode", "charge", lambda: half(made.P2_OXIDE, 1, 2.0, 4.0)),
    "P2, discharged first": ("cathode", "charge", lambda: half(made.P2_OXIDE, -1, 2.0, 4.0)),
    "vanadia": ("cathode", "discharge", lambda: half(made.VANADIA, -1, 2.4, 4.0)),
    "vanadia, rate test": ("cathode", "discharge", lambda: rate_test(half, made.VANADIA, -1, 2.4, 4.0)),
    "sulfur": ("cathode", "discharge", lambda: half(made.SULFUR, -1, 1.7, 2.8)),
    "sulfur, no rest": ("cathode", "discharge", lambda: half(made.SULFUR, -1, 1.7, 2.8, rest_min=0, n_cycles=3)),
    "shuttling sulfur": ("cathode", "charge", lambda: half(made.SHUTTLING_SULFUR, -1, 1.7, 2.8)),
    "empty LFP": ("cathode", "charge", lambda: half(made.EMPTY_PHOSPHATE, -1, 2.5, 3.8)),
    "vanadia, pulses": ("cathode", "discharge", lambda: with_tests_of_resistance(
        MadeCell(working=made.VANADIA, seed=10), -1, 2.4, 4.0)),
    "graphite": ("anode", "discharge", lambda: half(G, -1, 0.01, 1.5)),
    "graphite, one cycle": ("anode", "discharge", lambda: half(G, -1, 0.01, 1.5, n_cycles=1)),
    "graphite, rate test": ("anode", "discharge", lambda: rate_test(half, G, -1, 0.01, 1.5)),
    "graphite, later file": ("anode", "discharge", prelithiated),
    "hard carbon": ("anode", "discharge", lambda: half(H, -1, 0.005, 2.0)),
    "hard carbon, titration": ("anode", "discharge", lambda: half(H, -1, 0.005, 2.0, pulses=15, n_cycles=2)),
    "silicon": ("anode", "discharge", lambda: half(S, -1, 0.05, 1.0, rest_min=0)),
    "silicon, pulses": ("anode", "discharge", lambda: with_tests_of_resistance(
        MadeCell(working=S, seed=11), -1, 0.05, 1.0)),
    "conversion oxide": ("anode", "discharge", lambda: half(X, -1, 0.01, 3.0)),
    "titanate": ("anode", "discharge", lambda: half(T, -1, 1.0, 2.5)),
}  # fmt: skip
"""Of the 40, six are read from a file whose counters begin anew, six have no counter."""


def rows_of(name: str, cell: MadeCell, folder: Path) -> CellTest:
    place = list(CELLS).index(name)
    if place % 7 == 3:
        path = folder / "made.csv"
        path.write_text(cell.csv(anew_every_steps=3), encoding="utf-8")
        return read_cell_test(path)
    return cell.test(counter=place % 7 != 5)


def first_pair(cell: MadeCell, opens_with: str) -> float | None:
    """The first half cycle that ends a cycle over the one before it, that begins it."""
    opening = 1 if opens_with == "charge" else -1
    for (sign, into), (_, out) in zip(cell.halves[:-1], cell.halves[1:], strict=True):
        if sign == opening:
            return out / into
    return None


def test_all_of_40_made_cells_are_told_right_and_at_most_10_by_asking(tmp_path):
    assert len(CELLS) == 40
    wrong, asked = [], []
    for name, (kind, opens_with, build) in CELLS.items():
        cell = build()
        test, _ = find_and_mend(rows_of(name, cell, tmp_path))
        half_cycles, _ = find_half_cycles(test)
        told = tell_cell_kind(test, half_cycles)
        if told.opens_with is None:
            asked.append(name)
        elif told.opens_with != opens_with or told.kind not in (None, kind) or (told.kind is None and kind == "anode"):
            wrong.append((name, told))
    print("asked:", asked)
    assert not wrong
    assert len(asked) <= 10


def test_a_kind_that_is_given_decides_what_is_asked(tmp_path):
    cell = received(1.0)
    test = cell.test()
    with pytest.raises(DataError, match=r"which electrode works\? .*begins with a discharge .*--cell-kind"):
        cycling(test)
    out = first_pair(cell, "charge")
    assert out is not None
    assert cycling(test, cell_kind="full").cycles[1].coulombic_efficiency == pytest.approx(out, abs=1e-9)
    others = cycling([cycled(MadeCell(working=made.NMC, negative=made.GRAPHITE), 1, 2.8, 4.2).test(), test])
    assert others.opens_with == "charge"  # a file that does not tell has what the others of its cell tell


def test_first_efficiency_is_that_of_the_made_cell(tmp_path):
    for name in ("graphite NMC", "silicon", "vanadia", "hard carbon, titration", "graphite, rate test"):
        cell = CELLS[name][2]()
        record = cycling(rows_of(name, cell, tmp_path))
        expected = first_pair(cell, record.opens_with)
        # an integral of the current knows it to I dt / 2 at either end of a half cycle: 60 s of 5 h
        assert record.initial_coulombic_efficiency == pytest.approx(expected, abs=4e-3 if record.warnings[1:] else 1e-6)


def test_no_pairing_across_a_change_of_rate_is_an_efficiency():
    """Half cells of graphite at 0.1, 0.5, 1 and 0.1 C: slow cycles after fast ones give back what stayed in them."""
    record = cycling(rate_test(half, G, -1, 0.01, 1.5).test())
    changed = [row.cycle for row in record.cycles if (row.no_efficiency or "").startswith("across a change of rate")]
    assert changed == [3, 5, 7]
    assert all(row.coulombic_efficiency is None for row in record.cycles if row.cycle in changed)
    assert all((row.coulombic_efficiency or 0) <= 1 for row in record.cycles)
    assert "cycles 3, 5, 7, across a change of rate: no efficiency, not in the average" in (
        record.efficiency_note or ""
    )
    two = MadeCell(working=made.NMC)
    two.half(1, 0.1, 4.3)
    two.half(-1, 2.0, 3.0)
    alone = cycling(two.test())
    assert alone.initial_coulombic_efficiency is None
    assert "across a change of rate: 0.2 mA in, 4 mA out" in (alone.efficiency_note or "")


def test_ratios_that_scatter_about_100_percent_are_averaged_without_bias():
    """99.98 % with a scatter of 0.03 % of the counter: one ratio in four is over 100 %, none is printed so."""
    from made_cell_test import cell_test, joined

    rng = np.random.default_rng(1)
    ratios = 0.9998 + 3e-4 * rng.standard_normal(60)
    record = cycling(joined(*(cell_test(n_cycles=1, efficiency=each, points=40, rest=False) for each in ratios)))
    assert max(row.coulombic_efficiency or 0 for row in record.cycles) <= 1
    assert sum(row.coulombic_efficiency is None for row in record.cycles) >= 5
    assert record.average_coulombic_efficiency == pytest.approx(float(np.mean(ratios[1:])), abs=1e-6)


def test_the_half_cells_of_the_issue_have_their_efficiencies(shared):
    made_up = cycling(shared / "data" / "faults" / "lab" / "cellpy1024.csv")
    assert made_up.opens_with == "discharge"
    assert made_up.initial_coulombic_efficiency == pytest.approx(0.820, abs=5e-4)
    assert made_up.average_coulombic_efficiency == pytest.approx(0.988, abs=5e-4)
    real = cycling(shared / "data" / "lab" / "cyclers" / "neware_uio.csv.gz")
    assert real.cell_kind == "anode"
    assert real.initial_coulombic_efficiency == pytest.approx(0.8355, abs=5e-5)
    assert [row.cycle for row in real.cycles if row.no_efficiency] == [4, 5]


def test_a_discharge_that_ends_far_above_its_end_is_cut_short():
    """A quarter of the charge comes back when the test ends: that is no efficiency of 25 %."""
    cell = MadeCell(working=made.NMC)
    cell.half(1, 0.2, 4.3)
    cell.half(-1, 0.2, 3.0, share=0.25)
    record = cycling(cell.test())
    assert record.initial_coulombic_efficiency is None
    assert "cut short by the end of the test" in (record.efficiency_note or "")


def test_a_symmetric_cell_is_called_one():
    """Plating and stripping of lithium at 25 mV: two electrodes alike, charges and polarization, and no efficiency."""
    current = 5e-4 * np.repeat(np.tile([1.0, -1.0], 10), 60)
    test = CellTest(time_s=60.0 * np.arange(1200), voltage_V=50 * current, current_A=current, source="li-li.csv")
    record = cycling(test)
    assert record.cell_kind == "symmetric"
    assert "two electrodes alike" in record.cell_kind_from
    assert record.cycles[4].polarization_V == pytest.approx(0.05, rel=1e-6)
    assert all(row.coulombic_efficiency is None for row in record.cycles)
    assert record.initial_coulombic_efficiency is None
    full = cycling(test, cell_kind="full")
    assert "given, but the voltage changes its sign" in full.cell_kind_from
