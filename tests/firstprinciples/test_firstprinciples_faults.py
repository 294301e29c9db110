"""Broken outputs are refused with what is wrong in them, and their sound twins are taken."""

import pytest

from broken_vasp import Fault, faults
from made_vasp import cell_of_NaBH4
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.judgement import judge
from paddlewheel.firstprinciples.readers import read_calculation
from paddlewheel.firstprinciples.setups import CalculationSettings

ASKED = CalculationSettings(
    name="paper", functional="r2SCAN", cutoff_eV=680, k_spacing_per_A=0.35, energy_tolerance_eV_per_atom=1e-5,
    spin_polarized=True, tags={"LASPH": True},
)  # fmt: skip
FAULTS = faults()


def refusals(files, folder) -> tuple[str, ...]:
    """Reasons against all steps of an output in a folder; none where each is sound."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        calculation = read_calculation(folder)
    except DatasetError as error:
        return (f"no step: {error}",)
    if not calculation.steps:
        return (f"no step: {calculation.cut}",)
    asked = cell_of_NaBH4()
    return sum((judge(calculation, step, asked=asked, settings=ASKED) for step in calculation.steps), ())


def test_there_are_thirty_different_faults():
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_broken_output_is_refused_and_its_sound_twin_is_not(fault: Fault, tmp_path):
    (tmp_path / "sound").mkdir()
    (tmp_path / "broken").mkdir()
    assert refusals(fault.sound, tmp_path / "sound") == ()
    assert fault.says in "; ".join(refusals(fault.broken, tmp_path / "broken"))
