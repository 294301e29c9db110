"""Simulated measurements as the files of a spectrometer: a Bruker folder, or CSDM."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.lab.nmr.readers.csdm import as_csdm
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.lab.nmr.simulated.flaws import digitally_filtered

_BLOCK_BYTES = 1024
"""Rows of a `ser` begin at multiples of this."""
_MODES = {"qf": 1, "tppi": 3, "states": 4, "states-tppi": 5, "echo-antiecho": 6}
"""FnMODE."""


def bruker_files(signal: Signal, *, group_delay_points: float = 67.98) -> dict[str, bytes]:
    """The files of a Bruker folder, by their names: parameters, `fid` or `ser` (float64, little end first), `vdlist`.

    The decays pass the digital filter first (none for a group delay of 0). The mixing time is D8.

    Raises
    ------
    DataError
        For spectra: a spectrometer writes decays.
    """
    if signal.domain != "time":
        raise DataError("holds spectra", where=signal.name, remedy="write decays")
    filtered = digitally_filtered(signal, group_delay_points) if group_delay_points else signal
    rows, points = filtered.values.shape
    many = rows > 1 or signal.delays_s is not None or signal.indirect is not None
    files = {
        "acqus": _parameters(_direct(filtered)),
        "pulseprogram": _program(signal).encode(),
        "pdata/1/procs": _parameters(_processing(signal.axis, points)),
        "pdata/1/title": f"{signal.name}, simulated with known truth\n".encode(),
    }
    interleaved = np.ascontiguousarray(filtered.values).view(np.float64).astype("<f8")
    if not many:
        return files | {"fid": interleaved.tobytes()}
    padding = b"\0" * (-interleaved[0].nbytes % _BLOCK_BYTES)
    files["ser"] = b"".join(row.tobytes() + padding for row in interleaved)
    files["acqu2s"] = _parameters(_indirect(signal))
    if signal.delays_s is not None:
        files["vdlist"] = "".join(f"{delay:.9g}\n" for delay in signal.delays_s).encode()
    if signal.indirect is not None:
        files["pdata/1/proc2s"] = _parameters(_processing(signal.indirect, rows))
    return files


def _program(signal: Signal) -> str:
    """The pulse program as comments: its name, and where the mixing time stands."""
    mixing = ";d8 : mixing time\nd8\n" if signal.mixing_s is not None else ""
    return f";{signal.conditions.pulse_program}\n;simulated: no spectrometer ran this\n{mixing}"


def _direct(signal: Signal) -> dict[str, Any]:
    axis, made = signal.axis, signal.conditions
    delays = [0.0] * 64
    delays[1] = made.recycle_delay_s or 0.0
    delays[8] = signal.mixing_s or 0.0
    pulses = [0.0] * 64
    pulses[1] = made.pulse_us or 0.0
    has_filter = signal.group_delay_points > 0
    return {
        "TD": 2 * signal.values.shape[1],
        "NUC1": f"<{axis.nucleus}>",
        "SFO1": axis.carrier_MHz,
        "BF1": axis.reference_MHz,
        "O1": (axis.carrier_MHz - axis.reference_MHz) * 1e6,
        "SW_h": axis.spectral_width_Hz,
        "SW": axis.spectral_width_Hz / axis.carrier_MHz,
        "D": delays,
        "P": pulses,
        "NS": made.scans or 1,
        "DS": 0,
        "RG": 1,
        "TE": made.temperature_K or 0.0,
        "MASR": made.spinning_Hz or 0.0,
        "PULPROG": f"<{made.pulse_program}>",
        "AQ_mod": 3 if has_filter else 1,
        "AQSEQ": 0,
        "BYTORDA": 0,
        "DTYPA": 2,
        "NC": 0,
        "DECIM": 20 if has_filter else 1,
        "DSPFVS": 20 if has_filter else 0,
        "DIGMOD": 1 if has_filter else 0,
        "GRPDLY": signal.group_delay_points,
        "PARMODE": 1 if signal.indirect is not None or signal.delays_s is not None else 0,
        "INSTRUM": "<simulated>",
        "DATE": 1700000000,
        "SOLVENT": "<none>",
    }


def _indirect(signal: Signal) -> dict[str, Any]:
    axis = signal.indirect
    told: dict[str, Any] = {"TD": signal.values.shape[0], "FnMODE": 0}
    if axis is not None:
        told |= {
            "FnMODE": _MODES[signal.quadrature or "qf"],
            "NUC1": f"<{axis.nucleus}>",
            "SFO1": axis.carrier_MHz,
            "BF1": axis.reference_MHz,
            "O1": (axis.carrier_MHz - axis.reference_MHz) * 1e6,
            "SW_h": axis.spectral_width_Hz,
            "SW": axis.spectral_width_Hz / axis.carrier_MHz,
        }
    return told


def _processing(axis: Axis, points: int) -> dict[str, Any]:
    return {"SI": points, "SF": axis.reference_MHz, "SW_p": axis.spectral_width_Hz, "WDW": 0, "PHC0": 0.0, "PHC1": 0.0}


def _parameters(values: dict[str, Any]) -> bytes:
    """A file of parameters (JCAMP-DX) as TopSpin writes it."""
    lines = [
        "##TITLE= Parameter file, simulated",
        "##JCAMPDX= 5.0",
        "##DATATYPE= Parameter Values",
        "##ORIGIN= Bruker BioSpin GmbH",
        "##OWNER= paddlewheel",
        "$$ simulated: no spectrometer wrote this",
    ]
    for name, value in sorted(values.items()):
        if isinstance(value, list):
            numbers = [f"{number:.12g}" for number in value]
            lines.append(f"##${name}= (0..{len(value) - 1})")
            lines += [" ".join(numbers[at : at + 8]) for at in range(0, len(numbers), 8)]
        else:
            lines.append(f"##${name}= {value:.12g}" if isinstance(value, float) else f"##${name}= {value}")
    return ("\n".join([*lines, "##END="]) + "\n").encode()


def csdm_text(signal: Signal) -> str:
    """The decays as CSDM, time the first dimension.

    What its model has no word for stands under `application`: how the rows of a plane hold its phase, the mixing time,
    and the conditions, by their names and in the units of `Signal`.

    Raises
    ------
    DataError
        For spectra.
    """
    if signal.domain != "time":
        raise DataError("holds spectra", where=signal.name, remedy="write decays")
    axis = signal.axis
    dimensions: list[dict[str, Any]] = [
        {
            "type": "linear",
            "count": signal.values.shape[1],
            "increment": f"{1 / axis.spectral_width_Hz:.12g} s",
            "quantity_name": "time",
            "label": axis.nucleus,
            "reciprocal": _reciprocal(axis),
        }
    ]
    if signal.delays_s is not None:
        dimensions.append(
            {
                "type": "monotonic",
                "coordinates": [f"{delay:.12g} s" for delay in signal.delays_s],
                "quantity_name": "time",
                "label": "delay",
            }
        )
    elif signal.values.shape[0] > 1:
        interval_s = 1.0 if signal.indirect is None else 1 / signal.indirect.spectral_width_Hz
        dimensions.append(
            {
                "type": "linear",
                "count": signal.values.shape[0],
                "increment": f"{interval_s:.12g} s",
                "quantity_name": "time",
                "label": "row",
            }
        )
        if signal.indirect is not None:
            dimensions[-1]["reciprocal"] = _reciprocal(signal.indirect)
    told = {"quadrature": signal.quadrature, "mixing_s": signal.mixing_s} | asdict(signal.conditions)
    return as_csdm(
        signal.values, dimensions, description=f"{signal.name}, simulated with known truth",
        application={name: value for name, value in told.items() if value not in (None, "")},
    )  # fmt: skip


def _reciprocal(axis: Axis) -> dict[str, str]:
    return {
        "coordinates_offset": f"{(axis.carrier_MHz - axis.reference_MHz) * 1e6:.12g} Hz",
        "origin_offset": f"{axis.reference_MHz * 1e6:.12g} Hz",
        "quantity_name": "frequency",
    }
