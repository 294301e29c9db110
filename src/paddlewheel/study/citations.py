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
_RESCALING = (
    Citation(
        what="stochastic cell rescaling",
        reference="Bernetti, Bussi, J. Chem. Phys. 153, 114107 (2020)",
        doi="10.1063/5.0020514",
    ),
    Citation(
        what="anisotropic stochastic cell rescaling",
        reference="Del Tatto, Raiteri, Bernetti, Bussi, Appl. Sci. 12, 1139 (2022)",
        doi="10.3390/app12031139",
    ),
    _METHODS["nvt"],
)

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
UNWRAPPING = Citation(
    what="unwrapping in a changing cell",
    reference="von Buelow, Bullerjahn, Hummer, J. Chem. Phys. 153, 021101 (2020)",
    doi="10.1063/5.0008316",
)
SPGLIB = Citation(
    what="space groups (spglib)",
    reference="Togo, Shinohara, Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024)",
    doi="10.1080/27660400.2024.2384822",
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
    UNWRAPPING,
    Citation(
        what="active ions, o-NBH and its potential",
        reference="Oh, Yu, Huang et al., Joule 9, 102130 (2025)",
        doi="10.1016/j.joule.2025.102130",
    ),
)


def analysis_citations() -> list[Citation]:
    """References of the transport analysis."""
    return list(_ANALYSIS)


def dynamics_citations(ensemble: str, barostat: str = "mtk") -> list[Citation]:
    """References of the dynamics and of the programs behind it; the barostat is that of npt."""
    methods = _RESCALING if ensemble == "npt" and barostat == "rescaling" else (_METHODS[ensemble],)
    return [*methods, _ASE, _PARSL, _PYMATGEN]
