"""What a checkpoint does not say about how it was trained, found from the marks that each matgl version leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from paddlewheel.errors import PotentialError

NodeSum = Literal["destination", "source"]
TripletIndex = Literal["pruned", "parent", "unknown"]


@dataclass(frozen=True)
class Conventions:
    """How the weights of an M3GNet checkpoint must be read.

    Attributes
    ----------
    node_sum
        The end of the directed bond i -> j whose atom sums the messages: "destination" (j, matgl < 3) or "source"
        (i, matgl >= 3). Weights read the other way give garbage without an error.
    triplet_index
        Which list of bonds the three-body messages were indexed by in training: "pruned" (matgl <= 4.0.3: positions in
        the list of bonds under the three-body cutoff, used on arrays of the whole list), "parent" (matgl >= 4.1), or
        "unknown". Only `three_body="as_trained"` reads it.
    written_by
        The matgl versions that leave the marks found, for the report.
    """

    node_sum: NodeSum
    triplet_index: TripletIndex = "unknown"
    written_by: str = "given by the caller"

    def __post_init__(self) -> None:
        for name, choices in (("node_sum", NodeSum), ("triplet_index", TripletIndex)):
            if getattr(self, name) not in get_args(choices):
                raise PotentialError(
                    f"conventions: {name} is {getattr(self, name)!r}",
                    remedy=f"choose from {', '.join(get_args(choices))}",
                )


def detect_conventions(document: dict[str, Any], where: str) -> Conventions:
    """Conventions of the checkpoint whose `model.json` is `document`.

    The class versions do not tell (M3GNet is 2 and Potential is 3 from matgl 1.3.0 to 4.1.2). The marks that do, read
    in the sources of matgl 1.3.0, 2.0.0, 2.1.1, 2.2.1, 3.0.0, 3.0.2, 3.0.5, 4.0.0, 4.0.3, 4.1.0 and 4.1.2: the module
    of M3GNet is `_m3gnet_dgl` or `_m3gnet_pyg` in 3.x alone; a Potential has the argument `compile_model` from 3.0.5
    (PyG) on; its module is `matgl.apps._pes` in 4.0.0. 4.0.x and 4.1.x are otherwise alike. What `paddlewheel train`
    wrote says it itself, in `metadata.paddlewheel`.

    Raises
    ------
    PotentialError
        For a bare model, without the Potential around it, of matgl < 3 or >= 4: these two cannot be told apart; or
        if the metadata of `paddlewheel train` are damaged.
    """
    said = _conventions_in_metadata(document, where)
    if said is not None:
        return said
    arguments = document.get("kwargs", {})
    model = arguments.get("model") if isinstance(arguments.get("model"), dict) else None
    module = str((model or document).get("@module", ""))
    if module.endswith(("_m3gnet_dgl", "_m3gnet_pyg")):
        return Conventions("source", "pruned", "matgl 3.x")
    if model is None:
        raise PotentialError(
            "a bare M3GNet does not say which matgl wrote it",
            where=where,
            remedy="give conventions=Conventions(node_sum='destination') for matgl < 3, 'source' for matgl >= 3",
        )
    if "compile_model" in arguments:
        if str(document.get("@module", "")).endswith("._pes"):
            return Conventions("source", "pruned", "matgl 4.0")
        return Conventions("source", "unknown", "matgl >= 4.0")
    return Conventions("destination", "pruned", "matgl < 3")


def _conventions_in_metadata(document: dict[str, Any], where: str) -> Conventions | None:
    """What `paddlewheel train` wrote down; None for files of another origin."""
    metadata = document.get("metadata")
    marks = metadata.get("paddlewheel") if isinstance(metadata, dict) else None
    if marks is None:
        return None
    try:
        by = f"{marks['written_by']} (matgl {marks['matgl_version']})"
        return Conventions(marks["node_sum"], marks["triplet_index"], by)
    except (KeyError, TypeError, PotentialError) as error:
        raise PotentialError(
            f"has metadata of paddlewheel that do not say how to read the weights ({type(error).__name__}: {error})",
            where=where,
            remedy="train it anew, or give conventions=Conventions(...)",
        ) from error
