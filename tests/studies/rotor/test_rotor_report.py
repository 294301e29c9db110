"""The report of `rotor` from records made by hand: a conductivity that falls with the mass at an unchanged barrier."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.page.write import write_report
from paddlewheel.records import Measured, Provenance, write_record
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.records.tables import Beside
from paddlewheel.studies.conduct.record import ConductivityRecord, TemperatureResult
from paddlewheel.studies.rotor import page
from paddlewheel.studies.rotor.record import AnionRotation, RotorPoint, RotorRecord, RotorRun, RotorTemperature
from paddlewheel.studies.rotor.trends import equilibrium_checks, trends
from paddlewheel.transport import fit_arrhenius
from paddlewheel.units import BOLTZMANN_eV_PER_K

FACTORS = (1.0, 4.0, 10.0)
SLOPES = {"BH4": -0.1, "B12H12": -0.35, "all": -0.45}
TEMPERATURES_K = (600.0, 675.0, 750.0, 850.0)
PROVENANCE = Provenance(
    paddlewheel_version="0", created_utc="2026-01-01T00:00:00Z", versions={}, settings={"command": "rotor"}
)


def _measured(value: float, relative: float) -> Measured:
    return Measured(value=value, std=relative * abs(value))


def write_grid(directory: Path) -> RotorRecord:
    """A run directory of a grid whose sigma at 300 K is 10 mS/cm times factor to the slope of its series."""
    rng = np.random.default_rng(1)
    points, runs = [], {}
    for anion, slope in SLOPES.items():
        for factor in FACTORS:
            name = "natural" if factor == 1 else f"{anion}x{factor:g}"
            if name not in runs:
                runs[name] = _run(directory, name, 10.0 * factor**slope, factor, rng)
            fit = runs[name].arrhenius
            assert fit is not None
            speed = {"BH4": 20.0, "B12H12": 2.2, "all": 14.0}[anion] / np.sqrt(factor)
            points.append(
                RotorPoint(
                    anion=anion, mass_factor=factor, run=name, status="ok",
                    activation_energy_eV=fit.activation_energy_eV,
                    activation_energy_95_eV=fit.activation_energy_95_eV,
                    conductivity_300K_mS_per_cm=fit.conductivity_300K_mS_per_cm,
                    conductivity_300K_95_mS_per_cm=fit.conductivity_300K_95_mS_per_cm,
                    active_fraction=Measured(value=0.8 * factor**slope, std=0.06),
                    rotation_rad_per_ps=_measured(speed, 0.03),
                )
            )  # fmt: skip
    rows, comparisons = trends(points, runs, entering=("ok",), of_paper=True)
    record = RotorRecord(
        specie="Na", charge_e=1.0, potential="nep-nabh", structure="o-nbh", formula="Na48B208H256",
        anions={"B12H12": 16, "BH4": 16}, temperatures_K=list(TEMPERATURES_K), reference_temperature_K=600.0,
        active_window_ps=25.0, active_threshold_A2=21.0, active_is_paper_definition=False, points=points,
        runs=list(runs.values()), trends=rows, comparisons=comparisons,
        equilibrium=equilibrium_checks(list(runs.values()), ensemble="npt"), warnings=["made by hand"],
        provenance=PROVENANCE,
    )  # fmt: skip
    write_record(record, directory / "result.json")
    return record


def _run(directory: Path, name: str, sigma_300K: float, factor: float, rng: np.random.Generator) -> RotorRun:
    t = np.array(TEMPERATURES_K)
    log = np.log(sigma_300K * 300) + 0.2 / BOLTZMANN_eV_PER_K * (1 / 300 - 1 / t) + 0.05 * rng.normal(size=4)
    sigma = np.exp(log) / t
    fit = fit_arrhenius(t, sigma, 0.05 * sigma)
    arrhenius = ArrheniusResult(
        fitted="ln(sigma*T)", activation_energy_eV=Measured(
            value=fit.activation_energy_eV, std=fit.activation_energy_std_eV
        ),
        activation_energy_95_eV=fit.activation_energy_95_eV,
        ln_prefactor=Measured(value=fit.ln_prefactor, std=fit.ln_prefactor_std),
        covariance_ln_prefactor_activation_energy=fit.covariance_ln_prefactor_activation_energy,
        conductivity_300K_mS_per_cm=Measured(value=fit.value_at_target, std=fit.std_at_target),
        conductivity_300K_95_mS_per_cm=fit.interval_95_at_target, temperatures_used_K=list(TEMPERATURES_K),
    )  # fmt: skip
    rows = [
        TemperatureResult(
            temperature_K=at, status="ok", production_ps=50.0, n_ions=48, density_g_per_cm3=1.1, mean_volume_A3=5000.0,
            conductivity_mS_per_cm=_measured(value, 0.05),
        )
        for at, value in zip(TEMPERATURES_K, sigma.tolist(), strict=True)
    ]  # fmt: skip
    own = ConductivityRecord(
        specie="Na", charge_e=1.0, potential="nep-nabh", structure="o-nbh", formula="Na48B208H256", temperatures=rows,
        arrhenius=arrhenius, provenance=PROVENANCE,
    )  # fmt: skip
    (directory / "points" / name).mkdir(parents=True)
    write_record(own, directory / "points" / name / "result.json")
    speeds = [
        AnionRotation(
            anion=anion, n_anions=16, rms_angular_velocity_rad_per_ps=_measured(speed, 0.03),
            chord_speed_per_ps=_measured(speed, 0.03), rotational_temperature_K=None,
        )
        for anion, speed in (("B12H12", 2.2), ("BH4", 20.0))
    ]  # fmt: skip
    return RotorRun(
        name=name, scale={}, arrhenius=arrhenius, record=f"points/{name}/result.json",
        temperatures=[
            RotorTemperature(
                temperature_K=row.temperature_K, status="ok", conductivity_mS_per_cm=row.conductivity_mS_per_cm,
                density_g_per_cm3=Measured(value=1.1, std=0.002), active_fraction=Measured(value=0.5, std=0.07),
                potential_energy_eV_per_atom=Measured(value=-5.3, std=0.001), rotation=speeds,
            )
            for row in rows
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("grid")
    record = write_grid(out)
    record.lies_beside(Beside(out))
    write_report(record, page.figures, page.page)
    return out


def test_the_headline_says_which_masses_matter(directory: Path) -> None:
    html = (directory / "report.html").read_text()
    assert "The simulated conductivity (tracer, by Nernst-Einstein) falls with the mass of BH4, B12H12 and all." in html
    assert "as the paper" in html
    assert "falls more with B12H12" in html
    assert "× 0.4" in html  # 10^-0.35 = 0.45 and 10^-0.45 = 0.35


def test_every_point_and_run_stands_in_a_table(directory: Path) -> None:
    html = (directory / "report.html").read_text()
    for name in ("natural", "BH4x4", "BH4x10", "B12H12x4", "B12H12x10", "allx4", "allx10"):
        # four temperatures in the table of runs, and two anions each in that of rotation
        assert len(re.findall(rf'<th scope="row">{name}</th>', html)) == 4 + 8
    assert "equipartition: −0.50" in html


def test_figures_are_written_and_nothing_is_loaded(directory: Path) -> None:
    for name in ("mass", "arrhenius"):
        assert (directory / "figures" / f"{name}.png").stat().st_size > 10_000
    html = (directory / "report.html").read_text()
    assert not re.search(r'(src|href)="https?://(?!doi)', html)
