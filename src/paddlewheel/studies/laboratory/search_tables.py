"""Which phases of `--candidates` are in a pattern, and why not the others: tables of a report."""

from __future__ import annotations

from paddlewheel.page.numbers import ABSENT, plain
from paddlewheel.page.page import Listing
from paddlewheel.page.tables import Cell, Table, filled
from paddlewheel.studies.laboratory.xrd_search import XrdIdentification

SEARCH_METHOD = (
    "Each candidate is weighed by the fall of chi² that it brings beside those found before it, in a quick fit in "
    "which an intensity is known to 15 %. By chance: the largest fall that the same phase brings with its cell swollen "
    "or shrunk by 4 to 16 %. A phase is found where its fall is four times that and three times the cost of its "
    "parameters, and its strong lines are there and clear of the others'."
)


def search_tables(found: XrdIdentification | None, where: str = "") -> list[Table | None]:
    """The candidates with their evidence, and the peaks that none explains; `where` names the pattern."""
    return [] if found is None else [_candidate_table(found, where), _unexplained_table(found, where)]


def _candidate_table(found: XrdIdentification, where: str) -> Table:
    table = Table(
        f"Candidates{where}, {found.n_candidates} in all: those found, and the nearest of the others",
        [("Phase", ""), ("Found", ""), ("Fall of χ²", ""), ("By chance", ""), ("Gain of BIC", ""),
         ("Strong lines there", "%"), ("Share of intensity", "%"), ("Cell", "%"), ("Looks the same", ""),
         ("Why not", "")],
    )  # fmt: skip
    for each in found.candidates:
        table.rows.append(
            [
                Cell(each.name, each.formula),
                Cell("yes" if each.is_found else "no"),
                Cell(plain(each.chi2_gain)),
                Cell(plain(each.chance_chi2_gain)),
                Cell(plain(each.bic_gain)),
                Cell(plain(100 * each.lines_there) if each.n_strong_lines else ABSENT),
                Cell(plain(100 * each.intensity_share) if each.is_found else ABSENT),
                Cell(f"{each.cell_shift_percent:+.2f}"),
                Cell(", ".join(each.alike)),
                Cell(each.reason or ""),
            ]
        )
    return filled(table)


def _unexplained_table(found: XrdIdentification, where: str) -> Table | None:
    if not found.unexplained:
        return None
    table = Table(f"Peaks that no phase explains{where}", [("2θ", "°"), ("d", "Å"), ("Height over the highest", "%")])
    table.rows.extend(
        [Cell(f"{peak.two_theta_deg:.2f}"), Cell(f"{peak.d_A:.3f}"), Cell(plain(100 * peak.relative_height, 2))]
        for peak in found.unexplained
    )
    return table


def left_out(found: XrdIdentification | None) -> list[Listing]:
    """Which CIFs of the folder could not be read."""
    return [Listing(title="Files that were left out", lines=found.left_out)] if found and found.left_out else []
