"""Small files of every format that the tests of the readers share, written after the instruments' manuals."""

from __future__ import annotations

import struct

import numpy as np

MPT = """EC-Lab ASCII FILE
Nb header lines : 5
Galvanostatic Cycling with Potential Limitation

mode\tox/red\terror\tNs changes\tNs\ttime/s\tEwe/V\tI/mA\tdq/mA.h\t(Q-Qo)/mA.h\thalf cycle\tcycle number\t
1\t1\t0\t0\t0\t0,000\t3,0\t1,0\t0,0\t0,0\t0\t1,0\t
1\t1\t0\t0\t1\t3600,0\t3,4\t1,0\t1,0\t1,0\t0\t1,0\t
1\t0\t0\t0\t2\t7200,0\t2,9\t-1,0\t-1,0\t0,1\t1\t1,0\t
"""
GAMRY = """EXPLAIN
TAG\tCHRONOP
CURVE\tTABLE\t3
\tPt\tT\tVf\tIm\tVu\tSig\tAch\tIERange\tOver\tTemp
\t#\ts\tV vs. Ref.\tA\tV\tV\tV\t#\tbits\tdeg C
\t0\t0.1\t1.50\t1.0E-003\t0\t0\t0\t8\t...........\t25
\t1\t0.2\t1.60\t1.0E-003\t0\t0\t0\t8\t...........\t25
\t2\t0.3\t1.70\t-1.0E-003\t0\t0\t0\t8\t...........\t25
"""
GAMRY_EIS = """EXPLAIN
TAG\tEISPOT
ZCURVE\tTABLE
\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange
\t#\ts\tHz\tohm\tohm\tV\tohm\t°\tA\tV\t#
\t0\t2\t1e5\t10\t-1\t1\t10.05\t-5.7\t0\t0\t10
\t1\t3\t1e4\t12\t-5\t1\t13\t-22.6\t0\t0\t10
\t2\t4\t1e3\t20\t-9\t1\t21.9\t-24.2\t0\t0\t10
"""
ZPLOT = """ZPLOT2 ASCII
Sample:
End Comments
Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange
1.0E+5, 0.01, 0.0, 1.0, 10.0, -1.0, 0, 0, 1
1.0E+4, 0.01, 0.0, 2.0, 12.0, -5.0, 0, 0, 1
1.0E+3, 0.01, 0.0, 3.0, 20.0, -9.0, 0, 0, 1
"""
ARBIN = """Data_Point,Test_Time(s),Date_Time,Step_Time(s),Step_Index,Cycle_Index,Current(A),Voltage(V),\
Charge_Capacity(Ah),Discharge_Capacity(Ah)
1,0,01/02/2024 10:00:00,0,1,1,0.001,3.0,0,0
2,3600,01/02/2024 11:00:00,3600,1,1,0.001,3.4,0.001,0
3,7200,01/02/2024 12:00:00,3600,2,1,-0.001,2.9,0.001,0.0009
4,10800,01/02/2024 13:00:00,3600,3,2,0.001,3.4,0.002,0.0009
"""
MACCOR = """Today's Date 01/02/2024\tFilename: cell.001
Rec#\tCyc#\tStep\tTestTime\tStepTime\tAmp-hr\tWatt-hr\tAmps\tVolts\tState\tES\tDPt Time
1\t0\t1\t  0d 00:00:00.00\t  0d 00:00:00.00\t0.0\t0.0\t0.001\t3.0\tC\t0\t01/02/2024 10:00:00
2\t0\t1\t  0d 01:00:00.00\t  0d 01:00:00.00\t0.001\t0.003\t0.001\t3.4\tC\t1\t01/02/2024 11:00:00
3\t0\t2\t  0d 02:00:00.00\t  0d 01:00:00.00\t0.0009\t0.003\t0.001\t2.9\tD\t1\t01/02/2024 12:00:00
4\t0\t3\t  1d 02:00:00.00\t  1d 00:00:00.00\t0.0\t0.0\t0.0\t3.0\tR\t1\t01/03/2024 12:00:00
"""
LANDT = """Channel 001_1
Record\tCycle\tStep\tStep Type\tTest Time\tVoltage/V\tCurrent/uA\tCapacity/uAh\tSpeCap/mAh/g
1\t1\t1\tC_CC\t00:00:00\t3.0\t1000\t0\t0
2\t1\t1\tC_CC\t01:00:00\t3.4\t1000\t1000\t120
3\t1\t2\tD_CC\t02:00:00\t2.9\t-1000\t900\t108
"""
BDF = """Test Time / s,Voltage / V,Current / A,Unix Time / s,Cycle Count / 1,Ambient Temperature / degC
0,3.0,0.001,1700000000,1,25
3600,3.4,0.001,1700003600,1,25
7200,2.9,-0.001,1700007200,1,26
"""


def mpr(rows: list[tuple], columns: list[tuple[int, str]], *, version: int = 3, n_rows: int | None = None) -> bytes:
    """A .mpr with one data module, as EC-Lab lays it out."""
    numbers = struct.pack("<IB", len(rows) if n_rows is None else n_rows, len(columns))
    numbers += b"".join(struct.pack("<H", number) for number, _ in columns)
    dtype = np.dtype([(str(place), kind) for place, (_, kind) in enumerate(columns)])
    content = numbers.ljust(406, b"\0") + np.array(rows, dtype=dtype).tobytes()
    header = b"MODULE" + b"VMP data  " + b"VMP data".ljust(25) + struct.pack("<II", len(content), version) + b"10/26/20"
    return b"BIO-LOGIC MODULAR FILE\x1a".ljust(48) + b"\0\0\0\0" + header + content


MPR = mpr([(0.0, 3.0, 1.0, 0.0), (3600.0, 3.4, 1.0, 1.0), (7200.0, 2.9, -1.0, 0.1)],
          [(4, "<f8"), (6, "<f4"), (8, "<f4"), (13, "<f8")])  # fmt: skip
