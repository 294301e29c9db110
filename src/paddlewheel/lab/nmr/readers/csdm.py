"""Core Scientific Dataset files (`.csdf`, `.csdfe`), as mrsimulator, csdmpy, RMN and dmfit write them.

The model is of doi 10.1371/journal.pone.0225953.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing, read_document
from paddlewheel.lab.nmr.readers.axes import nucleus_in, stated_axis
from paddlewheel.lab.nmr.signal import Axis, Conditions, Quadrature, Signal

_REMEDY = "write it again with csdmpy"
_QUANTITY = re.compile(r"^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-zµ]*)\s*$")
_HZ = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TYPES = {"float32": "<f4", "float64": "<f8", "complex64": "<c8", "complex128": "<c16"}
_MOST = 2**26
_APPLICATION = "paddlewheel.nmr"
"""Under which `application` holds what the model has no word for."""
_PLANE = ("quadrature", "mixing_s")
_CONDITIONS = tuple(field.name for field in fields(Conditions))
_DELAYS = re.compile(r"delay|recover|relax|mixing|lock", re.IGNORECASE)


def as_csdm(
    values: np.ndarray,
    dimensions: Sequence[dict[str, Any]],
    *,
    description: str,
    application: dict[str, Any] | None = None,
) -> str:
    """Complex values over dimensions, of which the first runs fastest, as CSDM 1.0.

    JSON, doi 10.1371/journal.pone.0225953. `application` is what its model has no word for; `read_csdm` takes it.
    """
    data = base64.b64encode(np.ascontiguousarray(values, dtype="<c16").tobytes()).decode("ascii")
    variable = {
        "type": "internal",
        "encoding": "base64",
        "numeric_type": "complex128",
        "quantity_type": "scalar",
        "components": [data],
    }
    document: dict[str, Any] = {
        "version": "1.0",
        "description": description,
        "dimensions": list(dimensions),
        "dependent_variables": [variable],
    }
    if application is not None:
        document["application"] = {_APPLICATION: application}
    return json.dumps({"csdm": document}, indent=1) + "\n"


def is_csdm(document: Any) -> bool:
    """Whether a JSON document is a data set of this model."""
    return isinstance(document, dict) and isinstance(document.get("csdm"), dict)


def read_csdm(
    document: Any, path: Path, *, nucleus: str | None = None, frequency_MHz: float | None = None
) -> Signal:  # fmt: skip
    """The measurement of a document with one or two dimensions, the first of frequency or time.

    Raises
    ------
    InputError
        For what is no such data set, and where nucleus or frequency are not known.
    """
    with parsing(path, DataError, problem="is no data set of NMR", remedy=_REMEDY):
        held = document["csdm"]
        dimensions = [_Dimension(stated, path) for stated in held["dimensions"]]
        warnings: list[str] = []
        if not 1 <= len(dimensions) <= 2 or not held["dependent_variables"]:
            raise DataError(f"{len(dimensions)} dimensions", where=path, remedy="give one or two, with their values")
        if len(held["dependent_variables"]) > 1:
            warnings.append(f"{len(held['dependent_variables'])} variables: the first is read")
        values = _values(held["dependent_variables"][0], path)
        direct = dimensions[0]
        n_rows = dimensions[1].count if len(dimensions) == 2 else 1
        if len(values) != n_rows * direct.count:
            raise DataError(
                f"{len(values)} values, its dimensions have {n_rows * direct.count}", where=path, remedy=_REMEDY
            )
        is_complex = np.iscomplexobj(values)
        values = values.reshape(n_rows, direct.count)
        nucleus = nucleus or nucleus_in(direct.label) or nucleus_in(str(held.get("description", "")))
        axis, domain = direct.axis(nucleus, frequency_MHz), direct.domain
        if domain == "frequency" and direct.step < 0:
            values = values[:, ::-1]
        made = _made(held.get("application"), path)
        rows: dict[str, Any] = {}
        if len(dimensions) == 2:
            other = dimensions[1]
            if other.are_delays:
                rows = {"delays_s": other.coordinates}
            else:
                rows = {"indirect": other.axis(nucleus, frequency_MHz, beside=axis), "indirect_domain": other.domain}
                rows |= {name: made[name] for name in _PLANE if name in made}
                if other.domain == "time" and "quadrature" not in made:
                    warnings.append("how its rows hold the phase is not known: CSDM does not say it")
                elif other.step < 0:
                    values = values[::-1]
        return Signal(
            values=values, domain=domain, axis=axis, name=path.stem, is_complex=is_complex or domain == "time",
            conditions=Conditions(**{name: made[name] for name in _CONDITIONS if name in made}),
            metadata={"format": "CSDM", "description": held.get("description", "")}, warnings=tuple(warnings), **rows,
        )  # fmt: skip


def _made(application: Any, path: Path) -> dict[str, Any]:
    """What this program wrote of a measurement under `application`, by its names; nothing of other programs'."""
    told = application.get(_APPLICATION, {}) if isinstance(application, dict) else {}
    kinds: dict[str, type] = {"quadrature": str, "pulse_program": str, "scans": int}
    found = {name: kinds.get(name, float)(told[name]) for name in (*_CONDITIONS, *_PLANE) if name in told}
    for name, value in found.items():
        if not isinstance(value, str) and not (math.isfinite(value) and value >= 0):
            raise DataError(f"{name} {value:g} under application", where=path, remedy="give it zero or above")
    if found.get("quadrature", "states") not in get_args(Quadrature):
        raise DataError(
            f"quadrature {found['quadrature'][:30]!r} under application", where=path,
            remedy=f"known are {', '.join(get_args(Quadrature))}",
        )  # fmt: skip
    return found


class _Dimension:
    """One dimension: coordinates in Hz or s."""

    def __init__(self, stated: dict[str, Any], path: Path) -> None:
        self.path, self.label = path, str(stated.get("label", ""))
        kind = stated["type"]
        is_centred = bool(stated.get("complex_fft", False))
        self.origin_Hz = 0.0
        reciprocal = stated.get("reciprocal", {})
        if kind == "linear":
            self.count = int(stated["count"])
            step, self.domain = _quantity(stated["increment"], path)
            if not 1 <= self.count <= _MOST or step == 0:
                raise DataError(f"{self.count} points of {step:g}", where=path, remedy=_REMEDY)
            offset, _ = _quantity(stated.get("coordinates_offset", "0 Hz"), path)
            first = -(self.count // 2) if is_centred else 0
            self.coordinates, self.step = offset + step * (np.arange(self.count) + first), step
        elif kind == "monotonic":
            found = [_quantity(each, path) for each in stated["coordinates"]]
            self.coordinates, self.count = np.array([value for value, _ in found]), len(found)
            self.domain, self.step = found[0][1], 0.0
        else:
            raise DataError(f"a dimension of type {kind!r}", where=path, remedy="linear and monotonic are known")
        if self.domain == "frequency":
            self.origin_Hz, _ = _quantity(stated.get("origin_offset", "0 Hz"), path)
            self.carrier_Hz = 0.0
        else:
            self.origin_Hz, _ = _quantity(reciprocal.get("origin_offset", "0 Hz"), path)
            self.carrier_Hz, _ = _quantity(reciprocal.get("coordinates_offset", "0 Hz"), path)

    @property
    def are_delays(self) -> bool:
        """Whether they are times of recovery and the like: listed, called so, or even and not from 0 as t1 is."""
        if self.domain != "time":
            return False
        is_called_so = _DELAYS.search(self.label) is not None
        return self.step == 0 or is_called_so or (self.coordinates[0] > 0 and self.origin_Hz == 0)

    def axis(self, nucleus: str | None, frequency_MHz: float | None, *, beside: Axis | None = None) -> Axis:
        """The axis; 0 ppm at `origin_offset`, as csdmpy has it; of that `beside` it where it says none."""
        if self.step == 0:
            raise DataError("coordinates that are not evenly spaced", where=self.path, remedy=_REMEDY)
        if self.domain == "frequency":
            width = abs(self.step) * self.count
            middle = float(np.sort(self.coordinates)[self.count // 2])
        else:
            width, middle = 1 / abs(self.step), self.carrier_Hz
        if self.origin_Hz == 0 and beside is not None:
            offset_Hz = (beside.carrier_MHz - beside.reference_MHz) * 1e6
            return stated_axis(
                self.path, nucleus=nucleus, reference_MHz=beside.reference_MHz, width_Hz=width,
                carrier_offset_Hz=middle or offset_Hz,
            )  # fmt: skip
        reference = frequency_MHz or (self.origin_Hz * 1e-6 or None)
        return stated_axis(
            self.path, nucleus=nucleus, reference_MHz=reference, width_Hz=width, carrier_offset_Hz=middle
        )


def _quantity(text: Any, path: Path) -> tuple[float, Any]:
    """A quantity in Hz or s, and its domain."""
    found = _QUANTITY.match(str(text))
    unit = found[2] if found else ""
    if found and unit in _HZ:
        return float(found[1]) * _HZ[unit], "frequency"
    if found and unit in _SECONDS:
        return float(found[1]) * _SECONDS[unit], "time"
    raise DataError(f"{str(text)[:30]!r} is no frequency or time", where=path, remedy="give Hz or s")


def _values(variable: dict[str, Any], path: Path) -> np.ndarray:
    """The values of a variable with one component."""
    kind = str(variable.get("numeric_type", ""))
    if kind not in _TYPES:
        raise DataError(f"numeric_type {kind!r}", where=path, remedy=f"known are {', '.join(_TYPES)}")
    encoding = variable.get("encoding", "base64")
    if variable.get("type") == "external":
        content = read_document(_beside(str(variable["components_url"]), path), DataError, remedy=_REMEDY)
        return np.frombuffer(content, dtype=_TYPES[kind])
    components = variable["components"]
    if len(components) != 1:
        raise DataError(f"{len(components)} components", where=path, remedy="give one")
    if encoding == "none":
        numbers = np.array(components[0], dtype=float)
        return numbers[0::2] + 1j * numbers[1::2] if kind.startswith("complex") else numbers
    if encoding != "base64":
        raise DataError(f"encoding {encoding!r}", where=path, remedy="none and base64 are known")
    try:
        content = base64.b64decode(components[0], validate=True)
    except binascii.Error as error:
        raise DataError("its values are damaged", where=path, remedy=_REMEDY) from error
    return np.frombuffer(content, dtype=_TYPES[kind])


def _beside(address: str, path: Path) -> Path:
    """The file of an external variable, which is beside the document and nowhere else."""
    name = address.removeprefix("file:").removeprefix("./")
    if not name or "/" in name or "\\" in name or name.startswith(".") or ":" in name:
        raise DataError(f"its values are at {address[:60]!r}", where=path, remedy="give them in a file beside it")
    return path.parent / name
