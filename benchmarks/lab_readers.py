"""A cell test of a million rows, read by `read_cell_test` in a process of its own, beside NumPy and other readers; the
impedance files of the shared data beside pyimpspec and impedance.py, the cyclers' beside cellpy, fastnda and pandas.

`python benchmarks/lab_readers.py [--rows 1000000] [--peer-python /path/to/python] [--only cyclers]`; the peer's
environment may have pandas, galvani, cellpy, fastnda, pyimpspec and impedance. Prints seconds and the peak memory of
each process, and the ratio to the fastest peer; of spectra and cyclers milliseconds a file, the best of the repeats in
one process.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

OURS = "from paddlewheel.lab.readers import read_cell_test; n = len(read_cell_test(path))"
READERS = {
    ".mpt": {
        "paddlewheel": OURS,
        "numpy.loadtxt": "import numpy\n"
        "n = len(numpy.loadtxt(path, delimiter='\\t', skiprows=HEADER, encoding='latin-1'))",
        "pandas": "import pandas; n = len(pandas.read_csv(path, sep='\\t', skiprows=HEADER - 1, encoding='latin-1'))",
        "galvani": "from galvani import BioLogic; n = len(BioLogic.MPTfile(path)[0])",
    },
    ".mpr": {
        "paddlewheel": OURS,
        "paddlewheel, the table alone": (
            "from pathlib import Path\n"
            "from paddlewheel.lab.readers.biologic import read_mpr\n"
            "n = len(read_mpr(Path(path)))"
        ),
        "galvani": "from galvani import BioLogic; n = len(BioLogic.MPRfile(path).data)",
    },
}
HEADER = 4
IMPEDANCE = {
    "exampleDataGamry.DTA": "readGamry", "exampleDataVersaStudio.par": "readVersaStudio", "exampleData.csv": "readCSV",
    "exampleDataPowersuite.txt": "readPowerSuite", "data.idf": None, "data.dfr": None, "data.i2b": None,
    "data.P00": None, "Sample2_PEIS_AtRest.csv": None,
}  # fmt: skip
"""Files of `data/lab/impedance` and the function of impedance.py that reads them; pyimpspec tries all."""
SPECTRA_READERS = {
    "paddlewheel": "from paddlewheel.lab.readers import read_spectra as read",
    "pyimpspec": "from pyimpspec import parse_data as read",
    "impedance.py": "from impedance.preprocessing import FUNCTION as read",
}
CYCLERS = {
    "lab/cyclers/20160805_test001_45_cc_01.res.gz": ("cellpy", "arbin_res", {}),
    "lab/cyclers/neware_uio.csv.gz": ("cellpy", "neware_txt", {"model": "UIO"}),
    "lab/cycling/navani_test.nda": ("fastnda", "", {}),
    "lab/cycling/navani_test.ndax": ("fastnda", "", {}),
    "lab/cyclers/SINTEF__SLPBA842124HV__Neware__Time_Bug.bdf.csv.gz": ("pandas", "", {}),
    "lab/cyclers/batmo_bdf.csv.gz": ("pandas", "", {}),
}
"""Files of cyclers, the peer that reads them, and its loader. pandas reads columns, and makes no test of them."""
CYCLER_READERS = {
    "paddlewheel": "from paddlewheel.lab.readers import read_cell_test as read",
    "cellpy": "import logging; logging.disable(50)\nimport cellpy\n"
    "read = lambda path: cellpy.get(path, instrument=LOADER, testing=True, mass=1.0, auto_summary=False, **OPTIONS)",
    "fastnda": "from fastnda import read",
    "pandas": "from pandas import read_csv as read",
}


def cycled(n_rows: int) -> dict[str, np.ndarray]:
    """Columns of a cell that is charged and discharged."""
    time_s = np.arange(n_rows) * 10.0
    current_mA = np.where((np.arange(n_rows) // 5000) % 2 == 0, 1.0, -1.0)
    charge_mAh = np.cumsum(current_mA) * 10 / 3600
    voltage_V = 3.2 + 0.02 * charge_mAh
    return {"mode": np.ones(n_rows), "Ns": np.arange(n_rows) // 5000, "time/s": time_s, "Ewe/V": voltage_V,
            "I/mA": current_mA, "(Q-Qo)/mA.h": charge_mAh}  # fmt: skip


def write_mpt(path: Path, columns: dict[str, np.ndarray]) -> None:
    """The columns as Biologic's text."""
    header = "EC-Lab ASCII FILE\r\nNb header lines : 4\r\n\r\n" + "\t".join(columns)
    formats = ["%d", "%d", "%.6E", "%.7E", "%.7E", "%.12E"]
    table = np.stack(list(columns.values()), axis=1)
    np.savetxt(path, table, fmt=formats, delimiter="\t", header=header, comments="", newline="\r\n")


def write_mpr(path: Path, columns: dict[str, np.ndarray]) -> None:
    """The columns as Biologic's binary file, as EC-Lab 11.3 lays it out: settings of a GCPL, and the data."""
    kinds = dict(zip(columns, ["u1", "<u2", "<f8", "<f4", "<f4", "<f8"], strict=True))
    rows = np.empty(len(columns["mode"]), dtype=np.dtype(list(kinds.items())))
    for name, values in columns.items():
        rows[name] = values
    numbers = struct.pack("<IB6H", len(rows), 6, 1, 131, 4, 6, 8, 13)
    with path.open("wb") as stream:
        stream.write(b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0")
        for name, long, version, content in (
            (b"VMP Set   ", b"VMP settings", 0, b"\x04".ljust(1856, b"\0")),
            (b"VMP data  ", b"VMP data", 3, numbers.ljust(406, b"\0") + rows.tobytes()),
        ):
            header = b"MODULE" + name + long.ljust(25) + struct.pack("<II", len(content), version) + b"10/26/20"
            stream.write(header + content)


def measure(name: str, path: Path, python: str) -> tuple[float, float] | None:
    """Seconds of processor time and peak memory in MB of one reader, alone in a process; None where it fails."""
    code = (
        f"import time; path = {str(path)!r}; t = time.process_time(); HEADER = {HEADER}\n{READERS[path.suffix][name]}\n"
        "import resource; print(n, time.process_time() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: not run ({done.stderr.strip().splitlines()[-1][:100]})")
        return None
    rows, seconds, memory = done.stdout.split()
    print(f"{name}: {rows} rows in {float(seconds):.2f} s, {float(memory):.0f} MB")
    return float(seconds), float(memory)


def measure_spectra(folder: Path, peer_python: str) -> None:
    """Milliseconds a file of each reader of spectra that takes it."""
    for name, function in IMPEDANCE.items():
        told = {}
        for reader, load in SPECTRA_READERS.items():
            if reader == "impedance.py" and function is None:
                continue
            code = (
                f"import time, warnings; warnings.simplefilter('ignore'); path = {str(folder / name)!r}\n"
                f"{load.replace('FUNCTION', str(function))}\nbest = 9e9\nfor _ in range(5):\n"
                " t = time.perf_counter(); read(path); best = min(best, time.perf_counter() - t)\nprint(1000 * best)"
            )
            python = sys.executable if reader == "paddlewheel" else peer_python
            done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
            told[reader] = f"{float(done.stdout):.2f} ms" if not done.returncode else "does not read it"
        print(f"{name}: " + ", ".join(f"{reader} {took}" for reader, took in told.items()))


def measure_cyclers(folder: Path, peer_python: str) -> None:
    """Milliseconds a file of a cycler, unpacked, by us and by its peer: the best of three repeats in one process."""
    for name, (peer, loader, options) in CYCLERS.items():
        told = {}
        with tempfile.TemporaryDirectory() as unpacked:
            path = Path(unpacked) / Path(name).name.removesuffix(".gz")
            content = (folder / name).read_bytes()
            path.write_bytes(gzip.decompress(content) if name.endswith(".gz") else content)
            for reader in ("paddlewheel", peer):
                load = CYCLER_READERS[reader].replace("LOADER", repr(loader)).replace("OPTIONS", repr(options))
                code = (
                    f"import time, warnings; warnings.simplefilter('ignore'); path = {str(path)!r}\n{load}\n"
                    "best = 9e9\nfor _ in range(3):\n t = time.perf_counter(); read(path)\n"
                    " best = min(best, time.perf_counter() - t)\nprint(1000 * best)"
                )
                python = sys.executable if reader == "paddlewheel" else peer_python
                done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
                told[reader] = f"{float(done.stdout.split()[-1]):.1f} ms" if not done.returncode else "not run"
        print(f"{Path(name).name}: " + ", ".join(f"{reader} {took}" for reader, took in told.items()))


def main() -> None:
    """Parse the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--only", choices=("rows", "spectra", "cyclers"), default=None)
    options = parser.parse_args()
    shared = Path(os.environ.get("PADDLEWHEEL_SHARED", "shared")) / "data"
    if options.only in (None, "spectra") and shared.is_dir():
        measure_spectra(shared / "lab" / "impedance", options.peer_python)
    if options.only in (None, "cyclers") and shared.is_dir():
        measure_cyclers(shared, options.peer_python)
    if options.only in (None, "rows"):
        measure_rows(options)


def measure_rows(options: argparse.Namespace) -> None:
    """Write a cell test, read it with everything there is, print the table."""
    columns = cycled(options.rows)
    for suffix, write in ((".mpt", write_mpt), (".mpr", write_mpr)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"large{suffix}"
            began = time.perf_counter()
            write(path, columns)
            print(f"{suffix}: {path.stat().st_size / 1e6:.0f} MB written in {time.perf_counter() - began:.1f} s")
            own = measure("paddlewheel", path, sys.executable)
            if suffix == ".mpr":
                measure("paddlewheel, the table alone", path, sys.executable)
            peers = [measure(name, path, options.peer_python) for name in READERS[suffix] if "paddlewheel" not in name]
        known = [seconds for seconds, _ in filter(None, peers)]
        if own and known:
            print(f"fastest peer / paddlewheel: {min(known) / own[0]:.2f}")
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
