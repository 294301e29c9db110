"""A driver for the tests: runs the units of sleepy.py in the folder it is given."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from paddlewheel.execution import DriverLock, Resources, Unit, run_units


def units(directory: Path, contents: list[dict]) -> list[Unit]:
    return [Unit(f"u{i}", one, directory) for i, one in enumerate(contents)]


def main(directory: Path, contents: list[dict]) -> dict:
    """Run all units on two cores; the outcome's states, with the types of errors."""
    directory.mkdir(parents=True, exist_ok=True)
    todo = units(directory, contents)
    with DriverLock(directory) as driver:
        for unit in todo:
            unit.prepare()
        outcome = run_units(
            todo, task="sleepy:count", driver=driver, resources=Resources.share(n_units=len(todo), cores=2),
            on_poll=lambda: None,
        )  # fmt: skip
    return {"states": outcome.states, "errors": {name: type(e).__name__ for name, e in outcome.errors.items()}}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
