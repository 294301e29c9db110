"""GPAW as an engine of labels, run here: its calculator from settings, what a run costs, and its convergence."""
