"""NEP students: a NEP4 fitted in PyTorch to the energies, forces and virials of a teacher."""
