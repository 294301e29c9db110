"""Other potentials asked about the runs of the first: labels of its frames, reweighting, runs of their own."""
