"""Physical constants and conversions, each with its units in its name (CODATA 2018 through ase.units)."""

from __future__ import annotations

BOLTZMANN_eV_PER_K = 8.617333262145179e-05
BOLTZMANN_J_PER_K = 1.380649e-23
ELEMENTARY_CHARGE_C = 1.602176634e-19
ATOMIC_MASS_KG = 1.66053906660e-27

A2_PER_PS_IN_CM2_PER_S = 1e-4
"""1 A^2/ps = 1e-16 cm^2 / 1e-12 s."""

eV_PER_A3_IN_GPA = 160.21766208
U_PER_A3_IN_G_PER_CM3 = ATOMIC_MASS_KG * 1e3 / 1e-24
S_PER_M_IN_MS_PER_CM = 10.0

PER_CM_IN_eV = 1.2398419843320026e-4
"""hc / e times 100/m."""
THZ_IN_PER_CM = 33.35640951981521
KJ_PER_MOL_IN_eV = 1.0364269656262175e-2
