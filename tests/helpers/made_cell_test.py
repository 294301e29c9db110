"""Made-up cell tests of known efficiency, fade and constant-voltage share, shared by the tests of cycling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paddlewheel.lab.table import CellTest

SAMPLE = {
    "die_diameter_mm": 10,
    "composite": {
        "mass_mg": 20.0,
        "components": [
            {"name": "NaCrO2", "weight_fraction": 0.6, "capacity_mAh_per_g": 120},
            {"name": "rest", "weight_fraction": 0.4},
        ],
    },
}


def cell_test(
    *,
    n_cycles: int = 20,
    capacity_mAh: float = 1.4,
    efficiency: float = 0.995,
    fade: float = 0.002,
    cv_share: float = 0.1,
    counter: bool = True,
    rest: bool = True,
    points: int = 400,
    current_mA: float = 1.0,
) -> CellTest:
    """CCCV charges and CC discharges: the discharge of cycle n is (1 - fade)^(n - 1) times the first, the charge that
    over the efficiency, and `cv_share` of it passes at 3.4 V with a current that decays to a tenth."""
    times, volts, amps, charges = [0.0], [2.5], [0.0], [0.0]

    def add(dt_s, volt, amp, dq_Ah):
        times.extend(times[-1] + np.cumsum(dt_s))
        volts.extend(volt)
        amps.extend(amp)
        charges.extend(charges[-1] + np.cumsum(dq_Ah))

    for number in range(n_cycles):
        out = capacity_mAh / 1000 * (1 - fade) ** number
        into = out / efficiency
        current = current_mA / 1000
        constant = into * (1 - cv_share)
        q = np.linspace(0, 1, points + 1)[1:]
        add(np.full(points, constant / points / current * 3600), 2.9 + 0.5 * q, np.full(points, current),
            np.full(points, constant / points))  # fmt: skip
        if cv_share:
            # I = I0 exp(-t / tau), to a tenth of I0: the charge 0.9 I0 tau is the share
            tau = into * cv_share / (0.9 * current) * 3600
            t = np.linspace(0, np.log(10) * tau, points // 4 + 1)
            passed = current * tau * (1 - np.exp(-t / tau)) / 3600
            add(np.diff(t), np.full(points // 4, 3.4), current * np.exp(-t[1:] / tau), np.diff(passed))
        if rest:
            add(np.full(5, 60.0), np.full(5, 3.35), np.zeros(5), np.zeros(5))
        add(np.full(points, out / points / current * 3600), 3.3 - 0.5 * q, np.full(points, -current),
            np.full(points, -out / points))  # fmt: skip
        if rest:
            add(np.full(5, 60.0), np.full(5, 2.85), np.zeros(5), np.zeros(5))
    columns = [np.array(one) for one in (times, volts, amps, charges)]
    return CellTest(time_s=columns[0], voltage_V=columns[1], current_A=columns[2],
                    charge_Ah=columns[3] if counter else None, source="made.csv")  # fmt: skip


def joined(*tests: CellTest) -> CellTest:
    """One test after the other, time and charge running on."""
    time_s, charge_Ah, parts = 0.0, 0.0, []
    for one in tests:
        assert one.charge_Ah is not None
        parts.append(replace(one, time_s=one.time_s + time_s, charge_Ah=one.charge_Ah + charge_Ah))
        time_s, charge_Ah = parts[-1].time_s[-1] + 1.0, parts[-1].charge_Ah[-1]
    names = ("time_s", "voltage_V", "current_A", "charge_Ah")
    return CellTest(
        **{name: np.concatenate([getattr(one, name) for one in parts]) for name in names}, source="made.csv"
    )


def cut(test: CellTest, rows: slice | np.ndarray) -> CellTest:
    """Some rows of a test."""
    names = ("time_s", "voltage_V", "current_A", "charge_Ah")
    return replace(test, **{name: getattr(test, name)[rows] for name in names})
