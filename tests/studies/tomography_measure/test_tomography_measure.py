"""`tomography measure`: bodies whose transport is known, errors, samples, run directories, the design of a cell."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.cli.main import status_of
from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.tomography.readers import write_labels
from paddlewheel.lab.tomography.voxels import Labels
from paddlewheel.studies.tomography_measure.flows import FlowPlan
from paddlewheel.studies.tomography_measure.record import blocked_lines
from paddlewheel.study.study import Study

_NAMES = {0: "pore", 1: "NBH", 2: "NCO"}
_EXACT = 1e-4
"""The tolerance of a flow, by default."""


def _labels(values: np.ndarray, voxel_nm: tuple[float, float, float] = (100.0, 100.0, 200.0)) -> Labels:
    known = {number: _NAMES[number] for number in np.unique(values).astype(int).tolist()}
    return Labels(labels=values.astype(np.uint8), voxel_nm=voxel_nm, names=known, source="body", voxel_from="the test")


def _walls() -> Labels:
    """NBH and NCO in walls of four voxels whose normal is x."""
    values = np.zeros((8, 16, 16))
    values[:] = np.where(np.arange(16) // 4 % 2, 2, 1)
    return _labels(values)


def _noise(shape: tuple[int, int, int] = (16, 32, 32), seed: int = 1) -> Labels:
    """Three phases of a Gaussian field; slices twice as thick as a pixel is wide."""
    from scipy import ndimage

    field = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), (1.5, 3, 3), mode="wrap")
    field /= field.std()
    return _labels(np.where(field < -1.2, 0, np.where(field < 0.4, 1, 2)))


def _rows(record, carrier: str = "ionic"):
    return {row.axis: row for row in record.transport if row.carrier == carrier}


def test_walls_conduct_along_themselves_and_not_across() -> None:
    record = paddlewheel.tomography_measure(_walls(), conducting="NBH", sub_volumes="2")
    rows = _rows(record)
    for axis in ("y", "z"):
        assert rows[axis].tortuosity_factor.value == pytest.approx(1.0, abs=_EXACT)
        assert rows[axis].macmullin_number.value == pytest.approx(2.0, rel=_EXACT)
        assert rows[axis].bruggeman_exponent.value == pytest.approx(1.0, abs=_EXACT)
    assert rows["x"].status == "not-percolating"
    assert rows["x"].tortuosity_factor is None
    assert any("NBH (50 % of the volume) does not percolate along x" in line for line in record.warnings)
    phase = next(phase for phase in record.phases if phase.name == "NBH")
    assert not phase.percolates
    assert {each.axis: each.percolates for each in phase.axes} == {"x": False, "y": True, "z": True}
    assert phase.volume_fraction.value == 0.5
    # 0.8 um of NBH in two walls, of which one is cut
    assert {each.axis: each.mean_chord_um for each in phase.lengths}["x"] == pytest.approx(0.8 / 1.5)


def test_two_conductors_in_walls_are_in_series_and_beside_each_other() -> None:
    record = paddlewheel.tomography_measure(
        _walls(), conductivities_mS_per_cm="NBH=4.6,NCO=0.06", sub_volumes="", axes="x,z"
    )
    rows = _rows(record)
    mean = (4.6 + 0.06) / 2
    assert rows["z"].effective_conductivity_mS_per_cm.value == pytest.approx(mean, rel=_EXACT)
    series = 2 / (1 / 4.6 + 1 / 0.06)  # the harmonic means at the faces are exact here, the arithmetic ones too high
    low, high = rows["x"].bracket
    assert low < rows["x"].tortuosity_factor.value < high
    assert high == pytest.approx(mean / series, rel=5 * _EXACT)
    assert rows["x"].bruggeman_exponent is None


def test_the_interval_of_conductors_in_series_holds_the_truth() -> None:
    """Layers of six voxels of 1 and 10 mS/cm across: sigma is the harmonic mean, and tau <sigma> over it."""
    values = np.zeros((24, 24, 48))
    values[:] = np.where(np.arange(48) // 6 % 2, 2, 1)
    record = paddlewheel.tomography_measure(_labels(values), conductivities_mS_per_cm={1: 1, "NCO": 10}, axes="x,z")
    rows = _rows(record)
    truth = {"tortuosity_factor": 5.5 * (1 / 1 + 1 / 10) / 2, "effective_conductivity_mS_per_cm": 2 / (1 / 1 + 1 / 10)}
    for name, true in truth.items():
        low, high = getattr(rows["x"], name).interval_95
        assert low <= true * (1 + _EXACT)
        assert true * (1 - _EXACT) <= high
    assert rows["x"].tortuosity_factor.value == pytest.approx(truth["tortuosity_factor"], rel=0.08)
    along = rows["z"].tortuosity_factor  # both beside each other: Wiener's upper bound, tau 1, which none passes
    assert along.value == pytest.approx(1, abs=_EXACT)
    assert along.value >= 1
    assert along.interval_95 is None or along.interval_95[0] >= 1


def test_without_sub_volumes_there_is_no_interval(tmp_path: Path) -> None:
    told = {}
    for sub_volumes, labels in (("", _noise()), ("2", _noise()), ("2", _labels(_noise().labels[:12]))):
        record = paddlewheel.tomography_measure(labels, conducting="NBH", sub_volumes=sub_volumes, axes="x")
        (row,) = record.transport
        known = row.errors.volume is not None
        for value in (row.tortuosity_factor, row.square_root, row.macmullin_number, row.bruggeman_exponent,
                      row.relative_conductivity):  # fmt: skip
            assert (value.interval_95 is not None) == known
        told[known] = any(
            line.startswith("no intervals of ionic along x: there are no sub-v") for line in record.warnings
        )
    assert told == {True: False, False: True}
    copies = np.tile(_noise((8, 16, 16)).labels, (2, 2, 2))  # all blocks are alike: they say nothing of the size
    record = paddlewheel.tomography_measure(_labels(copies), conducting="NBH,NCO", sub_volumes="2", axes="x",
                                            periodic_sides=True, tolerance=1e-2)  # fmt: skip
    assert record.transport[0].errors.volume is None
    assert any("blocks are copies of each other" in line for line in record.warnings)


def test_nothing_reaches_across_and_the_page_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    values = np.zeros((24, 32, 32))
    values[:, :, ::4] = 1
    write_labels(tmp_path / "labels.tif", _labels(values))
    out = tmp_path / "run"
    command = ["tomography", "measure", str(tmp_path / "labels.tif"), "--conducting", "1", "--axes", "x"]
    assert status_of([*command, "--out", str(out)]) == 0
    assert "x, ionic: NBH does not percolate" in capfd.readouterr().out
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "NBH does not percolate along x" in html
    assert "neither the body nor any block of it conducts" in html
    # blocks of two voxels percolate where the body does not: their panel stands
    values[:, :, 1:16] = 1
    record = paddlewheel.tomography_measure(_labels(values), conducting="1", axes="x", sub_volumes="2")
    assert record.transport[0].status == "not-percolating"
    legend = record.plot()["sub_volumes"].axes[0].get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["along x: does not percolate"]


@pytest.mark.parametrize("numbers", [(-1, 0, 1), (7, 1007, 2007)])
def test_phases_go_by_the_numbers_of_the_file(tmp_path: Path, numbers: tuple[int, int, int]) -> None:
    body = _noise()
    first, middle, last = numbers
    in_file = np.array(numbers, dtype=np.int16)[body.labels]
    np.save(tmp_path / "labels.npy", in_file)
    asked = {"voxel_nm": "100,100,200", "axes": "z", "sub_volumes": ""}
    record = paddlewheel.tomography_measure(
        tmp_path / "labels.npy", names={first: "void", middle: "SE"}, conducting=str(middle), **asked
    )
    assert [(phase.label, phase.name) for phase in record.phases] == [
        (first, "void"), (middle, "SE"), (last, f"phase {last}")
    ]  # fmt: skip
    assert record.transport[0].conducting == [middle]
    expected = paddlewheel.tomography_measure(body, conducting="NBH", **asked).transport[0]
    assert record.transport[0].tortuosity_factor.value == pytest.approx(expected.tortuosity_factor.value)
    by_array = paddlewheel.tomography_measure(in_file, conductivities_mS_per_cm={middle: 2, last: 1}, **asked)
    assert by_array.transport[0].conducting == [middle, last]
    image = record.plot()["slices"].axes[0].images[0].get_array()
    assert len(np.unique(np.reshape(image, (-1, 3)), axis=0)) == 3  # each phase has its colour
    view = record.plot()["surfaces"].axes[0]
    assert len(view.collections) == 2  # the largest phase, which hides the others, is not drawn
    command = ["tomography", "measure", str(tmp_path / "labels.npy"), "--voxel-nm", "100,100,200", "--axes", "z"]
    assert status_of([*command, "--names", f"{first}=void", "--conducting", str(first), "--dry-run"]) == 0


def test_names_and_conductivities_that_mislead_are_refused() -> None:
    with pytest.raises(DataError, match="phase 0 is called 2, which is the number of another phase"):
        paddlewheel.tomography_measure(_noise(), names="0=2", conducting="1")
    with pytest.raises(DataError, match="phase 1 has no name; name every number"):
        _noise().replaced(names={0: "pore"})
    with pytest.raises(DataError, match="voxels of 100 x 0 x 200 nm along x, y, z; give three edges over 0"):
        _labels(_noise().labels, (100.0, 0.0, 200.0))
    with pytest.raises(SettingsError, match="gives 1 twice; give each once"):
        paddlewheel.tomography_measure(_noise(), conductivities_mS_per_cm="1=1,1=2")
    with pytest.raises(SettingsError, match=r"write NBH=4\.6,NZC=0\.06"):
        paddlewheel.tomography_measure(_noise(), conductivities_mS_per_cm="NBH:1")
    with pytest.raises(SettingsError, match="1=0; leave out phases that do not conduct"):
        paddlewheel.tomography_measure(_noise(), conductivities_mS_per_cm="1=0")
    with pytest.raises(SettingsError, match="no list of numbers; write 100,100,200"):
        paddlewheel.tomography_measure(_noise(), voxel_nm="100um,100um,100um")
    with pytest.raises(DataError, match="array: holds a single slice"):
        paddlewheel.tomography_measure(_noise().labels[0], voxel_nm="1,1,1")


def test_a_phase_that_is_asked_to_conduct_and_does_not_reach_across_is_named() -> None:
    record = paddlewheel.tomography_measure(
        _walls(), conductivities_mS_per_cm="NBH=1,NCO=4", electronic_mS_per_cm="NCO=1", sub_volumes="2"
    )
    # walls whose normal is x: each phase alone is cut along x, both together are not
    assert blocked_lines(record) == [
        "NBH, to conduct ions, does not percolate by itself along x",
        "NCO, to conduct ions, does not percolate by itself along x",
        "NCO, to conduct electrons, does not percolate along x",
    ]


def test_the_time_told_before_a_run_holds_surfaces_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_labels(tmp_path / "labels.tif", _noise())
    command = ["tomography", "measure", str(tmp_path / "labels.tif"), "--dry-run"]
    assert status_of([*command, "--conducting", "NBH"]) == 0
    told = capsys.readouterr().out
    # 16 x 32 x 32 voxels whole, in 8 and (16/3 < 8 voxels: not) in 27 parts, along three axes: 2 x 3 x 16384
    assert "flows through 0.0983 million voxels" in told
    assert "surfaces, sizes and connectivity about" in told
    assert status_of(command) == 0
    assert "surfaces, sizes and connectivity about" in capsys.readouterr().out


def test_curves_slice_by_slice_lie_inside_their_panels() -> None:
    record = paddlewheel.tomography_measure(_walls(), sub_volumes="2")
    for axes in record.plot()["profiles"].axes:
        highest = max(float(np.max(line.get_ydata())) for line in axes.lines)
        assert highest <= axes.get_ylim()[1]  # walls across x fill whole slices: 100 %


def test_slices_taken_as_thin_as_pixels_are_told() -> None:
    """A field twice as long in x and y as in z, in voxels: slices of two pixels, called cubes."""
    as_cut = _noise((40, 64, 64))
    assert not any("times shorter" in line for line in paddlewheel.tomography_measure(as_cut).warnings)
    cubes = paddlewheel.tomography_measure(as_cut.replaced(voxel_nm=(100.0, 100.0, 100.0)))
    told = next(line for line in cubes.warnings if "times shorter along z" in line)
    thickness = float(told.split("slices are ")[1].split(" nm")[0])
    assert thickness == pytest.approx(200, rel=0.25)  # chords of a staircase: 1.0 to 1.22


def test_an_electrode_of_one_phase_is_its_thickness_over_its_conductivity() -> None:
    record = paddlewheel.tomography_measure(
        _labels(np.ones((8, 8, 8))), conductivities_mS_per_cm="NBH=4.6", thickness_um="123,2", sub_volumes=""
    )
    (electrode,) = record.electrode
    assert electrode.through_ohm_cm2.value == pytest.approx(123e-4 / 4.6e-3, rel=1e-6)  # an empty box is exact
    assert electrode.finite_length_ohm_cm2.value == pytest.approx(123e-4 / 4.6e-3 / 3, rel=1e-6)
    assert electrode.through_ohm_cm2.std / electrode.through_ohm_cm2.value == pytest.approx(2 / 123, rel=1e-3)
    assert record.transport[0].tortuosity_factor.value == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("thickness_um", [50.0, 123.0])
def test_the_thickness_of_a_sample_is_that_of_its_electrode(tmp_path: Path, thickness_um: float) -> None:
    sample = tmp_path / "sample.yaml"
    sample.write_text(f"thickness_um: {thickness_um}\n", encoding="utf-8")
    record = paddlewheel.tomography_measure(
        _labels(np.ones((8, 8, 8))), conductivities_mS_per_cm="NBH=4.6", sample=sample, sub_volumes="", axes="z"
    )
    (electrode,) = record.electrode
    assert electrode.thickness_from == "thickness_um of the sample"
    assert electrode.through_ohm_cm2.value == pytest.approx(thickness_um * 1e-4 / 4.6e-3, rel=1e-6)


def test_electrons_are_solved_apart_and_what_both_reach_is_told() -> None:
    record = paddlewheel.tomography_measure(
        _noise(), conducting="1", electronic_mS_per_cm="NCO=0.01", active="NCO", axes="z", sub_volumes="2"
    )
    assert {(row.carrier, tuple(row.conducting)) for row in record.transport} == {("ionic", (1,)), ("electronic", (2,))}
    assert _rows(record)["z"].effective_conductivity_mS_per_cm is None
    assert _rows(record, "electronic")["z"].effective_conductivity_mS_per_cm is not None
    (reach,) = record.reach
    assert reach.active == "NCO"
    assert reach.ionic is not None
    assert reach.electronic is not None
    assert 0 < reach.both <= min(reach.ionic, reach.electronic)


def test_a_family_of_segmentations_is_in_the_errors(tmp_path: Path) -> None:
    body = _noise()
    (tmp_path / "family").mkdir()
    write_labels(tmp_path / "labels.tif", body)
    sigma = []
    for number, shift in enumerate((-1, 0, 1)):
        values = body.labels.copy()
        values[:, :, 15 + shift :][values[:, :, 15 + shift :] == 0] = 1  # pores of one side become electrolyte
        write_labels(tmp_path / "family" / f"{number}.tif", body.replaced(labels=values))
        alone = paddlewheel.tomography_measure(body.replaced(labels=values), conducting="1", axes="z", sub_volumes="")
        sigma.append(alone.transport[0].relative_conductivity.value)
    record = paddlewheel.tomography_measure(tmp_path, conducting="NBH", axes="z", sub_volumes="")
    assert record.body.segmentations == 4
    expected = np.std(sigma, ddof=1) / np.mean(sigma)
    assert record.transport[0].errors.segmentation == pytest.approx(expected, rel=0.01)
    assert record.transport[0].errors.volume is None
    fewer = paddlewheel.tomography_measure(tmp_path, conducting="NBH", axes="z", sub_volumes="", members=0)
    assert fewer.body.segmentations == 1


def test_what_a_segmentation_misses_is_in_the_errors_of_its_runs_alone(tmp_path: Path) -> None:
    body = _noise()
    write_labels(tmp_path / "labels.tif", body)
    of_run, of_file = (
        paddlewheel.tomography_measure(given, conducting="NBH", axes="z", sub_volumes="2").transport[0]
        for given in (tmp_path, tmp_path / "labels.tif")
    )
    tau = of_file.tortuosity_factor
    assert of_file.errors.method is None
    assert of_run.errors.method == pytest.approx(0.04 * np.log(tau.value))
    # independent errors of ln tau add in squares
    added = np.hypot(tau.std / tau.value, of_run.errors.method)
    assert of_run.tortuosity_factor.std / tau.value == pytest.approx(added, rel=1e-6)


def test_a_sample_is_held_against_the_stack(tmp_path: Path) -> None:
    sample = tmp_path / "sample.yaml"
    sample.write_text(
        "name: composite 7\ndie_diameter_mm: 10\ncomposite:\n  mass_mg: 19.6\n  thickness_um: {value: 2.0, std: 0.1}\n"
        "  components:\n"
        "    - {name: NBH, weight_fraction: 0.9, density_g_per_cm3: 1.2}\n"
        "    - {name: NCO, weight_fraction: 0.1, density_g_per_cm3: 4.35, capacity_mAh_per_g: 120}\n",
        encoding="utf-8",
    )
    with pytest.raises(DataError, match="composite"):  # 19.6 mg in 2 um cannot be
        paddlewheel.tomography_measure(_noise(), conducting="NBH", sample=sample, axes="z", sub_volumes="2")
    sample.write_text(sample.read_text().replace("value: 2.0, std: 0.1", "value: 310, std: 2"), encoding="utf-8")
    record = paddlewheel.tomography_measure(
        _noise(), conductivities_mS_per_cm="NBH=4.6", sample=sample, axes="z", sub_volumes="2"
    )
    assert record.name == "composite 7"
    told = "\n".join(record.contradictions)
    assert "NBH" in told
    assert "by weights and densities" in told
    assert "loading" in told
    assert any("independent pieces of NCO (under 1000)" in line for line in record.warnings)
    thin = paddlewheel.tomography_measure(
        _noise(), conducting="NBH", sample=sample, axes="z", sub_volumes="2", thickness_um="1.0"
    )
    assert any("3.2 um along z, and the electrode 1 um thick" in line for line in thin.contradictions)


def test_a_measured_resistance_stands_beside(tmp_path: Path) -> None:
    spectrum = {
        "file": "cell.mpr", "temperature_K": 303.15, "interface_ohm_cm2": None,
        "resistances_ohm": {"total": {"value": 20.0, "std": 0.4}, "unclear": None},
    }  # fmt: skip
    eis = {"kind": "eis", "geometry": {"area_cm2": {"value": 0.5, "std": 0.015}}, "spectra": [spectrum]}
    (tmp_path / "eis").mkdir()
    (tmp_path / "eis" / "result.json").write_text(json.dumps(eis), encoding="utf-8")
    sample = tmp_path / "sample.yaml"
    sample.write_text("die_diameter_mm: 8\neis: eis\n", encoding="utf-8")
    (found,) = paddlewheel.tomography_measure(_walls(), sample=sample).measured_resistances
    assert (found.part, found.file, found.source) == ("total", "cell.mpr", "eis")
    assert found.areal_resistance_ohm_cm2.value == pytest.approx(10.0)
    assert found.areal_resistance_ohm_cm2.std == pytest.approx(10 * math.hypot(0.4 / 20, 0.015 / 0.5))
    del spectrum["resistances_ohm"]
    (tmp_path / "eis" / "result.json").write_text(json.dumps(eis), encoding="utf-8")
    with pytest.raises(DataError, match="run eis again"):
        paddlewheel.tomography_measure(_walls(), sample=sample)


def test_phases_are_named_or_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no phase LGPS; give a number or a name of 0 pore, 1 NBH, 2 NCO"):
        paddlewheel.tomography_measure(_noise(), conducting="LGPS")
    with pytest.raises(SettingsError, match="NCO is active too"):
        paddlewheel.tomography_measure(_noise(), active="NCO", carbon="2")
    with pytest.raises(SettingsError, match="give a conductivity to each"):
        paddlewheel.tomography_measure(_noise(), conducting="NBH", conductivities_mS_per_cm="NBH=1,NCO=2")
    with pytest.raises(SettingsError, match="give three, x, y, z"):
        paddlewheel.tomography_measure(_noise(), voxel_nm="100,100")
    missing = tmp_path / "absent.tif"
    assert (
        status_of(["tomography", "measure", str(missing), "--voxel-nm", "1,1,1", "--out", str(tmp_path / "run")]) == 2
    )
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run directory `stack` of the command."""
    folder = tmp_path_factory.mktemp("tomography")
    write_labels(folder / "labels.tiff", _noise())
    arguments = ["tomography", "measure", str(folder / "labels.tiff"), "--conductivities-mS-per-cm", "NBH=4.6"]
    assert status_of([*arguments, "--axes", "z", "--sub-volumes", "2", "--out", str(folder / "stack")]) == 0
    return folder


def test_a_run_that_was_stopped_goes_on_from_the_flows_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve, solved = FlowPlan.solve, []

    def counted(self: FlowPlan, *given, **settings):
        if len(solved) == 10:
            raise KeyboardInterrupt
        solved.append(given[-1])
        return solve(self, *given, **settings)

    monkeypatch.setattr(Study, "write_page", lambda *_: None)  # it takes seconds
    asked = {"conductivities_mS_per_cm": "NBH=4.6,NCO=1", "axes": "x,z", "sub_volumes": "2"}
    whole = paddlewheel.tomography_measure(_noise(), **asked)
    monkeypatch.setattr(FlowPlan, "solve", counted)
    with pytest.raises(KeyboardInterrupt):  # the body and its eight blocks along x are done, and the body along z
        paddlewheel.tomography_measure(_noise(), out=tmp_path / "run", **asked)
    solved.clear()
    record = paddlewheel.tomography_measure(_noise(), out=tmp_path / "run", **asked)
    assert solved == ["z"] * 8
    seconds = {"seconds"}
    assert [row.model_dump(exclude=seconds) for row in record.transport] == [
        row.model_dump(exclude=seconds) for row in whole.transport
    ]
    assert np.load(tmp_path / "run" / "pictures.npz")["flux_ionic_x"].shape == (16, 32)
    solved.clear()
    with pytest.raises(KeyboardInterrupt):  # 18 flows again
        paddlewheel.tomography_measure(_noise(), out=tmp_path / "run", again=True, **asked)
    assert len(solved) == 10


def test_a_report_with_a_view_to_turn(measured: Path) -> None:
    html = (measured / "stack" / "report.html").read_text(encoding="utf-8")
    assert len(html) < 5e6
    assert 'data-mesh="0"' in html
    assert "Along z the tortuosity factor of NBH is" in html
    assert set(paddlewheel.load(measured / "stack").plot()) == {
        "slices", "surfaces", "flux_ionic_z", "sub_volumes", "sizes", "profiles"
    }  # fmt: skip


def test_a_design_takes_its_resistance_from_the_record(measured: Path) -> None:
    record = paddlewheel.load(measured / "stack")
    design = measured / "design.yaml"
    design.write_text("tomography: stack\n", encoding="utf-8")
    cell = paddlewheel.cell(design)
    given = {row.name: row for row in cell.assumptions}
    assert given["tortuosity_factor"].given_by == "tomography stack"
    sigma = record.transport[0].effective_conductivity_mS_per_cm.value
    at_30_C = next(row for row in cell.resistances if math.isclose(row.temperature_K, 303.15))
    thickness = cell.thickness_um[0].value
    # swept, the resistance is as unsure as sigma_eff: its interval holds the errors of tau and of the fraction
    swept = next(row for row in cell.resistance_sweeps if row.name == "catholyte_macmullin_number")
    ends = record.transport[0].effective_conductivity_mS_per_cm.interval_95
    colder = next(row for row in cell.resistances if (row.loading_mg_per_cm2, row.temperature_K)
                  == (swept.loading_mg_per_cm2, swept.temperature_K))  # fmt: skip
    for found, end in ((swept.resistance_at_low_ohm_cm2, ends[1]), (swept.resistance_at_high_ohm_cm2, ends[0])):
        assert found - colder.separator_ohm_cm2 == pytest.approx(colder.composite_ohm_cm2 * sigma / end, rel=1e-6)
    assert not {"tortuosity_factor", "catholyte_volume_fraction"} & {row.name for row in cell.resistance_sweeps}
    fraction = next(phase for phase in record.phases if phase.name == "NBH").volume_fraction
    share = given["catholyte_volume_fraction"]
    assert (share.low, share.high) == pytest.approx(fraction.interval_95)
    assert at_30_C.composite_ohm_cm2 == pytest.approx(thickness * 1e-4 / (3 * sigma * 1e-3), rel=1e-6)
    design.write_text("tomography: stack\nassumptions: {tortuosity_factor: 3}\n", encoding="utf-8")
    with pytest.raises(DataError, match="leave one of them out"):
        paddlewheel.cell(design)


def test_a_design_says_that_a_record_has_no_error(measured: Path, tmp_path: Path) -> None:
    record = json.loads((measured / "stack" / "result.json").read_text(encoding="utf-8"))
    for value in record["transport"][0].values():
        if isinstance(value, dict):
            value.pop("interval_95", None)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "result.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "design.yaml").write_text("tomography: alone\n", encoding="utf-8")
    cell = paddlewheel.cell(tmp_path / "design.yaml")
    assert "catholyte_macmullin_number" not in {row.name for row in cell.resistance_sweeps}
    assert any(line.startswith("tomography alone has no error") for line in cell.warnings)
