"""Damaged files for every reader, from a seed; run as a program it reads them and prints what went wrong.

    python tests/fuzz/damaged_files.py SEED COUNT FOLDER

A line of standard output is a JSON list: number of the input, reader, kind of damage, what went wrong. The number is
printed before an input is read (`READING n`), so that a crash is known by its input.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("helpers", "lab/readers")]

LIMIT_S = 20
MEMORY_BYTES = 6 * 2**30
"""Of address space: what numpy, numba and pymatgen map is 3 GB of it."""


@dataclass(frozen=True)
class Sample:
    """A file that a reader reads, and the reader as the command line calls it."""

    name: str
    content: bytes
    reader: str
    read: Callable[[Path], object]


def samples(folder: Path) -> list[Sample]:
    """Small files of every kind that is read, made here, and those of `PADDLEWHEEL_SHARED` under 200 kB."""
    import cycler_samples
    import impedance_samples as impedance
    import lab_samples
    from ase.build import bulk
    from ase.io import write

    import bruker_folders
    import calorimeter_files
    import made_outputs
    import made_vasp
    import nmr_files
    import powder_files
    import tensor_files
    import tomography_files
    import trajectory_files
    from paddlewheel.crystals import read_structure
    from paddlewheel.crystals.formats import read_frames
    from paddlewheel.crystals.library import builtin_path
    from paddlewheel.crystals.site_list import read_site_list
    from paddlewheel.firstprinciples.judgement import judge, one_setting
    from paddlewheel.firstprinciples.readers import read_calculation
    from paddlewheel.lab.design.inputs import load_design, template
    from paddlewheel.lab.dsc.calibration import read_calibration
    from paddlewheel.lab.dsc.readers import read_scans
    from paddlewheel.lab.nmr.readers import read_nmr
    from paddlewheel.lab.nmr.tensors.readers import read_tensors
    from paddlewheel.lab.readers import read_cell_test, read_spectra
    from paddlewheel.lab.sample import load_sample
    from paddlewheel.lab.tomography.readers import RawHeader, read_stack
    from paddlewheel.lab.xrd.readers import read_patterns
    from paddlewheel.lab.xrd.structure_factors import read_phase
    from paddlewheel.potentials.nep.nep_file import read_nep
    from paddlewheel.potentials.registry import describe_potential
    from paddlewheel.study.run_directory import INPUTS, read_inputs
    from paddlewheel.thermodynamics.energy_table import read_energy_table
    from paddlewheel.training.dataset import format_frames, read_dataset
    from paddlewheel.trajectories import read_trajectory

    def trajectory(path: Path) -> None:
        from paddlewheel.errors import TrajectoryError

        try:
            found = read_trajectory(path)
        except TrajectoryError as error:
            if "--frame-interval-fs" not in str(error):
                raise
            found = read_trajectory(path, frame_interval_fs=20.0)
        for block in found.blocks():
            assert block.positions_A.shape[1:] == (len(found.symbols), 3)

    def sites(path: Path) -> object:
        return read_site_list(path, specie="Na")

    def dataset(path: Path) -> object:
        return read_dataset(path, engine="made up", functional="none")

    def labels(path: Path) -> object:
        calculation = read_calculation(path)
        asked = made_vasp.cell_of_NaBH4()
        found = [judge(calculation, step, asked=asked) for step in calculation.steps]
        return found, one_setting([calculation, calculation])

    def inputs(path: Path) -> object:
        named = path.parent / "run" / INPUTS
        named.parent.mkdir(exist_ok=True)
        shutil.copy(path, named)
        return read_inputs(named.parent)

    def checkpoint(path: Path) -> object:
        folder = path.parent / "checkpoint"
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder / "model.json")
        (folder / "state.pt").write_bytes(b"PK")
        return describe_potential(str(folder))

    def measured(path: Path) -> object:
        return read_nmr(path, nucleus="23Na", frequency_MHz=132.294)

    def stack(path: Path) -> object:
        return read_stack(path).values[-1]

    def beside(others: Path, name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            whole = path.parent / "measured"
            shutil.rmtree(whole, ignore_errors=True)
            shutil.copytree(others, whole)
            shutil.copy(path, whole / name)
            return read_nmr(whole)

        return read

    found: list[Sample] = []

    def add(name: str, content: bytes | str, reader: str, read: Callable[[Path], object]) -> None:
        found.append(Sample(name, content.encode() if isinstance(content, str) else content, reader, read))

    elk = Path(__file__).parents[1] / "lab" / "nmr" / "tensors" / "data" / "EFG.OUT"
    for name, content in (
        ("x.magres", tensor_files.magres()), ("old.magres", tensor_files.old_magres()),
        ("OUTCAR", tensor_files.outcar()), ("OUTCAR6", tensor_files.new_outcar()),
        ("nmr.out", tensor_files.gipaw("nmr")), ("brief.out", tensor_files.gipaw("nmr", verbose=False)),
        ("efg.out", tensor_files.gipaw("efg")), ("EFG.OUT", elk.read_text()),
    ):  # fmt: skip
        add(name, content, "tensors", read_tensors)
    frames = made_outputs.moved(2)
    outputs = {
        "a.castep": made_outputs.castep(frames, dispersion_eV=-0.3, finite_basis_eV=-0.01),
        "a.md": made_outputs.castep_frames(frames, velocities=0.02), "gpaw.txt": made_outputs.gpaw_old(frames),
        "cp2k.out": made_outputs.cp2k(frames), "cp2k-2025.out": made_outputs.cp2k(frames, new=True),
        "pw.out": made_outputs.espresso(frames), "pw.xml": made_outputs.espresso_xml(frames),
        "mptrj.json": made_outputs.mptrj(frames), "matpes.json": made_outputs.matpes(frames),
        "labels.xyz": format_frames(frames), "a.gpw": made_outputs.gpw(folder / "a.gpw", frames[0]).read_bytes(),
    }  # fmt: skip
    for name, content in outputs.items():
        add(name, content, "calculation", read_calculation)
    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    for name, form in (("x.cif", "cif"), ("x.vasp", "vasp"), ("x.xyz", "extxyz"), ("x.json", "json"), ("x.xsf", "xsf"),
                       ("x.gen", "gen"), ("x.in", "aims"), ("x.res", "res")):  # fmt: skip
        write(folder / name, salt, format=form)
        add(name, (folder / name).read_bytes(), "structure", read_structure)
    write(folder / "x.lmp", salt, format="lammps-data", masses=True, specorder=["Na", "Cl"])
    add("x.lmp", (folder / "x.lmp").read_bytes(), "structure", read_structure)
    add("nabh4.cif", (builtin_path("nabh4") or Path()).read_bytes(), "structure", read_structure)
    from pymatgen.io.ase import AseAtomsAdaptor

    add("p.json", json.dumps(AseAtomsAdaptor.get_structure(salt).as_dict()), "structure", read_structure)
    add("x.sites", "cell 6 6 6\nsymmetry Pm-3m\nNa1 0 0 0\nNa2 0.5 0.5 0.5\n", "sites", sites)
    add("s.cif", (folder / "x.cif").read_bytes(), "sites", sites)
    for name, symmetry in (("named.cif", "_symmetry_space_group_name_H-M 'F m -3 m'"),
                           ("listed.cif", "loop_\n_symmetry_equiv_pos_as_xyz\n'x,y,z'\n'-x,-y,-z'")):  # fmt: skip
        add(name, powder_files.phase_cif(symmetry), "phase", read_phase)

    for name, make in (("x.extxyz", trajectory_files.write_extxyz), ("x.traj", trajectory_files.write_traj),
                       ("XDATCAR", trajectory_files.write_xdatcar), ("vasprun.xml", trajectory_files.write_vasprun),
                       ("x.dump", trajectory_files.write_dump), ("x.npz", trajectory_files.write_npz)):  # fmt: skip
        make(folder / name)
        content = (folder / name).read_bytes()
        add(name, content, "trajectory", trajectory)
        if name == "x.dump":
            import gzip

            add("x.dump.gz", gzip.compress(content, mtime=0), "trajectory", trajectory)
        if name in ("x.extxyz", "x.traj"):
            add(f"frames-{name}", content, "frames", read_frames)
    write_h5md(folder / "x.h5")
    add("x.h5", (folder / "x.h5").read_bytes(), "trajectory", trajectory)

    import numpy as np
    from ase.calculators.singlepoint import SinglePointCalculator

    salt.rattle(0.05)
    salt.calc = SinglePointCalculator(salt, energy=-30.0, forces=np.full((8, 3), 0.1), stress=np.full(6, 0.01))
    other = salt.copy()
    other.rattle(0.05, seed=7)
    other.calc = SinglePointCalculator(other, energy=-30.1, forces=np.full((8, 3), 0.1), stress=np.full(6, 0.01))
    write(folder / "set.extxyz", [salt, other], format="extxyz")
    add("set.extxyz", (folder / "set.extxyz").read_bytes(), "dataset", dataset)

    add("vasprun.xml", made_vasp.vasprun(made_vasp.relaxation(2)), "labels", labels)
    add("OUTCAR", made_vasp.outcar(made_vasp.relaxation(2)), "labels", labels)

    for name, text in vars(lab_samples).items():
        if name.isupper() and isinstance(text, str) and len(text) > 50:
            add(f"{name.lower()}.txt", text, "cell test", read_cell_test)
            add(f"{name.lower()}.csv", text, "spectra", read_spectra)
    for name, text in cycler_samples.SAMPLES.items():
        add(f"{name.split()[0].lower().strip(',')}.txt", text, "cell test", read_cell_test)
    workbook(folder / "x.xlsx")
    add("x.xlsx", (folder / "x.xlsx").read_bytes(), "cell test", read_cell_test)
    add("y.xlsx", (folder / "x.xlsx").read_bytes(), "spectra", read_spectra)
    add("a.ods", impedance.ods(folder / "a.ods", impedance.ods_rows()).read_bytes(), "spectra", read_spectra)
    add("a.pssession", impedance.session(impedance.Z), "spectra", read_spectra)
    add("a.ids", impedance.ivium(("Impedance", "a", impedance.ivium_rows(impedance.Z))), "spectra", read_spectra)
    for program, text in calorimeter_files.FORMATS.items():
        add(f"{program.replace(' ', '-')}.txt", text(), "calorimeter", read_scans)
    heat = {"ID": "made", "rate": 10, "T": [20.0 + n for n in range(50)], "latentdata": [n % 7 for n in range(50)]}
    add("dsc.json", json.dumps(heat), "calorimeter", read_scans)
    add("dsc.csv", "Temperature (C), Heat Flow Endo Up (mW)\n" + "".join(f"{n / 3:.3f}, {n % 5}\n" for n in range(99)),
        "calorimeter", lambda path: read_scans(path, rate_K_per_min=10.0))  # fmt: skip
    standard = "- {standard: In, rate_K_per_min: 10, onset_C: {value: 157, std: 0.1}, enthalpy_J_per_g: 28}\n"
    other = standard.replace("In", "Zn").replace("157", "420").replace("28", "99")
    add("calibration.yaml", f"standards:\n{standard}{other}", "calibration", read_calibration)
    pellet = "die_diameter_mm: {value: 10, std: 0.1}\npellet: {thickness_um: 800, mass_mg: 60}\n"
    add("sample.yaml", pellet, "sample", load_sample)
    add("design.yaml", template(), "design", load_design)
    add("x.csv", "name,formula,energy_eV_per_atom\na,NaBH4,-4.1\nb,NaH,-3.2\nc,B,-6.7\n", "energies", read_energy_table)
    add("x.yaml", "phases:\n- {formula: NaH, gibbs_eV_per_atom@300K: -3}\n- {formula: B, gibbs_eV_per_atom@300K: -6}\n",
        "energies", read_energy_table)  # fmt: skip
    entries = [{"composition": {"Na": 1, "H": 1}, "energy": -6.4, "correction": 0.1, "parameters": {"run_type": "GGA"}}]
    add("e.json", json.dumps({"entries": entries}), "energies", read_energy_table)
    add("nep.txt", small_nep(), "potential", read_nep)
    for name, content in nmr_measurements(folder).items():
        add(name, content, "nmr", measured)
    bruker = bruker_folders.write_bruker(folder / "bruker", bruker_folders.decays(n_rows=3), vdlist="1m\n0.1\n2s\n")
    varian = nmr_files.varian_folder(folder / "varian", bruker_folders.decays(n_rows=3))
    for whole in (bruker, varian):
        for part in sorted(whole.iterdir()):
            add(f"{whole.name}-{part.name}", part.read_bytes(), "nmr", beside(whole, part.name))
    for name, content in powder_files.ALL.items():
        add(f"pattern.{name}", content, "powder pattern", read_patterns)
    columns = zip(powder_files.ANGLES[:300], powder_files.COUNTS[:300], strict=True)
    add("pattern.xy", "2theta I\n" + "".join(f"{angle} {count}\n" for angle, count in columns), "powder pattern",
        read_patterns)  # fmt: skip
    add("pattern.raw", "t\nBANK 1 2000 200 CONST 1000 2 0 0 STD\n" + "\n".join(
        "".join(f"{count:8d}" for count in row) for row in powder_files.COUNTS.reshape(-1, 10)
    ), "powder pattern", read_patterns)  # fmt: skip
    for name, content in tomography_files.damageable(folder).items():
        add(name, content, "stack", stack)
    header = RawHeader(shape=(30, 24, 4), dtype="uint8")
    add("stack.raw", tomography_files.grey().tobytes(), "stack", lambda path: read_stack(path, header=header))
    add("inputs.yaml", "temperatures_K: [500.0, 600.0]\nstructure: {name: x, sha256: ab}\nseed: 1\n", "inputs", inputs)
    model = {"@class": "M3GNet", "init_args": {"element_types": ["Na", "Cl"], "is_intensive": False, "units": 64}}
    add("model.json", json.dumps({"@class": "Potential", "kwargs": {"model": model}}), "checkpoint", checkpoint)

    shared = Path(os.environ.get("PADDLEWHEEL_SHARED", "")) / "data"
    by_folder = {"impedance": ("spectra", read_spectra), "eis": ("spectra", read_spectra),
                 "cyclers": ("cell test", read_cell_test), "biologic": ("cell test", read_cell_test),
                 "cycling": ("cell test", read_cell_test), "structures": ("structure", read_structure),
                 "dsc": ("calorimeter", read_scans), "fpex0_ID407": ("calorimeter", read_scans),
                 "perkinelmer_calorimeter": ("calorimeter", lambda path: read_scans(path, rate_K_per_min=10.0)),
                 "trajectories": ("trajectory", trajectory), "exchange": ("structure", read_structure),
                 "xrd": ("powder pattern", read_patterns), "xrd_qpa": ("powder pattern", read_patterns)}  # fmt: skip
    for path in sorted(shared.rglob("*")) if shared.is_dir() else ():
        known = by_folder.get(path.parent.name)
        if known and path.is_file() and path.stat().st_size < 200_000:
            add(path.name, path.read_bytes(), *known)
    return found


def nmr_measurements(folder: Path) -> dict[str, bytes]:
    """Files of a measurement of NMR in each form that is one file."""
    import bruker_folders
    import nmr_files
    from paddlewheel.lab.nmr.processing import to_spectrum
    from paddlewheel.lab.nmr.readers.write import FORMATS, write_spectrum
    from paddlewheel.lab.nmr.signal import Axis, Signal

    axis = Axis(nucleus="23Na", carrier_MHz=132.296, reference_MHz=132.294, spectral_width_Hz=20000.0)
    decay = Signal(values=bruker_folders.decays(n_points=64), domain="time", axis=axis, name="made")
    values = decay.values[0]
    made = {f"nmr{form}": write_spectrum(folder / f"nmr{form}", to_spectrum(decay)).read_bytes() for form in FORMATS}
    document = {
        "dataReal": [values.real.tolist()], "dataImag": [values.imag.tolist()], "hyper": [0], "freq": [132.296e6],
        "sw": [2e4], "spec": [0.0], "wholeEcho": [0.0], "ref": [132.294e6], "xaxArray": [[0.0]],
    }  # fmt: skip
    return made | {
        "nmr.json": json.dumps(document).encode(),
        "nmr.jdf": nmr_files.jeol_file(values),
        "nmr.csv": "\n".join(["ppm,re,im", *(f"{n},{n % 7},{n % 5}" for n in range(32))]).encode(),
    }


def small_nep() -> str:
    """A NEP4 of one element and two neurons."""
    size = 2 + 2 * 4
    count = 2 * (size + 2) + 1 + 2 * 2 * 2 + size
    head = "nep4 1 Na\ncutoff 5 4 100 80\nn_max 1 1\nbasis_size 1 1\nl_max 4 0 0\nANN 2 0\n"
    return head + "".join(f"{math.sin(n):15.7e}\n" for n in range(count))


def write_h5md(path: Path) -> None:
    import h5py
    import numpy as np

    from trajectory_files import SYMBOLS, frame_positions

    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        atoms = file.create_group("particles/all")
        atoms["position/value"] = frame_positions(fixed=True)
        atoms["position/value"].attrs["unit"] = "Angstrom"
        atoms["position/step"] = np.arange(4) * 10
        atoms["position/time"] = np.arange(4) * 20.0
        atoms["position/time"].attrs["unit"] = "fs"
        atoms["species"] = np.array([symbol.encode() for symbol in SYMBOLS])
        atoms["box/edges"] = np.eye(3) * 6.0
        atoms["box/edges"].attrs["unit"] = "Angstrom"
        atoms["box"].attrs["boundary"] = ["periodic"] * 3


def workbook(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["time/s", "Voltage/V", "Current/A", "freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm"],
                *([n, 3.0 + 0.01 * n, 0.001, 1e5 / 2**n, 10.0 + n, 1.0 + n] for n in range(20))):  # fmt: skip
        sheet.append(row)
    book.save(path)


_NUMBER = re.compile(rb"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
_WORD = re.compile(rb"[A-Za-z_]{1,20}")
NUMBERS = (b"nan", b"inf", b"-inf", b"1e300", b"-1e300", b"1e-300", b"-1", b"0", b"", b"1" * 30, b"99999999999", b"2.5",
           b"1e400", b"1_0", b"0x10", b"1.2.3")  # fmt: skip
ELEMENTS = (b"Xx", b"Na", b"D", b"X", b"Og", b"na", b"Na+", b"??", b"NA1")
UNITS = (b"mV", b"A", b"Ohm", b"kHz", b"C", b"h", b"", b"\xc2\xb5A", b"mA/cm2", b"s", b"time", b"I", b"Voltage")


def bytes_(content: bytes, random_: random.Random) -> bytes:
    data = bytearray(content)
    what = random_.randrange(4)
    if what == 0 or not data:
        return bytes(data[: random_.randrange(len(data) + 1)])
    for _ in range(random_.choice((1, 1, 3, 20))):
        at = random_.randrange(len(data))
        if what == 1:
            data[at] = random_.randrange(256)
        elif what == 2:
            data[at:at] = random_.randbytes(random_.randrange(1, 9))
        else:
            del data[at : at + random_.randrange(1, 40)]
        if not data:
            break
    return bytes(data)


def _replaced(content: bytes, pattern: re.Pattern[bytes], choices: tuple[bytes, ...], random_: random.Random) -> bytes:
    places = list(pattern.finditer(content[:200_000]))
    for match in sorted(
        random_.sample(places, min(len(places), random_.choice((1, 1, 2, 10)))), key=lambda m: -m.start()
    ):
        content = content[: match.start()] + random_.choice(choices) + content[match.end() :]
    return content


def numbers(content: bytes, random_: random.Random) -> bytes:
    return _replaced(content, _NUMBER, NUMBERS, random_)


def names(content: bytes, random_: random.Random) -> bytes:
    return _replaced(content, _WORD, ELEMENTS, random_)


def units(content: bytes, random_: random.Random) -> bytes:
    head, rest = content[:1000], content[1000:]
    return _replaced(head, _WORD, UNITS, random_) + rest


def rows(content: bytes, random_: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    for _ in range(random_.choice((1, 1, 3, 10))):
        if not lines:
            break
        at, to = random_.randrange(len(lines)), random_.randrange(len(lines))
        what = random_.randrange(4)
        if what == 0:
            del lines[at]
        elif what == 1:
            lines.insert(to, lines[at])
        elif what == 2:
            lines[at], lines[to] = lines[to], lines[at]
        else:
            words = lines[at].split()
            random_.shuffle(words)
            lines[at] = b" ".join(words[: random_.randrange(len(words) + 1)]) + b"\n"
    return b"".join(lines)


DAMAGES = {"bytes": bytes_, "numbers": numbers, "rows": rows, "units": units, "names": names}
SUFFIXES = (".cif", ".vasp", ".json", ".xyz", ".csv", ".xlsx", ".ndax", ".nda", ".mpr", ".npz", ".traj", ".gz", ".lmp",
            ".yaml", ".xml", ".dta", ".h5", "")  # fmt: skip


def damaged(sample: Sample, random_: random.Random) -> tuple[str, str, bytes]:
    """Kind of damage, file name and contents; of archives the members may be damaged and packed again."""
    kind = random_.choice((*DAMAGES, *DAMAGES, "extension"))
    if kind == "extension":
        return kind, Path(sample.name).stem + random_.choice(SUFFIXES), sample.content
    if sample.content.startswith(b"PK") and random_.random() < 0.5:
        return f"{kind} of a member", sample.name, _member_damaged(sample.content, DAMAGES[kind], random_)
    return kind, sample.name, DAMAGES[kind](sample.content, random_)


def _member_damaged(content: bytes, damage: Callable, random_: random.Random) -> bytes:
    import io

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random_.choice(sorted(members))
    members[name] = damage(members[name], random_)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return buffer.getvalue()


class _TooLong(BaseException):
    pass


def _stop(*_: object) -> None:
    raise _TooLong


def problem_of(sample: Sample, path: Path) -> tuple[str | None, bool]:
    """What is wrong with how the reader took the file, None where it read it or refused it with one line; which."""
    from paddlewheel.errors import PaddlewheelError

    signal.alarm(LIMIT_S)
    try:
        sample.read(path)
    except PaddlewheelError as error:
        text = str(error)
        if "\n" in text:
            return f"more than one line: {text[:200]}", False
        named = path.name in text or path.parent.name in text
        return (None if named else f"does not name the file: {text[:200]}"), False
    except _TooLong:
        return "still reading\n" + traceback.format_exc(limit=-4), False
    except Exception:
        return traceback.format_exc(limit=-4), False
    finally:
        signal.alarm(0)
    return None, True


def read_whole(found: list[Sample], folder: Path) -> list[Sample]:
    """Those that are read as they are: what is refused from the start shows nothing when it is damaged."""
    from paddlewheel.errors import PaddlewheelError

    whole = []
    for number, sample in enumerate(found):
        path = folder / f"whole-{number}" / sample.name
        path.parent.mkdir()
        path.write_bytes(sample.content)
        try:
            sample.read(path)
        except PaddlewheelError as error:
            print(f"REFUSED {sample.reader} {error}", flush=True)
        else:
            whole.append(sample)
    return whole


def main(seed: int, count: int, folder: Path) -> None:
    warnings.simplefilter("ignore")
    warnings.filterwarnings("error", category=RuntimeWarning, module="paddlewheel")
    found = read_whole(samples(folder), folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, _stop)
    n_read = 0
    for number in range(count):
        random_ = random.Random(f"{seed} {number}")
        # two of three in turn, whatever the number of samples
        sample = found[(number - number // 3 - 1) % len(found)] if number % 3 else random_.choice(found)
        kind, name, content = damaged(sample, random_)
        place = folder / f"fuzz-{number}"
        place.mkdir()
        path = place / name
        path.write_bytes(content)
        print(f"READING {number} {sample.reader} {name} {kind}", flush=True)
        began = time.monotonic()
        wrong, was_read = problem_of(sample, path)
        n_read += was_read
        if wrong:
            print(json.dumps([number, sample.reader, name, kind, wrong]), flush=True)
        if (took := time.monotonic() - began) > 5:
            print(f"SLOW {number} {sample.reader} {name} {kind} {took:.1f} s", flush=True)
        shutil.rmtree(place)
    print(f"DONE {count} of {len(found)} files, {n_read} read, the others refused", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
