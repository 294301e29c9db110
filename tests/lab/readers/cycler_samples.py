"""Small cell tests as cyclers write them, after their published descriptions: a charge of 60 min at 1 mA, a rest, a
discharge of 57 min; 1 mAh and 0.95 mAh."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

MINUTES = np.concatenate([np.arange(0, 61, 3), np.arange(63, 72, 3), np.arange(72, 130, 3)]).astype(float)
CURRENT_mA = np.where(MINUTES <= 60, 1.0, np.where(MINUTES < 72, 0.0, -1.0))
STEP = np.where(MINUTES <= 60, 1, np.where(MINUTES < 72, 2, 3))
UP_mAh = np.minimum(MINUTES, 60) / 60
DOWN_mAh = (MINUTES - 72).clip(0) / 60
VOLTAGE_V = 3.0 + UP_mAh - DOWN_mAh
START = datetime(2024, 1, 30, 22, 0, 0)
DATES = [START + timedelta(minutes=float(minute)) for minute in MINUTES]
STEP_mAh = np.where(STEP == 1, UP_mAh, np.where(STEP == 3, DOWN_mAh, 0.0))


def rows(*columns: object, cut: str) -> str:
    """Lines of the columns, numbers with six digits."""
    cells = [[one if isinstance(one, str) else f"{one:.6f}" for one in column] for column in columns]  # type: ignore[attr-defined]
    return "\n".join(cut.join(row) for row in zip(*cells, strict=True)) + "\n"


def kinds(charge: str, rest: str, discharge: str) -> list[str]:
    return [{1: charge, 2: rest, 3: discharge}[int(step)] for step in STEP]


def whole(values: np.ndarray) -> list[str]:
    return [f"{int(value)}" for value in values]


def clock(minutes: np.ndarray) -> list[str]:
    return [f"{int(minute // 60):02d}:{int(minute % 60):02d}:00" for minute in minutes]


SINCE_STEP = MINUTES - np.where(STEP == 1, 0, np.where(STEP == 2, 60, 69))


def _layered() -> str:
    records = rows(
        whole(np.arange(1, len(MINUTES) + 1)), clock(SINCE_STEP), clock(MINUTES), CURRENT_mA / 1000, VOLTAGE_V,
        STEP_mAh / 1000, [f"{date:%Y-%m-%d %H:%M:%S}" for date in DATES], cut=",",
    ).splitlines()  # fmt: skip
    text = "Cycle Index,Chg. Cap.(Ah),DChg. Cap.(Ah)\n,Step Index,Step Number,Step Type,Step Time,Capacity(Ah)\n"
    text += ",,DataPoint,Time,Total Time,Current(A),Voltage(V),Capacity(Ah),Date\n"
    for step, kind in ((1, "CC Chg"), (2, "Rest"), (3, "CC DChg")):
        text += "1,0.001,0.00095\n" if step == 1 else ""
        text += f",{step},{step},{kind},01:00:00,0.001\n"
        text += "".join(f",,{record}\n" for record, one in zip(records, STEP, strict=True) if one == step)
    return text


LAYERED = _layered()
PEC = "Test,Cycle,Step,Total_Time_Seconds,Step_Time_Seconds,Voltage_mV,Current_mA,Charge_Capacity_mAh," + (
    "Discharge_Capacity_mAh,Real_Time\n"
) + rows(["7"] * len(STEP), ["1"] * len(STEP), whole(STEP), 60 * MINUTES, 60 * SINCE_STEP, 1000 * VOLTAGE_V, CURRENT_mA,
         UP_mAh, DOWN_mAh, [f"{date:%Y-%m-%d %H:%M:%S}" for date in DATES], cut=",")  # fmt: skip
BASYTEC = """~Resultfile from Basytec Battery Test System
~Name of Test: made
~
~Time[h]\tDataSet\tDateTime\tt-Set[h]\tLine\tCommand\tU[V]\tI[A]\tAh[Ah]\tWh[Wh]\tT1[°C]\tCyc-Count\tState
""" + rows(MINUTES / 60, whole(np.arange(len(STEP))), [f"{date:%d.%m.%Y %H:%M:%S}" for date in DATES], SINCE_STEP / 60,
           whole(STEP), kinds("Charge", "Pause", "Discharge"), VOLTAGE_V, CURRENT_mA / 1000, (UP_mAh - DOWN_mAh) / 1000,
           0 * MINUTES, 25 + 0 * MINUTES, ["1"] * len(STEP), ["0"] * len(STEP), cut="\t")  # fmt: skip
IVIUM = "time/s\tE/V\tI/A\n" + rows(60 * MINUTES, VOLTAGE_V, CURRENT_mA / 1000, cut="\t")
NOVONIX = "[Summary]\nCell: made\n[End Summary]\n[Data]\n" + "".join(
    f'"{line}"\n'
    for line in [
        "Date and Time,Cycle Number,Step Type,Run Time (h),Step Time (h),Current (A),Potential (V),Capacity (Ah),"
        "Temperature (°C),Step Number",
        *rows([f"{date:%Y-%m-%d %I:%M:%S %p}" for date in DATES], ["1"] * len(STEP),
              ["1" if one > 0 else "2" if one < 0 else "0" for one in CURRENT_mA], MINUTES / 60, SINCE_STEP / 60,
              CURRENT_mA / 1000, VOLTAGE_V, STEP_mAh / 1000, 25 + 0 * MINUTES, whole(STEP), cut=",").splitlines(),
    ]
)  # fmt: skip
MACCOR_MINUTES = "Name:\tmade\nStarted\t1/30/2024 10:00:00 PM\n\n" + (
    "Rec\tCycle P\tCycle C\tStep\tTestTime\tStepTime\tCap. [Ah]\tCurrent [A]\tVoltage [V]\tMd\tDPT Time\n\n"
) + rows(whole(np.arange(len(STEP))), ["0"] * len(STEP), ["1"] * len(STEP), whole(STEP), MINUTES, SINCE_STEP,
         STEP_mAh / 1000, np.abs(CURRENT_mA) / 1000, VOLTAGE_V, kinds("C", "R", "D"),
         [f"{date.month}/{date.day}/{date:%Y %I:%M:%S %p}" for date in DATES], cut="\t")  # fmt: skip
ARBIN_BARE = "Data_Point,Test_Time,DateTime,Step_Index,Cycle_Index,Current,Voltage,Charge_Capacity," + (
    "Discharge_Capacity,Temperature\n"
) + rows(whole(np.arange(len(STEP))), 60 * MINUTES, [f"{date.timestamp():.2f}" for date in DATES], whole(STEP),
         ["1"] * len(STEP), CURRENT_mA / 1000, VOLTAGE_V, UP_mAh / 1000, DOWN_mAh / 1000, 25.2 + 0 * MINUTES,
         cut=",")  # fmt: skip
BDF_TEXT = "Test Time / h,Current / A,Voltage / V,Protocol Name / 1,Step Type / 1,Cycle Count / 1,Step Index / 1," + (
    "Charge Capacity / Ah,Discharge Capacity / Ah\n"
) + rows(MINUTES / 60, -CURRENT_mA / 1000, VOLTAGE_V, ["0"] * 30 + ["A with temperature: 15"] * (len(STEP) - 30),
         kinds("charge", "rest", "discharge"), ["1"] * len(STEP), whole(STEP), UP_mAh / 1000, DOWN_mAh / 1000,
         cut=",")  # fmt: skip
SAMPLES = {"Neware, layered": LAYERED, "PEC": PEC, "Basytec": BASYTEC, "Ivium": IVIUM, "Novonix": NOVONIX,
           "Maccor in minutes": MACCOR_MINUTES, "Arbin without units": ARBIN_BARE,
           "BDF, current turned": BDF_TEXT}  # fmt: skip
