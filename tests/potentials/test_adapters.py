"""Adapters: any ASE calculator by name; optional packages for real where installed, and one clear line where not."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT

from paddlewheel.errors import PotentialError
from paddlewheel.potentials import check_elements, describe_potential, identify_potential, load_potential
from paddlewheel.potentials.adapters import adapter_kind, supported_elements

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
    ("name", "distribution"), [("chgnet", "chgnet"), ("mace:small", "mace-torch"), ("sevennet:7net-0", "sevenn")]
)
def test_an_absent_package_says_how_to_install_it(name, distribution, monkeypatch) -> None:
    def absent(asked: str) -> str:
        raise importlib.metadata.PackageNotFoundError(asked)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    for call in (load_potential, identify_potential):
        with pytest.raises(PotentialError, match=f"needs the package {distribution}, .*; pip install {distribution}"):
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
    assert [adapter_kind(n) for n in ("chgnet", "chgnet:x", "mace", "m3gnet-mp-2021", "./chgnet")] == [
        "chgnet",
        None,
        None,
        None,
        None,
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module", "energy_eV"),
    # PBE, Materials Project: -3.4 eV/atom for NaCl; CHGNet learned energies with MP2020 corrections, -0.614 eV per Cl
    [("chgnet", "chgnet", -3.4 - 0.614 / 2), ("sevennet:7net-0", "sevenn", -3.4)],
)
def test_real_packages_give_energy_forces_and_stress(name: str, module: str, energy_eV: float, capsys) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    salt.rattle(0.05, seed=1)
    calculator = load_potential(name)
    assert capsys.readouterr() == ("", "")
    check_elements(calculator, salt)
    salt.calc = calculator
    forces = salt.get_forces()
    # 0.1 eV/atom covers the rattle and the models' errors; translation leaves no net force
    assert salt.get_potential_energy() / len(salt) == pytest.approx(energy_eV, abs=0.1)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-3)
    assert np.abs(salt.get_stress()).max() < 0.1
    assert len(identify_potential(name)) == 64
