"""How to cite what a run used."""

from __future__ import annotations

from paddlewheel.records import Citation

_METHODS = {
    "nvt": Citation(
        what="Nose-Hoover chains",
        reference="Martyna, Klein, Tuckerman, J. Chem. Phys. 97, 2635 (1992)",
        doi="10.1063/1.463940",
    ),
    "npt": Citation(
        what="Martyna-Tobias-Klein barostat",
        reference="Martyna, Tobias, Klein, J. Chem. Phys. 101, 4177 (1994)",
        doi="10.1063/1.467468",
    ),
    "langevin": Citation(
        what="Langevin integrator",
        reference="Vanden-Eijnden, Ciccotti, Chem. Phys. Lett. 429, 310 (2006)",
        doi="10.1016/j.cplett.2006.07.086",
    ),
    "nve": Citation(
        what="velocity Verlet",
        reference="Swope, Andersen, Berens, Wilson, J. Chem. Phys. 76, 637 (1982)",
        doi="10.1063/1.442716",
    ),
}

_ASE = Citation(
    what="integrators and structures (ASE)",
    reference="Larsen et al., J. Phys.: Condens. Matter 29, 273002 (2017)",
    doi="10.1088/1361-648X/aa680e",
)
_PARSL = Citation(
    what="parallel execution (Parsl)", reference="Babuji et al., HPDC 2019, 25-36", doi="10.1145/3307681.3325400"
)
_PYMATGEN = Citation(
    what="structure files (pymatgen)",
    reference="Ong et al., Comput. Mater. Sci. 68, 314 (2013)",
    doi="10.1016/j.commatsci.2012.10.028",
)
_ANALYSIS = (
    Citation(
        what="diffusivity by generalized least squares on the MSD",
        reference="Bullerjahn, von Buelow, Hummer, J. Chem. Phys. 153, 024116 (2020)",
        doi="10.1063/5.0008312",
    ),
    Citation(
        what="covariance of the MSD, Bayesian view",
        reference="McCluskey, Coles, Morgan, J. Chem. Theory Comput. 21, 79 (2025)",
        doi="10.1021/acs.jctc.4c01249",
    ),
    Citation(
        what="unwrapping in a changing cell",
        reference="von Buelow, Bullerjahn, Hummer, J. Chem. Phys. 153, 021101 (2020)",
        doi="10.1063/5.0008316",
    ),
    Citation(
        what="active ions, o-NBH and its potential",
        reference="Oh, Yu, Huang et al., Joule 9, 102130 (2025)",
        doi="10.1016/j.joule.2025.102130",
    ),
)

_ROTATION = (
    Citation(
        what="best rotation between two sets of atoms",
        reference="Kabsch, Acta Cryst. A 32, 922 (1976)",
        doi="10.1107/S0567739476001873",
    ),
    Citation(
        what="the same by quaternions",
        reference="Theobald, Acta Cryst. A 61, 478 (2005)",
        doi="10.1107/S0108767305015266",
    ),
    Citation(
        what="rotation of a body that vibrates",
        reference="Eckart, Phys. Rev. 47, 552 (1935)",
        doi="10.1103/PhysRev.47.552",
    ),
    Citation(
        what="rotation speed (eq. 5), o-NBH",
        reference="Oh, Yu, Huang et al., Joule 9, 102130 (2025)",
        doi="10.1016/j.joule.2025.102130",
    ),
)


def analysis_citations() -> list[Citation]:
    """References of the transport analysis."""
    return list(_ANALYSIS)


def dynamics_citations(ensemble: str) -> list[Citation]:
    """References of the dynamics and of the programs behind it."""
    return [_METHODS[ensemble], _ASE, _PARSL, _PYMATGEN]


def rotation_citations() -> list[Citation]:
    """References of the analysis of turning anions."""
    return list(_ROTATION)


_SPGLIB = Citation(
    what="space groups (spglib)",
    reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024)",
    doi="10.1080/27660400.2024.2384822",
)
_DENSITY = (
    Citation(
        what="percolation by union-find",
        reference="Newman, Ziff, Phys. Rev. E 64, 016706 (2001)",
        doi="10.1103/PhysRevE.64.016706",
    ),
    Citation(
        what="when a cluster wraps around a periodic cell",
        reference="Machta, Choi, Lucke, Schweizer, Chayes, Phys. Rev. E 54, 1332 (1996)",
        doi="10.1103/PhysRevE.54.1332",
    ),
    Citation(
        what="3D view (3Dmol.js)",
        reference="Rego, Koes, Bioinformatics 31, 1322 (2015)",
        doi="10.1093/bioinformatics/btu829",
    ),
)


def density_citations(*, symmetrized: bool) -> list[Citation]:
    """References of `density`; those of the space group where one was used."""
    unwrapping = [citation for citation in _ANALYSIS if citation.what.startswith("unwrapping")]
    return [*unwrapping, *_DENSITY, *([_SPGLIB] if symmetrized else [])]
