"""The numbers of a large `nep.txt`, kept as a binary: reading 15 MB of text takes half a second of every process.

They lie in the cache folder under the SHA-256 of the text, with that hash and the version of this format inside; zip
keeps a checksum of its own. Whatever is not as it should be is read from the text again, and written again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from paddlewheel.errors import PotentialError
from paddlewheel.foreign import array_archive
from paddlewheel.potentials.fetch import cache_folder
from paddlewheel.records import write_atomically

SMALLEST_TEXT = 1_000_000
"""Bytes; a smaller text is read in less time than it takes to look for its binary."""
_FORMAT = 1


def kept_numbers(text: bytes, parse: Callable[[], np.ndarray]) -> np.ndarray:
    """The numbers that `parse` finds in a text, `[n]`: from their binary where there is one.

    Raises
    ------
    PotentialError
        As `parse`.
    """
    if len(text) < SMALLEST_TEXT:
        return parse()
    digest = hashlib.sha256(text).hexdigest()
    path = cache_folder() / "parsed" / f"{digest}.npz"
    with contextlib.suppress(PotentialError):  # absent, damaged or of another format: the text has them
        return _read(path, digest)
    numbers = parse()
    buffer = io.BytesIO()
    np.savez(buffer, format=_FORMAT, text_sha256=digest, numbers=numbers)
    with contextlib.suppress(OSError):  # a cache that cannot be written costs the time, not the result
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    return numbers


def _read(path: Path, digest: str) -> np.ndarray:
    with array_archive(path, PotentialError, remedy="it is made again") as arrays:
        if int(arrays["format"]) != _FORMAT or str(arrays["text_sha256"]) != digest:
            raise PotentialError("is of another text or format", where=path)
        numbers = arrays["numbers"]
    if numbers.ndim != 1 or numbers.dtype != np.float64:
        raise PotentialError("does not hold a list of numbers", where=path)
    return numbers
