"""One powder pattern in the layout of each kind of file, made after the published formats."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

ANGLES = np.round(10 + 0.02 * np.arange(2000), 2)
COUNTS = np.random.default_rng(7).poisson(200 + 3000 * np.exp(-(((ANGLES - 30) / 0.1) ** 2)))
START, STEP = 10.0, 0.02
KA1, KA2, RATIO = 1.540598, 1.544426, 0.5


def in_lines(values: np.ndarray, per_line: int, separator: str = " ") -> str:
    """Numbers, some to a line."""
    rows = [values[begin : begin + per_line] for begin in range(0, values.size, per_line)]
    return "\n".join(separator.join(str(value) for value in row) for row in rows)


def xrdml(counts: np.ndarray = COUNTS, *, attenuation: np.ndarray | None = None, scans: int = 1) -> bytes:
    """XRDML 1.6."""
    factors = (
        "" if attenuation is None else f"<beamAttenuationFactors>{in_lines(attenuation, 9999)}</beamAttenuationFactors>"
    )
    scan = f"""<scan appendNumber="0" mode="Continuous" scanAxis="Gonio" status="Completed"><header>
<startTimeStamp>2021-03-16T13:10:14+03:00</startTimeStamp><endTimeStamp>2021-03-16T13:24:36+03:00</endTimeStamp>
</header><nonAmbientPoints><nonAmbientValues type="Temperature" unit="K">373.0 374.0</nonAmbientValues>
</nonAmbientPoints>
<dataPoints><positions axis="2Theta" unit="deg"><startPosition>{START}</startPosition>
<endPosition>{START + STEP * (counts.size - 1)}</endPosition></positions>{factors}
<commonCountingTime unit="seconds">0.40</commonCountingTime>
<{"intensities" if attenuation is None else "counts"} unit="counts">{in_lines(counts, 9999)}</{
        "intensities" if attenuation is None else "counts"
    }></dataPoints></scan>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.6" status="Completed">
<sample type="To be analyzed"><id>made</id></sample>
<xrdMeasurement measurementType="Scan" status="Completed" sampleMode="Reflection">
<usedWavelength intended="K-Alpha 1"><kAlpha1 unit="Angstrom">{KA1}</kAlpha1><kAlpha2 unit="Angstrom">{KA2}</kAlpha2>
<ratioKAlpha2KAlpha1>{RATIO}</ratioKAlpha2KAlpha1></usedWavelength>
<incidentBeamPath><radius unit="mm">240.00</radius><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube>
</incidentBeamPath><diffractedBeamPath><radius unit="mm">240.00</radius><monochromator><crystal>Graphite</crystal>
</monochromator></diffractedBeamPath>{scan * scans}</xrdMeasurement></xrdMeasurements>""".encode()


def raw_1() -> bytes:
    """RAW of DIFFRAC AT, version 1: one range."""
    head = struct.pack("<4sIffIIffff", b"RAW ", COUNTS.size, 1.0, STEP, 0, 0, START, START / 2, -1e6, -1e6)
    head += b"made".ljust(32, b"\0") + struct.pack("<ff", KA1, KA2)
    return head + bytes(72) + struct.pack("<I", 0) + COUNTS.astype("<f4").tobytes()


def raw_2() -> bytes:
    """RAW2 of DIFFRAC AT."""
    head = bytearray(256)
    struct.pack_into("<4sH", head, 0, b"RAW2", 1)
    struct.pack_into("<2sfff", head, 188, b"Cu", KA1, KA2, RATIO)
    block = bytearray(64)
    struct.pack_into("<HHIfff", block, 0, 64, COUNTS.size, 0, 1.0, STEP, START)
    struct.pack_into("<H", block, 46, 298)
    return bytes(head + block) + COUNTS.astype("<f4").tobytes()


def raw_3(*, supplementary: int = 8, ranges: int = 1) -> bytes:
    """RAW1.01 of DIFFRAC plus."""
    head = bytearray(712)
    head[:8] = b"RAW1.01\0"
    struct.pack_into("<II", head, 8, 1, ranges)
    struct.pack_into("<f", head, 564, 173.0)
    struct.pack_into("<ddddd", head, 616, 1.5418, KA1, KA2, 1.39225, RATIO)
    block = bytearray(304)
    struct.pack_into("<IIdd", block, 0, 304, COUNTS.size, START / 2, START)
    struct.pack_into("<d", block, 176, STEP)
    struct.pack_into("<fI", block, 192, 1.0, 0)
    struct.pack_into("<IIII", block, 248, 0, 4, supplementary, 0)
    return bytes(head) + ranges * (bytes(block) + bytes(supplementary) + COUNTS.astype("<f4").tobytes())


def raw_4(*, record: int = 8, scan: bytes = b"Locked Coupled") -> bytes:
    """RAW4.00 of DIFFRAC suite."""
    head = bytearray(61)
    head[:8] = b"RAW4.00\0"
    head[12:34] = b"04/07/2025\0\0" + b"20:48:56\0\0"
    source = bytearray(136)
    struct.pack_into("<II", source, 0, 30, 136)
    struct.pack_into("<ddddd", source, 72, 1.5418, KA1, KA2, 1.39225, RATIO)
    source[116:118] = b"Cu"
    drive = bytearray(92)
    struct.pack_into("<III", drive, 0, 50, 92, 1)
    drive[12:18] = b"2Theta"
    struct.pack_into("<d", drive, 56, START)
    block = bytearray(160)
    block[32 : 32 + len(scan)] = scan
    struct.pack_into("<ddIf", block, 72, START, STEP, COUNTS.size, 500.0)
    struct.pack_into("<d", block, 112, KA1)
    struct.pack_into("<II", block, 136, record, len(drive))
    records = np.zeros((COUNTS.size, record // 4), dtype="<f4")
    records[:, 0] = COUNTS
    return bytes(head + source + block + drive) + records.tobytes()


def archive(members: dict[str, str]) -> bytes:
    """A zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    return buffer.getvalue()


def brml() -> bytes:
    """BRML of a coupled scan with a point detector."""
    rows = "".join(
        f"<Datum>1,1,{angle},{angle / 2},{count}</Datum>" for angle, count in zip(ANGLES, COUNTS, strict=True)
    )
    return archive({
        "experimentCollection.xml": "<a/>",
        "Experiment0/RawData0.xml": f"""<?xml version="1.0"?>
<RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><TimeStampStarted>2023-01-26T15:23:09.8371528+01:00
</TimeStampStarted><DataRoutes><DataRoute><ScanInformation ScanName="LockedCoupled" VisibleName="Coupled"><ScanAxes>
<ScanAxisInfo AxisId="TwoTheta"/><ScanAxisInfo AxisId="Theta"/></ScanAxes></ScanInformation>{rows}<DataViews>
<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime" Unit="s"/>
<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor"/>
<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying><FieldDefinitions FieldName="TwoTheta"/>
<FieldDefinitions FieldName="Theta"/></Varying></RawDataView>
<RawDataView xsi:type="RecordedRawDataView" Start="4" Length="1"/></DataViews></DataRoute></DataRoutes>
<WaveLengthAlpha1 Unit="A" Value="{KA1}"/><WaveLengthAlpha2 Unit="A" Value="{KA2}"/><WaveLengthRatio Value="{RATIO}"/>
</RawData>""",
    })  # fmt: skip


def ras(*, rows: str | None = None, axis: str = "TwoTheta/Theta") -> bytes:
    """RAS of Rigaku."""
    body = rows or "\n".join(f"{angle:.4f} {count:.4f} 1.0000" for angle, count in zip(ANGLES, COUNTS, strict=True))
    return f"""*RAS_DATA_START
*RAS_HEADER_START
*FILE_SAMPLE "made"
*HW_XG_TARGET_NAME "Cu"
*HW_XG_WAVE_LENGTH_ALPHA1 "{KA1}"
*HW_XG_WAVE_LENGTH_ALPHA2 "{KA2}"
*MEAS_COND_AXIS_NAME-3 "Temp"
*MEAS_COND_AXIS_POSITION-3 "100"
*MEAS_COND_AXIS_UNIT-3 "C"
*MEAS_SCAN_AXIS_X "{axis}"
*MEAS_SCAN_START_TIME "06/11/26 13:59:11"
*MEAS_SCAN_UNIT_Y "counts"
*RAS_HEADER_END
*RAS_INT_START
{body}
*RAS_INT_END
*RAS_DATA_END
""".encode()


def rasx() -> bytes:
    """RASX of Rigaku."""
    rows = "\n".join(f"{angle:.4f}\t{count}\t1" for angle, count in zip(ANGLES, COUNTS, strict=True))
    return archive({
        "root.xml": "<Root/>", "Data0/Profile0.txt": "\ufeff" + rows,
        "Data0/MesurementConditions0.xml": f"""<MeasurementConditions><XrayGenerator><TargetName>Cu</TargetName>
<WavelengthKalpha1>{KA1}</WavelengthKalpha1><WavelengthKalpha2>{KA2}</WavelengthKalpha2></XrayGenerator>
<Axes><Axis Name="Temp" Unit="C" Position="100"/></Axes><ScanInformation><AxisName>TwoThetaTheta</AxisName>
<IntensityUnit>counts</IntensityUnit></ScanInformation></MeasurementConditions>""",
    })  # fmt: skip


def asc() -> bytes:
    """The older text of Rigaku."""
    return f"""*TYPE = Raw
*GROUP_COUNT = 1
*BEGIN
*GROUP = 0
*START = {START}
*STOP = 49.98
*STEP = {STEP}
*WAVE_LENGTH1 = {KA1}
*WAVE_LENGTH2 = {KA2}
*COUNT = {COUNTS.size}
{in_lines(COUNTS, 4, ", ")}
*END
*EOF
""".encode()


def uxd(*, pairs: bool = True) -> bytes:
    """UXD of Bruker; pairs have angles of four digits."""
    body = "\n".join(f"{angle:.4g}\t{count}" for angle, count in zip(ANGLES, COUNTS, strict=True))
    return f"""; made
_FILEVERSION=2
_SAMPLE='made'
_GONIOMETER_RADIUS=200.5
_DATEMEASURED='04-Mar-2010 20:59:14'
_WL1={KA1}
_WL2={KA2}
_WLRATIO={RATIO}
; (Data for Range number 1)
_DRIVE='COUPLED'
_STEPTIME=0.5
_STEPSIZE={STEP}
_START={START}
_2THETA={START}
{"_2THETACOUNTS" if pairs else "_COUNTS"}
{body if pairs else in_lines(COUNTS, 8, chr(9))}
""".encode()


def udf() -> bytes:
    """UDF of Philips."""
    return f"""SampleIdent,made ,/
Anode, Cu ,/
LabdaAlpha1, {KA1},/
LabdaAlpha2, {KA2},/
RatioAlpha21, {RATIO},/
DataAngleRange, {START}, 49.98,/
ScanStepSize, {STEP},/
ScanStepTime, 1.00,/
RawScan
{in_lines(COUNTS, 8, ", ")}/
""".encode()


def rd() -> bytes:
    """RD of Philips: ten times the root of the counts."""
    head = bytearray(250)
    head[:4] = b"V3RD"
    struct.pack_into("<ddd", head, 214, STEP, START, START + STEP * (COUNTS.size - 1))
    return bytes(head) + np.round(10 * np.sqrt(COUNTS)).astype("<u2").tobytes()


def pdcif() -> bytes:
    """CIF with a measured pattern."""
    rows = "\n".join(f"{angle:.2f} {count}" for angle, count in zip(ANGLES, COUNTS, strict=True))
    return f"""data_made
_diffrn_ambient_temperature 373.15
loop_
_diffrn_radiation_wavelength_id
_diffrn_radiation_wavelength
1 {KA1}
2 {KA2}
loop_
_pd_meas_2theta_scan
_pd_meas_counts_total
{rows}
""".encode()


def chi(wavelength_A: float) -> bytes:
    """CHI of Fit2D, over q."""
    q_per_nm = 40 * np.pi * np.sin(np.radians(ANGLES / 2)) / wavelength_A
    rows = "\n".join(f" {q:.9e} {count:.7e}" for q, count in zip(q_per_nm, COUNTS, strict=True))
    return f"made.chi\nQ (Inverse Nanometres)\nIntensity\n      {ANGLES.size}\n{rows}\n".encode()


ALL = {
    "xrdml": xrdml(), "raw1": raw_1(), "raw2": raw_2(), "raw3": raw_3(), "raw4": raw_4(), "brml": brml(), "ras": ras(),
    "rasx": rasx(), "asc": asc(), "uxd": uxd(), "uxd-counts": uxd(pairs=False), "udf": udf(), "cif": pdcif(),
}  # fmt: skip
"""By kind."""


def phase_cif(symmetry: str) -> str:
    """A CIF of a salt with this symmetry, with displacements of both kinds, charges and a partly filled site."""
    axes = "".join(f"_cell_length_{name} 5.64\n_cell_angle_{angle} 90\n" for name, angle in
                   zip("abc", ("alpha", "beta", "gamma"), strict=True))  # fmt: skip
    sites = "_atom_site_label\n_atom_site_type_symbol\n" + "".join(f"_atom_site_fract_{axis}\n" for axis in "xyz")
    tensor = "".join(f"_atom_site_aniso_U_{pair}\n" for pair in ("11", "22", "33", "12", "13", "23"))
    return (
        f"data_salt\n{axes}_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 4\n{symmetry}\nloop_\n{sites}"
        "_atom_site_occupancy\n_atom_site_U_iso_or_equiv\nNa1 Na1+ 0 0 0 0.98(1) 0.021(2)\nCl1 Cl1- .5 .5 .5 1 .\n"
        f"loop_\n_atom_site_aniso_label\n{tensor}Cl1 .02 .02 .02 0 0 0\n"
    )
