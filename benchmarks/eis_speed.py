"""Fit and Kramers-Kronig test of the same spectra by paddlewheel, pyimpspec and impedance.py, in one run, one thread.

    python benchmarks/eis_speed.py FOLDER --peer-python venv/bin/python

The circuit is the one that suits those spectra (two arcs and a blocking electrode, 8 parameters). paddlewheel gets no
start values. The peers have to be given some: paddlewheel's minimum, each value off by a random 10 % (n by 0.02), which
nobody would have beforehand. All weigh by 1/|Z|. Seconds are of CPU, the least of three runs (the machine is shared).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PEERS = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
archive = np.load(sys.argv[1])
n = int(archive["count"])
spectra = [(archive[f"f{k}"], archive[f"z{k}"], archive[f"s{k}"]) for k in range(n)]

def chi2(z, found):
    return float(np.sum(np.abs((z - found) / np.abs(z)) ** 2))

def timed(call):
    call(spectra[0])
    least = 1e9
    for _ in range(3):
        start = time.process_time()
        values = [call(one) for one in spectra]
        least = min(least, time.process_time() - start)
        if least > 4:
            break
    return {"seconds": least / n, "chi2": values}

out = {}
np.set_printoptions(legacy="1.25")  # impedance.py writes its parameters into source text, and numpy 2 names their type
from impedance.models.circuits import CustomCircuit
from impedance.validation import linKK

def impedance_fit(one, **options):
    f, z, s = one
    made = CustomCircuit("p(R1,CPE1)-p(R2,CPE2)-CPE3", initial_guess=[s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]])
    made.fit(f, z, weight_by_modulus=True, **options)
    return chi2(z, made.predict(f))

out["fit, impedance.py"] = timed(impedance_fit)
out["fit, impedance.py (x_scale=jac)"] = timed(lambda one: impedance_fit(one, x_scale="jac"))
out["test, impedance.py linKK"] = timed(lambda one: linKK(one[0], one[1], c=0.85, max_M=50, add_cap=True)[0])

from pyimpspec import DataSet, fit_circuit, parse_cdc, perform_kramers_kronig_test

def pyimpspec_fit(one, method="leastsq"):
    f, z, s = one
    text = (f"(R{{R={s[0]:.6e}/1e-3/1e12}}Q{{Y={s[1]:.6e}/1e-24/1e6,n={s[2]:.4f}/0/1}})"
            f"(R{{R={s[3]:.6e}/1e-3/1e12}}Q{{Y={s[4]:.6e}/1e-24/1e6,n={s[5]:.4f}/0/1}})"
            f"Q{{Y={s[6]:.6e}/1e-24/1e6,n={s[7]:.4f}/0/1}}")
    found = fit_circuit(parse_cdc(text), DataSet(f, z), method=method, weight="modulus", num_procs=1)
    return chi2(z, found.circuit.get_impedances(f))

out["fit, pyimpspec (leastsq)"] = timed(pyimpspec_fit)
out["fit, pyimpspec (least_squares)"] = timed(lambda one: pyimpspec_fit(one, "least_squares"))
out["fit, pyimpspec (auto, its default)"] = timed(lambda one: pyimpspec_fit(one, "auto"))

def pyimpspec_test(one):
    return int(perform_kramers_kronig_test(DataSet(one[0], one[1]), test="complex", num_procs=1, admittance=False,
                                           num_F_ext_evaluations=0).num_RC)

out["test, pyimpspec (complex, impedance, one range)"] = timed(pyimpspec_test)
for value in out.values():
    value["chi2"] = [float(x) for x in value["chi2"]]
print(json.dumps(out))
"""


def ours(folder: Path, archive: str) -> dict:
    """Our seconds a spectrum and chi2; the spectra with the peers' starts go to `archive`."""
    from paddlewheel.lab.eis.circuit import Circuit
    from paddlewheel.lab.eis.fit import described, fit_circuit, weigh
    from paddlewheel.lab.eis.kramers_kronig import kramers_kronig
    from paddlewheel.lab.eis.least_squares import minimise
    from paddlewheel.studies.eis.inputs import open_spectra

    def from_start(circuit, one, start):
        found = minimise(circuit, one, start)
        return described(circuit, one, found.theta[0], converged=bool(found.converged[0])).chi2

    circuit = Circuit.parse("RQ-RQ-CPE")
    spectra = open_spectra(folder).spectra
    data = [weigh(one.frequency_Hz, one.impedance_ohm) for one in spectra]
    saved: dict = {"count": len(data)}
    near = []
    random = np.random.default_rng(1)
    for k, one in enumerate(data):
        theta = fit_circuit(circuit, one).theta
        r, tau, n = np.exp(theta[[0, 3]]), np.exp(theta[[1, 4]]), theta[[2, 5]]
        middle = np.exp(np.log(one.omega).mean())
        tail = 1 / (np.exp(theta[6]) * middle ** theta[7])
        q = tau**n / r
        start = np.array([r[0], q[0], n[0], r[1], q[1], n[1], tail, theta[7]])
        exponents = [2, 5, 7]
        off = start * np.exp(0.1 * random.normal(size=8))
        off[exponents] = start[exponents] + 0.02 * random.normal(size=3)
        q_off, r_off = off[[1, 4]], off[[0, 3]]
        n_off = off[[2, 5]]
        tau_off = (r_off * q_off) ** (1 / n_off)
        size_off = 1 / (off[6] * middle ** off[7])
        arcs = [x for k in range(2) for x in (np.log(r_off[k]), np.log(tau_off[k]), n_off[k])]
        near.append((one, np.array([[*arcs, np.log(size_off), off[7]]])))
        saved |= {f"f{k}": one.omega / (2 * np.pi), f"z{k}": one.impedance_ohm, f"s{k}": off}
    np.savez(archive, **saved)
    found: dict = {}
    for name, (call, given) in {
        "fit, paddlewheel (no starts given)": (lambda one: fit_circuit(circuit, one).chi2, data),
        "fit, paddlewheel (from the peers' starts)": (lambda one: from_start(circuit, *one), near),
        "test, paddlewheel": (lambda one: kramers_kronig(one).n_terms, data),
    }.items():
        call(given[0])
        best = np.inf
        for _ in range(3):
            start_s = time.process_time()
            values = [float(call(one)) for one in given]
            best = min(best, time.process_time() - start_s)
        found[name] = {"seconds": best / len(data), "chi2": values}
    return found


def main() -> None:
    """Measure and print a table; with `--out` replace the one in that file below its mark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peer-python", required=True)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        archive = str(Path(folder) / "spectra.npz")
        found = ours(options.folder, archive)
        done = subprocess.run(
            [options.peer_python, "-c", PEERS, archive], capture_output=True, text=True, env={**os.environ, **threads}
        )
        if done.returncode != 0:
            sys.exit(done.stderr.strip().splitlines()[-1])
        found |= json.loads(done.stdout.strip().splitlines()[-1])
    lines = ["| | CPU ms a spectrum | times ours | sum of chi2 |", "|---|---|---|---|"]
    for kind in ("fit", "test"):
        base = next(one for name, one in found.items() if name.startswith(f"{kind}, paddlewheel"))["seconds"]
        for name, one in found.items():
            if name.startswith(kind):
                chi2 = f"{sum(one['chi2']):.5f}" if kind == "fit" else ""
                lines.append(f"| {name} | {1e3 * one['seconds']:.1f} | {one['seconds'] / base:.1f} | {chi2} |")
    table = "\n".join(lines)
    print(table)
    if options.out:
        mark = "<!-- table: benchmarks/eis_speed.py -->\n"
        text = options.out.read_text(encoding="utf-8")
        options.out.write_text(text[: text.index(mark) + len(mark)] + "\n" + table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
