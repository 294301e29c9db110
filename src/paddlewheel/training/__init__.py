"""Potentials made here: data sets and their checks, sampling, fits."""

from __future__ import annotations

from paddlewheel.training.dataset import (
    Dataset,
    DatasetCard,
    card_path,
    merge_datasets,
    read_dataset,
    select_frames,
    split_by_block,
    split_by_source,
    split_dataset,
    write_dataset,
)
from paddlewheel.training.dataset_checks import check_frames, require_elements

__all__ = [
    "Dataset",
    "DatasetCard",
    "card_path",
    "check_frames",
    "merge_datasets",
    "read_dataset",
    "require_elements",
    "select_frames",
    "split_by_block",
    "split_by_source",
    "split_dataset",
    "write_dataset",
]
