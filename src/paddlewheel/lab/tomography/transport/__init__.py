"""Flow through labelled voxels: effective conductivities and tortuosity factors."""
