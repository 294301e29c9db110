"""The binary of a large nep.txt: the numbers of the text or nothing, whatever happened to the binary."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.nep import parsed
from paddlewheel.potentials.nep.parsed import kept_numbers

_NUMBERS = np.array([1.5, -2.0, 1 / 3])
_TEXT = b"nep4 and what else the text says"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(parsed, "SMALLEST_TEXT", 10)
    return tmp_path / "cache" / "parsed"


def _parse() -> np.ndarray:
    return _NUMBERS


def _is_not_asked() -> np.ndarray:
    raise AssertionError("the text was read again")


def test_the_second_time_the_text_is_not_read(cache: Path) -> None:
    assert (kept_numbers(_TEXT, _parse) == _NUMBERS).all()
    np.testing.assert_array_equal(kept_numbers(_TEXT, _is_not_asked), _NUMBERS)  # bit for bit
    assert len(list(cache.iterdir())) == 1


def test_a_small_text_leaves_nothing_in_the_cache(cache: Path) -> None:
    kept_numbers(b"small", _parse)
    assert not cache.exists()


def test_another_text_has_other_numbers() -> None:
    kept_numbers(_TEXT, _parse)
    assert kept_numbers(_TEXT + b".", lambda: 2 * _NUMBERS)[0] == 3.0


def _cut(content: bytes) -> bytes:
    return content[:-30]


def _changed(content: bytes) -> bytes:
    at = content.index(_NUMBERS.tobytes())  # a number within the array: what only a checksum can tell
    return content[: at + 8] + b"\xff" + content[at + 9 :]


@pytest.mark.parametrize("damage", [_cut, _changed, lambda content: b"", lambda content: b"junk" * 100])
def test_a_damaged_binary_is_not_believed_and_made_again(cache: Path, damage) -> None:
    kept_numbers(_TEXT, _parse)
    (binary,) = cache.iterdir()
    whole = binary.read_bytes()
    binary.write_bytes(damage(whole))
    np.testing.assert_array_equal(kept_numbers(_TEXT, _parse), _NUMBERS)
    np.testing.assert_array_equal(kept_numbers(_TEXT, _is_not_asked), _NUMBERS)


def test_the_binary_of_another_text_or_format_is_not_taken(cache: Path, monkeypatch) -> None:
    kept_numbers(_TEXT, _parse)
    kept_numbers(_TEXT + b".", lambda: 2 * _NUMBERS)
    one, other = sorted(cache.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    one.write_bytes(other.read_bytes())
    np.testing.assert_array_equal(kept_numbers(_TEXT, _parse), _NUMBERS)
    monkeypatch.setattr(parsed, "_FORMAT", 2)
    with pytest.raises(AssertionError, match="read again"):
        kept_numbers(_TEXT, _is_not_asked)


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("in the way")  # a file where a folder must be: fails for root as well
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "file"))
    np.testing.assert_array_equal(kept_numbers(_TEXT, _parse), _NUMBERS)


def test_a_text_that_is_no_potential_is_not_kept(cache: Path) -> None:
    def fail() -> np.ndarray:
        raise PotentialError("line 3 is not finite")

    with pytest.raises(PotentialError, match="line 3"):
        kept_numbers(_TEXT, fail)
    assert not cache.exists()


def test_processes_that_write_at_once_all_get_the_numbers(cache: Path) -> None:
    code = (
        "import numpy as np; from paddlewheel.potentials.nep import parsed; parsed.SMALLEST_TEXT = 10;"
        f"print(parsed.kept_numbers({_TEXT!r}, lambda: np.array({_NUMBERS.tolist()!r})).tolist())"
    )
    environment = {**os.environ, "PADDLEWHEEL_CACHE": str(cache.parent)}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE) for _ in range(3)
    ]
    for process in running:
        out, _ = process.communicate(timeout=60)
        assert out.decode().strip() == str(_NUMBERS.tolist())
    assert [path.suffix for path in cache.iterdir()] == [".npz"]
