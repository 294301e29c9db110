"""Figures of `eis`: one scale on both axes, what is small enlarged, decades marked, series unlike in grey."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from paddlewheel import eis
from paddlewheel.errors import SettingsError
from paddlewheel.lab.spectrum import Spectrum
from paddlewheel.page.drawing import house_style, series_styles
from paddlewheel.records import Measured
from paddlewheel.studies.eis.labels import shown
from paddlewheel.studies.eis.nyquist import bode, nyquist, together
from paddlewheel.studies.eis.record import CircuitParameter, EisResistances, SpectrumResult

FREQUENCY_HZ = np.geomspace(1e7, 1.0, 71)


def _spectrum(bulk_ohm: float, boundary_ohm: float, kelvin: float) -> tuple[SpectrumResult, dict[str, np.ndarray]]:
    """Two arcs of 10 ns and 10 us, 5 ohm before them, with the fit equal to the points."""
    w = 2j * np.pi * FREQUENCY_HZ
    z = 5 + bulk_ohm / (1 + w * 1e-7) + boundary_ohm / (1 + w * 1e-3)
    points = {"frequency_Hz": FREQUENCY_HZ}
    for part in ("Z", "fit"):
        points |= {f"{part}_real_ohm": z.real, f"{part}_imag_ohm": z.imag}
    values = {"R_ohm": 5.0, "R1_ohm": bulk_ohm, "tau1_s": 1e-7, "R2_ohm": boundary_ohm, "tau2_s": 1e-3}
    row = SpectrumResult.model_construct(
        name="made", temperature_K=kelvin, cycle=None, highest_Hz=1e7,
        resistances_ohm=EisResistances(total=Measured(value=5 + bulk_ohm + boundary_ohm, std=0.1)),
        parameters=[CircuitParameter(name=name, unit="", value=value, std=0.0, interval_95=(None, None))
                    for name, value in values.items()],
    )  # fmt: skip
    return row, points


def _drawn(draw, *pairs) -> Any:
    with house_style():
        figure = draw([row for row, _ in pairs], [points for _, points in pairs])
        figure.draw_without_rendering()
    return figure


def _all_axes(figure: Any) -> list[Any]:
    return [axes for panel in figure.axes if panel.get_visible() for axes in (panel, *panel.child_axes)]


@pytest.mark.parametrize("draw", [nyquist, together])
@pytest.mark.parametrize("bulk_ohm", [3.0, 400.0, 5e6])
def test_an_ohm_is_as_long_on_both_axes_insets_too(draw, bulk_ohm: float):
    figure = _drawn(draw, _spectrum(bulk_ohm, 1000.0, 300.0), _spectrum(bulk_ohm / 2, 300.0, 320.0))
    for axes in _all_axes(figure):
        origin, right, up = axes.transData.transform([(0, 0), (1, 0), (0, 1)])
        assert right[0] - origin[0] == pytest.approx(up[1] - origin[1], rel=1e-6)


@pytest.mark.parametrize(("bulk_ohm", "insets"), [(30.0, 1), (500.0, 0)])
def test_an_arc_smaller_by_a_decade_is_enlarged_in_the_units_of_its_panel(bulk_ohm: float, insets: int):
    (panel,) = _drawn(nyquist, _spectrum(bulk_ohm, 2000.0, 300.0)).axes
    assert len(panel.child_axes) == insets
    for inset in panel.child_axes:
        low, high = inset.get_xlim()
        assert low == 0
        assert 1.49 * (5 + bulk_ohm) <= 1000 * high <= 3.01 * (5 + bulk_ohm)  # kohm, as the panel
        assert panel.get_xlabel() == "Z′ (kΩ)"


def test_whole_decades_are_marked_and_numbered():
    (panel,) = _drawn(nyquist, _spectrum(400.0, 800.0, 300.0)).axes
    (marks,) = [line for line in panel.lines if line.get_label().startswith("whole decades")]
    z = 5 + 400 / (1 + 2j * np.pi * 10.0 ** np.arange(8) * 1e-7) + 800 / (1 + 2j * np.pi * 10.0 ** np.arange(8) * 1e-3)
    np.testing.assert_allclose(np.sort(marks.get_xdata()), np.sort(z.real) / 1000)
    numbers = [text.get_text() for text in panel.texts]
    assert "10²" in numbers
    assert len(numbers) == len(set(numbers))


def test_series_are_unlike_without_colour():
    styles = series_styles(28)
    assert len({(style.marker, style.line) for style in styles}) == 28
    lightness = [np.dot((0.2126, 0.7152, 0.0722), to_rgb(style.colour)) for style in styles]
    assert (np.diff(lightness) > 0).all()


def test_bode_has_points_and_line_of_each_spectrum():
    pairs = [_spectrum(30.0, 100.0 * k, 300.0 + k) for k in range(1, 4)]
    upper, lower = _drawn(bode, *pairs).axes
    for k, (_, points) in enumerate(pairs):
        z = (points["Z_real_ohm"] + 1j * points["Z_imag_ohm"])[::-1]
        for axes, values in ((upper, np.abs(z)), (lower, -np.degrees(np.angle(z)))):
            for line in axes.lines[2 * k : 2 * k + 2]:
                np.testing.assert_allclose(line.get_ydata(), values)
    assert together([pairs[0][0]], [pairs[0][1]]) is None


def test_the_range_that_is_asked_for_is_drawn():
    (panel,) = _drawn(lambda rows, points: nyquist(rows, points, to_ohm=250.0), _spectrum(400.0, 800.0, 300.0)).axes
    assert panel.get_xlim() == (0.0, 250.0)


def test_spectra_are_chosen_by_their_numbers():
    spectra = [
        Spectrum(frequency_Hz=points["frequency_Hz"], impedance_ohm=points["Z_real_ohm"] + 1j * points["Z_imag_ohm"],
                 name=row.name, temperature_K=row.temperature_K)
        for row, points in (_spectrum(300.0 / k, 900.0 / k, 300.0 + 10 * k) for k in (1, 2, 3))
    ]  # fmt: skip
    record = eis(spectra, circuit="R-RQ-RQ", drawn="3,1", drawn_to_ohm=500.0)
    assert (record.drawn, shown(record), record.drawn_to_ohm) == ([3, 1], [2, 0], 500.0)
    with pytest.raises(SettingsError, match="no spectrum 4; there are 1 to 3"):
        eis(spectra, circuit="R-RQ-RQ", drawn="4")
    with pytest.raises(SettingsError, match="name at most 28"):
        eis(spectra, circuit="R-RQ-RQ", drawn=range(1, 30))
