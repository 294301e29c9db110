"""How far a conversion is: a bar of rich on a terminal, a plain line now and then otherwise; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PLAIN_EVERY_S = 10.0

Advance = Callable[[int], None]
"""Takes the number of frames done."""


@contextmanager
def conversion_progress(name: str, n_frames: int) -> Iterator[Advance]:
    """Show the progress of a conversion of `n_frames` frames; short ones show nothing on a file or pipe."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(f"converting {name}", total=n_frames)
            yield lambda done: progress.update(task, completed=done)
        return
    next_line = time.monotonic() + _PLAIN_EVERY_S

    def print_line(done: int) -> None:
        nonlocal next_line
        if time.monotonic() >= next_line:
            next_line = time.monotonic() + _PLAIN_EVERY_S
            print(f"converting {name}: {done} of {n_frames} frames", file=sys.stderr, flush=True)

    yield print_line


def say_nothing(_done: int) -> None:
    """Where no progress is wanted."""
