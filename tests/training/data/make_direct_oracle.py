"""Picks of maml's DIRECT sampler on fixed features, for `test_direct.py`.

Run with the Python of an environment with maml (2025.4.3 here), scikit-learn and numpy:

    pip install scikit-learn numpy && pip install --no-deps maml
    OPENBLAS_CORETYPE=Haswell python make_direct_oracle.py

The kernels of OpenBLAS are named because picks hang on rounding where BIRCH merges subclusters to n; those of Haswell
run on every processor with AVX2.

maml's `DIRECTSampler` is a scikit-learn Pipeline of StandardScaler and the three steps below; it is put together here
from those steps, because its module also imports maml's describers and with them TensorFlow.
"""

import importlib.metadata
import json
import os
from pathlib import Path

import numpy as np
import sklearn
from maml.sampling.clustering import BirchClustering
from maml.sampling.pca import PrincipalComponentAnalysis
from maml.sampling.stratified_sampling import SelectKFromClusters
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler


def features(seed: int, n_frames: int, n_features: int) -> np.ndarray:
    """Clumps of several sizes in a space of lower rank, with noise: what the features of MD runs look like."""
    rng = np.random.Generator(np.random.PCG64(seed))
    centres = rng.normal(size=(7, 6)) * 3
    latent = centres[rng.choice(7, size=n_frames, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.03, 0.01])]
    latent = latent + rng.normal(size=latent.shape)
    return latent @ rng.normal(size=(6, n_features)) + 0.1 * rng.normal(size=(n_frames, n_features))


CASES = [
    {"seed": 1, "n_frames": 400, "n_features": 24, "n": None, "threshold": 0.3, "k": 1},
    {"seed": 2, "n_frames": 400, "n_features": 24, "n": None, "threshold": 0.3, "k": 3},
    {"seed": 3, "n_frames": 500, "n_features": 32, "n": 40, "threshold": 0.5, "k": 1},
    {"seed": 4, "n_frames": 600, "n_features": 48, "n": 25, "threshold": 0.1, "k": 4},
    {"seed": 5, "n_frames": 300, "n_features": 16, "n": 100, "threshold": 5.0, "k": 1},
]


def main() -> None:
    """Write direct_oracle.json beside this file."""
    for case in CASES:
        sampler = Pipeline(
            [
                ("scaler", StandardScaler()),
                ("pca", PrincipalComponentAnalysis(weighting_PCs=True)),
                ("clustering", BirchClustering(n=case["n"], threshold_init=case["threshold"])),
                ("selection", SelectKFromClusters(k=case["k"])),
            ]
        )
        result = sampler.fit_transform(features(case["seed"], case["n_frames"], case["n_features"]))
        case["picks"] = sorted(int(index) for index in result["selected_indexes"])
        case["n_components"] = int(result["PCAfeatures"].shape[1])
    versions = {
        "maml": importlib.metadata.version("maml"),
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
    }
    text = json.dumps({"versions": versions, "openblas_coretype": os.environ["OPENBLAS_CORETYPE"], "cases": CASES})
    Path(__file__).with_name("direct_oracle.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
