"""`tomography segment`: files, record and page of a small stack with a recipe, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

import paddlewheel
from paddlewheel.errors import DataError, SettingsError

SAMPLE = """
name: made
components:
- {name: A, formula: NaBH4, weight_fraction: 0.3, density_g_per_cm3: 1.5}
- {name: B, formula: NaCrO2, weight_fraction: 0.7, density_g_per_cm3: 3.5}
"""


def write_stack_and_sample(folder: Path) -> None:
    """Half of the solid of each, 10 % pores."""
    random = np.random.default_rng(4)
    shape = (12, 40, 44)
    field = ndimage.gaussian_filter(random.standard_normal(shape), (1.5, 3, 3))
    labels = np.digitize(field, np.quantile(field, (0.1, 0.55)))
    grey = ndimage.gaussian_filter(np.array([30.0, 90.0, 180.0])[labels], (0, 0.7, 0.7)) + random.normal(0, 8, shape)
    tifffile.imwrite(folder / "stack.tif", np.clip(np.round(grey), 0, 255).astype(np.uint8))
    (folder / "sample.yaml").write_text(SAMPLE)


def test_a_stack_with_its_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the solid is of each phase: to 3 points of some 20,000 voxels, a third of them on edges."""
    monkeypatch.chdir(tmp_path)
    write_stack_and_sample(tmp_path)
    record = paddlewheel.tomography_segment(
        "stack.tif", voxel_nm="50,50,100", sample="sample.yaml", members=3, alignment="none", out="run"
    )
    assert [phase.name for phase in record.phases] == ["pore", "A", "B"]
    shares = [phase.solid_share for phase in record.phases[1:]]
    assert shares == pytest.approx([0.5, 0.5], abs=0.03)
    labels = tifffile.imread("run/labels.tif")
    assert labels.shape == record.shape_voxels[::-1] == (12, 40, 44)
    found = np.bincount(labels.ravel(), minlength=3) / labels.size
    assert found == pytest.approx([phase.fraction.value for phase in record.phases])
    for member in record.family:
        family = tifffile.imread(Path("run") / member.path)
        assert np.bincount(family.ravel(), minlength=3) / labels.size == pytest.approx(member.fractions)
    assert len(record.family) == 3
    assert {"planes", "histogram", "slices", "family"} <= set(record.plot())
    assert Path("run/report.html").is_file()


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_stack_and_sample(tmp_path)
    with pytest.raises(DataError, match="voxel"):
        paddlewheel.tomography_segment("stack.tif", phases="pore,A,B", out="run")
    with pytest.raises(SettingsError, match="no phases; name them from dark to bright"):
        paddlewheel.tomography_segment("stack.tif", voxel_nm="50,50,100", out="run")
    with pytest.raises(DataError, match="component B of the recipe is in no phase"):
        paddlewheel.tomography_segment(
            "stack.tif", voxel_nm="50,50,100", sample="sample.yaml", phases="pore,A", out="run"
        )
    with pytest.raises(DataError, match="crop of slices 0 to 50, and the stack has 12"):
        paddlewheel.tomography_segment(
            "stack.tif", voxel_nm="50,50,100", phases="pore,A", crop="0,40,0,40,0,50", out="run"
        )
    with pytest.raises(SettingsError, match="voxel_nm: 2 numbers; give three, x, y, z: 100,100,200"):
        paddlewheel.tomography_segment("stack.tif", voxel_nm="50,100", phases="pore,A", out="run")
    tifffile.imwrite("labels.tif", np.indices((12, 40, 44)).sum(axis=0).astype(np.uint8) % 3)
    with pytest.raises(DataError, match=r"3 different values .0, 1, 2.: these are phases, not grey values"):
        paddlewheel.tomography_segment("labels.tif", voxel_nm="50,50,100", phases="pore,A", out="run")
    assert not Path("run").exists()
