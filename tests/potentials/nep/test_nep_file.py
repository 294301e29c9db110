"""Reading and writing nep.txt, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import PotentialError, RunDirectoryError
from paddlewheel.potentials.nep import read_nep, write_nep

_DATA = Path(__file__).resolve().parent / "data"
_GOOD = _DATA / "five-body.nep.txt"


def test_the_header_is_read() -> None:
    model = read_nep(_DATA / "typewise.nep.txt")
    assert model.elements == ("Na", "B", "H")
    np.testing.assert_array_equal(model.radial_cutoffs_A, [5.0, 4.5, 4.0])
    np.testing.assert_array_equal(model.angular_cutoffs_A, [4.0, 3.5, 3.0])
    assert (model.n_max, model.basis_size, model.l_max) == ((2, 1), (3, 2), (3, 0, 0))
    assert model.max_neighbours == (200, 100)
    assert model.repulsion is not None
    assert (model.repulsion.inner_A, model.repulsion.outer_A) == (0.7, 1.4)
    assert model.n_descriptors == 3 + 2 * 3
    flexible = read_nep(_DATA / "flexible-zbl.nep.txt").repulsion
    assert flexible is not None
    assert flexible.table is not None
    assert flexible.table.shape == (6, 10)


def test_what_is_written_is_read_to_eight_digits(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    model = read_nep(_GOOD)
    model = replace(model, w0=random.normal(size=model.w0.shape), radial_cutoffs_A=np.array([5.25, 5.125, 5.0]))
    write_nep(tmp_path / "nep.txt", model)
    again = read_nep(tmp_path / "nep.txt")
    np.testing.assert_allclose(again.w0, model.w0, rtol=5.1e-8)  # 8 digits, half of the last one
    np.testing.assert_array_equal(again.radial_cutoffs_A, model.radial_cutoffs_A)


def test_nep3_has_one_network_for_all(tmp_path: Path) -> None:
    model = read_nep(_GOOD)
    one = replace(model, w0=model.w0[[0] * 3], b0=model.b0[[0] * 3], w1=model.w1[[0] * 3])
    write_nep(tmp_path / "nep4.txt", one)
    lines = (tmp_path / "nep4.txt").read_text().splitlines()
    network = model.w0[0].size + 2 * len(model.b0[0])
    lines[0] = lines[0].replace("nep4", "nep3")
    (tmp_path / "nep3.txt").write_text("\n".join(lines[:6] + lines[6 + 2 * network :]) + "\n")
    read = read_nep(tmp_path / "nep3.txt")
    np.testing.assert_allclose(read.w0, one.w0, rtol=1e-12)
    np.testing.assert_allclose(read.angular_coefficients, one.angular_coefficients, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[: len(text) // 2], "no number|is truncated: .* parameters, its header asks for"),
        (lambda text: "\n".join(text.splitlines()[:200]), "is truncated: 194 parameters, its header asks for"),
        (lambda text: "\n".join(text.splitlines()[:3]), "ends before its 'basis_size' line"),
        (lambda text: text + "1.0\n", "is too long"),
        (lambda text: "", "is no nep.txt"),
        (lambda text: text.replace("nep4 ", "nep5 "), "is a 'nep5'; give a NEP4"),
        (lambda text: text.replace("nep4 ", "nep2 "), "is a 'nep2'"),
        (lambda text: text.replace("nep4 ", "nep4_charge1 "), "is a 'nep4_charge1'"),
        (lambda text: text.replace("nep4 ", "nep4_dipole "), "is a 'nep4_dipole'"),
        (lambda text: text.replace("nep4 ", "nep4_temperature "), "is a 'nep4_temperature'"),
        (lambda text: text.replace("nep4 3 Na B H", "nep4 3 Na B Xx"), "elements that do not exist or come twice: Xx"),
        (lambda text: text.replace("nep4 3 Na B H", "nep4 3 Na B B"), "come twice"),
        (lambda text: text.replace("nep4 3 Na B H", "nep4 2 Na B H"), "does not name as many elements as it says"),
        (lambda text: text.replace("ANN 6 0", "ANN 6 4"), "has two hidden layers"),
        (lambda text: text.replace("l_max 4 2 1", "l_max 4 2 1 1"), "four-body invariants beyond q_222 and q_1111"),
        (lambda text: text.replace("l_max 4 2 1", "l_max 9 2 1"), "9 is no whole number in 0..8"),
        (lambda text: text.replace("cutoff 5 4", "cutoff 4 5"), r"cutoffs of .* are not usable"),
        (lambda text: text.replace("cutoff 5 4", "cutoff 5"), r"\('cutoff'\) has 3 values, 4 or 8 are due"),
        (lambda text: text.replace("n_max 3 3", "n_max 3"), r"\('n_max'\) has 1 values"),
        (lambda text: text.replace("n_max 3 3", "n_max 3 x"), "an entry that is no number"),
        (lambda text: text.replace("cutoff 5 4", "cutoff nan 4"), "not finite"),
        (lambda text: text.replace(text.splitlines()[20], "inf"), "line 21 is not finite"),
        (lambda text: text.replace(text.splitlines()[20], "1.0 2.0"), "that is no number"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, change, message: str) -> None:
    path = tmp_path / "nep.txt"
    path.write_text(change(_GOOD.read_text()))
    with pytest.raises(PotentialError, match=message) as caught:
        read_nep(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(PotentialError, match=r"cannot be read as a nep\.txt"):
        read_nep(tmp_path / "absent.txt")
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    with pytest.raises(PotentialError, match=r"cannot be read as a nep\.txt"):
        read_nep(tmp_path / "binary")
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        write_nep(tmp_path / "absent" / "nep.txt", read_nep(_GOOD))
