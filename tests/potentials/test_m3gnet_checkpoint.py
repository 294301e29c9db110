"""Checkpoints: conventions by their marks, other architectures, damage; each with one clear line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.m3gnet import Conventions, M3GNet
from paddlewheel.potentials.m3gnet.conventions import detect_conventions

ARGUMENTS = {"element_types": ["H"]}


def potential_document(module: str, model_module: str, **arguments: Any) -> dict[str, Any]:
    model = {"@class": "M3GNet", "@module": model_module, "@model_version": 2, "init_args": ARGUMENTS}
    return {"@class": "Potential", "@module": module, "@model_version": 3, "kwargs": {"model": model, **arguments}}


@pytest.mark.parametrize(
    ("document", "node_sum", "triplet_index"),
    [
        (potential_document("matgl.apps.pes", "matgl.models._m3gnet", calc_site_wise=False), "destination", "pruned"),
        (potential_document("matgl.apps._pes_dgl", "matgl.models._m3gnet", calc_charge=False), "destination", "pruned"),
        (potential_document("matgl.apps._pes_dgl", "matgl.models._m3gnet_dgl"), "source", "pruned"),
        (
            potential_document("matgl.apps._pes_pyg", "matgl.models._m3gnet_pyg", compile_model=False),
            "source",
            "pruned",
        ),
        (potential_document("matgl.apps._pes", "matgl.models._m3gnet", compile_model=False), "source", "pruned"),
        (potential_document("matgl.apps.pes", "matgl.models._m3gnet", compile_model=False), "source", "unknown"),
    ],
    ids=["1.x", "2.x", "3.x dgl", "3.x pyg", "4.0.0", "4.x"],
)
def test_conventions_are_found_from_the_marks_of_the_version(document: dict, node_sum: str, triplet_index: str) -> None:
    found = detect_conventions(document, "model.json")
    assert (found.node_sum, found.triplet_index) == (node_sum, triplet_index)


def test_conventions_that_cannot_be_known_are_asked_for() -> None:
    bare = {"@class": "M3GNet", "@module": "matgl.models._m3gnet", "kwargs": ARGUMENTS}
    with pytest.raises(PotentialError, match="does not say which matgl wrote it; give conventions"):
        detect_conventions(bare, "model.json")
    with pytest.raises(PotentialError, match="node_sum is 'both'"):
        Conventions("both")  # pyright: ignore[reportArgumentType]


@pytest.fixture
def folder(shared: Path, tmp_path: Path) -> Path:
    """A writable copy of the paper's potential."""
    copy = tmp_path / "potential"
    copy.mkdir()
    for name in ("model.json", "state.pt"):
        shutil.copyfile(shared / "data/potentials/M3GNet-r2SCAN-NaBH" / name, copy / name)
    return copy


def edit_json(folder: Path, **init_args: Any) -> None:
    document = json.loads((folder / "model.json").read_text())
    document["kwargs"]["model"]["init_args"].update(init_args)
    (folder / "model.json").write_text(json.dumps(document))


def edit_state(folder: Path, change) -> None:
    state = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)
    change(state)
    torch.save(state, folder / "state.pt")


@pytest.mark.parametrize(
    ("init_args", "message"),
    [
        ({"use_phi": True}, "use_phi = True is not supported"),
        ({"is_intensive": True}, "is_intensive = True is not supported"),
        ({"include_state": True}, "include_state = True is not supported"),
        ({"rbf_type": "Gaussian"}, "rbf_type = 'Gaussian' is not supported"),
        ({"ntargets": 2}, "ntargets = 2 is not supported"),
        ({"units": 32}, "has shape"),
        ({"units": "many"}, "units is 'many', not a positive number"),
        ({"max_n": 2.5}, "max_n is 2.5, not a whole number"),
        ({"threebody_cutoff": 6.0}, "threebody_cutoff is beyond cutoff"),
        ({"nblocks": 2}, "no place for"),
        ({"nblocks": 4}, "is missing"),
        ({"element_types": "HBNa"}, "element_types is no list"),
    ],
)
def test_other_architectures_are_refused(folder: Path, init_args: dict, message: str) -> None:
    edit_json(folder, **init_args)
    with pytest.raises(PotentialError, match=message):
        M3GNet.from_directory(folder)


def test_another_model_class_is_named(folder: Path) -> None:
    document = json.loads((folder / "model.json").read_text())
    document["kwargs"]["model"]["@class"] = "TensorNet"
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(PotentialError, match="is a TensorNet, not an M3GNet"):
        M3GNet.from_directory(folder)


def test_zbl_repulsion_is_refused(folder: Path) -> None:
    document = json.loads((folder / "model.json").read_text())
    document["kwargs"]["calc_repuls"] = True
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(PotentialError, match="ZBL"):
        M3GNet.from_directory(folder)


@pytest.mark.parametrize("name", ["model.json", "state.pt"])
@pytest.mark.parametrize("keep", [0.0, 0.4, 0.97])
def test_truncated_files_are_named(folder: Path, name: str, keep: float) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: int(keep * len(content))])
    with pytest.raises(PotentialError) as caught:
        M3GNet.from_directory(folder)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["model.json", "state.pt"])
def test_missing_files_are_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(PotentialError, match=f"{name}: no such file"):
        M3GNet.from_directory(folder)


def test_weights_of_another_shape_missing_or_not_finite_are_named(folder: Path) -> None:
    name = "model.graph_layers.1.conv.node_update_func.layers.2.weight"
    good = torch.load(folder / "state.pt", map_location="cpu", weights_only=True)[name]
    edit_state(folder, lambda state: state.update({name: good[:-1]}))
    with pytest.raises(PotentialError, match=r"layers\.2\.weight has shape \(63, 64\), not \(64, 64\)"):
        M3GNet.from_directory(folder)
    edit_state(folder, lambda state: state.update({name: good * float("nan")}))
    with pytest.raises(PotentialError, match=r"layers\.2\.weight is not finite"):
        M3GNet.from_directory(folder)
    edit_state(folder, lambda state: state.pop(name))
    with pytest.raises(PotentialError, match=r"layers\.2\.weight is missing"):
        M3GNet.from_directory(folder)


def test_a_pickle_with_code_is_not_run(folder: Path, tmp_path: Path) -> None:
    """`state.pt` is read with weights_only, and `model.pt` is not opened at all."""
    witness = tmp_path / "witness"

    class Malicious:
        def __reduce__(self):
            return (Path.touch, (witness,))

    (folder / "model.pt").write_bytes(b"not read")
    M3GNet.from_directory(folder)
    torch.save({"data_mean": Malicious()}, folder / "state.pt")
    with pytest.raises(PotentialError, match="damaged or no PyTorch state"):
        M3GNet.from_directory(folder)
    assert not witness.exists()


def test_unknown_options_are_refused(folder: Path) -> None:
    with pytest.raises(PotentialError, match="three_body is 'triplets'"):
        M3GNet.from_directory(folder, three_body="triplets")  # pyright: ignore[reportArgumentType]
    with pytest.raises(PotentialError, match="dtype is 'float16'"):
        M3GNet.from_directory(folder, dtype="float16")  # pyright: ignore[reportArgumentType]
    with pytest.raises(PotentialError, match="device 'abacus' is not usable"):
        M3GNet.from_directory(folder, device="abacus")
    with pytest.raises(PotentialError, match="does not say how its triplets were indexed"):
        M3GNet.from_directory(folder, three_body="as_trained", conventions=Conventions("destination"))
