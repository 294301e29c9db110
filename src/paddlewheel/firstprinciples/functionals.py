"""One vocabulary of functionals, whatever program names them."""

from __future__ import annotations

import re

_NAMES = {
    "LDA": ("lda", "pz", "ca-pz", "lda-pz", "pw92", "sla+pz+nogx+nogc", "lda_x+lda_c_pz", "lda_x+lda_c_pw"),
    "PW91": ("pw91", "gga_x_pw91+gga_c_pw91"),
    "PBE": ("pbe", "gga_x_pbe+gga_c_pbe", "perdew-burke-ernzerhof", "sla+pw+pbx+pbc", "sla+pw+pbe+pbe"),
    "PBEsol": ("pbesol", "gga_x_pbe_sol+gga_c_pbe_sol", "sla+pw+psx+psc"),
    "RPBE": ("rpbe", "gga_x_rpbe+gga_c_pbe"),
    "revPBE": ("revpbe", "gga_x_pbe_r+gga_c_pbe"),
    "AM05": ("am05", "gga_x_am05+gga_c_am05"),
    "BLYP": ("blyp", "gga_x_b88+gga_c_lyp"),
    "TPSS": ("tpss", "mgga_x_tpss+mgga_c_tpss"),
    "revTPSS": ("revtpss", "rtpss", "mgga_x_revtpss+mgga_c_revtpss"),
    "M06-L": ("m06-l", "m06l", "mgga_x_m06_l+mgga_c_m06_l"),
    "SCAN": ("scan", "mgga_x_scan+mgga_c_scan"),
    "rSCAN": ("rscan", "mgga_x_rscan+mgga_c_rscan"),
    "r2SCAN": ("r2scan", "mgga_x_r2scan+mgga_c_r2scan"),
    "MS0": ("ms0",),
    "MS1": ("ms1",),
    "MS2": ("ms2",),
    "PBE0": ("pbe0", "hyb_gga_xc_pbeh"),
    "HSE03": ("hse03", "hyb_gga_xc_hse03"),
    "HSE06": ("hse06", "hse", "hyb_gga_xc_hse06"),
    "B3LYP": ("b3lyp", "hyb_gga_xc_b3lyp"),
    "HF": ("hf", "hartree-fock"),
}  # fmt: skip
_BY_ALIAS = {alias: name for name, aliases in _NAMES.items() for alias in aliases}


def functional_name(words: str) -> str:
    """How this project writes a functional that a program calls `words`.

    Names of libxc are joined by a plus, exchange first, as programs take them. What is not known is given back without
    the spaces around it: the same words are the same functional.
    """
    plain = re.sub(r"\s*\+\s*", "+", words.strip().lower())
    plain = re.sub(r"\s+", "-", plain)
    return _BY_ALIAS.get(plain, words.strip())
