"""Climbing bands on fields whose saddles are known: a cosine, a fork, the surface of Muller and Brown."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator

from hopping import PERIOD_A, BARRIER_eV, Egg, Fork, MullerBrown
from paddlewheel.barriers.band import Profile
from paddlewheel.barriers.computed import BandSettings, ComputedHop, Keep, compute_hop
from paddlewheel.barriers.ends import Ends, vacancy_ends

TIGHT = BandSettings(n_images=7, fmax_eV_per_A=0.002, most_steps=2000)


def _ends(start: list[float], end: list[float]) -> Ends:
    atoms = [Atoms("Na", positions=[place], cell=[20, 20, 20], pbc=True) for place in (start, end)]
    return Ends(
        start=atoms[0], end=atoms[1], moving=0, places_A=np.array([start, end]), own_start=np.array([0]),
        own_end=np.array([1]),
    )  # fmt: skip


def _computed(ends: Ends, field: Calculator, settings: BandSettings = TIGHT) -> ComputedHop:
    done = compute_hop(ends, field, settings=settings, watch=lambda _steps, _keep: False)
    assert done is not None
    return done


def _barriers(done: ComputedHop) -> tuple[float, float]:
    assert done.profile is not None
    energy = done.profile.energy_eV
    return float(energy.max() - energy[0]), float(energy.max() - energy[-1])


def test_a_cosine_has_its_barrier() -> None:
    done = _computed(_ends([0.1, 0.1, -0.1], [PERIOD_A - 0.1, 0, 0.1]), Egg())
    assert done.status == "ok"
    # a force of 0.002 eV/A on a curvature of 2 pi^2 B/a^2 = 0.68 eV/A^2 is an energy of 3e-6 eV
    assert _barriers(done) == pytest.approx((BARRIER_eV, BARRIER_eV), abs=1e-5)
    assert done.saddle is not None
    assert done.saddle.n_negative == 1
    # by differences over 0.02 A: sin(h)/h = 1 - 3e-4 of the curvature
    assert done.saddle.curvatures_eV_per_A2 == pytest.approx((-0.6799, 0.6799, 0.6799), abs=0.001)  # 2 pi^2 0.31/9
    assert done.saddle.std_eV < 1e-3


def test_few_images_climb_to_the_same_saddle() -> None:
    """Climbing needs no image near the saddle at the start: 4 images straddle it."""
    done = _computed(_ends([0, 0, 0], [PERIOD_A, 0, 0]), Egg(), BandSettings(n_images=4, fmax_eV_per_A=0.002))
    assert _barriers(done)[0] == pytest.approx(BARRIER_eV, abs=1e-5)


def test_a_hill_on_the_straight_line_is_left_for_the_pass() -> None:
    """By symmetry no force leads off the line; the hill is seen by its two negative curvatures."""
    done = _computed(_ends([0, 0, 0], [PERIOD_A, 0, 0]), Fork())
    assert done.status == "ok"
    assert _barriers(done)[0] == pytest.approx(BARRIER_eV, abs=1e-4)  # 3 B on the line


def test_muller_brown() -> None:
    """Published minima and saddles (doi 10.1007/BF00547608): A -146.700, B -108.167, between them -80.768, saddles
    -40.665 and -72.249."""
    done = _computed(_ends([-0.6, 1.4, 0], [0.6, 0.0, 0]), MullerBrown(), BandSettings(
        n_images=15, fmax_eV_per_A=0.005, most_steps=3000))  # fmt: skip
    assert done.status == "ok"
    assert _barriers(done) == pytest.approx((1.46700 - 0.40665, 1.08167 - 0.40665), abs=1e-3)
    assert done.profile is not None
    # a place to stay on the way: -80.768 below the lower saddle at -72.249; images may miss its bottom a little
    assert done.profile.dip_eV == pytest.approx(0.80768 - 0.72249, abs=0.02)
    assert done.profile.below_ends_eV == 0.0  # the minimum on the way is above both ends


def test_a_band_out_of_steps_is_refused() -> None:
    done = _computed(_ends([0, 0, 0], [PERIOD_A, 0, 0]), Fork(), BandSettings(fmax_eV_per_A=1e-3, most_steps=2))
    assert done.status == "not-converged"
    assert done.profile is None
    assert done.reason is not None
    assert "0.001 eV/A" in done.reason


def test_an_end_that_leaves_its_site_is_told() -> None:
    """Put beyond the hill, where L-BFGS would climb back, the ion rolls to the other end's site."""
    places = np.array([[0.0, 0, 0], [PERIOD_A, 0, 0]])
    start, end = (Atoms("NaCl", positions=[[x, 0, 0], [9, 9, 9]], cell=[21, 21, 21], pbc=True) for x in (1.8, 3.0))
    ends = Ends(start=start, end=end, moving=0, places_A=places, own_start=np.array([0, -1]), own_end=np.array([1, -1]))
    done = _computed(ends, Egg())
    assert done.status == "end-left-site"
    assert done.reason == "the start of the hop does not last: Na 1 went 1.20 A, to another site"


def test_ends_at_one_place_are_one_site() -> None:
    ends = _ends([0.3, 0, 0], [-0.3, 0, 0])
    assert _computed(Ends(**{**vars(ends), "places_A": np.array([[0.1, 0, 0], [8.0, 0, 0]]), "own_end": np.array([0])}),
                     Egg()).status == "ends-meet"  # fmt: skip


def test_a_stopped_hop_goes_on_where_it_was() -> None:
    """Stopped at every few questions it comes to the same saddle."""
    ends, kept, asked, turns = _ends([0.2, 0.1, 0], [PERIOD_A, 0.1, 0.2]), None, 0, 0
    done = None

    def watch(_steps: int, keep: Keep) -> bool:
        nonlocal kept, asked
        asked += 1
        if asked % 9 == 0:
            kept = keep()
            return True
        return False

    while done is None:
        done = compute_hop(ends, Egg(), settings=TIGHT, watch=watch, kept=kept)
        turns += 1
        assert turns < 200
    assert turns > 2
    assert _barriers(done)[0] == pytest.approx(BARRIER_eV, abs=1e-5)


def test_ends_of_a_vacancy_keep_the_order_of_atoms() -> None:
    cell = Atoms("NaClNa", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5], [0.4, 0, 0]], cell=[6, 6, 6], pbc=True)
    ends = vacancy_ends(cell, (2, 2, 2), specie="Na", start=1, end=0, shift=(1, 0, 0))
    assert len(ends.start) == len(ends.end) == 23
    moved = np.linalg.norm(ends.end.positions - ends.start.positions, axis=1)
    assert np.flatnonzero(moved).tolist() == [ends.moving]
    assert moved[ends.moving] == pytest.approx(3.6)  # from 0.4 to 1.0 of 6 A
    whole = cell.repeat((2, 2, 2))
    full = {tuple(np.round(place, 6)) for place in whole.positions}
    missing = full - {tuple(np.round(place, 6)) for place in ends.start.positions}
    assert missing == {(6.0, 0.0, 0.0)}


def test_a_path_that_falls_below_its_ends_is_known_by_it() -> None:
    """Ends at 0 and 0.1 eV, and a place to rest at -0.3 eV between them; slopes are zero at all of these."""
    nothing = np.zeros(4)
    profile = Profile(
        distance_A=np.arange(4.0), energy_eV=np.array([0.0, 0.2, -0.3, 0.1]), slope_eV_per_A=nothing,
        extrapolation_grade=np.full(4, np.nan),
    )  # fmt: skip
    assert profile.below_ends_eV == pytest.approx(0.3, abs=1e-4)  # the fine grid passes by the minimum
    assert profile.dip_eV == pytest.approx(0.4, abs=1e-4)
