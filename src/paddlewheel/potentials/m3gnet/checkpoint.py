"""Reading a matgl M3GNet checkpoint: model.json and state.pt, never the pickle model.pt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paddlewheel.errors import PotentialError
from paddlewheel.foreign import check_archive, read_json
from paddlewheel.potentials.m3gnet.conventions import Conventions, detect_conventions

if TYPE_CHECKING:
    import torch

_REMEDY = "fetch the checkpoint again, or choose another potential"


@dataclass(frozen=True)
class Architecture:
    """The sizes that fix every shape in the checkpoint."""

    elements: tuple[str, ...]
    max_n: int
    max_l: int
    n_blocks: int
    units: int
    node_width: int
    edge_width: int
    cutoff_A: float
    three_body_cutoff_A: float
    smooth: bool

    @property
    def n_radial(self) -> int:
        """Radial functions of the two-body part."""
        return self.max_n if self.smooth else self.max_n * self.max_l

    @property
    def n_three_body(self) -> int:
        """Channels (l, n) of the three-body part."""
        return self.max_n * self.max_l


@dataclass(frozen=True)
class Checkpoint:
    """A checked M3GNet potential: E = data_std * (sum of atom terms) + data_mean + sum of element offsets.

    Attributes
    ----------
    weights
        Float64 tensors by their name in the model (without the `model.` of the Potential around it).
    offsets_eV
        `[n_elements]` float64.
    """

    architecture: Architecture
    conventions: Conventions
    weights: dict[str, torch.Tensor]
    data_mean_eV: float
    data_std_eV: float
    offsets_eV: torch.Tensor


def read_checkpoint(folder: Path | str, *, conventions: Conventions | None = None) -> Checkpoint:
    """Read and check a checkpoint folder.

    Parameters
    ----------
    folder
        Holds `model.json` and `state.pt`, as `matgl.Potential.save` writes them; a `model.pt` there is not opened.
    conventions
        How to read the weights; found from the marks of the matgl version by default.

    Raises
    ------
    PotentialError
        If a file is missing or damaged, the model is of another architecture or uses an option that this engine does
        not have, or a weight is missing, superfluous, of another shape or not finite.
    """
    import torch

    folder = Path(folder)
    document = _read_json(folder / "model.json")
    model, is_bare = _model_document(document, folder / "model.json")
    architecture = _architecture(model, folder / "model.json")
    if not is_bare and document["kwargs"].get("calc_repuls"):
        raise PotentialError(
            "has a ZBL repulsion, which this engine lacks", where=folder / "model.json", remedy=_REMEDY
        )
    if conventions is None:
        conventions = detect_conventions(document, str(folder / "model.json"))
    state = _read_state(folder / "state.pt")
    prefix = "" if is_bare else "model."
    weights: dict[str, torch.Tensor] = {}
    for name, shape in _expected_shapes(architecture).items():
        weights[name] = _weight(state, prefix + name, shape, folder / "state.pt")
    # Weights that we would not use mean a model that we would not evaluate.
    used = {prefix + name for name in weights}
    harmless = (
        "rbf.cutoff",
        "sbf.cutoff",
        "element_refs.property_offset",
        "element_refs.onehot",
        "data_mean",
        "data_std",
    )
    unused = sorted(name for name in state if name not in used and not name.endswith(harmless))
    if unused:
        raise PotentialError(
            f"has {len(unused)} weights that this M3GNet has no place for, {unused[0]} first",
            where=folder / "state.pt",
            remedy=_REMEDY,
        )
    n_elements = len(architecture.elements)
    offsets = torch.zeros(n_elements, dtype=torch.float64)
    if "element_refs.property_offset" in state:
        offsets = _weight(state, "element_refs.property_offset", (n_elements,), folder / "state.pt")
    elif not is_bare and document["kwargs"].get("element_refs") is not None:
        raise PotentialError("element_refs.property_offset is missing", where=folder / "state.pt", remedy=_REMEDY)
    mean, std = (
        float(_weight(state, name, (), folder / "state.pt")) if name in state else default
        for name, default in (("data_mean", 0.0), ("data_std", 1.0))
    )
    return Checkpoint(architecture, conventions, weights, mean, std, offsets)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise PotentialError(
            "no such file", where=path, remedy="give the folder of a matgl checkpoint (model.json and state.pt)"
        )
    document = read_json(path, PotentialError, remedy=_REMEDY)
    if not isinstance(document, dict) or "@class" not in document:
        raise PotentialError("not the model.json of a matgl model (no @class)", where=path, remedy=_REMEDY)
    return document


def _model_document(document: dict[str, Any], path: Path) -> tuple[dict[str, Any], bool]:
    """The part of `model.json` that describes the network, and whether it stands without a Potential around it."""
    arguments = document.get("kwargs")
    if not isinstance(arguments, dict):
        raise PotentialError("has no kwargs", where=path, remedy=_REMEDY)
    is_bare = document["@class"] != "Potential"
    model = {"@class": document["@class"], "init_args": arguments} if is_bare else arguments.get("model")
    name = model.get("@class") if isinstance(model, dict) else None
    if not isinstance(model, dict) or name != "M3GNet":
        raise PotentialError(
            f"is a {name or type(model).__name__}, not an M3GNet",
            where=path,
            remedy="use it through its own ASE calculator (ase:package.module:Factory)",
        )
    if not isinstance(model.get("init_args"), dict):
        raise PotentialError("has no init_args", where=path, remedy=_REMEDY)
    return model["init_args"], is_bare


def _architecture(arguments: dict[str, Any], path: Path) -> Architecture:
    """Sizes from the arguments of matgl's M3GNet (defaults of matgl 1.3.0, the same up to 4.1.2)."""
    for name, default, supported in (
        ("is_intensive", True, False),
        ("use_phi", False, False),
        ("include_state", False, False),
        ("ntargets", 1, 1),
        ("rbf_type", "SphericalBessel", "SphericalBessel"),
        ("activation_type", "swish", "swish"),
    ):
        if arguments.get(name, default) != supported:
            raise PotentialError(
                f"M3GNet with {name} = {arguments.get(name, default)!r} is not supported (only {supported!r})",
                where=path,
                remedy="choose another potential",
            )
    elements = arguments.get("element_types")
    if (
        not isinstance(elements, list)
        or not elements
        or not all(isinstance(symbol, str) for symbol in elements)
        or len(set(elements)) != len(elements)
    ):
        raise PotentialError("element_types is no list of distinct symbols", where=path, remedy=_REMEDY)
    numbers: dict[str, float] = {}
    for name, default in (
        ("max_n", 3),
        ("max_l", 3),
        ("nblocks", 3),
        ("units", 64),
        ("dim_node_embedding", 64),
        ("dim_edge_embedding", 64),
        ("cutoff", 5.0),
        ("threebody_cutoff", 4.0),
    ):
        value = arguments.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            raise PotentialError(f"{name} is {value!r}, not a positive number", where=path, remedy=_REMEDY)
        if not name.endswith("cutoff") and value != int(value):
            raise PotentialError(f"{name} is {value!r}, not a whole number", where=path, remedy=_REMEDY)
        numbers[name] = value
    if numbers["threebody_cutoff"] > numbers["cutoff"]:
        raise PotentialError("threebody_cutoff is beyond cutoff", where=path, remedy=_REMEDY)
    return Architecture(
        elements=tuple(elements),
        max_n=int(numbers["max_n"]),
        max_l=int(numbers["max_l"]),
        n_blocks=int(numbers["nblocks"]),
        units=int(numbers["units"]),
        node_width=int(numbers["dim_node_embedding"]),
        edge_width=int(numbers["dim_edge_embedding"]),
        cutoff_A=float(numbers["cutoff"]),
        three_body_cutoff_A=float(numbers["threebody_cutoff"]),
        smooth=bool(arguments.get("use_smooth", False)),
    )


def _read_state(path: Path) -> dict[str, Any]:
    import torch

    if not path.is_file():
        raise PotentialError(
            "no such file", where=path, remedy="give the folder of a matgl checkpoint (model.json and state.pt)"
        )
    check_archive(path, PotentialError, remedy=_REMEDY)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises nearly every type on damaged archives, pickle's and zipfile's among them
        raise PotentialError(
            f"damaged or no PyTorch state ({type(error).__name__})", where=path, remedy=_REMEDY
        ) from error
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise PotentialError("not a dictionary of weights", where=path, remedy=_REMEDY)
    return state


def _weight(state: dict[str, Any], name: str, shape: tuple[int, ...], path: Path) -> torch.Tensor:
    import torch

    value = state.get(name)
    if not isinstance(value, torch.Tensor):
        raise PotentialError(f"{name} is missing", where=path, remedy=_REMEDY)
    if tuple(value.shape) != shape:
        raise PotentialError(f"{name} has shape {tuple(value.shape)}, not {shape}", where=path, remedy=_REMEDY)
    if not bool(torch.isfinite(value).all()):
        raise PotentialError(f"{name} is not finite", where=path, remedy=_REMEDY)
    return value.to(torch.float64)


def _expected_shapes(a: Architecture) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight of the network."""
    shapes: dict[str, tuple[int, ...]] = {
        "embedding.layer_node_embedding.weight": (len(a.elements), a.node_width),
        "embedding.layer_edge_embedding.layers.0.weight": (a.edge_width, a.n_radial),
        "embedding.layer_edge_embedding.layers.0.bias": (a.edge_width,),
    }

    def add_gated(prefix: str, widths: list[int]) -> None:
        for branch in ("layers", "gates"):
            for step, (n_in, n_out) in enumerate(pairwise(widths)):
                shapes[f"{prefix}.{branch}.{2 * step}.weight"] = (n_out, n_in)
                shapes[f"{prefix}.{branch}.{2 * step}.bias"] = (n_out,)

    both = 2 * a.node_width + a.edge_width
    for block in range(a.n_blocks):
        three_body, conv = f"three_body_interactions.{block}", f"graph_layers.{block}.conv"
        shapes[f"{three_body}.update_network_atom.layers.0.weight"] = (a.n_three_body, a.node_width)
        shapes[f"{three_body}.update_network_atom.layers.0.bias"] = (a.n_three_body,)
        for branch in ("layers", "gates"):
            shapes[f"{three_body}.update_network_bond.{branch}.0.weight"] = (a.edge_width, a.n_three_body)
        for kind, width in (("edge", a.edge_width), ("node", a.node_width)):
            add_gated(f"{conv}.{kind}_update_func", [both, a.units, a.units, width])
            shapes[f"{conv}.{kind}_weight_func.weight"] = (width, a.n_radial)
    add_gated("final_layer.gated", [a.node_width, a.node_width, a.units, a.units, 1])
    return shapes
