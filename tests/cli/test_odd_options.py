"""Options that nobody can mean: every number of every study, through what no run can do, is refused at once."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from paddlewheel.cli.main import status_of
from paddlewheel.errors import SettingsError
from paddlewheel.studies.table import TABLE, load_study
from paddlewheel.study.settings import extra, limits_of, option_name

ODD = ("inf", "-inf", "nan", "1e300", "-1e300", "-1", "1000000000")
MEANT: dict[str, set[str]] = {
    "-1": {
        "drift_nm",
        "charge",
        "pressure_GPa",
        "reference_potential_V",
        "reference_shift_V",
        "dE_dx_V",
        "species",
        "limits",
        "cell",
        "sr_Hz",
        "reference_shift_ppm",
        "shifts_ppm",
        "site_shifts_ppm",
        "phase_deg",
        "rate_K_per_min",
    },
    "1000000000": {
        "seed",
        "resistance_ohm",
        "initial_resistance_ohm",
        "steady_resistance_ohm",
        "bulk_resistance_ohm",
        "drawn_to_ohm",
        "jump_rate_per_s",
        "rate_per_s",
    },
}
"""What may be meant: an anion's charge, drift, tension, potentials, shifts and phases below the reference; any seed,
a gigaohm, jumps within 1 ns."""
_SIZES = ("--diameter-cm=0.8",)
BESIDE = {
    "raw_offset": ["--raw-shape", "8,8,8"],
    "diameter_std_cm": _SIZES,
    "thickness_std_cm": (*_SIZES, "--thickness-cm=0.1"),
    "molar_volume_cm3_per_mol": ("--dE-dx-V=0.5",),
    "initial_resistance_ohm": ("--measures=transference",),
    "steady_resistance_ohm": ("--measures=transference",),
    "bulk_resistance_ohm": ("--measures=transference",),
}
"""What a setting needs to have an effect."""
WHERE = {
    "limits": ("density_percent",),
    "diameter_std_cm": ("--diameter-std-cm", "--diameter-cm"),
    "thickness_std_cm": ("--thickness-std-cm", "--thickness-cm"),
}
"""How the line begins, where it is not with the option: with the gate, or with the value of the uncertainty."""
NAMED = {
    "scale": "BH4={}", "species": "Na={}", "cutoffs_A": "BH4={}", "limits": "density_percent={}", "type_map": "{}=Na",
    "reference_trajectories": "{}=none.zarr", "conductivities_mS_per_cm": "NBH={}", "electronic_mS_per_cm": "C={}",
}  # fmt: skip
OWN_ENDS = {"supercell", "larger", "limits", "fix", "bound", "mask_Hz", "frequency_range_Hz"}
"""Checked where they are used: the atoms, gates, parameters of a circuit; a band may be of any width."""
LONGEST_S = 10.0
"""For a refusal, with the study loaded on a busy machine; what ran, if it began, would last longer."""


def numeric(command: str) -> list[str]:
    """The settings of a study that hold numbers."""
    fields = load_study(command).settings.model_fields
    kinds = r"\b(float|int|Measured|GateLimits)\b"
    return [
        name
        for name, field in fields.items()
        if re.search(kinds, re.sub(r"Literal\[[^]]*\]", "", str(field.annotation)))
        and extra(load_study(command).settings, name, "on_command_line")
    ]


CASES = [(command, name) for command in TABLE for name in numeric(command) if name not in ("supercell", "larger")]


@pytest.mark.parametrize(("command", "name"), CASES)
def test_numbers_that_nobody_can_mean_are_refused_at_once(command, name, tmp_path, capsys, monkeypatch):
    """With a file that is not there: a setting that is let pass is seen by the complaint about the file."""
    monkeypatch.chdir(tmp_path)
    option = option_name(load_study(command).settings, name)
    for value in ODD:
        began = time.perf_counter()
        status = status_of(
            [*words(command), *BESIDE.get(name, ()), f"{option}={NAMED.get(name, '{}').format(value)}", "--out", "run"]
        )
        lasted_s = time.perf_counter() - began
        told = capsys.readouterr().err
        assert status == 2, told
        assert told.count("\n") == 1, told
        if name in MEANT.get(value, ()):
            continue
        assert told.startswith(tuple(f"paddlewheel: {each}: " for each in WHERE.get(name, (option,)))), (value, told)
        assert "no effect" not in told
        assert lasted_s < LONGEST_S
    assert not Path("run").exists()


def words(command: str) -> list[str]:
    """The command with inputs that are not there."""
    needed = {
        "validate": ["--against", "none"], "distil": ["--teacher", "none"],
        "nmr simulate": ["--lorentz-Hz", "1,2,3"],  # it has no inputs: refused as three widths of two lines
        "tomography simulate": ["--size-um", "1,2"],  # nor has this: refused as two edges of a body
    }.get(command, [])  # fmt: skip
    given = ["none.nothing" for argument in load_study(command).arguments if argument.required]
    return [*command.split(), *given, *needed]


@pytest.mark.parametrize("command", TABLE)
def test_every_number_of_a_study_has_two_ends(command):
    """Declared, by its unit, or in the table of the laboratory: without one, 1e300 waits to be tried."""
    from paddlewheel.lab.ranges import range_of

    settings = load_study(command).settings
    for name in numeric(command):
        bounds = {type(bound).__name__.lower() for bound in settings.model_fields[name].metadata}
        declared = bounds & {"ge", "gt"} and bounds & {"le", "lt"}
        known = declared or limits_of(settings, name) or range_of(name) or range_of(name.replace("_std", ""))
        assert known or name in OWN_ENDS, f"{command} {name}"


@pytest.mark.parametrize("cores", [0, -1, 1.5, 10**9, True, "two"])
@pytest.mark.parametrize("command", ["van-hove", "conduct", "cell"])
def test_cores_that_no_machine_has_are_refused_by_the_library_too(command, cores, tmp_path):
    study = load_study(command)
    given = ["none.nothing" for argument in study.arguments if argument.required]
    for call in (study, study.forecast):
        with pytest.raises(SettingsError, match=r"cores: .* is not between 1 and"):
            call(*given, out=tmp_path / "run", cores=cores)


@pytest.mark.parametrize("cores", ["0", "-1", "1000000000"])
def test_cores_that_no_machine_has_are_refused_by_the_command(cores, tmp_path, capsys):
    assert status_of(["cell", "--cores", cores, "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err == f"paddlewheel: --cores: {cores} is not between 1 and 4096; give such an integer\n"


@pytest.mark.parametrize(
    ("command", "option", "value", "told"),
    [
        ("conduct", "--temperatures", "600,600.0000001", "600.0 and 600.0000001 are both 600, by name"),
        ("conduct", "--temperatures", "600,700,600", "600 is given twice; use --replicas for more runs"),
        ("analyze", "--temperature", "600,600.0000001", "both 600, by name; give numbers that differ in six digits"),
        ("phonons", "--temperatures", "300,300.00001", "are both 300, by name"),
        ("sample", "--strains", "0.01,0.01000000001", "are both 0.01, by name"),
        ("sample", "--temperatures", "300,300", "300 is given twice"),
        ("validate", "--diffusion-temperatures", "600,600.00000001", "are both 600, by name"),
        ("conduct", "--supercell", "1000x1000x1000", "1.28e+11 atoms; ask for 1e+06 at most"),
        ("conduct", "--supercell", "1000000000x1x1", "atoms; ask for 1e+06 at most"),
        ("conduct", "--supercell", "-1x1x1", "'-1x1x1' is no supercell"),
        ("phonons", "--supercell", "1000x1000x1000", "1.28e+11 atoms; ask for 1e+06 at most"),
        ("conduct", "--replicas", "1000000000", "1000000000 is not at most 10000"),
    ],
)  # fmt: skip
def test_runs_of_one_name_and_cells_without_end_are_refused_at_once(command, option, value, told, tmp_path, capsys):
    began = time.perf_counter()
    given = ["o-nbh" if word == "none.nothing" else word for word in words(command)]
    status = status_of([*given, f"{option}={value}", "--out", str(tmp_path / "run")])
    line = capsys.readouterr().err
    assert status == 2, line
    assert line.count("\n") == 1
    assert told in line
    assert time.perf_counter() - began < 60  # a built-in structure is read on a busy machine
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("command", "options", "told"),
    [
        ("conduct", ["--ensemble=nvt", "--pressure-GPa=1"],
         "--pressure-GPa: has no effect with --ensemble nvt; leave it out, or give --ensemble npt"),
        ("rotor", ["--ensemble=langevin", "--pressure-GPa=1"], "has no effect with --ensemble langevin"),
        ("van-hove", ["--lags-ps=1,2", "--n-lags=10"], "--n-lags: has no effect beside --lags-ps"),
        ("sites", ["--sites=o-nbh", "--smoothing-A=0.5"], "--smoothing-A: has no effect beside --sites"),
        ("window", ["--voltage-V=1"], "--voltage-V: has no effect without --interface"),
        ("distil", ["--disagreement-limit-eV-per-A=0.3"],
         "has no effect with --ensemble 1; leave it out, or give --ensemble 2 or more"),
        ("validate", ["--npt-ps=0", "--npt-temperatures=400"],
         "--npt-temperatures: has no effect without --npt-ps; leave it out, or give --npt-ps"),
        ("eis", ["--molar-volume-cm3-per-mol=30"], "has no effect without --dE-dx-V"),
        ("eis", ["--diameter-std-cm=0.1"], "--diameter-std-cm: has no effect without --diameter-cm"),
        ("dc", ["--measures=leakage", "--bulk-resistance-ohm=10"],
         "--bulk-resistance-ohm: has no effect with --measures leakage; leave it out, or give --measures transference"),
        ("analyze", ["--charge-anyway"], "--charge-anyway: has no effect without --charge"),
    ],
)  # fmt: skip
def test_options_without_effect_are_refused_as_such(command, options, told, tmp_path, capsys):
    status = status_of([*words(command), *options, "--out", str(tmp_path / "run")])
    line = capsys.readouterr().err
    assert status == 2, line
    assert line.count("\n") == 1
    assert told in line


def every_declaration() -> list[tuple[str, str, str, Any]]:
    found = []
    for command in TABLE:
        settings = load_study(command).settings
        for name in settings.model_fields:
            found += [
                (command, name, other, wanted)
                for other, wanted in (extra(settings, name, "only_with") or {}).items()
                if other in settings.model_fields
            ]
    return found


def test_every_declaration_names_a_setting_and_values_that_it_may_have():
    declared = every_declaration()
    assert len({(name, other) for _, name, other, _ in declared}) >= 20  # a name that no study has would be left out
    from paddlewheel.study.settings import choices

    for command, name, other, wanted in declared:
        known = choices(load_study(command).settings.model_fields[other].annotation)
        if known and isinstance(wanted, tuple):
            assert set(wanted) <= set(known), f"{command} {name}: {other} is never {wanted}"


def test_settings_at_their_default_or_left_out_are_never_refused():
    """As a study gives its own settings on to another, all of them."""
    from paddlewheel.studies.conduct.study import ConductSettings
    from paddlewheel.studies.validate.settings import ValidateSettings
    from paddlewheel.study.settings import check_effects

    given: dict[str, Any] = {"ensemble": "nvt", "pressure_GPa": 0.0}
    check_effects(ConductSettings.of(**given), given)
    off: dict[str, Any] = {"npt_ps": 0, "radial_cutoff_A": 0, "eos_points": 0, "diffusion_ps": 0, "bond_ps": 0}
    check_effects(ValidateSettings.of(**off), off)
    with pytest.raises(SettingsError, match="pressure_GPa: has no effect with --ensemble nvt"):
        check_effects(ConductSettings.of(**given | {"pressure_GPa": 1.0}), given)
