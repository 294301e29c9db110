"""Settings of `label`: who labels, by which settings, from where labels come."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from paddlewheel.studies.label.labelled_set import FUNCTIONAL
from paddlewheel.studies.simulation.settings import PotentialSettings
from paddlewheel.study.settings import Numbers, Paths, setting


class LabelSettings(PotentialSettings):
    """Settings of `label`."""

    # no default: that of `conduct` may be a student, whose labels are no truth
    potential: str | None = setting(None, "Who labels (see `potentials`); it has to be named")
    functional: str | None = setting(None, FUNCTIONAL)
    engine: Literal["vasp", "gpaw", "castep"] | None = setting(
        None, "Program that labels: vasp and castep by job folders (--write), gpaw here (extra gpaw)"
    )
    settings: Path | str | None = setting(
        None,
        "Of the program: paper, matpes, matpes-pbe, mp-r2scan or a YAML file; --from holds outputs to them",
    )
    write: Path | str | None = setting(
        None, "Folder to write the program's inputs to, a folder a frame with a submit.sh", only_with={"engine": True}
    )
    collect: Path | str | None = setting(
        None, "Folder of --write whose outputs are collected; with --again refused ones are written anew"
    )
    from_files: Paths = setting(
        (), "Outputs or labelled files to take labels from, or folders of them (more as arguments)", option="--from"
    )
    converge: bool = setting(
        False, "How the labels of the first frame change with cut-off and k-points, by GPAW; no data set",
        only_with={"engine": ("gpaw",)},
    )  # fmt: skip
    cutoffs_eV: Numbers = setting(
        (), "Cut-offs of --converge, eV; 0.6 to 1.4 times that of the settings by default", each=(20.0, 5000.0),
        only_with={"converge": True},
    )  # fmt: skip
    k_spacings_per_A: Numbers = setting(
        (), "Distances of k-points of --converge, 1/A with 2 pi; 1.6 to 0.6 times by default", each=(0.02, 10.0),
        only_with={"converge": True},
    )  # fmt: skip
    take_unsaid: bool = setting(
        False, "Take steps whose output does not say whether the electrons converged (.geom and .md alone)"
    )
    compare_with: str | None = setting(
        None, "Potential whose forces the labels are compared with: frames that stand apart are told"
    )

    def may_change(self) -> frozenset[str]:
        """Outputs that came or changed since: the labels are collected anew."""
        return super().may_change() | {"outputs"}
