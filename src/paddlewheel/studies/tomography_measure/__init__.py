"""`tomography measure`: geometry and transport of labelled voxels."""
