"""Units of studies in the process of the test: a start of Parsl takes seconds, and a study has several stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from paddlewheel.execution import Outcome, Unit, run_units_here


def _in_this_process(units: Sequence[Unit], *, task: str, on_poll: Callable[[], None], **_: Any) -> Outcome:
    return run_units_here(units, task=task, on_poll=on_poll)


@contextmanager
def units_in_this_process() -> Iterator[None]:
    """Stages of studies that begin meanwhile run their units here, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paddlewheel.study.stage.run_units", _in_this_process)
        yield
