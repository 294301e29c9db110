"""Powder fits against their truth and a peer, as docs/benchmarks/xrd_quantification.md states.

    OMP_NUM_THREADS=1 python benchmarks/xrd_quantification.py cpd absent cells mixtures hydroborate --sets 100
    OMP_NUM_THREADS=1 python benchmarks/xrd_quantification.py speed --rietx-python /tmp/rietx-venv/bin/python

Patterns are those of the shared folder (PADDLEWHEEL_SHARED): the round robin of the IUCr, NAC and fluorapatite. Speed
is the CPU time of whole processes that read, fit and print five patterns, medians of three; rietx stands in an
environment of its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.xrd import simulated
from paddlewheel.lab.xrd.fit import FitOptions, PatternFit, fit_pattern
from paddlewheel.lab.xrd.instrument import doublet, tube
from paddlewheel.lab.xrd.instrument_file import read_instrument
from paddlewheel.lab.xrd.model import Instrument
from paddlewheel.lab.xrd.pattern import Pattern, Radiation
from paddlewheel.lab.xrd.phase import Phase
from paddlewheel.lab.xrd.readers import read_patterns
from paddlewheel.lab.xrd.structure_factors import mass_absorption_cm2_per_g, read_phase

SHARED = Path(os.environ.get("PADDLEWHEEL_SHARED", "../shared")) / "data" / "lab" / "xrd_qpa"
WEIGHED = {
    "cpd-1a": (1.15, 4.04, 94.81), "cpd-1b": (94.31, 1.36, 4.33), "cpd-1c": (5.04, 93.59, 1.36),
    "cpd-1e": (55.12, 15.25, 29.62), "cpd-1g": (31.37, 34.21, 34.42),
}  # fmt: skip
PHASES = ("corundum", "zincite", "fluorite")
COPPER = replace(tube("Cu"), monochromator_cos2=float(np.cos(np.radians(26.6)) ** 2))

FLUORAPATITE = """data_fluorapatite
_symmetry_space_group_name_H-M 'P 63/m'
_cell_length_a 9.37
_cell_length_b 9.37
_cell_length_c 6.88
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
Ca1 Ca 0.333333 0.666667 0.001913 0.006079
Ca2 Ca 0.241976 0.992603 0.25 0.004561
P3 P 0.397416 0.367704 0.25 0.003978
F4 F 0 0 0.25 0.01385
O5 O 0.325053 0.484763 0.25 0.004916
O6 O 0.591494 0.469954 0.25 0.006609
O7 O 0.339510 0.258126 0.070641 0.006713
"""
"""Atoms of FAP.EXP (GSAS), the cell rounded."""

RIETX = """
import sys
import rietx
folder, plan, *names = sys.argv[1:]
phases = []
for phase in ("corundum", "zincite", "fluorite"):
    phases += rietx.Structure.from_cif(f"{folder}/{phase}.cif", phase_name=phase).phases
for name in names:
    instrument = rietx.Instrument.bragg_brentano(
        radiation="CuKa", goniometer_radius_mm=173.0, monochromator_two_theta=26.6
    )
    refinement = rietx.Refinement(rietx.Structure(phases=phases), instrument)
    rows = refinement.fit(rietx.read_pattern(f"{folder}/{name}.xy"), plan=plan).qpa.phases
    print(name, *(row.weight_fraction for row in rows), *(row.weight_fraction_stderr for row in rows))
"""


def measured(name: str) -> Pattern:
    """A pattern of the round robin."""
    found = read_patterns(SHARED / f"{name}.prn.gz", radiation=COPPER)[0]
    return replace(found, geometry="bragg-brentano", goniometer_radius_mm=173.0)


def phases_of(*names: str) -> list[Phase]:
    """Phases by the names of their files."""
    return [read_phase(SHARED / f"{name}.cif") for name in names]


def shares(fit: PatternFit) -> np.ndarray:
    """Weight fractions in per cent."""
    return np.array([100 * phase.weight_fraction for phase in fit.phases])


def widths_of(fit: PatternFit) -> list[float]:
    """Of the 95 % intervals, in per cent."""
    return [100 * (phase.weight_interval_95[1] - phase.weight_interval_95[0]) for phase in fit.phases]


def held(fit: PatternFit, truth: Sequence[float]) -> list[bool]:
    """Whether each 95 % interval holds the truth, in per cent."""
    ends = [phase.weight_interval_95 for phase in fit.phases]
    return [bool(100 * low - 1e-9 <= each <= 100 * high + 1e-9) for (low, high), each in zip(ends, truth, strict=True)]


def cpd() -> None:
    """The five mixtures."""
    errors, inside, widths = [], [], []
    for name, truth in WEIGHED.items():
        fit = fit_pattern(measured(name), phases_of(*PHASES))
        errors += list(shares(fit) - truth)
        inside += held(fit, truth)
        widths += widths_of(fit)
        told = ", ".join(f"{s:.2f} ({t:.2f})" for s, t in zip(shares(fit), truth, strict=True))
        print(f"| {name} | {told} | {100 * fit.rwp:.1f} | {100 * fit.rexp:.1f} |", flush=True)
    rms, worst = np.sqrt(np.mean(np.square(errors))), np.abs(errors).max()
    print(
        f"RMS {rms:.2f}, worst {worst:.2f} wt%; {sum(inside)} of {len(inside)} held, mean width {np.mean(widths):.2f}"
    )


def absent() -> None:
    """What is found of phases that are not there."""
    for name in PHASES:
        fit = fit_pattern(measured(name), phases_of(*PHASES))
        told = ", ".join(
            f"{phase.name} {100 * phase.weight_fraction:.3f} (limit {100 * phase.detection_limit:.2f},"
            f" {'seen' if phase.is_present else 'not seen'})"
            for phase in fit.phases if phase.name != name
        )  # fmt: skip
        print(f"| {name} | {told} |", flush=True)


def cells() -> None:
    """NAC, fluorapatite and simulated LaB6."""
    pattern = read_patterns(
        SHARED / "11BM_NAC.fxye.gz", radiation=Radiation(lines=((0.413909, 1.0),), monochromator_cos2=0.0)
    )
    nac = replace(pattern[0], geometry="debye-scherrer")
    both = [read_phase(SHARED / "NAC_cod_1000236.cif"), *phases_of("fluorite")]
    card = Instrument(**read_instrument(SHARED / "11bm_gsas.prm").profile)
    for what, options in (
        ("its instrument file", FitOptions(instrument=card)),
        ("widths free", FitOptions(shift="none")),
    ):
        fit = fit_pattern(nac, both, replace(options, refits=False))
        a_A = fit.phases[0].cell[0]
        print(f"NAC, {what}: a {a_A:.5f} A, {1e6 * (a_A / 10.2512 - 1):+.1f} ppm", flush=True)
    try:
        fit_pattern(nac, both, FitOptions(instrument=card, shift="both", refits=False))
        print("NAC with zero, displacement and cell: NOT refused")
    except DataError as refusal:
        print(f"NAC with zero, displacement and cell: {refusal}", flush=True)
    counts = np.array([float(row[at : at + 8]) for row in (SHARED / "FAP.XRA").read_text().splitlines()[2:]
                       for at in range(0, len(row.rstrip()), 8) if row[at : at + 8].strip()])[:5753]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "fap.cif").write_text(FLUORAPATITE)
        apatite = read_phase(Path(folder) / "fap.cif")
    lit = replace(doublet(1.5405, 1.5443), monochromator_cos2=1.0)
    fap = Pattern(
        name="FAP", source="FAP.XRA", two_theta_deg=15 + 0.02 * np.arange(counts.size), intensity=counts,
        std=np.sqrt(np.maximum(counts, 1)), counts=True, radiation=lit, geometry="bragg-brentano",
    )  # fmt: skip
    for options in (FitOptions(), FitOptions(shift="zero")):
        fit = fit_pattern(fap, [apatite], options)
        cell, std, counted = fit.phases[0].cell, fit.phases[0].cell_std, fit.phases[0].cell_statistical_std
        told = ", ".join(
            f"{axis} {cell[at]:.6f} +- {std[at]:.6f} (counts {counted[at]:.6f};"
            f" {(cell[at] - truth) / std[at]:+.2f} errors)"
            for axis, at, truth in (("a", 0, 9.371724), ("c", 2, 6.885867))
        )
        print(f"FAP, shift {options.shift or 'displacement by default'}: {told}; Rwp {fit.rwp:.4f}", flush=True)
    lab6 = read_phase("lab6")
    instrument = simulated.Instrument(
        radiation=tube("Cu"), displacement_mm=0.08, goniometer_radius_mm=217.5, sample_height=0.012, slit_height=0.012
    )
    for seed in range(5):
        made = simulated.simulate_pattern(
            [simulated.SimulatedPhase(phase=lab6, weight_fraction=1.0, size_A=8000)], instrument,
            np.arange(18, 145, 0.02), background=simulated.Background(polynomial=(60.0, -10.0)),
            counts_at_maximum=20_000, seed=seed,
        )  # fmt: skip
        fit = fit_pattern(made.pattern, [lab6])
        assert fit.displacement_mm is not None
        off = 1e6 * (fit.phases[0].cell[0] / lab6.cell[0] - 1)
        print(f"LaB6 {seed}: {off:+.1f} ppm, displacement {fit.displacement_mm[0]:.4f} mm (0.08)", flush=True)


def mixtures() -> None:
    """Brucite with corundum, zincite and fluorite, from the measured patterns of each and simulated; cpd-4."""
    names = ("brucite", *PHASES)
    found = phases_of(*names)
    truth = np.array([36.36, 21.27, 19.94, 22.53])
    truth *= 100 / truth.sum()
    mu = np.array([mass_absorption_cm2_per_g(phase, COPPER.wavelength_A) for phase in found])
    factors, pure = truth * mu / float(truth @ mu), [measured(name) for name in names]
    intensity = np.sum([c * each.intensity for c, each in zip(factors, pure, strict=True)], axis=0)
    variance = np.sum([c**2 * np.maximum(each.intensity, 1) for c, each in zip(factors, pure, strict=True)], axis=0)
    summed = replace(pure[0], name="sum", intensity=intensity, std=np.sqrt(variance), counts=False)
    plates = [
        simulated.SimulatedPhase(phase=phase, weight_fraction=share, size_A=1500, strain=1e-4,
                                 march_dollase=0.65 if phase.name == "brucite" else 1.0)
        for phase, share in zip(found, truth, strict=True)
    ]  # fmt: skip
    instrument = simulated.Instrument(
        radiation=COPPER, displacement_mm=0.05, goniometer_radius_mm=173, sample_height=0.015, slit_height=0.015
    )
    made = simulated.simulate_pattern(
        plates, instrument, np.arange(5, 150, 0.02),
        background=simulated.Background(polynomial=(40.0, -5.0), air=100.0),
        counts_at_maximum=6000, seed=1,
    )  # fmt: skip
    for what, pattern, options in (
        ("sum of measured patterns", summed, FitOptions()), ("simulated", made.pattern, FitOptions()),
        ("simulated, no texture allowed", made.pattern, FitOptions(no_texture=True)),
    ):  # fmt: skip
        fit = fit_pattern(pattern, found, options)
        told = ", ".join(f"{e:+.2f}" for e in shares(fit) - truth)
        print(f"| {what} | {told} | {sum(held(fit, list(truth)))} of 4 | {100 * fit.rwp:.1f} |", flush=True)
    fit = fit_pattern(measured("cpd-4"), phases_of("corundum", "magnetite", "zircon"))
    print("cpd-4", ", ".join(f"{s:.1f}" for s in shares(fit)), *fit.flags, sep="\n  ", flush=True)


def hydroborate(sets: int) -> None:
    """o-NBH with equal moles of NaBH4 and Na2B12H12, texture, sizes, strains and counts drawn for each set."""
    found = [read_phase(name) for name in ("o-nbh", "nabh4", "na2b12h12")]
    instrument = simulated.Instrument(
        radiation=Radiation(lines=((0.77489, 1.0),), monochromator_cos2=0.0), geometry="debye-scherrer",
        caglioti_deg2=(1e-3, -4e-4, 2e-4), lorentzian_deg=0.004,
    )  # fmt: skip
    rows: dict[float, list[tuple[np.ndarray, list[bool], list[float]]]] = {}
    seconds = []
    for seed in range(sets):
        share, rng = (0.0, 5.0, 10.0, 40.0)[seed % 4], np.random.default_rng(1000 + seed)
        truth = np.array([100 - share, 0.168 * share, 0.832 * share])
        grains = [
            simulated.SimulatedPhase(
                phase=phase, weight_fraction=each, size_A=rng.uniform(600, 2500), strain=rng.uniform(2e-4, 1e-3),
                march_dollase=rng.uniform(0.85, 1.0) if phase.name == "o-nbh" else 1.0,
            )
            for phase, each in zip(found, truth, strict=True) if each > 0
        ]  # fmt: skip
        made = simulated.simulate_pattern(
            grains, instrument, np.arange(3, 40, 0.01),
            background=simulated.Background(polynomial=(120.0, -40.0, 10.0), air=100.0, halos=((9.0, 6.0, 60.0),)),
            counts_at_maximum=float(rng.choice([3000, 10_000, 30_000])), seed=seed,
        )  # fmt: skip
        began = time.process_time()
        fit = fit_pattern(made.pattern, found)
        seconds.append(time.process_time() - began)
        widths = widths_of(fit)
        rows.setdefault(share, []).append((shares(fit) - truth, held(fit, list(truth)), widths))
    for share, found_rows in rows.items():
        errors = np.array([row[0] for row in found_rows])
        inside = [each for row in found_rows for each in row[1]]
        widths = np.mean([row[2] for row in found_rows], axis=0)
        print(
            f"| {share:g} | {len(errors)} | {np.sqrt((errors**2).mean()):.2f} | {np.abs(errors).max():.2f} |"
            f" {sum(inside)} of {len(inside)} | {', '.join(f'{w:.2f}' for w in widths)} |", flush=True,
        )  # fmt: skip
    print(f"a fit takes {statistics.median(seconds):.1f} s of CPU in the median")


def five() -> None:
    """The five mixtures in one process, for the clock."""
    found = phases_of(*PHASES)
    for name in WEIGHED:
        print(name, *(f"{share:.2f}" for share in shares(fit_pattern(measured(name), found))))


def speed(rietx_python: str, plans: Sequence[str], repeats: int) -> None:
    """CPU and wall time of whole processes, medians."""
    with tempfile.TemporaryDirectory() as folder:
        for name in PHASES:
            (Path(folder) / f"{name}.cif").write_bytes((SHARED / f"{name}.cif").read_bytes())
        for name in WEIGHED:
            pattern = measured(name)
            rows = zip(pattern.two_theta_deg, pattern.intensity, strict=True)
            (Path(folder) / f"{name}.xy").write_text("".join(f"{x:.3f} {y:.0f}\n" for x, y in rows))
        commands = {"paddlewheel": [sys.executable, __file__, "five"]}
        for plan in plans:
            commands[f"rietx, {plan}"] = [rietx_python, "-c", RIETX, folder, plan, *WEIGHED]
        for what, command in commands.items():
            cpu, wall, text = [], [], ""
            for _ in range(repeats):
                before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                wall.append(time.perf_counter() - began)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            print(f"| {what} | {statistics.median(cpu):.1f} | {statistics.median(wall):.1f} |{_told(text)}", flush=True)


def _told(text: str) -> str:
    """RMS and coverage of rows of fractions, with errors where there are."""
    errors, inside = [], []
    for line in text.splitlines():
        name, *numbers = line.split()
        if name in WEIGHED:
            values = np.array([float(number) for number in numbers])
            values *= 100 if values[:3].sum() < 2 else 1
            errors += list(values[:3] - WEIGHED[name])
            if len(values) == 6:
                inside += list(np.abs(values[:3] - WEIGHED[name]) <= 1.96 * values[3:])
    held_rows = f" {sum(inside)} of {len(inside)} |" if inside else " |"
    return f" {np.sqrt(np.mean(np.square(errors))):.2f} | {np.abs(errors).max():.2f} |{held_rows}"


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description="Powder fits against their truth and a peer.")
    parser.add_argument(
        "parts", nargs="+", choices=("cpd", "absent", "cells", "mixtures", "hydroborate", "five", "speed")
    )
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rietx-python", default="/tmp/rietx-venv/bin/python")
    parser.add_argument("--plans", nargs="+", default=["mccusker_structural", "lab_bragg_brentano"])
    given = parser.parse_args()
    simple = {"cpd": cpd, "absent": absent, "cells": cells, "mixtures": mixtures, "five": five}
    for part in given.parts:
        if part == "hydroborate":
            hydroborate(given.sets)
        elif part == "speed":
            speed(given.rietx_python, given.plans, given.repeats)
        else:
            simple[part]()


if __name__ == "__main__":
    main()
