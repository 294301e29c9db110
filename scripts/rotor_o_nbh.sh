#!/bin/sh
# The experiment of figure 3c for the record: o-NBH with the masses of BH4, of B12H12 and of both times 1, 4 and 10.
#
# NVT at the cell of the file: masses cannot change the density, so a fixed cell takes nothing from the question, and
# takes away a source of noise (a cell that breathes) and of trouble (one that flows at the highest temperatures).
# 5 ps of equilibration: with ten times the mass an anion is 3.2 times slower than one that 1.5 ps are enough for.
# The active fraction is counted over half of the production, where an ion's MSD averages over 25 ps of time origins.
# Usage: scripts/rotor_o_nbh.sh OUT [more options of `paddlewheel rotor`, which override those here]
set -eu
out=$1
shift
exec paddlewheel rotor o-nbh --potential nep-nabh --anions BH4,B12H12,all --factors 1,4,10 \
    --temperatures 600,700,800,900 --ensemble nvt --supercell 2x1x2 --equilibrate-ps 5 --production-ps 50 \
    --active-window-ps 25 --seed 1 --out "$out" "$@"
