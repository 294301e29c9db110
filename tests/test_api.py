"""The library as a notebook sees it: its names, its types, its records."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import paddlewheel
from paddlewheel.errors import InputError
from paddlewheel.studies.table import TABLE, load_study, python_names
from paddlewheel.study.naming import python_name

ROOT = Path(__file__).resolve().parents[1]


def _maker():
    spec = importlib.util.spec_from_file_location("make_api_stub", ROOT / "scripts/make_api_stub.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_dir_lists_every_call_and_nothing_else_is_a_name() -> None:
    names = set(dir(paddlewheel))
    assert set(python_names()) <= names
    assert {"load", "convert", "read_structure", "read_trajectory", "load_potential", "Trajectory"} <= names
    for name in names:
        assert getattr(paddlewheel, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'condukt'"):
        paddlewheel.condukt  # noqa: B018


def test_importing_the_package_imports_no_study() -> None:
    heavy = "m for m in sys.modules if m.startswith('paddlewheel.s') or m in ('numpy', 'pydantic')"
    code = f"import sys, paddlewheel; sys.exit(str([{heavy}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("command", TABLE)
def test_every_call_has_a_signature_and_a_documentation(command: str) -> None:
    call = getattr(paddlewheel, python_name(command))
    study = load_study(command)
    of_every_call = {argument.name for argument in study.arguments} | {"out", "again", "cores", "show_progress"}
    assert set(study.settings.model_fields) == set(inspect.signature(call).parameters) - of_every_call
    assert call.__doc__.startswith(TABLE[command].summary)
    for declared in study.settings.model_fields.values():
        assert declared.description in call.__doc__


def test_the_stubs_are_those_of_the_table() -> None:
    maker = _maker()
    assert (ROOT / "src/paddlewheel/api.pyi").read_text(encoding="utf-8") == maker.stub()
    assert (ROOT / "src/paddlewheel/__init__.pyi").read_text(encoding="utf-8") == maker.package_stub()
    assert (ROOT / "src/paddlewheel/py.typed").is_file()


def test_load_tells_what_is_no_run_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no record"):
        paddlewheel.load(tmp_path)
    (tmp_path / "result.json").write_text('{"provenance": {"settings": {"command": "astrology"}}}')
    with pytest.raises(InputError, match="unknown command 'astrology'"):
        paddlewheel.load(tmp_path)
    (tmp_path / "result.json").write_text('{"provenance": {"settings": {"command": "van-hove"}}}')
    with pytest.raises(InputError, match="van-hove"):
        paddlewheel.load(tmp_path)
