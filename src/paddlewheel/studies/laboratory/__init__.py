"""What the studies of measurements share: the sample, its sizes, temperatures of a laboratory."""
