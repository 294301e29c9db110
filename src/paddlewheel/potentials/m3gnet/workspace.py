"""Buffers that outlive an evaluation, so that dynamics does not fault in the same pages at every step."""

from __future__ import annotations

import numpy as np
import torch


class Workspace:
    """Named two-dimensional buffers, grown when they must be, handed out as views of their first rows."""

    def __init__(self, *, device: torch.device, dtype: torch.dtype) -> None:
        self.device, self.dtype = device, dtype
        self._buffers: dict[str, torch.Tensor] = {}

    def rows(self, name: str, n_rows: int, width: int) -> torch.Tensor:
        """`[n_rows, width]`, contents undefined; valid until the same name is asked for again."""
        buffer = self._buffers.get(name)
        if buffer is None or buffer.shape[0] < n_rows or buffer.shape[1] != width:
            buffer = self._allocate(n_rows + n_rows // 16, width)
            self._buffers[name] = buffer
        return buffer[:n_rows]

    def _allocate(self, n_rows: int, width: int) -> torch.Tensor:
        if self.device.type != "cpu":
            return torch.empty((n_rows, width), device=self.device, dtype=self.dtype)
        # numpy asks for huge pages, torch does not: these arrays are streamed through once per pass
        return torch.from_numpy(np.empty((n_rows, width), dtype=str(self.dtype).removeprefix("torch.")))

    def nbytes(self) -> int:
        """Bytes held."""
        return sum(buffer.numel() * buffer.element_size() for buffer in self._buffers.values())


def sum_rows(rows: torch.Tensor, order: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Sums over groups of rows: `[n_groups, width]`, group g holding the rows `order[starts[g]:starts[g + 1]]`.

    One thread adds the rows of a group in their order, so the sums are the same on every call.
    """
    return torch.ops.aten._embedding_bag_forward_only(rows, order, starts, False, 0, False, None, False, -1)[0]
