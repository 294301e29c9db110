"""The columns of Biologic's .mpr by number: names as EC-Lab writes them above its text export, and how they are stored.

Names up to 543 are those of Biologic's list of variables (BT-Lab and EC-Lab OLE COM user manual), those above are known
from files of EC-Lab 11.6 beside their exports. `STORED` says how a column stands in a row, of those columns that were
seen in files; the others are 4-byte numbers unless the width of the row says otherwise.
"""

from __future__ import annotations

FLAGS: dict[int, tuple[str, int]] = {
    1: ("mode", 0x03), 2: ("ox/red", 0x04), 3: ("error", 0x08), 21: ("control changes", 0x10),
    31: ("Ns changes", 0x20), 65: ("counter inc.", 0x80),
}  # fmt: skip
"""Columns that share one byte of a row, which stands where the first of them does: number -> name and bits."""


def _numbered(first: int, *names: str) -> dict[int, str]:
    return dict(enumerate(names, first))


NAMES: dict[int, str] = (
    _numbered(4, "time/s", "control/V/mA", "Ewe/V", "dq/mA.h", "I/mA", "Ece/V", "Aux/V", "<I>/mA", "log(|<I>/A|)",
              "(Q-Qo)/mA.h", "x")
    | _numbered(16, "Analog IN 1/V", "Analog IN 2/V", "Analog IN 3/V", "control/V", "control/mA")
    | _numbered(22, "log(|I/A|)", "dQ/mA.h", "cycle number", "DQ/mA.h", "Rapp/Ohm", "Ewe-Ece/V", "control/°C", "T/°C",
                "rotation rate/rpm")
    | _numbered(32, "freq/Hz", "|Ewe|/V", "|I|/A", "Phase(Z)/deg", "|Z|/Ohm", "Re(Z)/Ohm", "-Im(Z)/Ohm", "I Range",
                "Q charge/mA.h", "Q discharge/mA.h", "Q charge/mA.h/g", "Q discharge/mA.h/g", "Q anodic/C",
                "Q cathodic/C", "Q anodic/C/cm2", "Q cathodic/C/cm2", "Tech Num", "End buf", "E0/V", "Ian min/mA",
                "Ian max/mA", "Ica min/mA", "Ica max/mA", "Ean end/V", "Eca end/V", "Ece min/V", "Ece max/V",
                "Analog IN 1 min/V", "Analog IN 1 max/V", "Analog IN 2 min/V", "Analog IN 2 max/V",
                "Analog IN 3 min/V", "Analog IN 3 max/V")
    | _numbered(66, "I forward/mA", "I reverse/mA", "I delta/µA", "R/Ohm", "P/W", "control/°C", "T/°C",
                "rotation rate/rpm", "|Energy|/W.h", "Analog OUT/V", "<I>/mA", "<Ewe>/V", "Cs-2/µF-2", "E step/V",
                "Rp/Ohm", "Ecorr/V", "Icorr/mA", "I/A/cm2", "Q/C/cm2", "Aux")
    | _numbered(96, "|Ece|/V", "|Ice|/A", "Phase(Zce)/deg", "|Zce|/Ohm", "Re(Zce)/Ohm", "-Im(Zce)/Ohm", "Cce-2/µF-2",
                "Estack/V", "Istack/A", "|E21|/V", "Phase(Z21)/deg", "|E32|/V", "Phase(Z32)/deg", "|Z21|/Ohm",
                "Re(Z21)/Ohm", "-Im(Z21)/Ohm", "C21-2/µF-2", "|Z32|/Ohm", "Re(Z32)/Ohm", "-Im(Z32)/Ohm", "C32-2/µF-2",
                "E21/V", "E32/V", "Re(Y)/Ohm-1", "Im(Y)/Ohm-1", "|Y|/Ohm-1", "Phase(Y)/deg", "Energy charge/W.h",
                "Energy discharge/W.h", "Capacitance charge/µF", "Capacitance discharge/µF", "Delta(Phase(Z))/%",
                "Delta(|Z|)/%", "Delta(Re(Z))/%", "Delta(-Im(Z))/%", "Ns", "dI/dt/mA/s", "Delta(mass)/g")
    | {133 + place: f"Custom{place:02d}" for place in range(1, 21)}
    | _numbered(154, "Delta(Phase(Y))/%", "Delta(|Y|)/%", "Delta(Re(Y))/%", "Delta(-Im(Y))/%", "t low", "t high",
                "dt/dE/s/V", "Delta(Phase(Z))/deg", "Delta(Phase(Y))/deg", "|Estack|/V", "|Istack|/A")
    | _numbered(167, "Phase(I)/rad", "Rcmp/Ohm", "Cs/µF", "sin ampl/V", "Conductivity/S.cm-1", "Cp/µF", "Cp-2/µF-2",
                "<Ewe>/V", "Efficiency/%", "Cycling rate charge", "Cycling rate discharge", "Wavelength/nm",
                "Fluorescence/V", "Fluorescence/%", "Transmittance/%", "CD/mdeg", "ORD/mdeg", "Aniso Vv/V",
                "Aniso Vh/V", "LD Vv/V", "LD Vh/V", "LD/deltaA", "Anisotropy/Aniso", "T peltier/°C", "T cuvette/°C",
                "Absorbance/AU", "HV/V", "Absorbance2/AU", "Absorbance/V", "If/mA", "Ic/mA", "CA/mol.L-1",
                "CB/mol.L-1", "CC/mol.L-1", "CD/mol.L-1", "CE/mol.L-1", "CF/mol.L-1", "CG/mol.L-1", "CH/mol.L-1",
                "CI/mol.L-1", "CJ/mol.L-1", "shot number", "pad number", "electrode number")
    | {first + place: form.format(place)
       for first, form in ((210, "E{}/V"), (240, "|E{}|/V"), (270, "Phase(Z{})/deg"), (300, "|Z{}|/Ohm"),
                           (330, "Re(Z{})/Ohm"), (360, "-Im(Z{})/Ohm"), (390, "<E{}>/V"))
       for place in range(1, 31)}
    | _numbered(421, "Phase2/deg", "Phase(Zstack)/deg", "|Zstack|/Ohm", "Re(Zstack)/Ohm", "-Im(Zstack)/Ohm",
                "<Estack>/V", "<Istack>/mA", "Potential/V", "Potential/V", "Phase(Zwe-ce)/deg", "|Zwe-ce|/Ohm",
                "Re(Zwe-ce)/Ohm", "-Im(Zwe-ce)/Ohm", "(Q-Qo)/C", "dQ/C", "Ece dc/V", "cycle time/s", "step time/s",
                "charge time/s", "discharge time/s", "<Ece>/V", "d(Q-Qo)/dE/mA.h/V", "Capacity/mA.h",
                "control disk/V", "control disk/mA", "Edisk/V", "Ecedisk=Ecering/V", "Idisk/mA", "dQdisk/C",
                "(Q-Qo)disk/C", "cycle number", "control ring/V", "Ering/V", "Iring/mA", "(Q-Qo)ring/C", "Pdisk/W",
                "Pring/W", "Edisk-Ece/V", "Ering-Ece/V", "<time>/s", "<EweX>/V", "Temperature/°C", "Ramp upwards",
                "Time/µs", "I Range disk", "I Range ring", "Q charge/discharge/mA.h", "half cycle", "z cycle", "It/mA",
                "<Ece>/V", "Vcorr/mm/yr", "THD Ewe/%", "THD I/%", "THD Ece/%", "NSD Ewe/%", "NSD I/%", "NSD Ece/%",
                "NSR Ewe/%", "NSR I/%", "NSR Ece/%", "ShuntIsChanging", "ModeIsChanging", "NbIterInstr", "Instr",
                "|Ewe h2|/V", "|Ewe h3|/V", "|Ewe h4|/V", "|Ewe h5|/V", "|Ewe h6|/V", "|Ewe h7|/V", "|I h2|/A",
                "|I h3|/A", "|I h4|/A", "|I h5|/A", "|I h6|/A", "|I h7|/A", "|Ece h2|/V", "|Ece h3|/V", "|Ece h4|/V",
                "|Ece h5|/V", "|Ece h6|/V", "|Ece h7|/V", "Rac/Ohm", "Rdc/Ohm", "TCU control/°C", "TCU meas./°C",
                "Regulation", "Acir/Dcir Control", "LTime/s", "Re(C)/nF", "Im(C)/nF", "|C|/nF", "Phase(C)/deg",
                "Re(M)", "Im(M)", "|M|", "Phase(M)/deg", "Re(Permittivity)", "Im(Permittivity)", "|Permittivity|",
                "Phase(Permittivity)/deg", "Re(Conductivity)/mS/cm", "Im(Conductivity)/mS/cm",
                "|Conductivity|/mS/cm", "Phase(Conductivity)/deg", "Re(Resistivity)/Ohm.cm",
                "Im(Resistivity)/Ohm.cm", "|Resistivity|/Ohm.cm", "Phase(Resistivity)/deg", "Tan(Delta)",
                "Loss Angle(Delta)/deg", "TCU base/°C", "TCU cell/°C", "TCU sample/°C", "Ewe initial/V",
                "Ewe final/V", "I initial/mA", "I final/mA", "P min/W", "P max/W", "T min/°C", "T max/°C")
    | {878: "Energy ce/W.h", 880: "Energy we/W.h", 883: "Energy ce charge/W.h", 884: "Energy ce discharge/W.h"}
)  # fmt: skip
"""Number -> name, a slash and the unit."""

STORED: dict[int, str] = (
    dict.fromkeys((5, 6, 8, 9, 16, 17, 19, 20, 26, 27, *range(32, 39), 50, 69, 70, 73, *range(75, 79), 96, 97,
                   *range(98, 102), 163, 168, 169, 172, 173, 174, *range(241, 249), *range(271, 279),
                   *range(301, 309), *range(331, 339), *range(361, 369), *range(391, 399), *range(422, 427),
                   *range(430, 436), 441, 462, 471, *range(473, 482), *range(486, 504), 504, 505), "<f4")
    | dict.fromkeys((4, 7, 11, 13, 23, 24, 74, *range(123, 127), 438, 467, 878, 880, 883, 884), "<f8")
    | dict.fromkeys((39, 131), "<u2") | dict.fromkeys((468, 469), "<u4") | {509: "u1"}
)  # fmt: skip
"""Number -> NumPy's type of a value in a row."""

_UNITS = (
    "V/mA", "mA.h/g", "mA.h/V", "mA/s", "s/V", "A/cm2", "C/cm2", "mm/yr", "mS/cm", "S.cm-1", "Ohm.cm", "Ohm-1",
    "mol.L-1", "µF-2", "mA.h", "A.h", "µA.h", "mW.h", "W.h", "mA", "µA", "nA", "pA", "A", "mV", "V", "mW", "W", "s",
    "ms", "µs", "Hz", "kHz", "deg", "rad", "mOhm", "kOhm", "MOhm", "Ohm", "nF", "µF", "mF", "F", "C", "mC", "%", "°C",
    "rpm", "nm", "mdeg", "AU", "g", "deltaA", "Aniso",
)  # fmt: skip


def name_and_unit(header: str) -> tuple[str, str]:
    """Name and unit of a column as EC-Lab writes it: `Q charge/discharge/mA.h`, `control/V/mA`, `<Ewe/V>`, `ox/red`."""
    text = header.strip()
    if text.startswith("<") and text.endswith(">") and "/" in text:  # <Ewe/V> for <Ewe>/V
        name, unit = name_and_unit(text[1:-1])
        return f"<{name}>", unit
    fitting = [unit for unit in _UNITS if text.endswith(f"/{unit}") and len(text) > len(unit) + 1]
    unit = max(fitting, key=len, default="")
    return (text[: -len(unit) - 1].strip(), unit) if unit else (text, "")
