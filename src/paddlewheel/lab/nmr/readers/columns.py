"""Text of two to four columns: a frequency, shift or time, the real and perhaps the imaginary part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import read_document
from paddlewheel.lab.nmr.readers.axes import nucleus_in, stated_axis
from paddlewheel.lab.nmr.readers.bruker_parameters import as_text
from paddlewheel.lab.nmr.signal import Conditions, Signal

SUFFIXES = (".txt", ".csv", ".dat", ".asc", ".xy", ".ppm", ".hz")
"""Of such text in a folder."""
_REMEDY = "give columns with a line of names: ppm or Hz or time_s, re, im"
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMERIC = re.compile(rf"^\s*{_NUMBER}(?:[\s,;]+{_NUMBER})*[\s,;]*$")
_FREQUENCY = re.compile(rf"(?:##freq|\bSF\b|\bBF1\b|frequency_MHz|spectrometer frequency)\s*[:=]?\s*({_NUMBER})", re.I)
_EVEN = 0.05
"""Of the spacing: the most that a point may be off, for numbers printed with few digits."""
_LARGEST_PPM = 3000.0
_NAMES: tuple[tuple[str, str], ...] = (
    (r"ppm|^shift|^delta", "ppm"), (r"khz", "kHz"), (r"hz|^freq", "Hz"), (r"^(time|t)[\W_]*ms", "ms"),
    (r"^(time|t)[\W_]*[uµ]s", "us"), (r"^(time|t)(\W|_|$)", "s"), (r"^im", "im"),
    (r"^(re|int|amp|y|signal|intensity)", "re"), (r"^(index|point|n|no|#)\b", "index"),
)  # fmt: skip
_SECONDS: dict[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclass(frozen=True, kw_only=True)
class _Header:
    """What the lines before the numbers say, and the parameter file beside them."""

    lines: list[str]
    beside: str

    def nucleus(self) -> str | None:
        return nucleus_in("\n".join(self.lines)) or nucleus_in(self.beside)

    def frequency_MHz(self) -> float | None:
        found = _FREQUENCY.search("\n".join(self.lines))
        return float(found[1]) if found else None


def read_columns(path: Path, *, nucleus: str | None = None, frequency_MHz: float | None = None) -> Signal:
    """The spectrum or decay of a text file.

    Columns are known by a line of names (ppm, Hz, kHz, time_s, re, im, index), else by their numbers: an index counts
    by one, two evenly spaced columns in one ratio are Hz and ppm, and one is ppm. A file beside it with `param` in its
    name may say nucleus, pulse, delay and scans.

    Parameters
    ----------
    path
        The file, which may be packed.
    nucleus, frequency_MHz
        What was measured, and the frequency of 0 ppm, over what the file says.

    Raises
    ------
    InputError
        For no table, points that are not evenly spaced, and where nucleus or frequency are not known.
    """
    text = as_text(read_document(path, DataError, remedy=_REMEDY))
    header_lines, numbers = _split(text, path)
    header = _Header(lines=header_lines, beside=_parameters_beside(path))
    warnings: list[str] = []
    columns = _columns(header_lines, numbers, path, warnings)
    stem = re.sub(r"(\.[A-Za-z]{2,4}){1,2}$", "", path.name)
    conditions = _conditions(header.beside, stem, warnings)
    real = numbers[:, columns["re"]]
    imaginary = numbers[:, columns["im"]] if "im" in columns else np.zeros_like(real)
    times = [name for name in columns if name in _SECONDS]
    nucleus = nucleus or header.nucleus()
    if times:
        scale = _SECONDS[times[0]]
        _, step = _even(numbers[:, columns[times[0]]] * scale, path)
        if step < 0 or "im" not in columns:
            raise DataError("a decay without its imaginary part, or backwards", where=path, remedy=_REMEDY)
        warnings.append(f"{path.name}: a decay in columns does not say its carrier, which is taken as 0 ppm")
        axis = stated_axis(
            path, nucleus=nucleus, reference_MHz=frequency_MHz or header.frequency_MHz(), width_Hz=1 / step
        )
        return Signal(
            values=(real + 1j * imaginary)[None, :], domain="time", axis=axis, name=stem, conditions=conditions,
            metadata={"format": "text"}, warnings=tuple(warnings),
        )  # fmt: skip
    reference = frequency_MHz or header.frequency_MHz()
    if "ppm" in columns and "Hz" in columns:
        shifts = numbers[:, columns["ppm"]]
        largest = int(np.argmax(np.abs(shifts)))
        reference = reference or float(numbers[largest, columns["Hz"]] / shifts[largest])
    place = next(name for name in ("Hz", "kHz", "ppm") if name in columns)
    middle, step = _even(numbers[:, columns[place]], path)
    # stated_axis says what is missing where the frequency is not known
    to_Hz = {"Hz": 1.0, "kHz": 1e3, "ppm": reference or 1.0}[place]
    axis = stated_axis(
        path, nucleus=nucleus, reference_MHz=reference, width_Hz=abs(step) * len(real) * to_Hz,
        carrier_offset_Hz=middle * to_Hz,
    )  # fmt: skip
    values = real + 1j * imaginary
    return Signal(
        values=(values if step > 0 else values[::-1])[None, :], domain="frequency", axis=axis,
        is_complex="im" in columns, name=stem, conditions=conditions, metadata={"format": "text"},
        warnings=tuple(warnings),
    )  # fmt: skip


def is_parameter_file(path: Path) -> bool:
    """Whether a text is the parameters of others beside it, by its name."""
    return "param" in path.name.lower()


def _split(text: str, path: Path) -> tuple[list[str], np.ndarray]:
    """Lines before the numbers, and the numbers, [n_points, n_columns]."""
    lines = [line.strip().lstrip("\x00") for line in text.splitlines()]
    first = next((place for place, line in enumerate(lines) if _NUMERIC.match(line)), None)
    if first is None:
        raise DataError("no columns of numbers", where=path, remedy=_REMEDY)
    body = [line for line in lines[first:] if line and line[0] not in "#%!\x1a"]
    if all(";" in line for line in body[:20]):
        body = [line.replace(",", ".") for line in body]
    fields = [re.split(r"[\s,;]+", line.strip(" ,;\t")) for line in body]
    width = len(fields[0])
    for place, entries in enumerate(fields):
        if len(entries) != width:
            raise DataError(
                f"row {place + 1} of its numbers has {len(entries)} columns, not {width}", where=path, remedy=_REMEDY
            )
    try:
        numbers = np.array(fields, dtype=float)
    except ValueError as error:
        raise DataError("words among its numbers", where=path, remedy=_REMEDY) from error
    if not (2 <= width <= 4) or len(numbers) < 8:
        raise DataError(f"{len(numbers)} rows of {width} columns", where=path, remedy=_REMEDY)
    if not np.isfinite(numbers).all():
        raise DataError("numbers that are not finite", where=path, remedy=_REMEDY)
    return lines[:first], numbers


def _columns(header: list[str], numbers: np.ndarray, path: Path, warnings: list[str]) -> dict[str, int]:
    """Which column is what."""
    width = numbers.shape[1]
    if width == 2 and any(re.match(r"ti:|##freq", line, re.IGNORECASE) for line in header):  # dmfit's text
        return {"Hz": 0, "re": 1}
    for line in reversed(header):
        separated = re.split(r"[,;\t]+" if re.search(r"[,;\t]", line) else r"\s+", line.lstrip("#% "))
        words = [word.strip(" #%\"'").lower() for word in separated]
        kinds = [next((kind for pattern, kind in _NAMES if re.search(pattern, word)), None) for word in words]
        if len(words) == width and all(kinds):
            named: dict[str, int] = {kind: place for place, kind in enumerate(kinds) if kind is not None}
            if "re" in named and len(named) == width and not named.keys() <= {"re", "im", "index"}:
                return named
    return _by_content(numbers, path, warnings)


def _by_content(numbers: np.ndarray, path: Path, warnings: list[str]) -> dict[str, int]:
    """Columns without names: index, evenly spaced axes, then real and imaginary part."""
    width = numbers.shape[1]
    steps = np.diff(numbers, axis=0)
    means = steps.mean(axis=0)
    even = [
        place
        for place in range(width)
        if means[place] != 0 and np.abs(steps[:, place] - means[place]).max() < _EVEN * 2 * abs(means[place])
    ]
    index = [place for place in even if (steps[:, place] == 1).all() and numbers[0, place] in (0, 1)]
    axes = [place for place in even if place not in index[:1]] if len(even) > 1 else even
    others = [place for place in range(width) if place not in axes and place not in index[: len(even) > 1]]
    found: dict[str, int] = {}
    if len(axes) == 2 and len(others) == 1:
        pair = sorted(axes, key=lambda place: -abs(means[place]))
        ratio = means[pair[0]] / means[pair[1]]
        if np.allclose(numbers[:, pair[0]], ratio * numbers[:, pair[1]], atol=2e-3 * abs(means[pair[0]]) + 1e-3):
            found = {"Hz": pair[0], "ppm": pair[1], "re": others[0]}
    elif len(axes) == 1 and 1 <= len(others) <= 2:
        if np.abs(numbers[:, axes[0]]).max() > _LARGEST_PPM:
            raise DataError("a column without name, in Hz or ppm", where=path, remedy=_REMEDY)
        warnings.append("its first column has no name: taken as ppm")
        found = {"ppm": axes[0], "re": others[0]}
        if len(others) == 2:
            found["im"] = others[1]
    if not found:
        raise DataError("which of its columns is what is not clear", where=path, remedy=_REMEDY)
    return found


def _even(axis: np.ndarray, path: Path) -> tuple[float, float]:
    """Value at the middle of the rising axis (point n // 2), and its step with its sign."""
    step = float((axis[-1] - axis[0]) / (len(axis) - 1))
    line = axis[0] + step * np.arange(len(axis))
    if step == 0 or np.abs(axis - line).max() > _EVEN * abs(step):
        raise DataError("points that are not evenly spaced", where=path, remedy=_REMEDY)
    rising = min(axis[0], axis[-1])
    return float(rising + abs(step) * (len(axis) // 2)), step


def _parameters_beside(path: Path) -> str:
    """The text of the one parameter file in the folder; empty where there is none or several."""
    try:
        found = [
            other for other in path.parent.iterdir()
            if other != path and is_parameter_file(other) and {".txt", ".TXT"} & set(other.suffixes)
        ]  # fmt: skip
    except OSError:  # a folder that may be entered and not listed
        return ""
    if len(found) != 1 or found[0].stat().st_size > 1_000_000:
        return ""
    return as_text(read_document(found[0], DataError, remedy="copy it again", largest=10_000_000))


def _conditions(parameters: str, stem: str, warnings: list[str]) -> Conditions:
    """Scans, delay and pulse of a parameter text; the rate of spinning, which its name may say."""

    def value(pattern: str) -> float | None:
        found = re.search(pattern, parameters, re.IGNORECASE | re.MULTILINE)
        return float(found[1]) if found else None

    spinning = re.search(r"(?<![\d.])(\d+(?:\.\d+)?)\s*kHz", stem, re.IGNORECASE)
    if spinning is not None:
        warnings.append(f"spinning at {spinning[1]} kHz, by the name of the file")
    scans = value(r"^NS\s*[:=]\s*(\d+)")
    return Conditions(
        spinning_Hz=float(spinning[1]) * 1e3 if spinning else None,
        pulse_us=value(r"p[lu]+[a-z]*se length\s*[:=]\s*([\d.]+)\s*us"),
        recycle_delay_s=value(r"^D1\s*[:=]\s*([\d.]+)\s*s"),
        scans=int(scans) if scans else None,
    )
