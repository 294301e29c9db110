"""Every option of the command line that once was is still accepted, with the same default.

`data/options.json` is the list of commands as they were when they came (the oldest: before the command line was made
from a table); `python tests/cli/test_options_stay.py` adds commands that are not in it, and leaves the others alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

LIST = Path(__file__).parent / "data" / "options.json"


def command_line() -> Any:
    """The click command of the program: the one place that knows where it comes from."""
    import typer

    from paddlewheel.cli.main import command_line as whole

    return typer.main.get_command(whole())


def commands(root: Any, path: tuple[str, ...] = ()) -> dict[str, Any]:
    """Every command by its words, groups among them; the program itself is ''."""
    found = {" ".join(path): root}
    for name, each in getattr(root, "commands", {}).items():
        found |= commands(each, (*path, name))
    return found


def parameters(command: Any) -> list[dict[str, Any]]:
    """The parameters of a command as JSON values."""
    described = []
    settings = getattr(command, "settings", None)  # the options of a study leave its defaults to its settings
    defaults = settings.defaults() if settings is not None else {}
    for parameter in command.params:
        is_option = parameter.param_type_name == "option"
        is_flag = is_option and bool(parameter.is_flag)
        described.append(
            {
                "name": parameter.name,
                "kind": "flag" if is_flag else "option" if is_option else "argument",
                "options": [*parameter.opts, *parameter.secondary_opts] if is_option else [],
                "required": bool(parameter.required),
                "default": _plain(defaults.get(parameter.name, parameter.default)),
                "takes_value": not is_flag,
                "repeated": bool(getattr(parameter, "multiple", False)) or parameter.nargs == -1,
            }
        )
    return described


def _plain(default: Any) -> Any:
    if default is None or isinstance(default, bool | int | float | str):
        return default
    if isinstance(default, list | tuple):
        return [_plain(each) for each in default]
    return None if "UNSET" in repr(default).upper() else str(default)


def parsed(default: Any) -> Any:
    """A default as a value: '600,700' is [600, 700], 2.0 is '2', and what is not given is None."""
    default = _plain(default)
    if default is None or default == "" or default == []:
        return None
    if isinstance(default, bool):
        return default
    parts = default.split(",") if isinstance(default, str) else default if isinstance(default, list) else [default]
    values = []
    for part in parts:
        try:
            values.append(float(part))
        except (TypeError, ValueError):
            values.append(str(part).strip())
    return values[0] if len(values) == 1 else values


def recorded() -> dict[str, list[dict[str, Any]]]:
    """The list as it was."""
    return json.loads(LIST.read_text(encoding="utf-8")) if LIST.exists() else {}


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    """The commands of today."""
    return commands(command_line())


def test_the_list_is_of_the_whole_program() -> None:
    listed = recorded()
    assert set(listed) == set(commands(command_line())), "python tests/cli/test_options_stay.py adds new commands"
    assert sum(len(each) for each in listed.values()) > 350


@pytest.mark.parametrize("command", recorded())
def test_options_of_a_command_stay(command: str, now: dict[str, Any]) -> None:
    assert command in now, f"the command '{command}' is gone"
    by_string = {string: each for each in parameters(now[command]) for string in each["options"]}
    for former, present in getattr(now[command], "former_options", {}).items():
        denied = {"takes_value": False, "repeated": False, "required": False, "default": False}
        by_string[former] = denied if present is None else by_string[present]
    for old in recorded()[command]:
        for string in old["options"]:
            assert string in by_string, f"{command} {string} is gone"
            new = by_string[string]
            if old["options"] == [string] and string.startswith("--no-"):  # alone it said what the pair denies now
                new = new | {"default": not new["default"]}
            for told in ("takes_value", "repeated"):
                assert new[told] == old[told], f"{command} {string}: {told}"
            assert old["required"] or not new["required"], f"{command} {string} is required now"
            assert parsed(new["default"]) == parsed(old["default"]), f"{command} {string}: another default"


@pytest.mark.parametrize("command", recorded())
def test_arguments_of_a_command_stay(command: str, now: dict[str, Any]) -> None:
    old = [each for each in recorded()[command] if each["kind"] == "argument"]
    new = [each for each in parameters(now[command]) if each["kind"] == "argument"]
    assert len(new) >= len(old), f"{command}: arguments are gone"
    for before, after in zip(old, new, strict=False):
        assert after["repeated"] or not before["repeated"], f"{command} {before['name']} is no longer repeated"
        assert before["required"] or not after["required"], f"{command} {before['name']} is required now"
        assert parsed(after["default"]) == parsed(before["default"]), f"{command} {before['name']}: another default"
    assert not any(each["required"] for each in new[len(old) :]), f"{command}: a new argument is required"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", None, True), ((), None, True), ("600,700,800", [600, 700, 800], True), ("2", 2.0, True),
        ("0", 0.0, True), ("auto", "auto", True), (False, None, False), (0.0, None, False), ("1,10", (1.0, 11), False),
        ("0.1", "0.2", False), ("npt", "nvt", False),
    ],
)  # fmt: skip
def test_defaults_are_compared_as_values(one: Any, other: Any, same: bool) -> None:
    assert (parsed(one) == parsed(other)) is same


def test_recording_adds_and_never_rewrites() -> None:
    old = {"cv": [{"name": "out", "kind": "option"}]}
    added = with_new(old, {"cv": [{"name": "out", "kind": "argument"}], "dsc": []})
    assert added == {**old, "dsc": []}
    assert with_new(added, {}) == added


def with_new(old: dict[str, list[dict[str, Any]]], now: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The list with the commands that are not in it."""
    return old | {name: rows for name, rows in now.items() if name not in old}


if __name__ == "__main__":
    table = with_new(recorded(), {name: parameters(each) for name, each in commands(command_line()).items()})
    lines = [
        f" {json.dumps(name)}: [\n  " + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]"
        for name, rows in table.items()
    ]
    LIST.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
