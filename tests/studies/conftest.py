"""Studies run their units in the process of the test, but for modules that are marked `parsl`.

Those have them in worker processes, as users have: one run of every study (`test_old_run_directories.py`). So have all
that start the command line in a process of its own, as the kills of `conduct/test_conduct_killed.py` and the real case
of `conduct/test_small_real_case.py`. Parsl's own faults are met in `tests/execution/test_pool.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from without_parsl import units_in_this_process


@pytest.fixture(scope="module", autouse=True)
def without_parsl(request: pytest.FixtureRequest) -> Iterator[None]:
    """Units of this module run in its process, unless it is marked `parsl`."""
    if request.node.get_closest_marker("parsl") is not None:
        yield
        return
    with units_in_this_process():
        yield
