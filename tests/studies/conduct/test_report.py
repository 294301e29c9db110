"""The report of every shape of record: complete, well formed, loading nothing, and saying what the record says."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from paddlewheel.errors import InputError, RunDirectoryError
from paddlewheel.page.numbers import measured, plain
from paddlewheel.records import HealthCheck, Measured, write_record
from paddlewheel.records.arrhenius import ArrheniusResult
from paddlewheel.studies.conduct.page_tables import health_table
from paddlewheel.studies.conduct.record import CollectiveResult, ConductivityRecord, Extrapolation
from paddlewheel.studies.conduct.verdict import judge, verdict_lines
from report_page import Page
from synthetic_run import fit_of, ok_row, record_of, refused_row, write_conductivity_report, write_run

HOSTILE = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\"'$\\frac{a}$ {{ 7*7 }} </title>"


def all_ok() -> ConductivityRecord:
    rows = [ok_row(t) for t in (500.0, 600.0, 700.0)]
    return record_of(rows, fit_of(rows))


def some_refused() -> ConductivityRecord:
    rows = [refused_row(300.0), ok_row(500.0), ok_row(600.0), ok_row(700.0)]
    rows.append(ok_row(900.0, status="broken", reason="3 B-H bonds broke at 12.1 ps"))
    return record_of(rows, fit_of(rows))


def extrapolating() -> ConductivityRecord:
    far = Extrapolation(
        threshold=2.1, max_grade=6.4, fraction_of_steps=0.12, n_kept_frames=57, files=["extrapolating/T=900K_r0.extxyz"]
    )
    near = far.model_copy(update={"max_grade": 1.2, "fraction_of_steps": 0.0, "n_kept_frames": 0, "files": []})
    rows = [ok_row(t, extrapolation=near) for t in (500.0, 600.0, 700.0)]
    rows.append(ok_row(900.0, status="extrapolating", reason="12 % of the steps are over 2.1", extrapolation=far))
    return record_of(rows, fit_of(rows))


def nothing_fitted() -> ConductivityRecord:
    rows = [refused_row(300.0), refused_row(400.0)]
    return record_of(rows, fit_of(rows, **_no_fit("no temperature is diffusive")))


def one_temperature() -> ConductivityRecord:
    return record_of([ok_row(600.0)], None)


def analysed() -> ConductivityRecord:
    bare = {"thermo_files": [], "health": [], "mean_temperature_K": None, "haven_ratio": None, "active_fraction": None}
    rows = [ok_row(600.0, **bare), ok_row(800.0, **bare)]
    return record_of(rows, fit_of(rows), potential=None, structure="oNBH_600K.npz", warnings=[], citations=[])


def bare_minimum() -> ConductivityRecord:
    kept = ("temperature_K", "status", "production_ps", "n_ions", "density_g_per_cm3", "mean_volume_A3")
    row = ok_row(600.0, status="too-short")
    blank = {name: None for name in type(row).model_fields if name not in kept}
    lists = {name: [] for name in ("health", "warnings", "unchecked", "equilibrium", "thermo_files")}
    return record_of(
        [ok_row(600.0, **{**blank, **lists, "n_replicas": 1, "status": "too-short"})], None, warnings=[], citations=[]
    )


def hostile() -> ConductivityRecord:
    check = HealthCheck(name=HOSTILE, status="warning", detail=HOSTILE)
    rows = [ok_row(t, reason=HOSTILE, warnings=[HOSTILE], health=[check]) for t in (500.0, 600.0)]
    citation = {"what": HOSTILE, "reference": HOSTILE, "doi": 'javascript:alert(1)"><b>'}
    record = record_of(rows, fit_of(rows))
    names = {"structure": HOSTILE, "formula": HOSTILE, "potential": HOSTILE, "specie": HOSTILE, "warnings": [HOSTILE]}
    command = record.provenance.model_copy(update={"command": HOSTILE, "versions": {HOSTILE: HOSTILE}})
    return ConductivityRecord.model_validate(
        {**record.model_dump(), **names, "citations": [citation], "provenance": command}
    )


def twenty() -> ConductivityRecord:
    rows = [ok_row(300.0 + 35.0 * k, thermo_files=[]) for k in range(20)]
    return record_of(rows, fit_of(rows))


SHAPES = [all_ok, some_refused, extrapolating, nothing_fitted, one_temperature, analysed, bare_minimum, hostile, twenty]


def _no_fit(reason: str) -> dict[str, object]:
    empty = dict.fromkeys(name for name, field in ArrheniusResult.model_fields.items() if field.default is None)
    return {**empty, "refused": reason, "temperatures_used_K": [], "models": []}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[], ConductivityRecord]], Path]:
    """Path of the report of one shape, written once."""
    written: dict[str, Path] = {}

    def of(shape: Callable[[], ConductivityRecord]) -> Path:
        if shape.__name__ not in written:
            directory = write_run(tmp_path_factory.mktemp(shape.__name__), shape())
            written[shape.__name__] = write_conductivity_report(directory)
        return written[shape.__name__]

    return of


@pytest.fixture
def page(report: Callable[..., Path]) -> Callable[..., Page]:
    return lambda shape: Page(report(shape).read_text(encoding="utf-8"))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_tag_is_closed_and_every_id_is_unique(page: Callable[..., Page], shape) -> None:
    found = page(shape)
    assert found.faults == []
    assert len(found.ids) == len(set(found.ids))
    inner = [a["href"][1:] for tag, a in found.tags if tag in ("a", "use") and a.get("href", "").startswith("#")]
    assert set(inner) <= set(found.ids)


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_outside_the_file_is_loaded(page: Callable[..., Page], shape) -> None:
    found = page(shape)
    assert found.loaded == []
    assert all(link.startswith("https://doi.org/") for link in found.links)
    policies = [a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none';")
    assert "http" not in policies[0]


@pytest.mark.parametrize("shape", [all_ok, hostile])
def test_only_our_own_scripts_may_run(page: Callable[..., Page], shape) -> None:
    found = page(shape)
    policy = next(a["content"] for _, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    running = [text for attributes, text in found.scripts if attributes.get("type") != "application/json"]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in running]
    assert len(running) == 2
    assert re.search(r"script-src ([^;]*);", policy)[1].split() == hashes  # type: ignore[index]


def test_hostile_names_are_text_and_nothing_else(page: Callable[..., Page]) -> None:
    found = page(hostile)
    assert not [tag for tag, attributes in found.tags if "onerror" in attributes or "evil" in attributes.get("src", "")]
    assert " ".join(HOSTILE.split()) in found.words()  # shown as written, the template expression not evaluated
    assert not [link for link in found.links if "javascript:" in link and not link.startswith("https://doi.org/")]


@pytest.mark.parametrize("shape", [all_ok, some_refused, extrapolating, analysed, twenty])
def test_the_numbers_are_those_of_the_record(page: Callable[..., Page], shape) -> None:
    record, words = shape(), page(shape).words()
    fit = record.arrhenius
    assert f"{measured(fit.conductivity_300K_mS_per_cm)} mS/cm" in words
    assert f"{measured(fit.activation_energy_eV)} eV" in words
    for end in fit.conductivity_300K_95_mS_per_cm + fit.activation_energy_95_eV:
        assert plain(end) in words
    for row in record.temperatures:
        assert f"{row.temperature_K:g}" in words
        for quantity in (row.conductivity_mS_per_cm, row.diffusivity_cm2_per_s, row.loglog_slope):
            assert quantity is None or measured(quantity) in words


def test_the_verdict_stands_first_and_names_the_extrapolation(page: Callable[..., Page]) -> None:
    found = page(all_ok)
    sections = [attributes["id"] for tag, attributes in found.tags if tag == "section"]
    wanted = "verdict warnings arrhenius temperatures msd thermo cell settings provenance cite"
    assert sections == wanted.split()
    assert "the value is an extrapolation from 500 to 700 K, over 200 K" in found.words()


def test_no_extrapolation_is_claimed_inside_the_range(page: Callable[..., Page]) -> None:
    words = page(twenty).words()
    assert "no extrapolation" in words
    assert "is an extrapolation" not in words


def test_refused_temperatures_are_named_with_the_reason(page: Callable[..., Page]) -> None:
    words = page(some_refused).words()
    assert "300 K, not diffusive: mean MSD 2.1 Å² is below the squared hop distance 10.9 Å²." in words
    assert "900 K, broken: 3 B-H bonds broke at 12.1 ps." in words


def test_extrapolation_is_a_table_a_badge_and_a_remedy(page: Callable[..., Page]) -> None:
    words = page(extrapolating).words()
    assert "900 K, extrapolating: 12 % of the steps are over 2.1." in words
    assert "900 K: outside the training set of the potential" in words
    assert "Extrapolation of the potential" in words
    assert "extrapolating/T=900K_r0.extxyz" in words
    assert "Extrapolation of the potential" not in page(some_refused).words()


def test_extrapolating_temperatures_that_were_let_in_are_not_left_out(tmp_path: Path) -> None:
    rows = [ok_row(500.0), ok_row(600.0), ok_row(700.0, status="extrapolating", reason="12 % of the steps")]
    let_in = fit_of(rows, temperatures_used_K=[500.0, 600.0, 700.0], temperatures_refused=[])
    words = Page(write_conductivity_report(write_run(tmp_path, record_of(rows, let_in))).read_text()).words()
    assert "At 700 K the potential extrapolates beyond its training set; the fit holds them as asked." in words
    assert "Left out of the fit" not in words


def test_without_a_fit_the_report_says_why_what_holds_and_what_to_do(page: Callable[..., Page]) -> None:
    words = page(nothing_fitted).words()
    assert "No conductivity at 300 K can be given" in words
    assert "Why: no temperature is diffusive." in words
    bound = plain(nothing_fitted().temperatures[0].conductivity_upper_bound_95_mS_per_cm)
    assert f"at 300 K, σ is below {bound} mS/cm" in words
    assert "--production-ps" in words


def test_one_temperature_still_gives_its_own_conductivity(page: Callable[..., Page]) -> None:
    words = page(one_temperature).words()
    assert "only one temperature gave a conductivity" in words
    assert f"σ at 600 K, tracer {measured(one_temperature().temperatures[0].conductivity_mS_per_cm)} mS/cm" in words


def test_a_fit_that_was_refused_prints_no_number_at_300_K(tmp_path: Path) -> None:
    rows = [ok_row(t, thermo_files=[]) for t in (600.0, 700.0)]
    stray = fit_of(rows, refused="chi-square of 40: the points are not on a line")
    words = Page(write_conductivity_report(write_run(tmp_path, record_of(rows, stray))).read_text()).words()
    assert "No conductivity at 300 K can be given" in words
    assert "18.4 ±" not in words


def test_figures_are_written_as_png_and_svg(report: Callable[..., Path]) -> None:
    names = {path.name for path in (report(all_ok).parent / "figures").iterdir()}
    stems = ("arrhenius", "msd", "cell", "thermo_T=500K", "thermo_T=600K", "thermo_T=700K")
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("pdf", "png", "svg")}


def test_figures_and_tables_have_text_alternatives(page: Callable[..., Page]) -> None:
    found = page(all_ok)
    assert all(attributes.get("alt") for tag, attributes in found.tags if tag == "img")
    assert all(attributes.get("aria-label") for _, attributes in found.tags if attributes.get("role") == "img")
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in found.tags if tag == "th")


def test_a_missing_side_file_is_a_note_and_not_a_failure(tmp_path: Path) -> None:
    write_run(tmp_path, all_ok())
    (tmp_path / "msd" / "T=600K.csv").unlink()
    (tmp_path / "thermo" / "T=500K_r1.csv").write_text("time_ps,temperature_K\n0,1\n")
    (tmp_path / "structure.cif").write_text("no structure")
    (tmp_path / "inputs.yaml").unlink()
    words = Page(write_conductivity_report(tmp_path).read_text()).words()
    assert "msd/T=600K.csv could not be read" in words
    assert "thermo/T=500K_r1.csv could not be read (column potential_energy_eV is missing)" in words
    assert "The cell is not shown" in words


def test_a_file_outside_the_run_directory_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("lag_ps,msd_A2,std_A2\n1,424242,1\n")
    record = record_of([ok_row(600.0, msd_file="../secret.csv", thermo_files=[])], None)
    words = Page(write_conductivity_report(write_record_alone(tmp_path / "run", record)).read_text()).words()
    assert "../secret.csv lies outside the run directory and was not read" in words


def write_record_alone(directory: Path, record: ConductivityRecord) -> Path:
    directory.mkdir()
    write_record(record, directory / "result.json")
    return directory


@pytest.mark.parametrize("content", [None, "{", '{"kind": "conductivity"}'])
def test_a_damaged_record_is_bad_input(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    with pytest.raises(InputError, match=r"result\.json"):
        write_conductivity_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_full_disk_leaves_the_old_report_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(tmp_path, one_temperature())
    (tmp_path / "report.html").write_text("the old report")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunDirectoryError, match="No space left"):
        write_conductivity_report(tmp_path)
    assert (tmp_path / "report.html").read_text() == "the old report"
    assert not list(tmp_path.rglob("*.tmp"))


def test_writing_twice_gives_the_same_bytes(report: Callable[..., Path]) -> None:
    path = report(one_temperature)
    before = path.read_bytes()
    assert write_conductivity_report(path.parent).read_bytes() == before


def test_an_uncertainty_larger_than_the_value_can_be_drawn(tmp_path: Path) -> None:
    wide = ok_row(
        600.0,
        thermo_files=[],
        conductivity_mS_per_cm=Measured(value=1.0, std=3.0),
        conductivity_95_mS_per_cm=(-5.0, 7.0),
    )
    path = write_conductivity_report(write_run(tmp_path, record_of([wide], None)))
    assert "1.0 ± 3.0 mS/cm" in Page(path.read_text()).words()


def test_a_run_at_300_K_speaks_for_itself_without_a_fit(tmp_path: Path) -> None:
    record = record_of([ok_row(300.0, thermo_files=[])], None)
    words = Page(write_conductivity_report(write_run(tmp_path, record)).read_text()).words()
    value = measured(record.temperatures[0].conductivity_mS_per_cm)
    assert f"Conductivity at 300 K (tracer, by Nernst-Einstein): {value} mS/cm, from that run" in words
    assert "No Arrhenius line supports it" in words


def test_the_worst_replica_speaks_for_a_health_check() -> None:
    checks = [
        HealthCheck(name="temperature", status="ok", detail="mean 600 K"),
        HealthCheck(name="temperature", status="broken", detail="mean 2100 K"),
        HealthCheck(name="temperature", status="warning", detail="mean 640 K"),
    ]
    table = health_table([ok_row(600.0, health=checks), ok_row(700.0, health=[])])
    assert table is not None
    shown, absent = table.rows[0][1], table.rows[1][1]
    assert (shown.text, shown.small, shown.status) == ("broken (1 of 3 runs)", "mean 2100 K", "broken")
    assert (absent.text, absent.status) == ("–", None)


def test_what_a_conductivity_does_not_hold_is_said_beside_it() -> None:
    """Each ion by itself, classical nuclei, a finite cell; and 20 ps are a try."""
    text = " ".join(judge(all_ok()).sentences)
    assert all(words in text for words in ("Nernst-Einstein", "classical particles", "finite cell"))
    assert "are a try" not in text  # but runs of 200 ps
    short = [ok_row(t, production_ps=20.0, n_replicas=1, haven_ratio=None) for t in (600.0, 800.0)]
    lines = verdict_lines(record_of(short, fit_of(short), collective=CollectiveResult()))
    assert any("Runs of 20 ps in all at a temperature are a try" in line for line in lines)
    assert any("too short to tell" in line for line in lines)
    assert not any("a try" in line for line in verdict_lines(nothing_fitted()))  # no number, nothing to doubt
