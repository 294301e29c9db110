"""Values on the grid of a periodic cell as files for other programs: cube, CHGCAR, VTK.

All take values `[n_a, n_b, n_c]` at the grid points `(i, j, k) / n` of the cell: point (0, 0, 0) is the origin.
"""

from paddlewheel.crystals.volumetric.chgcar import write_chgcar
from paddlewheel.crystals.volumetric.cube import write_cube
from paddlewheel.crystals.volumetric.vtk import write_vti, write_vts

__all__ = ["write_chgcar", "write_cube", "write_vti", "write_vts"]
