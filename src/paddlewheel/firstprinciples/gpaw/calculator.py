"""Energy, forces and stress of a structure by GPAW in plane waves, as `CalculationSettings` ask for them."""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.firstprinciples.setups import CalculationSettings, Setup, mesh_of_spacing
from paddlewheel.firstprinciples.steps import Calculation, Step

if TYPE_CHECKING:
    from ase import Atoms

FUNCTIONALS = {
    "PBE": "PBE",
    "SCAN": "MGGA_X_SCAN+MGGA_C_SCAN",
    "r2SCAN": "MGGA_X_R2SCAN+MGGA_C_R2SCAN",
}
"""GPAW's names of the functionals that labels may be of."""
_META = ("SCAN", "r2SCAN")
_FAMILY = "gpaw-data"
_OURS = {"mode", "xc", "kpts", "occupations", "convergence", "maxiter", "spinpol", "magmoms", "setups", "txt"}
_MOMENT = 1.0
"""Magnetic moment that each atom begins with where both spins are asked for, as VASP begins."""
_NO_MOMENT = 0.05
"""Total moment, Bohr magnetons, under which a structure has none."""


def gpaw_version() -> str:
    """GPAW and the release of its setups: ``gpaw 26.7.0, gpaw-data 1.2.1``.

    Raises
    ------
    SettingsError
        If one of them is not installed.
    """
    missing = [name for name in ("gpaw", "gpaw_data") if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"GPAW needs {' and '.join(missing)}", where="engine",
            remedy="apt-get install libxc-dev libopenblas-dev g++, then make install-gpaw, "
            "or CC=g++ CXX=g++ pip install 'paddlewheel[gpaw]'",
        )  # fmt: skip
    return f"gpaw {importlib.metadata.version('gpaw')}, gpaw-data {importlib.metadata.version('gpaw-data')}"


def check_gpaw(settings: CalculationSettings, symbols: Iterable[str]) -> None:
    """Refuse what GPAW cannot calculate, before any work.

    Raises
    ------
    SettingsError
        If GPAW is not installed, does not know the functional, the smearing or a tag, or has no setup of an element,
        or for a meta-GGA one without the core's kinetic energy density.
    """
    gpaw_version()
    from gpaw.dft import PARAMETER_NAMES

    if unknown := sorted(set(gpaw_parameters(settings)) - set(PARAMETER_NAMES)):
        raise SettingsError(f"GPAW has no {unknown[0]}", where=settings.name, remedy="leave the tag out")
    for symbol in sorted(set(symbols)):
        setup = _setup_data(symbol, settings.pseudopotentials.get(symbol, ""))
        if settings.functional in _META and setup.tauct_g is None:
            raise SettingsError(
                f"the setup of {symbol} has no kinetic energy density of its core, which {settings.functional} needs",
                where=settings.name, remedy="take PBE, or another setup of the element",
            )  # fmt: skip


def valence_electrons(symbols: Iterable[str], settings: CalculationSettings) -> int:
    """Electrons of the atoms that the setups leave to the plane waves."""
    return int(sum(_setup_data(symbol, settings.pseudopotentials.get(symbol, "")).Nv for symbol in symbols))


@lru_cache(maxsize=200)
def _setup_data(symbol: str, kind: str) -> Any:
    """GPAW's file of an element: all of `FUNCTIONALS` take those made with PBE."""
    from gpaw.setup_data import SetupData

    try:
        return SetupData(symbol, "PBE", name=kind or "paw")
    except FileNotFoundError as error:
        raise SettingsError(
            f"gpaw-data has no setup {kind or ''} of {symbol}".replace("  ", " "), where="engine",
            remedy="leave the frames with it out, or label them with another engine",
        ) from error  # fmt: skip


def gpaw_parameters(settings: CalculationSettings) -> dict[str, Any]:
    """GPAW's keywords of the settings, but for those that hang on the structure.

    Gaussian smearing is Methfessel-Paxton's of order 0, whose width is VASP's SIGMA; ``methfessel-paxton`` is order 1.

    Raises
    ------
    SettingsError
        If GPAW has no such functional, smearing or family of setups, or a tag says what a setting says.
    """
    if settings.functional not in FUNCTIONALS:
        raise SettingsError(
            f"the functional {settings.functional} is not known here for GPAW", where=settings.name,
            remedy=f"take one of {', '.join(FUNCTIONALS)}",
        )  # fmt: skip
    width = {"width": settings.smearing_width_eV}
    occupations = {
        "gaussian": {"name": "methfessel-paxton", "order": 0} | width,
        "methfessel-paxton": {"name": "methfessel-paxton", "order": 1} | width,
        "fermi": {"name": "fermi-dirac"} | width,
        "none": {"name": "fermi-dirac", "width": 0.0},
    }
    if settings.smearing not in occupations:
        raise SettingsError(
            f"GPAW's forces are not of the smearing {settings.smearing}", where=settings.name,
            remedy="take gaussian, fermi, methfessel-paxton or none",
        )  # fmt: skip
    if settings.pseudopotential_family not in ("", _FAMILY):
        raise SettingsError(
            f"GPAW has no potentials {settings.pseudopotential_family}", where=settings.name,
            remedy=f"leave the family out, or name it {_FAMILY}",
        )  # fmt: skip
    tags = {tag.lower(): value for tag, value in settings.tags.items()}  # of a file they come in capitals, as VASP's
    if taken := sorted(_OURS & set(tags)):
        raise SettingsError(
            f"the tag {taken[0]} says what a setting says", where=settings.name, remedy="leave the tag out"
        )
    return {
        "xc": FUNCTIONALS[settings.functional],
        "occupations": occupations[settings.smearing],
        "maxiter": settings.most_electronic_steps,
        "spinpol": settings.spin_polarized,
        "setups": dict(settings.pseudopotentials),
    } | tags


def gpaw_calculator(settings: CalculationSettings, atoms: Atoms, *, log: Path | None = None) -> Any:
    """GPAW's calculator of a structure: plane waves, k-points around Gamma, one process.

    Parameters
    ----------
    settings
        Of them the mesh is that of the structure's own cell (`setups.mesh_of_spacing`).
    atoms
        What is calculated; initial magnetic moments in it are taken where both spins are asked for.
    log
        Where GPAW writes what it does; nowhere by default.

    Raises
    ------
    SettingsError
        As `check_gpaw`.
    """
    check_gpaw(settings, atoms.get_chemical_symbols())
    from gpaw.convergence_criteria import Energy
    from gpaw.new.ase_interface import GPAW

    mesh = mesh_of_spacing(atoms.cell, settings.k_spacing_per_A)
    return GPAW(
        mode={"name": "pw", "ecut": settings.cutoff_eV},
        kpts={"size": mesh, "gamma": True},
        # of the whole cell: GPAW's own number is per valence electron
        convergence={"energy": Energy(settings.tolerance_eV(len(atoms)), relative=False)},
        txt=None if log is None else str(log),
        **gpaw_parameters(settings),
    )


def calculate(
    settings: CalculationSettings,
    atoms: Atoms,
    *,
    log: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Calculation | None:
    """Energy, forces and stress of one structure; None where `should_stop` said so between two electronic steps.

    The energy is GPAW's free energy, whose derivatives the forces and the stress are; the stress is that of a fixed set
    of plane waves, as VASP's is, so that at a low cutoff cells come out too small. Where both spins are asked for and
    the structure has no moments, the electrons begin with parallel spins; where a moment is left, they begin once more
    without, and the lower of the two is taken.

    Parameters
    ----------
    settings, atoms, log
        As `gpaw_calculator` has them.
    should_stop
        Asked after each electronic step.

    Returns
    -------
    One step. Where the electrons did not converge it has no labels, and `Step.converged` is False; where GPAW could not
    calculate the structure (atoms on top of each other) there is no step, and `Calculation.cut` says why.

    Raises
    ------
    SettingsError
        As `check_gpaw`.
    """
    cell = atoms.copy()
    is_guess = settings.spin_polarized and not cell.get_initial_magnetic_moments().any()
    if is_guess:
        cell.set_initial_magnetic_moments([_MOMENT] * len(cell))
    ended = _ground_state(settings, cell, log, should_stop)
    told = ""
    if is_guess and ended is not None and ended.labels is not None and abs(ended.moment) > _NO_MOMENT:
        # a closed shell may stay in an excited state of parallel spins: H2 does, 9 eV above its ground state
        cell.set_initial_magnetic_moments([0.0] * len(cell))
        other = _ground_state(settings, cell, log, should_stop)
        if other is not None and other.labels is not None and other.labels[0] < ended.labels[0]:
            told = f", without moments {ended.labels[0] - other.labels[0]:.3g} eV lower than with {ended.moment:.2g}"
            ended = other
        elif other is not None:
            told = f", a moment of {ended.moment:.2g} Bohr magnetons"
        else:
            ended = None
    if ended is None:
        return None
    energy_eV, forces, stress = ended.labels or (None, None, None)
    step = Step(
        number=0,
        atoms=atoms.copy(),
        energy_eV=energy_eV,
        forces_eV_per_A=forces,
        stress_eV_per_A3=stress,
        converged=ended.labels is not None,
        electronic=f"{ended.n_steps} of at most {settings.most_electronic_steps} steps{told}",
    )
    return Calculation(
        source="" if log is None else str(log),
        setup=setup_of(settings, atoms),
        steps=() if ended.cut is not None else (step,),
        cut=ended.cut,
    )


@dataclass(frozen=True, eq=False)
class _Ended:
    """How one run ended: its labels, where it has them, the total moment, its steps, and why it was cut."""

    labels: tuple[float, np.ndarray, np.ndarray] | None
    moment: float
    n_steps: int
    cut: str | None


def _ground_state(
    settings: CalculationSettings, cell: Atoms, log: Path | None, should_stop: Callable[[], bool]
) -> _Ended | None:
    """One run from the moments of the cell; None where it was stopped."""
    from gpaw import KohnShamConvergenceError

    gc.collect()  # a calculation of GPAW is a ring of references: the last one is freed here, 25 MB of a small cell
    calculator = gpaw_calculator(settings, cell, log=log)
    cut, n_steps, labels, moment = None, 0, None, 0.0
    with warnings.catch_warnings():
        # Debian's libxc is built without --disable-fhc, which may keep a meta-GGA from converging: told where it does
        warnings.filterwarnings("ignore", message="libxc should be compiled with --disable-fhc")
        try:
            for n_steps, _ in enumerate(calculator.iconverge(cell), start=1):  # noqa: B007 used after the loop
                if should_stop():
                    return None
            labels = (
                float(calculator.get_potential_energy(cell, force_consistent=True)),
                np.array(calculator.get_forces(cell), dtype=float),
                np.array(calculator.get_stress(cell), dtype=float),
            )
            moment = float(calculator.get_magnetic_moment(cell)) if settings.spin_polarized else 0.0
        except KohnShamConvergenceError:
            pass  # told by the step
        except (ValueError, ArithmeticError, AssertionError, np.linalg.LinAlgError) as error:
            said = (str(error).strip().splitlines() or [""])[0][:200]
            cut = f"GPAW could not calculate it ({type(error).__name__}{': ' + said if said else ''})"
    return _Ended(labels, moment, n_steps, cut)


def setup_of(settings: CalculationSettings, atoms: Atoms) -> Setup:
    """What a calculation of the structure with these settings is, with the fingerprint of each element's setup."""
    potentials = []
    for symbol in sorted(set(atoms.get_chemical_symbols())):
        kind = settings.pseudopotentials.get(symbol, "")
        setup = _setup_data(symbol, kind)
        potentials.append((symbol, f"{symbol}{'.' + kind if kind else ''}.PBE {setup.fingerprint}"))
    width = "" if settings.smearing == "none" else f" {settings.smearing_width_eV:g} eV"
    return Setup(
        code=gpaw_version().split(",")[0],
        functional=settings.functional,
        cutoff_eV=settings.cutoff_eV,
        k_mesh=mesh_of_spacing(atoms.cell, settings.k_spacing_per_A),
        spin_polarized=settings.spin_polarized,
        smearing=f"{settings.smearing}{width}",
        energy_tolerance_eV=settings.tolerance_eV(len(atoms)),
        pseudopotentials=tuple(potentials),
    )
