"""Other people's potentials as ASE calculators: CHGNet, MACE, SevenNet, and any ASE calculator factory.

The packages are optional. Loading a MACE or SevenNet checkpoint from a file unpickles it, as those packages do:
load only files that you trust.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.card import PotentialCard
from paddlewheel.potentials.fetch import sha256_of

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

    from paddlewheel.potentials.card import PotentialKind

ADAPTER_FORMS = ("chgnet", "mace:<model or file>", "sevennet:<model or file>", "ase:<package.module>:<Factory>")
"""How adapters are named, for messages."""

_DISTRIBUTIONS = {"chgnet": "chgnet", "mace": "mace-torch", "sevennet": "sevenn"}
_TITLES = {
    "chgnet": "CHGNet, universal, with magnetic moments",
    "mace": "MACE foundation model or a MACE file",
    "sevennet": "SevenNet model or checkpoint",
    "ase": "an ASE calculator",
}
_CITATIONS = {
    "chgnet": ("Deng et al., CHGNet, Nat. Mach. Intell. 5, 1031 (2023)", "10.1038/s42256-023-00716-3"),
    "mace": (
        "Batatia et al., A foundation model for atomistic materials chemistry (2023)",
        "10.48550/arXiv.2401.00096",
    ),
    "sevennet": ("Park et al., SevenNet, J. Chem. Theory Comput. 20, 4857 (2024)", "10.1021/acs.jctc.4c00190"),
}


def adapter_kind(name: str) -> PotentialKind | None:
    """Return which adapter a name asks for, or None where it asks for none."""
    prefix, _, rest = name.partition(":")
    if prefix == "chgnet" and not rest:
        return "chgnet"
    if prefix in ("mace", "sevennet", "ase") and ":" in name:
        return prefix
    return None


def load_adapter(name: str, *, device: str, dtype: str) -> Calculator:
    """Build the calculator of an adapter's name.

    Parameters
    ----------
    name
        One of `ADAPTER_FORMS`.
    device
        Torch device; `ase:` factories take none, so anything but `cpu` is refused there.
    dtype
        `float32` or `float64`; only MACE has the choice, so anything but `float32` is refused elsewhere.

    Raises
    ------
    PotentialError
        If the package is absent, the model is unknown to it, or an option is not understood.
    """
    kind, model = _split(name)
    if dtype != "float32" and kind != "mace":
        raise PotentialError(
            f"{name} has no choice of dtype, {dtype} was asked for", remedy="leave dtype at its default"
        )
    if device != "cpu" and kind == "ase":
        raise PotentialError(f"{name} takes no device, {device} was asked for", remedy="leave device at cpu")
    try:
        # these packages announce themselves on stdout, which belongs to our records, and warn of missing accelerators
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _BUILDERS[kind](model, device, dtype)
    except PotentialError:
        raise
    except Exception as error:  # foreign constructors fail in any way: unknown model, no network, bad checkpoint
        text = (str(error).strip().splitlines() or [""])[0][:200]
        raise PotentialError(
            f"{name} could not be loaded ({type(error).__name__}: {text})", remedy="check the model's name and options"
        ) from error


def adapter_card(name: str) -> PotentialCard:
    """Describe an adapter without loading it; the elements are known only to the loaded potential."""
    kind, _ = _split(name)
    citation, doi = _CITATIONS.get(kind, (None, None))
    return PotentialCard(name=name, kind=kind, title=_TITLES[kind], citation=citation, doi=doi)


def identify_adapter(name: str) -> str:
    """Return a hash over the package's version, the model's name and, for a file, its contents.

    Raises
    ------
    PotentialError
        If the package, module or file is absent.
    """
    kind, model = _split(name)
    if kind == "ase":
        parts = [name, _version_of_module(model.partition(":")[0])]
    else:
        parts = [name, f"{_DISTRIBUTIONS[kind]}=={_installed_version(kind)}"]
        if model and Path(model).is_file():  # the same file under two paths is the same potential
            parts[0] = f"{kind}:{sha256_of(Path(model))}"
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def supported_elements(calculator: Any) -> tuple[str, ...] | None:
    """Return the elements that a loaded calculator knows, or None where it does not say."""
    from ase.data import chemical_symbols

    if elements := getattr(calculator, "elements", None):  # our own engine
        return tuple(elements)
    if (table := getattr(calculator, "z_table", None)) is not None:  # MACE
        return tuple(chemical_symbols[int(z)] for z in table.zs)
    if isinstance(types := getattr(calculator, "type_map", None), dict):  # SevenNet: atomic number -> type
        return tuple(chemical_symbols[int(z)] for z in types)
    return None


def _split(name: str) -> tuple[PotentialKind, str]:
    kind = adapter_kind(name)
    if kind is None:
        raise PotentialError(f"{name!r} is no adapter", remedy=f"write one of {', '.join(ADAPTER_FORMS)}")
    model = name.partition(":")[2].strip()
    if kind != "chgnet" and not model:
        form = next(form for form in ADAPTER_FORMS if form.startswith(kind))
        raise PotentialError(f"{name!r} names no model", remedy=f"write {form}")
    return kind, model


def _installed_version(kind: str) -> str:
    distribution = _DISTRIBUTIONS[kind]
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise PotentialError(
            f"{kind} needs the package {distribution}, which is not installed", remedy=f"pip install {distribution}"
        ) from error


def _chgnet(model: str, device: str, dtype: str) -> Calculator:
    _installed_version("chgnet")
    from chgnet.model.dynamics import CHGNetCalculator  # pyright: ignore[reportMissingImports]

    return CHGNetCalculator(use_device=device)


def _mace(model: str, device: str, dtype: str) -> Calculator:
    _installed_version("mace")
    from mace.calculators import MACECalculator, mace_mp  # pyright: ignore[reportMissingImports]

    if Path(model).is_file():
        return MACECalculator(model_paths=model, device=device, default_dtype=dtype)
    return mace_mp(model=model, device=device, default_dtype=dtype)


def _sevennet(model: str, device: str, dtype: str) -> Calculator:
    _installed_version("sevennet")
    from sevenn.calculator import SevenNetCalculator  # pyright: ignore[reportMissingImports]

    return SevenNetCalculator(model=model, device=device)


def _ase(target: str, device: str, dtype: str) -> Calculator:
    from ase.calculators.abc import GetPropertiesMixin

    module_name, _, factory_name = target.partition(":")
    factory = getattr(_module(module_name), factory_name, None) if factory_name else None
    if not callable(factory):
        raise PotentialError(
            f"{factory_name or '(nothing)'!r} is nothing callable in {module_name}",
            where=f"ase:{target}",
            remedy="write ase:<package.module>:<Factory>, e.g. ase:ase.calculators.emt:EMT",
        )
    calculator = factory()
    if not isinstance(calculator, GetPropertiesMixin):
        raise PotentialError(
            f"{factory_name}() gives a {type(calculator).__name__}, not an ASE calculator",
            where=f"ase:{target}",
            remedy="name a calculator class, or a function without arguments that returns a calculator",
        )
    return calculator  # pyright: ignore[reportReturnType]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, ValueError, TypeError) as error:
        raise PotentialError(
            f"module {name!r} cannot be imported ({error})", remedy="install it, or check the spelling"
        ) from error


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    """The installed distributions by package: a third of a second to look up, and every unit asks."""
    return importlib.metadata.packages_distributions()


def _version_of_module(name: str) -> str:
    module = _module(name)
    package = name.partition(".")[0]
    for distribution in _distributions().get(package, []):
        return f"{distribution}=={importlib.metadata.version(distribution)}"
    source = inspect.getsourcefile(module)  # a script of the user's own: its text is its version
    if source is None:
        raise PotentialError(f"module {name!r} has neither a version nor a source", remedy="install it as a package")
    return sha256_of(Path(source))


_BUILDERS = {"chgnet": _chgnet, "mace": _mace, "sevennet": _sevennet, "ase": _ase}
