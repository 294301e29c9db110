#!/bin/sh
# The experiment of figure 3c for the record: o-NBH with the masses of BH4, of B12H12 and of both times 1, 4 and 10.
#
# NPT at 0 GPa as in the paper: the barrier is then one at constant pressure (the cell of the file, held fixed, is under
# 1.2 GPa at 1100 K), and densities that agree over all masses say that the runs are equilibrated.
# 600 to 850 K, even in 1/T: below, 50 ps see too few hops; above, cages of the embedded potential break.
# 5 ps of equilibration: with ten times the mass an anion is 3.2 times slower than one that 1.5 ps are enough for.
# The active fraction is counted over half of the production, where an ion's MSD averages over 25 ps of time origins.
#
# Usage: scripts/rotor_o_nbh.sh OUT [more options of `paddlewheel rotor`, which override those here]
set -eu
out=$1
shift
exec paddlewheel rotor o-nbh --potential nep-nabh --anions BH4,B12H12,all --factors 1,4,10 \
    --temperatures 600,675,750,850 --ensemble npt --supercell 2x1x2 --equilibrate-ps 5 --production-ps 50 \
    --active-window-ps 25 --seed 1 --out "$out" "$@"
