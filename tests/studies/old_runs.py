"""Tiny jobs of every command that writes a run directory, the same to the bit on any machine.

Files are written from integers (multiples of 1/1024) or with few digits, so that the digests in `inputs.yaml` do not
depend on the machine; jobs run in the folder of their files, with relative paths, so that they do not depend on the
place. What today's code wrote for them lies in `inputs_of_old_runs/`, and `record_inputs.py` writes it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FIXTURES = Path(__file__).parent / "inputs_of_old_runs"
RUN = "run"
EMT = "ase:ase.calculators.emt:EMT"


@dataclass(frozen=True, kw_only=True)
class OldRun:
    """A job: its files, its command, and what must not be changed in its directory.

    Attributes
    ----------
    make
        Writes the files of the job into a folder.
    arguments
        Of the command line, the command first; `--out run` is added.
    changed
        Arguments that are appended to change one setting: the last of an option counts.
    edit
        Or what changes a file, where all settings stand in one.
    named
        How the refusal names that setting.
    status
        Exit status of the job.
    needs
        Optional packages without which it cannot run.
    slow
        Over some seconds.
    """

    make: Callable[[Path], None]
    arguments: list[str]
    named: str
    changed: Sequence[str] = ()
    edit: Callable[[Path], None] | None = None
    status: int = 0
    needs: tuple[str, ...] = ()
    slow: bool = False


def run_command(job: OldRun, more: Sequence[str] = ()) -> int:
    """Exit status of the job's command in the working directory: the one place that knows the command line's entry."""
    from paddlewheel.cli.main import status_of

    return status_of([*job.arguments, "--out", RUN, *more])


_WITHOUT_EFFECT = {
    "conduct": ["--pressure-GPa"],
    "rotor": ["--pressure-GPa"],
    "van-hove": ["--n-lags"],
    "distil": ["--explore-ps", "--frames-per-round"],
    "validate": ["--minimum-length-A"],
}
"""Options with one value that old runs were begun with, and a new one refuses: they have no effect in its mode."""


def arguments_today(job: OldRun) -> list[str]:
    """The arguments with which the job is begun today."""
    arguments = list(job.arguments)
    for option in _WITHOUT_EFFECT.get(arguments[0], ()):
        at = arguments.index(option)
        del arguments[at : at + 2]
    return arguments


def units_of(directory: Path) -> dict[str, dict[str, Any]]:
    """`unit.json` of every unit of work, by its folder relative to the run directory."""
    found = sorted(directory.rglob("unit.json"))
    return {path.parent.relative_to(directory).as_posix(): json.loads(path.read_text()) for path in found}


def is_exact(contents: dict[str, Any]) -> bool:
    """Whether a unit starts from the numbers of a file: its key is then the same on any machine.

    The positions and cells of the files here are multiples of 2^-20. What was relaxed, strained or chosen before is
    not, and the last bits of it differ from processor to processor.
    """
    if "structure" not in contents:
        return False
    numbers = np.array([*contents["structure"]["positions_A"], *contents["structure"]["cell_A"]]) * 2**20
    return bool((numbers == np.rint(numbers)).all())


def form(contents: Any) -> Any:
    """The contents of a unit without its numbers and digests: what they are called, and the words among them."""
    if isinstance(contents, dict):
        return {name: form(value) for name, value in contents.items()}
    if isinstance(contents, list):
        kinds = [form(value) for value in contents]
        return kinds[:1] if kinds and all(kind == kinds[0] for kind in kinds) else kinds
    if isinstance(contents, str):
        return "digest" if len(contents) == 64 and not set(contents) - set("0123456789abcdef") else contents
    return "number" if isinstance(contents, int | float) and not isinstance(contents, bool) else contents


def _integers(seed: int) -> Iterator[int]:
    """Integers below 2^31, by a congruence: the same everywhere."""
    state = seed
    while True:
        state = (1103515245 * state + 12345) % 2**31
        yield state >> 8


def _thousandths(values: np.ndarray) -> np.ndarray:
    """The nearest multiples of 1/1024: what differs in the last bit of a cosine does not differ here."""
    return np.rint(1024 * values) / 1024


def write_label_stack(folder: Path) -> None:
    """`labels.npy`: cubes of three phases, of four by four pixels in two slices, of which the first percolates."""
    drawn = _integers(5)
    cubes = np.array([next(drawn) % 8 for _ in range(8 * 6 * 6)]).reshape(8, 6, 6)
    phases = np.where(cubes < 5, 1, np.where(cubes < 7, 2, 0)).astype(np.uint8)
    np.save(folder / "labels.npy", phases.repeat(2, axis=0).repeat(4, axis=1).repeat(4, axis=2))


def write_powder_ramp(folder: Path) -> None:
    """`ramp/1.xye` to `3.xye`: silicon at 1 A whose cell grows by 1/1024 from frame to frame."""
    (folder / "ramp").mkdir()
    angles = 16 + np.arange(1280) / 64
    for frame in range(3):
        lines = [(111, 3, 1.0), (220, 8, 0.6), (311, 11, 0.35)]
        intensity = np.full(angles.size, 64.0)
        for _, square, height in lines:
            d_A = 5.4311 * (1 + frame / 1024) / square**0.5
            place = np.degrees(2 * np.arcsin(0.5 / d_A))
            intensity += np.rint(4096 * height * np.exp(-(((angles - place) / 0.08) ** 2)))
        rows = [f"{x:.6f} {y:.0f} {round(y**0.5)}" for x, y in zip(angles, intensity, strict=True)]
        (folder / "ramp" / f"{frame + 1}.xye").write_text("\n".join(rows) + "\n")


def write_salt(folder: Path) -> None:
    """`salt.npz`: 8 Na that hop by 3 A along x, 4 BH4 that turn about z, 4 Cl at rest, in a cell of 12 A; 401 frames.

    Without a frame interval. Sites of Na stand in `sites.txt`, and the framework in `framework.vasp`.
    """
    n_frames, draw = 401, _integers(7)
    lines = [(0, 1), (0, 2), (0, 3), (1, 0), (1, 2), (1, 3), (2, 0), (3, 1)]  # y and z of rows without an anion, in 3 A
    sodium = np.zeros((n_frames, 8, 3))
    for ion, (y, z) in enumerate(lines):
        x, target = 3072 * (ion % 4), 3072 * (ion % 4)
        for frame in range(n_frames):
            if frame and next(draw) % 50 == 0 and x == target:
                target += 3072 if next(draw) % 2 else -3072
            x += 384 * ((target > x) - (target < x))
            shake = [next(draw) % 257 - 128 for _ in range(3)]
            sodium[frame, ion] = np.array([x, 3072 * y, 3072 * z]) + shake
    angle = 2 * np.pi * np.arange(n_frames)[:, None] / 40 + np.pi / 2 * np.arange(4)
    height = np.broadcast_to(np.array([717.0, -717.0, 717.0, -717.0]), angle.shape)
    corners = np.stack([np.rint(1014 * np.cos(angle)), np.rint(1014 * np.sin(angle)), height], axis=2)
    anions = []
    for number, site in enumerate([(0, 0, 0), (0, 2, 2), (2, 1, 1), (2, 3, 3)]):
        boron = 3072.0 * np.array(site) + np.array([[next(draw) % 65 - 32 for _ in range(3)] for _ in range(n_frames)])
        anions += [boron[:, None], boron[:, None] + np.roll(corners, 10 * number, axis=0)]
    chlorine = np.tile(3072.0 * np.array([(0, 1, 1), (0, 3, 3), (2, 0, 0), (2, 2, 2)]), (n_frames, 1, 1))
    positions = np.concatenate([sodium, *anions, chlorine], axis=1) / 1024
    symbols = ["Na"] * 8 + ["B", "H", "H", "H", "H"] * 4 + ["Cl"] * 4
    np.savez(folder / "salt.npz", positions_A=positions, cell_A=12.0 * np.eye(3), symbols=symbols)
    sites = [f"Na{y}{z} {k / 4} {y / 4} {z / 4}" for y, z in lines for k in range(4)]
    (folder / "sites.txt").write_text("# label x y z\n" + "\n".join(sites) + "\n")
    rows = "\n".join(" ".join(f"{value:.10f}" for value in row) for row in positions[0][8:])
    (folder / "framework.vasp").write_text(
        f"the anions\n1.0\n12 0 0\n0 12 0\n0 0 12\n{' '.join(['B H'] * 4)} Cl\n{' '.join(['1 4'] * 4)} 4\nCartesian\n"
        f"{rows}\n"
    )


def write_metals(folder: Path) -> None:
    """`copper.vasp` and `alloy.vasp`: four atoms each, in cells of 3.625 and 3.75 A."""
    fcc = "0 0 0\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\n"
    for name, edge, kinds in (("copper", 3.625, "Cu\n4"), ("alloy", 3.75, "Cu Ag\n3 1")):
        (folder / f"{name}.vasp").write_text(f"{name}\n1.0\n{edge} 0 0\n0 {edge} 0\n0 0 {edge}\n{kinds}\nDirect\n{fcc}")


def write_hop(folder: Path) -> None:
    """`start.vasp` and `end.vasp`: 31 copper atoms about a missing one, into whose place the first of them goes."""
    edge, cells = 3.625, [(a, b, c) for a in range(2) for b in range(2) for c in range(2)]
    basis = ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))
    sites = [[(x + y) / 2 for x, y in zip(cell, place, strict=True)] for cell in cells for place in basis]
    for name, first in (("start", sites[0]), ("end", sites[1])):
        rows = "\n".join(" ".join(f"{value:g}" for value in place) for place in (first, *sites[2:]))
        (folder / f"{name}.vasp").write_text(f"{name}\n{edge}\n2 0 0\n0 2 0\n0 0 2\nCu\n31\nDirect\n{rows}\n")


def write_measured(folder: Path) -> None:
    """`metals.csv`: conductivities of the two metals, one of which holds no silver."""
    write_metals(folder)
    (folder / "metals.csv").write_text(
        "id,structure,conductivity_S_per_cm,specie,family\nalloy,alloy.vasp,1e-9,Ag,metals\ncopper,copper.vasp,<1,Ag,metals\n"
    )


def write_labelled(folder: Path) -> None:
    """`labelled.extxyz` with its card: 20 cells of copper and aluminium, with labels that are integers over 1024."""
    draw, rows = _integers(11), []
    corners = 1856 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    for number in range(20):
        edge = 3.625 + (number % 5) / 64
        moved = corners + np.array([[next(draw) % 129 - 64 for _ in range(3)] for _ in range(4)])
        forces = np.array([[next(draw) % 1025 - 512 for _ in range(3)] for _ in range(4)]) / 1024
        forces -= forces.mean(axis=0)
        symbols = ["Al"] * (number % 4) + ["Cu"] * (4 - number % 4)
        rows.append(
            f'4\nLattice="{edge} 0.0 0.0 0.0 {edge} 0.0 0.0 0.0 {edge}" '
            "Properties=species:S:1:pos:R:3:forces:R:3 "
            f'energy={-12.5 - number / 64} stress="0.0078125 0.0 0.0 0.0 0.0078125 0.0 0.0 0.0 0.0078125" '
            'pbc="T T T"\n'
        )
        for symbol, place, force in zip(symbols, moved / 1024, forces, strict=True):
            rows.append(" ".join([symbol, *(f"{value:.10f}" for value in (*place, *force))]) + "\n")
    path = folder / "labelled.extxyz"
    path.write_text("".join(rows))
    card = {"engine": "by hand", "functional": "none", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (folder / "labelled.card.json").write_text(json.dumps(card))


def write_frames(folder: Path) -> None:
    """`frames.extxyz`: five cells of copper, for the label of each."""
    draw, rows = _integers(3), []
    corners = 1856 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])
    for _ in range(5):
        moved = corners + np.array([[next(draw) % 129 - 64 for _ in range(3)] for _ in range(4)])
        rows.append('4\nLattice="3.625 0 0 0 3.625 0 0 0 3.625" Properties=species:S:1:pos:R:3 pbc="T T T"\n')
        rows += [" ".join(["Cu", *(f"{value:.10f}" for value in place / 1024)]) + "\n" for place in moved]
    (folder / "frames.extxyz").write_text("".join(rows))


def write_energies(folder: Path) -> None:
    """`given.csv`: phases of Na and Cl, by hand."""
    (folder / "given.csv").write_text(
        "formula,energy_eV_per_formula,std_eV_per_atom,volume_A3_per_atom\nNa,0,0.001,38\nCl,0,0.001,30\n"
        "NaCl,-2.0,0.001,22\nNaCl2,-2.1,0.001,25\nNa2Cl,-2.3,0.001,25\nNa3Cl2,-4.2,0.001,25\n"
    )


def write_pellet(folder: Path) -> None:
    """`pellet.yaml`, a sample."""
    (folder / "pellet.yaml").write_text(
        "name: pellet 7\ndie_diameter_mm: {value: 8, std: 0.05}\npellet: {thickness_um: {value: 2100, std: 20}}\n"
    )


def write_spectra(folder: Path) -> None:
    """`300K.csv` and `320K.csv`: an arc of 50 and 25 kohm and a blocking electrode; `beside.csv`, another analysis."""
    write_pellet(folder)
    frequency = np.array([round(10 ** (6 - k / 6), 4) for k in range(37)])
    for temperature, resistance in ((300, 50_000.0), (320, 25_000.0)):
        omega = 2j * np.pi * frequency
        z = resistance / (1 + omega * 2e-5 * resistance / 50_000) + 2e3 * (1e-1 * omega) ** -0.85
        rows = [f"{f:.6g},{one.real:.6g},{one.imag:.6g}\n" for f, one in zip(frequency, z, strict=True)]
        (folder / f"{temperature}K.csv").write_text("Freq(Hz),Z'(ohm),Z''(ohm)\n" + "".join(rows))
    (folder / "beside.csv").write_text(
        "part,quantity,temperature_K,value,std\ntotal,conductivity_mS_per_cm,300,0.008,0.0001\n"
    )


def _write_test(path: Path, time_s: np.ndarray, voltage_V: np.ndarray, current_mA: np.ndarray) -> None:
    rows = zip(time_s, voltage_V, current_mA, strict=True)
    path.write_text("when,U/V,I/mA\n" + "".join(f"{t:.1f},{v:.5f},{i:.5e}\n" for t, v, i in rows))


def write_holds(folder: Path) -> None:
    """`steel.csv`: two holds of an hour and a half, of currents that decay to a steady one; `na-na.csv`: one."""
    t = np.arange(0.0, 5400.0, 30.0)
    draw = _integers(5)
    noise = np.array([[next(draw) % 1001 - 500 for _ in t] for _ in range(2)]) * 4e-10
    current_mA = [7.854e-5 * v * (1 + 12 * np.exp(-t / 300)) for v in (0.1, 0.2)] + noise
    _write_test(folder / "steel.csv", np.concatenate([t, t + 5400]), np.repeat([0.1, 0.2], len(t)), current_mA.ravel())
    _write_test(folder / "na-na.csv", t, np.full(len(t), 0.01), 0.043 + 0.048 * np.exp(-t / 400))


def write_surface_waves(folder: Path) -> None:
    """`slow.csv`, `fast.csv`: a couple on the surface, two scans at 10 and one at 20 mV/s; `pellet.yaml`."""
    write_pellet(folder)
    draw = _integers(4)
    for name, rate, corners in (("slow", 0.01, 4), ("fast", 0.02, 2)):
        up = np.round(np.arange(2.7, 3.3, 0.002), 4)
        voltage = np.concatenate([up if place % 2 == 0 else up[::-1] for place in range(corners)])
        way = np.repeat([1.0 if place % 2 == 0 else -1.0 for place in range(corners)], len(up))
        share = 1 / (1 + np.exp(-(voltage - 3.0) / 0.0257))
        noise = np.array([next(draw) % 101 - 50 for _ in voltage]) / 1024
        current_mA = rate * (8 * way * share * (1 - share) + 0.05 * way) + 1e-4 * noise
        _write_test(folder / f"{name}.csv", np.arange(len(voltage)) * 0.002 / rate, voltage, current_mA)


def write_sweep(folder: Path) -> None:
    """`up.csv`: a sweep up to 4.8 V with a rise from 3.6 V; `pellet.yaml`."""
    write_pellet(folder)
    voltage = np.round(np.arange(2.5, 4.8, 0.01), 3)
    density = 0.3 + 60 * np.maximum(voltage - 3.6, 0)
    draw = _integers(2)
    density = density + np.array([next(draw) % 101 - 50 for _ in voltage]) / 1024
    _write_test(folder / "up.csv", (voltage - 2.5) / 1e-4, voltage, 1e-3 * density)


def write_powder(folder: Path) -> None:
    """Halite: whole counts of Lorentzian lines at the angles of a = 5.64 A, and its CIF."""
    cif = (
        "data_halite\n_symmetry_space_group_name_H-M 'F m -3 m'\n_cell_length_a 5.64\n_cell_length_b 5.64\n"
        "_cell_length_c 5.64\n_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\nloop_\n"
        "_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
        "_atom_site_B_iso_or_equiv\nNa1 Na 0 0 0 1.5\nCl1 Cl 0.5 0.5 0.5 1.2\n"
    )
    (folder / "halite.cif").write_text(cif, encoding="utf-8")
    lines = {27.38: 300, 31.71: 4000, 45.46: 2200, 53.89: 80, 56.5: 600, 66.26: 250, 75.32: 480}
    angles = [20 + 0.0625 * place for place in range(961)]
    counts = [100 + sum(int(height / (1 + ((x - at) * 12) ** 2)) for at, height in lines.items()) for x in angles]
    text = "".join(f"{x:.4f} {count}\n" for x, count in zip(angles, counts, strict=True))
    (folder / "halite.xy").write_text(text, encoding="utf-8")


def write_tensors(folder: Path) -> None:
    """`sodium.magres`: three atoms with shielding and field gradients."""
    rows = ["#$magres-abinitio-v1.0", "[atoms]", "units lattice Angstrom", "lattice 4 0 0 0 4 0 0 0 6"]
    rows += ["units atom Angstrom", "atom B B 1 0 0 0", "atom Na Na 1 2 0 3", "atom Na Na 2 0 1 3", "[/atoms]"]
    rows += ["[magres]", "units ms ppm", "ms B 1 90 0 0 0 100 0 0 0 130", "ms Na 1 550 0 0 0 560 0 0 0 585"]
    rows += ["ms Na 2 560 0 0 0 565 0 0 0 570", "units efg au", "efg B 1 -.01 0 0 0 -.02 0 0 0 .03"]
    rows += ["efg Na 1 .02 0 0 0 .06 0 0 0 -.08", "efg Na 2 .01 0 0 0 .01 0 0 0 -.02", "[/magres]"]
    (folder / "sodium.magres").write_text("\n".join(rows) + "\n")


def write_decay(folder: Path) -> None:
    """`decay.fid`: 400 points of SIMPSON with lines at 2 and -1.5 kHz, 3 to 1, and noise of whole thousandths."""
    time_ms = np.arange(400) / 10
    decay = 3 * np.exp((4j * np.pi - 0.8) * time_ms) + np.exp((-3j * np.pi - 0.6) * time_ms)
    noise = np.arange(400) * 7919 % 31 - 15 + 1j * (np.arange(400) * 104729 % 29 - 14)
    rows = [f"{value.real:.3f} {value.imag:.3f}" for value in decay + noise / 500]
    head = ["SIMP", "NP=400", "SW=10000", "TYPE=FID", "DATA"]
    (folder / "decay.fid").write_text("\n".join([*head, *rows, "END"]) + "\n")


def write_calorimetry(folder: Path) -> None:
    """A ramp up and down of 10 K/min with a triangular event each, in multiples of 1/1024."""
    rows = ["time_s,temperature_C,heat_flow_mW"]
    for second in range(0, 2400, 2):
        up = second < 1200
        temperature = 20 + (second if up else 2400 - second) / 8
        centre, sign = (90.0, 1) if up else (80.0, -1)
        height = max(0.0, 4.0 - abs(temperature - centre)) * 2 * sign
        wobble = ((second * 37) % 64 - 32) / 1024
        rows.append(f"{second},{temperature:.6f},{height + wobble + temperature / 1024:.6f}")
    (folder / "ramp.csv").write_text("\n".join(rows) + "\n")


def write_relaxation(folder: Path) -> None:
    """T1 in ms of twelve temperatures on both sides of its minimum."""
    rows = zip(
        (233, 246, 259, 271, 284, 297, 309, 322, 335, 348, 360, 373),
        (1.47, 1.08, 0.85, 0.69, 0.60, 0.56, 0.565, 0.60, 0.68, 0.78, 0.93, 1.13),
        strict=True,
    )
    (folder / "t1.csv").write_text("temperature_K,T1 (ms)\n" + "".join(f"{t},{t1}\n" for t, t1 in rows))


def write_cycles(folder: Path) -> None:
    """`cycles.csv`: four cycles at 1 mA between 2.9 and 3.4 V with rests; `sample.yaml`."""
    time, volts, amps, now = [0.0], [2.75], [0.0], 0.0
    for number in range(4):
        for current, seconds, first, last in (
            (1.0, 5040 - 10 * number, 2.9, 3.4), (0.0, 300, 3.375, 3.375),
            (-1.0, 5010 - 10 * number, 3.3, 2.8), (0.0, 300, 2.85, 2.85),
        ):  # fmt: skip
            n = 60 if current else 5
            for k in range(1, n + 1):
                time.append(now + seconds * k / n)
                volts.append(first + (last - first) * k / n)
                amps.append(current)
            now += seconds
    _write_test(folder / "cycles.csv", np.array(time), np.array(volts), np.array(amps))
    (folder / "sample.yaml").write_text(
        "die_diameter_mm: 10\ncomposite:\n  mass_mg: 20.0\n  components:\n"
        "    - {name: NaCrO2, weight_fraction: 0.6, capacity_mAh_per_g: 120}\n"
        "    - {name: rest, weight_fraction: 0.4}\n"
    )


def write_exchange(folder: Path) -> None:
    """Bruker folders `1`, `2` and `3` of two lines that exchange at 15/s, of integers: 32 rows of 128 points each."""
    draw = _integers(11)
    decay = np.exp(-np.arange(128) / 12 + 0j)
    lines = [decay * np.exp(2j * np.pi * offset * np.arange(128)) for offset in (0.15, -0.1)]
    for number, crossed in ((1, 0.0565), (2, 0.1906), (3, 0.4267)):
        rows = []
        for k in range(16):
            turns = [np.exp(-k / 8 + 2j * np.pi * offset * k) * (-1) ** k for offset in (0.15, -0.1)]
            for part in (np.real, np.imag):
                first, second = (float(part(turn)) for turn in turns)
                to_first, to_second = (1 - crossed) * first + crossed * second, crossed * first + (1 - crossed) * second
                rows.append(to_first * lines[0] + to_second * lines[1])
        noise = [[next(draw) % 2049 - 1024 for _ in range(256)] for _ in rows]
        points = np.rint(2.0**20 * np.array(rows)).view(np.float64) + np.array(noise)
        place = folder / str(number)
        place.mkdir()
        (place / "ser").write_bytes(points.astype("<i4").tobytes())
        (place / "pulseprogram").write_text(";noesy\n;d8 : mixing time\n", encoding="utf-8")
        mixing = [0.0] * 8 + [0.001 * 4.0**number] + [0.0] * 7
        common = "##$NUC1= <1H>\n##$SFO1= 400\n##$BF1= 400\n##$SW_h= 8000\n##$SW= 20\n"
        head = "##TITLE= made\n##JCAMPDX= 5.0\n"
        delays = f"##$D= (0..15)\n{' '.join(f'{value:g}' for value in mixing)}\n"
        numbers = "##$TD= 256\n##$BYTORDA= 0\n##$DTYPA= 0\n##$AQ_mod= 1\n##$GRPDLY= 0\n##$PULPROG= <noesy>\n"
        (place / "acqus").write_text(f"{head}{common}{numbers}{delays}##END=\n", encoding="utf-8")
        (place / "acqu2s").write_text(f"{head}{common}##$TD= 32\n##$FnMODE= 5\n##END=\n", encoding="utf-8")


def write_stack(folder: Path) -> None:
    """A small stack of pores and two phases, and the recipe of these."""
    import tifffile
    from scipy import ndimage

    random = np.random.default_rng(4)
    field = ndimage.gaussian_filter(random.standard_normal((12, 40, 44)), (1.5, 3, 3))
    greys = np.array([30.0, 90.0, 180.0])[np.digitize(field, np.quantile(field, (0.1, 0.55)))]
    seen = ndimage.gaussian_filter(greys, (0, 0.7, 0.7)) + random.normal(0, 8, greys.shape)
    tifffile.imwrite(folder / "stack.tif", np.clip(np.round(seen), 0, 255).astype(np.uint8))
    (folder / "sample.yaml").write_text(
        "components:\n"
        "- {name: A, formula: NaBH4, weight_fraction: 0.3, density_g_per_cm3: 1.5}\n"
        "- {name: B, formula: NaCrO2, weight_fraction: 0.7, density_g_per_cm3: 3.5}\n"
    )


def write_design(folder: Path) -> None:
    """`mine.yaml`: a cell that differs from the built-in one, in foils and packaging as they were then."""
    (folder / "mine.yaml").write_text(_OLD_DESIGN)


def _edit_design(folder: Path) -> None:
    (folder / "mine.yaml").write_text(_OLD_DESIGN.replace("40", "50"))


_OLD_DESIGN = """loadings_mg_per_cm2: [20, 40]
temperatures_C: [30, 0]
c_rates_per_h: [0.2]
assumptions:
  foils_of_first_layer: 1
  foils_per_layer: {value: 1, low: 0.5, high: 2, given_by: assumed, note: "1 where every layer has one foil of its own,
    0.5 where a foil is coated on both sides, 2 where none is shared"}
  packaging_mass_fraction: {value: 0.0, low: 0.0, high: 0.2, given_by: assumed, note: of the whole cell}
"""


def write_hydride(folder: Path) -> None:
    """`hydride.vasp`: NaBH4, tetragonal, on a grid of 1/256 of its cell."""
    rows = [
        (256, 0, 0), (60, 0, 31), (196, 0, 31), (0, 60, 225), (256, 196, 225), (128, 128, 128), (188, 128, 97),
        (68, 128, 97), (128, 188, 159), (128, 68, 159), (0, 0, 128), (128, 128, 0),
    ]  # fmt: skip
    places = "".join(" ".join(str(value / 256) for value in row) + "\n" for row in rows)
    (folder / "hydride.vasp").write_text(
        f"NaBH4\n1.0\n4.28125 0 0\n0 4.28125 0\n0 0 5.78125\nB H B H Na\n1 4 1 4 2\nDirect\n{places}"
    )


_MOTION = ["--temperature-anyway", "salt.npz", "--frame-interval-fs", "10", "--specie", "Na", "--skip-ps", "0.5"]
_MD = [
    "hydride.vasp", "--potential", "nep-nabh", "--ensemble", "nvt", "--timestep-fs", "0.5", "--equilibrate-ps", "0.05",
    "--production-ps", "0.2", "--supercell", "2x1x1", "--specie", "Na", "--charge", "1.0", "--seed", "4",
    "--frame-interval-fs", "5", "--pressure-GPa", "0.5", "--minimum-onset-ps", "0.05", "--cores", "1",
]  # fmt: skip

OLD_RUNS: dict[str, OldRun] = {
    "conduct": OldRun(
        make=write_hydride,
        arguments=["conduct", *_MD, "--temperatures", "700,500", "--replicas", "2", "--extrapolation-threshold", "3.5",
                   "--no-arrhenius", "--allow-extrapolating", "--dtype", "float64"],
        changed=["--seed", "5"], named="seed",
    ),
    "rotor": OldRun(
        make=write_hydride,
        arguments=["rotor", *_MD, "--temperatures", "500,800", "--anions", "BH4", "--factors", "1,4", "--scale",
                   "BH4=2.5", "--active-window-ps", "0.1", "--active-threshold-A2", "2", "--reference-temperature",
                   "800"],
        changed=["--seed", "5"], named="seed", status=1, slow=True,
    ),
    "analyze": OldRun(
        make=write_salt,
        arguments=["analyze", *_MOTION, "--temperature", "600", "--charge", "1", "--drift", "none",
                   "--minimum-onset-ps", "0.1"],
        changed=["--drift", "all"], named="drift", status=0,
    ),
    "rotation": OldRun(
        make=write_salt,
        arguments=["rotation", *_MOTION, "--temperature", "600", "--jump-window-ps", "0.05", "--hop-length-A", "2",
                   "--hop-window-ps", "0.2", "--seed", "3"],
        changed=["--hop-length-A", "2.5"], named="hop_length_A",
    ),
    "density": OldRun(
        make=write_salt,
        arguments=["density", *_MOTION, "--temperature", "600", "--spacing-A", "0.8", "--smoothing-A", "0.5", "--iso",
                   "0.01,0.02", "--symmetry-of", "framework.vasp", "--tolerance-A", "1.5", "--no-free-energy"],
        changed=["--smoothing-A", "0.6"], named="smoothing_A",
    ),
    "sites": OldRun(
        make=write_salt,
        arguments=["sites", *_MOTION, "--temperature", "600", "--sites", "sites.txt", "--families", "label",
                   "--core-radius-A", "0.8", "--drift", "none"],
        changed=["--core-radius-A", "0.7"], named="core_radius_A",
    ),
    "sites-of-density": OldRun(
        make=write_salt,
        arguments=["sites", *_MOTION, "--smoothing-A", "0.4", "--barrier-kT", "0.6", "--minimum-population", "0.05",
                   "--minimum-distance-A", "1.2", "--drift", "none"],
        changed=["--barrier-kT", "0.7"], named="barrier_kT",
    ),
    "active": OldRun(
        make=write_salt,
        arguments=["active", *_MOTION, "--temperature", "600", "--windows-ps", "0.5,1", "--thresholds-A2", "1,2,4",
                   "--window-ps", "1", "--threshold-A2", "3", "--drift", "none"],
        changed=["--thresholds-A2", "1,2,8"], named="thresholds_A2",
    ),
    "van-hove": OldRun(
        make=write_salt,
        arguments=["van-hove", *_MOTION, "--temperature", "600", "--lags-ps", "0.1,1", "--n-lags", "7", "--bin-A",
                   "0.1", "--distinct-range-A", "5", "--origin-stride", "2", "--drift", "none"],
        changed=["--bin-A", "0.2"], named="bin_A",
    ),
    "coordination": OldRun(
        make=write_salt,
        arguments=["coordination", *_MOTION, "--temperature", "600", "--range-A", "5.5", "--cutoff-A",
                   "BH4=3.5,Cl=3.5"],
        changed=["--range-A", "5"], named="range_A",
    ),
    "spectra": OldRun(
        make=write_salt,
        arguments=["spectra", *_MOTION, "--temperature", "600", "--segment-fs", "800"],
        changed=["--segment-fs", "900"], named="segment_fs",
    ),
    "onsager": OldRun(
        make=write_salt,
        arguments=["onsager", "salt.npz", "--temperature-anyway", "--frame-interval-fs", "10", "--skip-ps", "0.5",
                   "--species", "Na=1,Cl=-1", "--temperature", "600", "--minimum-onset-ps", "0.2", "--drift", "none"],
        changed=["--drift", "all"], named="drift", status=1,
    ),
    "phonons": OldRun(
        make=write_metals,
        arguments=["phonons", "copper.vasp", "--potential", EMT, "--temperatures", "0,300", "--supercell", "2x2x2",
                   "--displacement-A", "0.02", "--fmax", "0.001", "--no-keep-symmetry", "--tolerance-meV", "2",
                   "--max-atoms", "200", "--cores", "1"],
        changed=["--displacement-A", "0.03"], named="displacement_A",
    ),
    "neb": OldRun(
        make=write_metals,
        arguments=["neb", "copper.vasp", "--potential", EMT, "--specie", "Cu", "--supercell", "2x2x2", "--images", "3",
                   "--fmax", "0.1", "--relax", "none", "--most-steps", "200", "--farthest-A", "3", "--cores", "1"],
        changed=["--images", "4"], named="images",
    ),
    "neb-ends": OldRun(
        make=write_hop,
        arguments=["neb", "start.vasp", "end.vasp", "--ends", "--potential", EMT, "--images", "3", "--fmax", "0.1",
                   "--cores", "1"],
        changed=["--images", "4"], named="images",
    ),
    "neb-screen": OldRun(
        make=write_metals,
        arguments=["neb", "copper.vasp", "--screen", "--potential", EMT, "--specie", "Cu", "--supercell", "2x2x2",
                   "--farthest-A", "3", "--cores", "1"],
        changed=["--farthest-A", "4"], named="farthest_A",
    ),
    "hull": OldRun(
        make=write_energies,
        arguments=["hull", "Na-Cl", "--energies", "given.csv", "--temperatures", "300,400", "--target", "Na3Cl2",
                   "--pressure-bar", "2", "--seed", "3", "--orderings", "4"],
        changed=["--seed", "4"], named="seed",
    ),
    "window": OldRun(
        make=write_energies,
        arguments=["window", "NaCl", "--system", "Na-Cl", "--energies", "given.csv", "--temperature", "320",
                   "--reference", "Na2Cl electrode", "--reference-potential-V", "0.25", "--interface", "NaCl2",
                   "--interface", "Na3Cl2", "--voltage-V", "1.5", "--seed", "3"],
        changed=["--voltage-V", "1.25"], named="voltage_V",
    ),
    "sample": OldRun(
        make=write_metals,
        arguments=["sample", "copper.vasp", "alloy.vasp", "--potential", EMT, "--functional", "none", "--strains",
                   "0.05", "--temperatures", "300,900", "--ps", "0.1", "--frame-interval-fs", "20",
                   "--timestep-fs", "2", "--select", "10", "--threshold", "0.4", "--fmax-eV-per-A", "0.05", "--seed",
                   "3", "--cores", "1"],
        changed=["--select", "11"], named="select", slow=True,
    ),
    "label": OldRun(
        make=write_frames,
        arguments=["label", "frames.extxyz", "--potential", EMT, "--functional", "none", "--cores", "1"],
        changed=["--functional", "PBE"], named="functional",
    ),
    "label-jobs": OldRun(
        make=write_frames,
        arguments=["label", "frames.extxyz", "--engine", "vasp", "--write", RUN, "--settings", "matpes"],
        changed=["--settings", "paper"], named="settings.name",
    ),
    "label-judged": OldRun(
        make=write_labelled,
        arguments=["label", "--from", "labelled.extxyz", "--functional", "none", "--compare-with", EMT],
        changed=["--functional", "PBE"], named="functional",
    ),
    "train": OldRun(
        make=write_labelled,
        arguments=["train", "labelled.extxyz", "--elements", "Cu,Al", "--epochs", "1", "--batch-size", "4",
                   "--learning-rate", "0.002", "--cutoff-A", "4", "--three-body-cutoff-A", "3", "--use-smooth",
                   "--train-fraction", "0.8", "--validation-fraction", "0.2", "--energy-weight", "2", "--force-weight",
                   "0.5", "--stress-weight", "0.2", "--loss", "mse", "--seed", "5",
                   "--split", "random"],  # what was split at random is refused without: its test frames were others
        changed=["--energy-weight", "3"], named="energy_weight", needs=("torch", "matgl"), slow=True,
    ),
    "distil": OldRun(
        make=write_metals,
        arguments=["distil", "copper.vasp", "alloy.vasp", "--teacher", EMT, "--functional", "EMT", "--temperatures",
                   "200,600", "--strain", "0.03", "--rounds", "0", "--frames-per-round", "10", "--seed-ps", "0.1",
                   "--explore-ps", "0.2", "--steps", "20", "--final-steps", "30", "--ensemble", "1",
                   "--radial-cutoff-A", "5", "--angular-cutoff-A", "4", "--neurons", "5", "--energy-gate-meV-per-atom",
                   "50", "--force-gate-eV-per-A", "0.5", "--stress-gate-GPa", "5", "--elements", "Cu,Ag", "--seed", "3",
                   "--cores", "1"],
        changed=["--final-steps", "40"], named="final_steps", status=1, needs=("torch",), slow=True,
    ),
    "validate": OldRun(
        make=write_metals,
        arguments=["validate", EMT, "copper.vasp", "--against", EMT, "--supercell", "copper=2x2x1",
                   "--minimum-length-A", "3", "--specie", "Cu", "--npt-temperatures", "300", "--npt-ps", "0.1",
                   "--reference-npt-ps", "0.2", "--equilibrate-ps", "0.05", "--radial-cutoff-A", "3", "--eos-points",
                   "5", "--eos-strain", "0.01", "--phonon-displacement-A", "0.02", "--spectrum-ps", "0",
                   "--diffusion-ps", "0", "--bond-ps", "0", "--set-frames", "1", "--timestep-fs", "2", "--seed", "3",
                   "--limits", "force_MAE_eV_per_A=0.06,density_percent=2", "--cores", "1"],
        changed=["--eos-strain", "0.02"], named="eos_strain", slow=True,
    ),
    "validate-experiment": OldRun(
        make=write_measured,
        arguments=["validate", "--experiment", "metals.csv", "--potential", EMT, "--atoms", "40", "--temperatures",
                   "200,300", "--production-ps", "1.6", "--equilibrate-ps", "0.1", "--timestep-fs", "4", "--ensemble",
                   "nvt", "--charge", "1", "--seed", "3", "--cores", "1"],
        changed=["--atoms", "20"], named="atoms", slow=True,
    ),
    "eis": OldRun(
        make=write_spectra,
        arguments=["eis", "300K.csv", "320K.csv", "--sample", "pellet.yaml", "--temperatures", "300,320", "--circuit",
                   "RQ-CPE", "--weighting", "proportional", "--allow-violations", "--dE-dx-V", "0.5",
                   "--molar-volume-cm3-per-mol", "30", "--diffusion-length-cm", "0.01", "--beside", "beside.csv"],
        changed=["--weighting", "unit"], named="weighting",
    ),
    "eis-of-sizes": OldRun(
        make=write_spectra,
        arguments=["eis", "300K.csv", "--diameter-cm", "0.8", "--thickness-cm", "0.21", "--diameter-std-cm", "0.005",
                   "--thickness-std-cm", "0.002", "--circuit", "RQ-CPE"],
        changed=["--thickness-cm", "0.2"], named="thickness",
    ),
    "dc": OldRun(
        make=write_holds,
        arguments=["dc", "steel.csv", "--diameter-cm", "1", "--thickness-cm", "0.1", "--diameter-std-cm", "0.01",
                   "--thickness-std-cm", "0.002", "--temperature", "310", "--ionic-mS-per-cm", "4.6,0.1",
                   "--largest-drift", "0.1", "--columns", "time_s=when"],
        changed=["--largest-drift", "0.2"], named="largest_drift",
    ),
    "dc-transference": OldRun(
        make=write_holds,
        arguments=["dc", "na-na.csv", "--measures", "transference", "--initial-resistance-ohm", "30,1",
                   "--steady-resistance-ohm", "31", "--bulk-resistance-ohm", "80,2", "--columns", "time_s=when"],
        changed=["--bulk-resistance-ohm", "80,3"], named="bulk_resistance_ohm",
    ),
    "lsv": OldRun(
        make=write_sweep,
        arguments=["lsv", "up.csv", "--sample", "pellet.yaml", "--thresholds-uA-per-cm2", "2,5", "--resistance-ohm",
                   "20,1", "--measured-against", "Na9Sn4", "--reference", "Na", "--reference-shift-V", "0.1,0.01",
                   "--no-background", "--columns", "time_s=when"],
        changed=["--resistance-ohm", "21,1"], named="resistance_ohm",
    ),
    "cv": OldRun(
        make=write_surface_waves,
        arguments=["cv", "slow.csv", "fast.csv", "--sample", "pellet.yaml", "--temperature", "300", "--resistance-ohm",
                   "20,1", "--measured-against", "Na9Sn4", "--reference", "Na", "--reference-shift-V", "0.1,0.01",
                   "--concentration-mol-per-L", "0.001", "--diffusivity-cm2-per-s", "1e-5", "--scans", "1,3",
                   "--columns", "time_s=when"],
        changed=["--temperature", "310"], named="temperature_K",
    ),
    "cycling": OldRun(
        make=write_cycles,
        arguments=["cycling", "cycles.csv", "--sample", "sample.yaml", "--reference-cycle", "2", "--rates", "0.5",
                   "--temperatures", "303", "--curves", "1,3", "--bin-mV", "5", "--smoothing-mV", "10", "--columns",
                   "time_s=when"],
        changed=["--bin-mV", "4"], named="bin_mV",
    ),
    "cell": OldRun(make=write_design, arguments=["cell", "mine.yaml"], edit=_edit_design, named="loadings"),
    "dsc": OldRun(
        make=write_calorimetry,
        arguments=["dsc", "ramp.csv", "--mass-mg", "5", "--exothermic", "down"],
        changed=["--mass-mg", "6"], named="mass_mg",
    ),
    "nmr-spectrum": OldRun(
        make=write_decay,
        arguments=["nmr", "spectrum", "decay.fid", "--nucleus", "11B", "--frequency-MHz", "128", "--shifts-ppm",
                   "15.6,-11.7", "--names", "B12H12,BH4", "--line-shape", "lorentz", "--cq-MHz", "BH4=0.1+-0.02",
                   "--pulse-us", "1.73", "--nutation-Hz", "145000", "--spinning-Hz", "20000", "--t1-s", "B12H12=2+-0.1",
                   "--recycle-delay-s", "10", "--formulas", "B12H12=Na2B12H12,BH4=NaBH4", "--baseline-order", "3"],
        changed=["--baseline-order", "4"], named="baseline_order",
    ),
    "nmr-exchange": OldRun(
        make=write_exchange,
        arguments=["nmr", "exchange", "1", "2", "3", "--sites", "A=3,B=-2", "--spin-diffusion-nm2-per-ms", "0.7"],
        changed=["--spin-diffusion-nm2-per-ms", "0.8"], named="spin_diffusion_nm2_per_ms",
    ),
    "nmr-simulate": OldRun(
        make=lambda _: None,
        arguments=["nmr", "simulate", "--experiment", "exchange", "--mixing-ms", "1,20", "--rate-per-s", "80",
                   "--n-rows", "16", "--seed", "3"],
        changed=["--rate-per-s", "90"], named="rate_per_s",
    ),
    "tomography-simulate": OldRun(
        make=lambda _: None,
        arguments=["tomography", "simulate", "--composite", "nco-nbh", "--size-um", "4,3,2.4", "--diameter-um", "1,2",
                   "--seed", "3"],
        changed=["--porosity", "0.1"], named="porosity",
    ),
    "tomography-segment": OldRun(
        make=write_stack,
        arguments=["tomography", "segment", "stack.tif", "--voxel-nm", "50,50,100", "--sample", "sample.yaml",
                   "--members", "2", "--alignment", "none"],
        changed=["--potts-strength", "1"], named="potts_strength",
    ),
    "tomography-measure": OldRun(
        make=write_label_stack,
        arguments=["tomography", "measure", "labels.npy", "--voxel-nm", "100,100,200", "--names", "0=pore,1=NBH,2=NCO",
                   "--conductivities-mS-per-cm", "NBH=4.6", "--active", "NCO", "--axes", "x,z", "--sub-volumes", "2",
                   "--thickness-um", "123,1"],
        changed=["--through", "x"], named="through",
    ),
    "xrd-pattern": OldRun(
        make=lambda _: None,
        arguments=["xrd", "pattern", "si", "nabh4", "--radiation", "CuKa", "--two-theta-range", "20,60"],
        changed=["--fwhm-deg", "0.2"], named="fwhm_deg",
    ),
    "nmr-relaxation": OldRun(
        make=write_relaxation,
        arguments=["nmr", "relaxation", "t1.csv", "--nucleus", "23Na", "--field-T", "9.4", "--jump-distance-A", "3.5",
                   "--carriers-per-cm3", "8.8e21", "--measured-conductivity-mS-per-cm", "4.6,0.2"],
        changed=["--jump-distance-A", "3.6"], named="jump_distance_A",
    ),
    "xrd-fit": OldRun(
        make=write_powder,
        arguments=["xrd", "fit", "halite.xy", "--phases", "halite.cif", "--radiation", "CuKa", "--geometry",
                   "bragg-brentano", "--goniometer-radius-mm", "200", "--background-order", "4", "--no-refits"],
        changed=["--background-order", "5"], named="background_order",
    ),
    "xrd-series": OldRun(
        make=write_powder_ramp,
        arguments=["xrd", "series", "ramp", "--phases", "si", "--radiation", "1.0", "--temperatures", "300,400,500",
                   "--exposure-s", "60", "--rate-K-per-min", "5", "--stated", "start", "--cell-percent", "0.6",
                   "--cores", "1"],
        changed=["--cell-percent", "0.7"], named="cell_percent",
    ),
    "nmr-tensors": OldRun(
        make=write_tensors,
        arguments=["nmr", "tensors", "sodium.magres", "--reference", "23Na=550,-0.9", "--calibration",
                   "11B=90:-10,110:-29,130:-50", "--nuclei", "2H", "--symmetry-tolerance-A", "0.03", "--field-T",
                   "14.1", "--spinning-Hz", "30000", "--line-width-Hz", "100", "--no-spectrum"],
        changed=["--field-T", "9.4"], named="field_T",
    ),
}  # fmt: skip
"""By the folder of the fixture: the command, or the command and which of its ways."""
