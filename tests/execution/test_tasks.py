"""Units: their keys, their folders, their files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paddlewheel.errors import RunDirectoryError
from paddlewheel.execution import FileLock, Unit, array_digest, content_key

json_documents = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=4)


@given(json_documents)
def test_key_does_not_depend_on_the_order_of_the_entries(document: dict) -> None:
    assert content_key(document) == content_key(dict(reversed(list(document.items()))))


@given(json_documents, json_documents)
def test_keys_are_equal_only_for_equal_contents(one: dict, other: dict) -> None:
    # True == 1 in Python but not in JSON
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (content_key(one) == content_key(other)) == same


def test_array_digest_sees_values_shapes_and_types() -> None:
    array = np.arange(6.0)
    digests = {
        array_digest(array), array_digest(array.reshape(2, 3)), array_digest(array.astype(np.float32)),
        array_digest(array + 1e-15 * (array == 5)), array_digest(array, array),
    }  # fmt: skip
    assert len(digests) == 5
    assert array_digest(array) == array_digest(np.arange(12.0)[::2] / 2)


def test_unit_with_other_contents_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    Unit("u", {"a": 1}, tmp_path).prepare()
    before = (tmp_path / "units/u/unit.json").read_bytes()
    with pytest.raises(RunDirectoryError, match="other inputs"):
        Unit("u", {"a": 2}, tmp_path).prepare()
    assert (tmp_path / "units/u/unit.json").read_bytes() == before


def test_checkpoint_comes_back_exactly_and_goes_with_the_result(tmp_path: Path) -> None:
    unit = Unit("u", {}, tmp_path)
    unit.prepare()
    assert unit.checkpoint() is None
    arrays = {"x": np.random.default_rng(0).standard_normal((7, 3)), "name": np.array("text")}
    unit.write_checkpoint(arrays)
    back = unit.checkpoint()
    assert back is not None
    np.testing.assert_array_equal(back["x"], arrays["x"])
    assert str(back["name"]) == "text"
    unit.write_result({"done": True})
    assert unit.checkpoint() is None
    assert unit.result() == {"done": True}


def test_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = Unit("u", {}, tmp_path)
    unit.prepare()
    unit.write_checkpoint({"x": np.arange(3)})

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("paddlewheel.records.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        unit.write_checkpoint({"x": np.arange(4)})
    back = unit.checkpoint()
    assert back is not None
    assert len(back["x"]) == 3
    assert not list(unit.folder.glob(".checkpoint*"))


def test_lock_is_free_again_after_release(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_acquire()
    lock.release()
    assert lock.acquire(timeout_s=0)
    lock.release()
