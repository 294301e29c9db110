"""Nuclear magnetic resonance: reading, spectra, relaxation, spin exchange, tensors, and simulated measurements."""
