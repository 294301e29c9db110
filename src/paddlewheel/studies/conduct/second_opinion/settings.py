"""What `conduct` is told of second opinions."""

from __future__ import annotations

from paddlewheel.study.settings import Names, Settings, setting


class OpinionSettings(Settings):
    """Other potentials beside the one that runs; all of it may be asked for when the runs are finished."""

    second_opinion: Names = setting(
        (),
        "Other potentials (see `potentials`), which label frames of the runs: NAME[,NAME]. May be added later.",
        may_change=True,
    )
    second_opinion_frames: int = setting(
        100,
        "Frames that they label at each temperature, fewer where the run knows of itself for longer.",
        ge=2,
        le=100_000,
        may_change=True,
        only_with={"second_opinion": True},
    )
    second_opinion_ps: float = setting(
        0.0,
        "ps of production of runs with each of them at the same temperatures; 0: none.",
        ge=0,
        may_change=True,
        only_with={"second_opinion": True},
    )
