"""Tomography: image stacks and labelled voxels of composites, their phases, geometry and transport."""
