"""One run of a calorimeter, and the text that each program writes of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MASS_MG = 5.0
RATE_K_PER_MIN = 10.0
TIME_S = np.arange(0.0, 1200.0, 6.0)
TEMPERATURE_C = 25.0 + RATE_K_PER_MIN / 60.0 * TIME_S
FLOW_MW = 1.0 + 8.0 * np.exp(-0.5 * ((TEMPERATURE_C - 156.6) / 4.0) ** 2)
"""Into the sample: endothermic positive."""


def rows(*columns: np.ndarray, digits: int = 5, separator: str = "\t", comma: bool = False) -> str:
    lines = "\n".join(separator.join(f"{value:.{digits}f}" for value in row) for row in zip(*columns, strict=True))
    return lines.replace(".", ",") if comma else lines


def _ta(old: bool) -> str:
    head = "CLOSED\nVersion\t0.4\n" if old else "Language\tEnglish\nVersion\t2.0\nMode\tStandard\n"
    return (
        f"{head}Run\t12\nInstrument\tDSC Q2000 V24.11 Build 124\nModule\tDSC Standard Cell RC\nSample\tmade\n"
        "Size\t5.0000\tmg\nPanMass\t11.000 10.900  mg\nExotherm\tUP\nNsig\t3\nSig1\tTime (min)\n"
        "Sig2\tTemperature (°C)\n"
        "Sig3\tHeat Flow (mW)\nDate\t2026-03-09\nTime\t10:48:37\nOrgMethod\t1: Ramp 10.00 °C/min to 225.00 °C\n"
        "StartOfData\n-1.000000\t69.19148\t0.0000000\n"
        f"{rows(TIME_S / 60, TEMPERATURE_C, -FLOW_MW)}\n-2.000\t225.0\t0.0\n"
    )


def _trios() -> str:
    half = len(TIME_S) // 2
    steps = [slice(0, half), slice(half, None)]
    body = "\n\n".join(
        "[step]\nRamp 10.00 °C/min to 225.00 °C\n"
        "Time\tTemperature\tHeat Flow\tHeat Flow (Normalized)\nmin\t°C\tmW\tW/g\n"
        + rows(TIME_S[step] / 60, TEMPERATURE_C[step], -FLOW_MW[step], -FLOW_MW[step] / MASS_MG)
        for step in steps
    )
    return (
        "Filename\tmade\nInstrument name\tDSC2A-00468 (192.168.1.100)\nrundate\t2/13/2025\nSample name\tmade\n"
        "proceduresegments\tData Off ; Equilibrate 25.00 °C; Data On ; Ramp 10.00 °C/min to 225.00 °C\n"
        "[Procedure]\nSample Mass\t5.00 mg\nReference Sample Mass\t0 mg\nPan Mass\t54.24 mg\n"
        "Reference Pan Mass\t54 mg\n[Signal List]\nSignal #1\tTime (min)\nSignal #2\tTemperature (°C)\n"
        "Signal #3\tHeat Flow (mW)\n[Configuration]\nSample Interval \t0.1 s/pt\nExotherm Direction\tUp\n"
        "[TZero Calibration]\nDescription\tFrom -89.059 °C to 396.009 °C at 20.000°C/min\n"
        "[Temperature Calibration]\nMeasured 1\t157.391\nKnown 1\t156.598\n"
        f"{body}\n"
    )


def _netzsch() -> str:
    sensitivity = np.full(len(TIME_S), 1.25)
    return (
        "#EXPORTTYPE:;DATA ALL\n#FORMAT:;NETZSCH5\n#DECIMAL:;COMMA\n#SEPARATOR:;SEMICOLON\n"
        "#INSTRUMENT:;NETZSCH DSC 204F1\n"
        "#SAMPLE:;made\n#SAMPLE MASS /mg:;5\n#REFERENCE MASS /mg:;0\n#SAMPLE CRUCIBLE MASS /mg:;38,2\n#EXO:;-1\n"
        "#RANGE:;25°C/10,0(K/min)/225°C\n#SEGMENT:;S1/1\n\n"
        "##Temp./°C;Time/min;DSC/(uV/mg);Sensit./(uV/mW)\n"
        + rows(TEMPERATURE_C, TIME_S / 60, FLOW_MW / MASS_MG * 1.25, sensitivity, separator=";", comma=True)
        + "\n"
    )


def _setaram() -> str:
    lines = [f"{n};{t:g};{c + 2:.6f};{c:.6f};240,9;{q:.6E}".replace(".", ",")
             for n, (t, c, q) in enumerate(zip(TIME_S, TEMPERATURE_C, FLOW_MW, strict=True), 1)]  # fmt: skip
    return (
        "made\nCreation Date : 08/01/2025 06:19:50 p.m.\nUser : admin\n\n"
        "TG :\n Initial Mass : 5 mg\n Molar Mass : N/A\n\n"
        "HeatFlow :\n Initial Mass : 5 mg\n Molar Mass : N/A\n\n"
        "Index;Time (s);Furnace Temperature (°C);Sample Temperature (°C);TG (mg);HeatFlow (mW)\n"
        + "\n".join(lines)
        + "\n"
    )


def _mettler() -> str:
    lines = [f"{n:10d}{t:14.3f}{c:14.5f}{c + 1:14.5f}{-q:14.5f}"
             for n, (t, c, q) in enumerate(zip(TIME_S, TEMPERATURE_C, FLOW_MW, strict=True))]  # fmt: skip
    return (
        "Curve Name:\n  !&^exo made\nCurve Values:\n"
        "     Index             t            Ts            Tr         Value\n"
        "                     [s]          [°C]          [°C]          [mW]\n"
        + "\n".join(lines)
        + "\nResults:\nSample:\n  made, 5.0000 mg\nMethod: 25-225-10\n  dt 6.00 s\n"
        "  [1] 25.0..225.0 °C, 10.00 K/min\n"
    )


def _pyris() -> str:
    return (
        "Pyris\nSample ID:\tmade\nSample Weight:\t5.000 mg\n\n"
        "1) DSC Heat Flow : Heat from 25.00°C to 225.00°C at 10.00°C/min\n"
        "Time\tUnsubtracted Heat Flow Endo Up\tBaseline Heat Flow\tProgram Temperature\tSample Temperature\n"
        "(Minutes)\t(mW)\t(mW)\t(°C)\t(°C)\n"
        + rows(TIME_S / 60, FLOW_MW, 0 * FLOW_MW, TEMPERATURE_C + 0.2, TEMPERATURE_C)
        + "\n"
    )


FORMATS: dict[str, Callable[[], str]] = {
    "ta old": lambda: _ta(old=True), "ta advantage": lambda: _ta(old=False), "trios": _trios, "netzsch": _netzsch,
    "setaram": _setaram, "mettler": _mettler, "pyris": _pyris,
}  # fmt: skip
"""Name of a program -> the text that it writes."""
