"""What the tags of VASP say of a calculation: from the INCAR as it was read, what became of it, and the POTCARs.

Tags and their values: vasp.at/wiki, of METAGGA, GGA, LHFCALC, IVDW, LDAU, ISMEAR, ALGO, ICHARG, ML_LMLFF, IMAGES.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from paddlewheel.firstprinciples.functionals import functional_name
from paddlewheel.firstprinciples.setups import Setup
from paddlewheel.units import eV_PER_A3_IN_GPA

KB_PER_EV_A3 = 10 * eV_PER_A3_IN_GPA
"""kB (kilobar, VASP's unit of stress) of 1 eV/A^3."""
U_OF = "U of "
"""How corrections begin that belong to one element."""
DISPLACEMENTS = (5, 6, 7, 8)
"""IBRION of finite differences and of perturbation theory."""
_FAMILIES = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "US_GGA": "PW91", "PAW_LDA": "LDA", "PAW": "LDA", "US": "LDA"}
"""Functional of a POTCAR by the first word of its title; PAW and US alone are of LDA."""
_LEXCH = {"PE": "PBE", "91": "PW91", "CA": "LDA"}
"""Functional of a POTCAR by its LEXCH, which an OUTCAR repeats."""
_GGA = {
    "91": "PW91", "PE": "PBE", "RE": "revPBE", "RP": "RPBE", "AM": "AM05", "PS": "PBEsol", "CA": "LDA", "B3": "B3LYP",
    "B5": "B3LYP", "BF": "BEEF", "OR": "optPBE", "BO": "optB88", "MK": "optB86b", "ML": "rPW86", "CX": "cx",
}  # fmt: skip
"""GGA as VASP takes it; without it, or with --, the POTCARs decide."""
_LDA = ("LDA",)
_UNSET = ("", "--", "NONE", "F", "T", ".FALSE.", "FALSE")
_DISPERSION = {
    1: "D2", 10: "D2", 11: "D3(0)", 12: "D3(BJ)", 13: "D4", 2: "TS", 20: "TS", 21: "TS-HI", 202: "MBD", 263: "MBD-FI",
    3: "ulg", 4: "dDsC",
}  # fmt: skip
_SMEARINGS = {0: "gaussian", -1: "fermi", -2: "none", -3: "none", -4: "tetrahedron", -5: "tetrahedron",
              -14: "tetrahedron", -15: "tetrahedron"}  # fmt: skip
_SELF_CONSISTENT = ("NORMAL", "VERYFAST", "FAST", "CONJUGATE", "ALL", "DAMPED", "N", "V", "F", "A", "C", "D", "I")
_NOT_SELF_CONSISTENT = {2: "None", 3: "Eigenval", 4: "Subrot", 90: "Exact"}
"""IALGO of what leaves the electrons as they are."""


@dataclass(frozen=True, kw_only=True)
class Tags:
    """Tags of a calculation with names in capitals, values as text.

    Attributes
    ----------
    incar
        What the INCAR had, as far as the output repeats it.
    resolved
        What the program made of it.
    """

    incar: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value of a tag, what became of it before what the INCAR had; empty where neither says it."""
        return self.resolved.get(name, self.incar.get(name, "")).strip()

    def number(self, name: str) -> float | None:
        """As `text`, as a number; None where it is none, or not finite."""
        value = number_of(self.text(name))
        return value if value is not None and math.isfinite(value) else None

    def whole(self, name: str) -> int | None:
        """As `number`, None where it is not whole."""
        value = self.number(name)
        return int(value) if value is not None and value == int(value) else None

    def is_on(self, name: str) -> bool:
        """Whether a logical tag is true."""
        return self.text(name).strip(".").upper().startswith("T")


def number_of(text: str) -> float | None:
    """The number of a text, also as Fortran writes it (1D-5); None where it is none."""
    try:
        return float(re.sub(r"[dD](?=[-+]?\d)", "e", text.split()[0])) if text.split() else None
    except ValueError:
        return None


def mesh_of(text: str) -> tuple[int, int, int] | None:
    """Three divisions of a mesh of k-points; None where there are others."""
    divisions = [int(word) for word in text.split() if word.isdigit()]
    return (divisions[0], divisions[1], divisions[2]) if len(divisions) == 3 and min(divisions) > 0 else None


def setup_of(
    tags: Tags,
    *,
    code: str,
    titles: Sequence[tuple[str, str]],
    k_mesh: tuple[int, int, int] | None,
    electrons_of_neutral: float | None,
    lexch: Sequence[str] = (),
) -> tuple[Setup, tuple[str, ...]]:
    """The setup that tags and potentials make, and what contradicts itself in it or makes no labels.

    Parameters
    ----------
    tags
        Of the output.
    code
        Program and version.
    titles
        Element and title of the POTCAR of each type of atoms.
    k_mesh
        Divisions of the k-points.
    electrons_of_neutral
        Of the cell without a charge, where that is known.
    lexch
        LEXCH of the POTCARs, where the output repeats it.
    """
    functional, wrong = _functional(tags, titles, lexch)
    spin = tags.whole("ISPIN")
    setup = Setup(
        code=code,
        functional=functional,
        cutoff_eV=tags.number("ENMAX") if "ENMAX" in tags.resolved else tags.number("ENCUT"),
        k_mesh=k_mesh,
        spin_polarized=None if spin is None else spin == 2 or tags.is_on("LNONCOLLINEAR"),
        smearing=smearing_of(tags),
        energy_tolerance_eV=tags.number("EDIFF"),
        pseudopotentials=tuple(sorted({(element, " ".join(title.split())) for element, title in titles})),
        corrections=corrections_of(tags, [element for element, _ in titles]) + _charge(tags, electrons_of_neutral),
    )
    wrong += [
        f"the atoms are {element}, their POTCAR is {' '.join(title.split())}"
        for element, title in titles
        if (of_title := element_of_title(title)) and of_title != element
    ]
    return setup, (*wrong, *_no_labels(tags))


def element_of_title(title: str) -> str:
    """The element of the title of a POTCAR such as ``PAW_PBE Na_pv 19Sep2006``; empty where it has none."""
    words = title.split()
    found = re.match(r"[A-Z][a-z]?", words[1]) if len(words) > 1 and words[0].upper() in _FAMILIES else None
    return found[0] if found else ""


def smearing_of(tags: Tags) -> str | None:
    """Method and width of the occupations in words, as in `Setup.smearing`."""
    method, width = tags.whole("ISMEAR"), tags.number("SIGMA")
    if method is None:
        return None
    if method > 0:
        order = "" if method == 1 else f" of order {method}"
        return f"methfessel-paxton{order} {width:g} eV" if width is not None else f"methfessel-paxton{order}"
    name = _SMEARINGS.get(method, f"ISMEAR = {method}")
    return f"{name} {width:g} eV" if name in ("gaussian", "fermi") and width is not None else name


def corrections_of(tags: Tags, elements: Sequence[str]) -> tuple[str, ...]:
    """What is added to the functional, each in words with its numbers, sorted; elements in the order of the types."""
    found = _hubbard(tags, elements)
    dispersion = tags.whole("IVDW") or (1 if tags.is_on("LVDW") else 0)
    if dispersion:
        numbers = sorted(f"{name} {value.strip()}" for name, value in tags.incar.items() if name.startswith("VDW_"))
        found.append(", ".join([_DISPERSION.get(dispersion, f"IVDW = {dispersion}"), *numbers]))
    if tags.is_on("LUSE_VDW"):
        kernel = [f"{name} {tags.text(name)}" for name in ("BPARAM", "CPARAM", "ZAB_VDW") if tags.text(name)]
        found.append(", ".join(["nonlocal correlation", *kernel]))
    if tags.is_on("LASPH"):
        found.append("aspherical terms (LASPH)")
    if tags.is_on("LSORBIT"):
        found.append("spin-orbit")
    elif tags.is_on("LNONCOLLINEAR"):
        found.append("noncollinear")
    for name, words in (("LDIPOL", "dipole correction"), ("LSOL", "solvation"), ("LMONO", "monopole correction")):
        if tags.is_on(name):
            found.append(f"{words} ({name})")
    for name in ("EFIELD", "I_CONSTRAINED_M"):
        if tags.number(name):
            found.append(f"{name} {tags.text(name)}")
    if (moment := tags.number("NUPDOWN")) is not None and moment >= 0:
        found.append(f"moment held at {moment:g} (NUPDOWN)")
    return tuple(sorted(found))


def _hubbard(tags: Tags, elements: Sequence[str]) -> list[str]:
    """U and J of each element that has them: which elements a cell has does not make another setting."""
    if not tags.is_on("LDAU"):
        return []
    rows = zip(elements, *(tags.text(name).split() for name in ("LDAUL", "LDAUU", "LDAUJ")), strict=False)
    kind = tags.text("LDAUTYPE") or "2"
    return sorted({f"{U_OF}{element}: U {float(u):g} eV, J {float(j):g} eV, l {shell} (LDAUTYPE {kind})"
                   for element, shell, u, j in rows if shell != "-1" and (number_of(u) or number_of(j))})  # fmt: skip


def _charge(tags: Tags, electrons_of_neutral: float | None) -> tuple[str, ...]:
    electrons = tags.number("NELECT")
    if electrons is None or electrons_of_neutral is None or abs(electrons - electrons_of_neutral) < 1e-3:
        return ()
    return (f"charge {electrons_of_neutral - electrons:+g} e",)


def _functional(tags: Tags, titles: Sequence[tuple[str, str]], lexch: Sequence[str]) -> tuple[str | None, list[str]]:
    """The functional and what contradicts it.

    METAGGA goes before GGA, GGA before the POTCARs. A GGA on potentials of PBE is usual whatever it is (there are none
    of PBEsol, RPBE, AM05); potentials of LDA are for LDA alone. What VASP makes of METAGGA stands nowhere: under it
    ``<parameters>`` have GGA = -- and LMETAGGA = F (6.4.2), as those of PBE; the INCAR alone tells.
    """
    wrong = list[str]()
    families = {_FAMILIES[word] for _, title in titles if (word := (title.split() or [""])[0].upper()) in _FAMILIES}
    by_lexch = {_LEXCH[word] for word in lexch if word in _LEXCH}
    if len(families) > 1:
        wrong.append(f"the POTCAR titles are of {' and of '.join(sorted(families))}")
    if by_lexch and families and by_lexch != families:
        wrong.append(
            f"the POTCAR titles are of {', '.join(sorted(families))}, their LEXCH of {', '.join(sorted(by_lexch))}"
        )
    family = next(iter(families)) if len(families) == 1 else None
    meta, gga = _chosen(tags, "METAGGA", wrong), _chosen(tags, "GGA", wrong)
    if not meta and tags.is_on("LMETAGGA"):
        wrong.append("a meta-GGA was run (LMETAGGA = T), and which one is not said (no METAGGA in the INCAR)")
    libxc = "+".join(text for name in ("LIBXC1", "LIBXC2") if (text := tags.text(name)))
    if tags.text("XC"):
        base = f"XC = {tags.text('XC')}"
    elif libxc and (meta or gga).startswith("LI"):
        base = functional_name(libxc)
    elif meta:
        base = functional_name(meta)
    elif gga:
        base = _GGA.get(gga, f"GGA = {gga}")
    else:
        base = family
    if tags.is_on("LHFCALC"):
        return _hybrid(tags, base, bool(meta)), wrong
    if base and family and (base in _LDA) != (family in _LDA):
        told = f"METAGGA is {meta}" if meta else f"GGA is {gga}"
        wrong.append(f"{told}, the POTCAR titles are of {family}")
    return base, wrong


def _chosen(tags: Tags, name: str, wrong: list[str]) -> str:
    """METAGGA or GGA in capitals, empty where it is not set; told where INCAR and what became of it differ."""
    asked, became = (values.get(name, "").strip().upper() for values in (tags.incar, tags.resolved))
    asked, became = ("" if value in _UNSET else value for value in (asked, became))
    if name == "GGA":
        asked, became = asked[:2], became[:2]
    if asked and became and asked != became:
        wrong.append(f"{name} is {asked} in the INCAR and became {became}")
    return became or asked


def _hybrid(tags: Tags, base: str | None, is_meta: bool) -> str | None:
    """The name of a hybrid by its share of exact exchange and its screening."""
    share, screening = tags.number("AEXX"), tags.number("HFSCREEN") or 0.0
    if share is None or base is None:
        return None
    if math.isclose(share, 1.0) and not screening:
        return "HF"
    if base == "B3LYP":
        return "B3LYP"
    if base == "PBE" and not is_meta and math.isclose(share, 0.25):
        if not screening:
            return "PBE0"
        if 0.2 <= screening <= 0.21:
            return "HSE06"
        if math.isclose(screening, 0.3):
            return "HSE03"
    return f"hybrid of {base} (AEXX {share:g}, HFSCREEN {screening:g})"


def _no_labels(tags: Tags) -> list[str]:
    """What was done to a run whose energies and forces are not those of its ground states."""
    wrong = list[str]()
    algorithm, number = tags.incar.get("ALGO", "").strip().upper(), tags.whole("IALGO")
    if algorithm and not algorithm.startswith(_SELF_CONSISTENT[:6]) and algorithm not in _SELF_CONSISTENT:
        wrong.append(f"ALGO is {algorithm}: the electrons were not relaxed to their ground state")
    elif number in _NOT_SELF_CONSISTENT:
        wrong.append(f"IALGO is {number} (ALGO = {_NOT_SELF_CONSISTENT[number]}): the electrons were not relaxed")
    if (charge := tags.whole("ICHARG")) is not None and charge >= 10:
        wrong.append(f"ICHARG is {charge}: the density was not made self-consistent")
    if tags.is_on("ML_LMLFF"):
        wrong.append("a machine-learned force field was at work (ML_LMLFF = T): compute its structures anew without it")
    if tags.whole("IMAGES"):
        wrong.append("IMAGES is set: the forces hold those of springs between images")
    if tags.whole("ICHAIN"):
        wrong.append(f"ICHAIN is {tags.whole('ICHAIN')}: the forces are those of a saddle search")
    if tags.whole("MDALGO") in (11, 21):
        wrong.append(f"MDALGO is {tags.whole('MDALGO')}: the forces may hold those of a bias")
    if (scale := tags.number("SCALEE")) is not None and scale != 1.0:
        wrong.append(f"SCALEE is {scale:g}: energies and forces are scaled")
    return wrong
