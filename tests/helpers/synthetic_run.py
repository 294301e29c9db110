"""A synthetic run directory: the documents of `conduct`, with numbers drawn from a stated Arrhenius law.

`python tests/helpers/synthetic_run.py DIRECTORY [STRUCTURE.cif]` writes one, and its report.
"""

from __future__ import annotations

import csv
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.page.write import write_report
from paddlewheel.records import Citation, HealthCheck, Measured, Provenance, write_record
from paddlewheel.records.arrhenius import ArrheniusModel, ArrheniusResult, RefusedTemperature
from paddlewheel.records.tables import Beside
from paddlewheel.studies.conduct import page
from paddlewheel.studies.conduct.record import (
    ConductivityRecord,
    PublishedComparison,
    TemperatureResult,
    read_conductivity_record,
)
from paddlewheel.units import BOLTZMANN_eV_PER_K

ACTIVATION_ENERGY_eV = 0.231
SIGMA_300K_mS_PER_CM = 18.4
LN_PREFACTOR = math.log(SIGMA_300K_mS_PER_CM * 300.0) + ACTIVATION_ENERGY_eV / (BOLTZMANN_eV_PER_K * 300.0)
STD_ACTIVATION_ENERGY_eV, STD_LN_PREFACTOR = 0.012, 0.24
COVARIANCE = 0.98 * STD_ACTIVATION_ENERGY_eV * STD_LN_PREFACTOR
SIGMA_PER_D = 1.705e10
"""sigma T / D in mS K/cm / (cm2/s): that of 12 Na+ in 1309 A3, n e^2 / k."""


def sigma_mS_per_cm(temperature_K: float) -> float:
    """The law behind the synthetic numbers."""
    return math.exp(LN_PREFACTOR - ACTIVATION_ENERGY_eV / (BOLTZMANN_eV_PER_K * temperature_K)) / temperature_K


def ok_row(temperature_K: float, **changes: Any) -> TemperatureResult:
    """A temperature that diffuses, on the law, with an error of 10 %."""
    sigma = sigma_mS_per_cm(temperature_K)
    diffusivity = sigma * temperature_K / SIGMA_PER_D
    row = {
        "temperature_K": temperature_K,
        "status": "ok",
        "n_replicas": 2,
        "production_ps": 200.0,
        "n_ions": 12,
        "mean_temperature_K": temperature_K + 0.7,
        "density_g_per_cm3": 1.1306 - 1e-4 * (temperature_K - 300.0),
        "mean_volume_A3": 1309.0 + 0.12 * (temperature_K - 300.0),
        "diffusivity_cm2_per_s": Measured(value=diffusivity, std=0.1 * diffusivity),
        "diffusivity_95_cm2_per_s": (0.82 * diffusivity, 1.22 * diffusivity),
        "diffusivity_xyz_cm2_per_s": tuple(
            Measured(value=f * diffusivity, std=0.16 * diffusivity) for f in (1.1, 1.3, 0.6)
        ),
        "conductivity_mS_per_cm": Measured(value=sigma, std=0.1 * sigma),
        "conductivity_95_mS_per_cm": (0.82 * sigma, 1.22 * sigma),
        "conductivity_collective_mS_per_cm": Measured(value=1.45 * sigma, std=0.5 * sigma),
        "haven_ratio": Measured(value=0.69, std=0.21),
        "active_fraction": 0.83,
        "active_window_ps": 200.0,
        "active_threshold_A2": 21.0,
        "loglog_slope": Measured(value=0.98, std=0.05),
        "fit_onset_ps": 2.4,
        "fit_last_lag_ps": 96.0,
        "msd_intercept_A2": 1.9,
        "msd_final_A2": 6 * diffusivity * 1e4 * 200 + 1.9,
        "health": [
            HealthCheck(
                name="temperature", status="ok", detail=f"mean {temperature_K + 0.7:.1f} K, wanted {temperature_K:g} K"
            ),
            HealthCheck(name="energy-drift", status="ok", detail="0.12 meV/atom/ps"),
            HealthCheck(name="polyanion-bonds", status="ok", detail="8 of 8 anions whole in every frame"),
            HealthCheck(name="framework", status="ok", detail="anion centres stay within 1.1 Å of their sites"),
            HealthCheck(name="pressure", status="warning", detail="mean 0.08 GPa, 0.02 GPa over its error"),
        ],
        "msd_file": f"msd/T={temperature_K:g}K.csv",
        "thermo_files": [f"thermo/T={temperature_K:g}K_r{k}.csv" for k in range(2)],
    }
    return TemperatureResult.model_validate({**row, **changes})


def refused_row(temperature_K: float, **changes: Any) -> TemperatureResult:
    """A temperature at which nothing moves: an upper bound only."""
    nothing = dict.fromkeys(
        (
            "diffusivity_cm2_per_s",
            "diffusivity_95_cm2_per_s",
            "diffusivity_xyz_cm2_per_s",
            "conductivity_mS_per_cm",
            "conductivity_95_mS_per_cm",
            "conductivity_collective_mS_per_cm",
            "haven_ratio",
            "fit_onset_ps",
            "fit_last_lag_ps",
            "msd_intercept_A2",
        )
    )
    bound = 1.6 * sigma_mS_per_cm(temperature_K)
    row = {
        **nothing,
        "status": "not-diffusive",
        "reason": "mean MSD 2.1 Å² is below the squared hop distance 10.9 Å²",
        "active_fraction": 0.0,
        "loglog_slope": Measured(value=0.41, std=0.16),
        "msd_final_A2": 2.1,
        "diffusivity_upper_bound_95_cm2_per_s": bound * temperature_K / SIGMA_PER_D,
        "conductivity_upper_bound_95_mS_per_cm": bound,
    }
    return ok_row(temperature_K, **{**row, **changes})


def fit_of(rows: list[TemperatureResult], **changes: Any) -> ArrheniusResult:
    """The law's own fit over the rows that are ok."""
    x = 1.0 / (BOLTZMANN_eV_PER_K * 300.0)
    log_std = math.sqrt(STD_LN_PREFACTOR**2 + (x * STD_ACTIVATION_ENERGY_eV) ** 2 - 2 * x * COVARIANCE)
    sigma = SIGMA_300K_mS_PER_CM
    fit = {
        "fitted": "ln(sigma*T)",
        "activation_energy_eV": Measured(value=ACTIVATION_ENERGY_eV, std=STD_ACTIVATION_ENERGY_eV),
        "activation_energy_95_eV": (0.205, 0.257),
        "ln_prefactor": Measured(value=LN_PREFACTOR, std=STD_LN_PREFACTOR),
        "covariance_ln_prefactor_activation_energy": COVARIANCE,
        "conductivity_300K_mS_per_cm": Measured(value=sigma, std=sigma * math.sinh(log_std)),
        "conductivity_300K_95_mS_per_cm": (sigma * math.exp(-2.2 * log_std), sigma * math.exp(2.2 * log_std)),
        "chi2_per_dof": 0.83,
        "temperatures_used_K": [row.temperature_K for row in rows if row.status == "ok"],
        "temperatures_refused": [
            RefusedTemperature(temperature_K=row.temperature_K, status=row.status, reason=row.reason or "")
            for row in rows
            if row.status != "ok"
        ],
        "models": [
            ArrheniusModel(
                name="arrhenius", aicc=-3.2, parameters={"activation_energy_eV": Measured(value=0.231, std=0.012)}
            ),
            ArrheniusModel(
                name="vogel-fulcher",
                aicc=2.9,
                parameters={"pseudo_energy_eV": Measured(value=0.13, std=0.04), "T0_K": Measured(value=71.0, std=64.0)},
            ),
            ArrheniusModel(name="one-kink", aicc=None, parameters={}, note="needs at least five temperatures"),
        ],
    }
    return ArrheniusResult.model_validate({**fit, **changes})


def record_of(rows: list[TemperatureResult], arrhenius: ArrheniusResult | None, **changes: Any) -> ConductivityRecord:
    """A record of `conduct` over these rows."""
    record = {
        "specie": "Na",
        "charge_e": 1.0,
        "potential": "m3gnet-nabh-r2scan",
        "structure": "o-nbh",
        "formula": "Na3BH4B12H12",
        "temperatures": rows,
        "arrhenius": arrhenius,
        "warnings": ["The timestep of 1 fs is long for hydrogen: check energy conservation with --ensemble nve."],
        "citations": [
            Citation(
                what="Potential m3gnet-nabh-r2scan",
                reference="C. Chen, S. P. Ong, A universal graph deep learning interatomic potential, "
                "Nat. Comput. Sci. 2, 718 (2022).",
                doi="10.1038/s43588-022-00349-3",
            ),
            Citation(
                what="Structure o-NBH",
                reference="Y. Sadikin et al., Superionic conduction of sodium and lithium in anion-mixed hydroborates, "
                "Adv. Energy Mater. 5, 1501016 (2015).",
                doi="10.1002/aenm.201501016",
            ),
        ],
        "published": [
            PublishedComparison(
                quantity="conductivity_mS_per_cm",
                temperature_K=300.0,
                published=18.39,
                how="computed <elsewhere>",
                doi="10.1016/j.joule.2025.102130",
                ours=20.0,
                ours_95=(12.0, 33.0),
                note="inside our 95 % interval",
            ),
            PublishedComparison(
                quantity="activation_energy_eV",
                published=0.23,
                how="measured",
                doi="10.1016/j.joule.2025.102130",
                note="no fit in this run",
            ),
        ],
        "provenance": Provenance(
            paddlewheel_version="0.1.0",
            command="paddlewheel conduct o-nbh --out run --temperatures 400,500,600,700,800",
            created_utc="2026-11-22T17:00:00Z",
            versions={"python": "3.11.2", "numpy": "2.4.0", "torch": "2.13.0", "ase": "3.29.0"},
            settings={"seed": 1},
            structure_sha256="3f1c" * 16,
            potential_sha256="6dba" * 16,
        ),
    }
    return ConductivityRecord.model_validate({**record, **changes})


def write_run(directory: Path, record: ConductivityRecord, *, structure: Path | None = None, seed: int = 1) -> Path:
    """Write the record and every file it names; the cell is `structure` or eight formula units of NaBH4."""
    random = np.random.default_rng(seed)
    directory.mkdir(parents=True, exist_ok=True)
    write_record(record, directory / "result.json")
    for row in record.temperatures:
        if row.msd_file is not None:
            _write_msd(directory / row.msd_file, row, random)
        for name in row.thermo_files:
            _write_thermo(directory / name, row, random)
    (directory / "inputs.yaml").write_text(_SETTINGS, encoding="utf-8")
    if structure is None:
        _write_cell(directory / "structure.cif")
    else:
        shutil.copyfile(structure, directory / "structure.cif")
    return directory


def write_conductivity_report(directory: Path) -> Path:
    """Write the report of the record in a directory, as `conduct` does."""
    record = read_conductivity_record(directory / "result.json")
    record.lies_beside(Beside(directory))
    return write_report(record, page.figures, page.page)


def _write_msd(path: Path, row: TemperatureResult, random: np.random.Generator) -> None:
    lag = np.arange(1, 2001) * 0.1
    slope = row.diffusivity_cm2_per_s.value * 6e4 if row.diffusivity_cm2_per_s else 0.004
    plateau = row.msd_intercept_A2 or 1.3
    smooth = plateau * (1 - np.exp(-(lag / 0.3))) + slope * lag
    relative = 0.25 * np.sqrt(lag / lag[-1]) + 0.01
    wander = np.cumsum(random.normal(size=lag.size)) / math.sqrt(lag.size)
    _write(
        path, "lag_ps,msd_A2,std_A2", np.stack([lag, smooth * (1 + 0.4 * relative * wander), smooth * relative], axis=1)
    )


def _write_thermo(path: Path, row: TemperatureResult, random: np.random.Generator) -> None:
    time = np.arange(0, 4200) * 0.05 - 10.0  # ten picoseconds of equilibration first
    temperature = row.temperature_K * (1 + 0.05 * random.normal(size=time.size))
    kinetic = 1.5 * 128 * BOLTZMANN_eV_PER_K * temperature
    potential = -560.0 + 0.3 * random.normal(size=time.size)
    conserved = -540.0 + 1e-5 * time + 0.002 * random.normal(size=time.size)
    pressure = 0.08 + 0.5 * random.normal(size=time.size)
    volume = row.mean_volume_A3 + 8 * np.sin(time / 9.0) + 4 * random.normal(size=time.size)
    header = "time_ps,temperature_K,potential_energy_eV,kinetic_energy_eV,conserved_energy_eV,pressure_GPa,volume_A3"
    columns = [time, temperature, potential, kinetic, conserved, pressure, volume]
    if row.extrapolation is not None:
        header += ",extrapolation_grade"
        far = random.gamma(4.0, 0.25, time.size)
        columns.append(far * row.extrapolation.max_grade / far.max())
    _write(path, header, np.stack(columns, axis=1))


def _write(path: Path, header: str, columns: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header.split(","))
        writer.writerows([f"{value:.8g}" for value in line] for line in columns)


def _write_cell(path: Path) -> None:
    """Cubic NaBH4 (a = 6.15 A), two cells along x, with two of its anions across the faces."""
    from ase import Atoms
    from ase.io import write

    a, arm = 6.15, 1.22 / math.sqrt(3.0)
    faces = np.array([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]) * a
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) * arm
    cell = Atoms(cell=[a, a, a], pbc=True)
    for site in faces:
        cell += Atoms("Na", positions=[site + np.array([a / 2, 0, 0])])
        cell += Atoms("BH4", positions=[site, *(site + corners)])
    cell = cell.repeat((2, 1, 1))
    cell.wrap()
    write(path, cell, format="cif")


_SETTINGS = """\
structure: o-nbh
specie: Na
potential:
  name: m3gnet-nabh-r2scan
  three_body: parent
  dtype: float32
dynamics:
  temperatures_K: [300, 400, 500, 600, 700, 800]
  ensemble: npt
  timestep_fs: 1.0
  equilibrate_ps: 2.0
  production_ps: 200.0
  replicas: 2
  seed: 1
  thermostat:
    kind: nose-hoover-chain
    damping_fs: 100.0
transport:
  drift: framework
  active_threshold_A2: 21.0
"""


if __name__ == "__main__":
    import sys

    rows = [refused_row(300.0), refused_row(400.0), *(ok_row(t) for t in (500.0, 600.0, 700.0, 800.0))]
    target = write_run(
        Path(sys.argv[1]), record_of(rows, fit_of(rows)), structure=Path(sys.argv[2]) if len(sys.argv) > 2 else None
    )
    print(write_conductivity_report(target))
