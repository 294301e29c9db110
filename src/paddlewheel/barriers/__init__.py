"""Barriers of single hops of an ion: sites, hops that symmetry leaves distinct, climbing bands, percolation."""
