"""Files cut or garbled anywhere: a crystal or one clear line, never a traceback of another kind."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.io import write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddlewheel.crystals import read_structure
from paddlewheel.errors import StructureError

_FORMATS = {
    "x.cif": {"format": "cif"},
    "POSCAR": {"format": "vasp"},
    "x.extxyz": {"format": "extxyz"},
    "x.json": {"format": "json"},
    "x.data": {"format": "lammps-data", "masses": True},
    "x.traj": {"format": "traj"},
}


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    salt = Atoms(
        "NaClNaCl", scaled_positions=[[0] * 3, [0.5, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0]], cell=[5.6] * 3, pbc=True
    )
    for name, options in _FORMATS.items():
        write(folder / name, salt, **options)
    return {name: (folder / name).read_bytes() for name in _FORMATS}


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(sorted(_FORMATS)),
    share=st.floats(0, 1),
    garbage=st.one_of(st.just(b""), st.binary(max_size=12), st.sampled_from([b"nan ", b"-1 ", b"1e999 ", b"X "])),
    cut=st.booleans(),
)
def test_damage_is_always_a_structure_error(tmp_path: Path, originals, name, share, garbage, cut) -> None:
    content = originals[name]
    place = int(share * len(content))
    path = tmp_path / name
    path.write_bytes(content[:place] + garbage + (b"" if cut else content[place:]))
    try:
        atoms = read_structure(path)
    except StructureError as error:
        problem = error
    else:
        # it still is a structure: whatever was read has passed the checks
        assert len(atoms) > 0
        assert atoms.cell.volume > 0
        return
    assert str(problem).startswith(f"{path}: ")
    assert "\n" not in str(problem)
    assert problem.remedy
