"""Points that Bruker's digital filter puts before the signal."""

from __future__ import annotations

from paddlewheel.lab.nmr.readers.bruker_parameters import Parameters


def group_delay_points(acqus: Parameters) -> tuple[float, str | None]:
    """Points before t = 0, and what there is to say of them.

    GRPDLY where the file has it; before TopSpin 1.3 it follows from the firmware DSPFVS and the decimation DECIM (the
    table is Bruker's, as nmrglue has it).
    """
    given = acqus.number("GRPDLY", -1.0)
    if given > 0:
        return given, None
    if acqus.integer("DIGMOD", 0) == 0:
        return 0.0, None
    from nmrglue.fileio.bruker import bruker_dsp_table

    firmware, decimation = acqus.integer("DSPFVS", 0), acqus.number("DECIM", 1)
    table = bruker_dsp_table.get(firmware)
    if table is not None and decimation == int(decimation) and int(decimation) in table:
        return float(table[int(decimation)]), None
    if given == 0 or decimation == 1:
        return 0.0, None
    return 0.0, (
        f"the delay of the digital filter is not known (no GRPDLY, DSPFVS {firmware}, DECIM {decimation:g}): 0 points "
        "taken; a phase linear in frequency is left"
    )
