"""Energies of phases as a user gives them, by hand."""

# three phases of Na and Cl, by hand; Na3Cl2 is 0.1 eV a formula (20 meV/atom) above NaCl and Na2Cl
GIVEN = """formula,energy_eV_per_formula,std_eV_per_atom,volume_A3_per_atom
Na,0,0.001,38
Cl,0,0.001,30
NaCl,-2.0,0.001,22
NaCl2,-2.1,0.001,25
Na2Cl,-2.3,0.001,25
Na3Cl2,-4.2,0.001,25
"""
