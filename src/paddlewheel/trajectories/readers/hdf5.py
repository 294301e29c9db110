"""HDF5 that others wrote: nothing outside the file is opened, no bomb unpacked, no crash of its library met."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from paddlewheel.errors import PaddlewheelError
from paddlewheel.foreign import LARGEST_CHUNK, refuse_expansion

BEGINNING = b"\x89HDF\r\n\x1a\n"
PROBE = Path(__file__).with_name("hdf5_probe.py")
_LONGEST_PROBE_S = 60.0


def probe_hdf5(path: Path, kind: type[PaddlewheelError]) -> None:
    """Refuse a file that HDF5's library dies of, or never ends with: another process finds that out."""
    try:
        status = subprocess.run(
            [sys.executable, str(PROBE), str(path)], capture_output=True, timeout=_LONGEST_PROBE_S, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        status = -1
    if status < 0:
        raise kind(
            f"damaged HDF5 file (HDF5's library fails on it, signal {-status})", where=path,
            remedy="copy the file again",
        )  # fmt: skip


def open_hdf5(path: Path, kind: type[PaddlewheelError]) -> Any:
    """An open `h5py.File`, whose data all lie in it.

    Raises
    ------
    kind
        If it refers to other files, or a dataset or chunk is a bomb.
    """
    import h5py

    file = h5py.File(path, "r")
    try:
        _refuse_elsewhere(file, path, kind)
    except BaseException:
        file.close()
        raise
    return file


def _refuse_elsewhere(file: Any, path: Path, kind: type[PaddlewheelError]) -> None:
    """Refuse a file whose data lie in other files: external links, external storage, virtual datasets; and bombs."""
    import h5py

    remedy = "copy what it refers to into the file (h5repack, or h5py: file.copy)"

    links: list[tuple[str, Any]] = []
    file.visititems_links(lambda name, link: links.append((name, link)))
    for name, link in links:
        if isinstance(link, h5py.ExternalLink):
            raise kind(f"its link {name} leads to the file {link.filename}", where=path, remedy=remedy)
        element = None if isinstance(link, h5py.SoftLink) else file[name]
        if not isinstance(element, h5py.Dataset):
            continue
        if element.external or element.is_virtual:
            raise kind(f"the data of {name} lie in another file", where=path, remedy=remedy)
        refuse_expansion(element.nbytes, element.id.get_storage_size(), path, kind)
        if element.chunks and math.prod(element.chunks) * element.dtype.itemsize > LARGEST_CHUNK:
            raise kind(f"the chunks of {name} are larger than {LARGEST_CHUNK / 1e6:g} MB", where=path,
                       remedy="write it again in smaller chunks")  # fmt: skip
