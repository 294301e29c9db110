"""The pellet of a measurement: given by its sizes, or by the file of the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.eis.pellet import Pellet
from paddlewheel.lab.geometry import deviation, geometry, nominal
from paddlewheel.lab.ranges import Size, check_quantity
from paddlewheel.lab.sample import load_sample


def given_pellet(
    *,
    sample: str | Path | None,
    diameter_cm: float | None,
    thickness_cm: float | None,
    diameter_std_cm: float,
    thickness_std_cm: float,
    size: Size,
) -> tuple[str, Pellet | None]:
    """Name of the sample and its pellet; no name and None where nothing is given.

    Raises
    ------
    InputError
        For sizes beside a sample file, one size without the other, a file that is no sample, or an impossible pellet.
    """
    if sample is not None:
        if diameter_cm is not None or thickness_cm is not None:
            raise SettingsError("sizes and a sample file", where="geometry", remedy="give one of them")
        return pellet_of_sample(sample)
    if diameter_cm is None and thickness_cm is None:
        return "", None
    if diameter_cm is None or thickness_cm is None:
        raise SettingsError("one of diameter and thickness is missing", where="geometry", remedy="give both in cm")
    return "", Pellet(
        diameter_cm=diameter_cm,
        thickness_cm=thickness_cm,
        diameter_std_cm=diameter_std_cm,
        thickness_std_cm=thickness_std_cm,
        size=size,
    )


def pellet_of_sample(path: str | Path) -> tuple[str, Pellet]:
    """Name of a sample, and its pellet: a disc of the area of the die, as thick as the file says of the pellet.

    Raises
    ------
    DataError
        For a file that is no sample, or says no thickness of a pellet.
    """
    sample = load_sample(path)
    found = geometry(sample, where=path)
    if found.pellet_thickness_cm is None:
        if sample.thickness_um is not None:  # which no pellet has
            check_quantity("pellet.thickness_um", sample.thickness_um.value, where=path, size=sample.size)
        raise DataError("no thickness of a pellet", where=path, remedy="give pellet: {thickness_um: 2100}")
    diameter = (found.area_cm2 * 4 / np.pi) ** 0.5
    return sample.name, Pellet(
        diameter_cm=nominal(diameter),
        thickness_cm=nominal(found.pellet_thickness_cm),
        diameter_std_cm=deviation(diameter),
        thickness_std_cm=deviation(found.pellet_thickness_cm),
        size=sample.size,
    )
