"""Go through the attributes and texts of an HDF5 file, as a program of its own: HDF5's C library dies of some damage.

    python hdf5_probe.py FILE

It ends by a signal where the library crashes, and with status 0 else, whatever is wrong with the file.
"""

from __future__ import annotations

import contextlib
import sys

import h5py

_LARGEST_TEXT = 10_000_000


def _look(_: str, element: h5py.HLObject) -> None:
    for name in element.attrs:
        with contextlib.suppress(Exception):  # told by the reader, which meets it too
            element.attrs[name]
    with contextlib.suppress(Exception):
        if isinstance(element, h5py.Dataset) and not element.is_virtual and not element.external:
            if element.dtype.kind == "O" and element.nbytes < _LARGEST_TEXT:
                element[()]
            elif element.size:
                element[(0,) * element.ndim]


def main(path: str) -> None:
    with contextlib.suppress(Exception), h5py.File(path, "r") as file:
        _look("", file)
        file.visititems(_look)


if __name__ == "__main__":
    main(sys.argv[1])
