"""Differential scanning calorimetry: reading, segments, events, heat capacities, kinetics, calibration."""
