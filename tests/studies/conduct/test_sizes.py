"""Sizes of cell side by side: the record, the words and the figure, and what --sizes refuses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import InputError
from paddlewheel.records import Measured
from paddlewheel.studies.conduct.naming import size_sentences
from paddlewheel.studies.conduct.record import SizeResult
from paddlewheel.studies.conduct.runs import Analysed
from paddlewheel.studies.conduct.sizes import size_result
from paddlewheel.studies.conduct.study import STUDY, ConductSettings
from paddlewheel.studies.conduct.verdict import judge, verdict_lines
from paddlewheel.transport import estimate_diffusivity
from report_page import Page
from synthetic_run import (
    ACTIVATION_ENERGY_eV,
    SIGMA_300K_mS_PER_CM,
    fit_of,
    ok_row,
    record_of,
    refused_row,
    write_conductivity_report,
    write_run,
)

AT = (500.0, 600.0, 700.0)


def tracer():
    """Any estimate with a value: of it the degrees of freedom are read."""
    steps = np.random.default_rng(1).normal(0.0, 0.3, (400, 12, 3))
    return estimate_diffusivity([np.cumsum(steps, axis=0)], frame_interval_fs=100.0)


@pytest.fixture(scope="module")
def cells():
    """Makes temperatures in cells of 128 and 1,024 atoms, ln D on the law plus slope / N, with an error of 4 %."""
    estimate = tracer()

    def make(slope_atoms: float, error: float = 0.04) -> dict[str, tuple[int, list[Analysed]]]:
        found = {}
        for name, n in (("1x1x1", 128), ("2x2x2", 1024)):
            rows = []
            for temperature_K in AT:
                row = ok_row(temperature_K)
                factor = math.exp(slope_atoms / n)
                changed = {
                    key: Measured(value=factor * value.value, std=error * factor * value.value)
                    for key in ("diffusivity_cm2_per_s", "conductivity_mS_per_cm")
                    if (value := getattr(row, key)) is not None
                }
                rows.append(Analysed(row.model_copy(update=changed), estimate))
            found[name] = n, rows
        return found

    return make


def result_of(cells) -> SizeResult:
    return size_result(cells, entering=("ok",), records={"1x1x1": "sizes/1x1x1/result.json"})


def test_a_trend_gives_the_line_of_an_infinite_cell(cells) -> None:
    found = result_of(cells(100.0))
    assert found.trend
    assert found.slope_atoms is not None
    assert found.slope_atoms.value == pytest.approx(100.0)
    assert found.arrhenius is not None
    assert found.arrhenius.conductivity_300K_mS_per_cm is not None
    # a hundredth: what is known of prefactors weighs (error of this prefactor / 3.5)^2
    assert found.arrhenius.conductivity_300K_mS_per_cm.value == pytest.approx(SIGMA_300K_mS_PER_CM, rel=1e-2)
    assert found.arrhenius.activation_energy_eV is not None
    assert found.arrhenius.activation_energy_eV.value == pytest.approx(ACTIVATION_ENERGY_eV, rel=1e-2)
    text = " ".join(size_sentences(None, found))
    # exp(100 (1/128 - 1/1024)) = 1.98
    assert "D depends on the size of the cell: of cells of 128 and 1024 atoms, D in the smallest is 1.98 times" in text
    assert "Extrapolated to an infinite cell (ln D in 1/N): σ(300 K) = 18 mS/cm" in text


def test_no_trend_pools(cells) -> None:
    found = result_of(cells(0.0))
    assert found.trend is False
    assert found.arrhenius is None
    for row in found.temperatures:
        first = row.cells[0].diffusivity_cm2_per_s
        assert first is not None
        assert row.pooled_cm2_per_s is not None
        assert row.pooled_cm2_per_s.value == pytest.approx(first.value)
    assert "no trend is seen: D in the smallest is 1.00 times that in the largest" in size_sentences(None, found)[0]


def test_one_size_with_values_is_not_enough(cells) -> None:
    both = cells(0.0)
    n, _ = both["1x1x1"]
    both["1x1x1"] = n, [Analysed(refused_row(t), None) for t in AT]
    found = result_of(both)
    assert (found.trend, found.slope_atoms) == (None, None)
    assert [cell.status for cell in found.temperatures[0].cells] == ["not-diffusive", "ok"]
    assert "no temperature has a diffusivity in two" in size_sentences(None, found)[0]


def test_the_report_has_a_section_and_a_figure(cells, tmp_path: Path) -> None:
    rows = [ok_row(t, thermo_files=[]) for t in AT]
    record = record_of(rows, fit_of(rows), sizes=result_of(cells(100.0)))
    page = Page(write_conductivity_report(write_run(tmp_path, record)).read_text(encoding="utf-8"))
    assert page.faults == []
    assert "Diffusivity by the size of the cell" in page.words()
    assert (tmp_path / "figures" / "sizes.png").is_file()
    assert any("infinite cell" in line for line in verdict_lines(record))
    assert any("infinite cell" in line for line in judge(record).sentences)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"sizes": "1x1x1"}, "no two sizes to compare"),
        ({"sizes": "1x2x1,2x1x1"}, "no two sizes to compare"),
        ({"sizes": "1x1x1,two"}, "is no supercell"),
        ({"sizes": "1x1x1,2x1x1", "supercell": "2x1x1"}, "has no effect"),
        ({"sizes": "1x1x1,2x1x1", "orderings": 2}, "has no effect"),
    ],
)
def test_bad_sizes_are_refused_before_anything_is_written(settings, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        STUDY("nabh4", temperatures_K=(600.0, 800.0), out=tmp_path / "run", **settings)
    assert not (tmp_path / "run").exists()


def test_the_largest_cell_is_the_one_that_counts() -> None:
    settings = ConductSettings.of(sizes="2x2x2,1x1x1", temperatures_K=(600.0, 800.0))
    plan = STUDY.opens("nabh4", settings)
    assert plan.size == "2x2x2"
    assert [smaller.size for smaller in plan.smaller] == ["1x1x1"]
    assert STUDY.document is not None
    assert STUDY.document(plan, settings)["sizes"] == ["1x1x1", "2x2x2"]
    alone = ConductSettings.of(supercell="2x2x2", temperatures_K=(600.0, 800.0))
    of_one = STUDY.document(STUDY.opens("nabh4", alone), alone)
    together = dict(STUDY.document(plan, settings))
    assert of_one.pop("sizes") is None
    together.pop("sizes")
    assert of_one == together  # so that sizes can be added to runs of the largest
