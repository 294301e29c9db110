"""The potential of a study: what a unit of work keeps of it, and how to cite it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddlewheel.records import (
    Citation,
)


def potential_document(name: str, *, three_body: str, device: str, dtype: str) -> dict[str, Any]:
    """What a unit of work keeps of a potential."""
    from paddlewheel.potentials import identify_potential

    return {
        "name": str(Path(name).resolve()) if Path(name).exists() else name,
        "identity": identify_potential(name),
        "three_body": three_body,
        "device": device,
        "dtype": dtype,
    }


def potential_citations(name: str) -> list[Citation]:
    """How to cite the potential."""
    from paddlewheel.potentials import describe_potential

    card = describe_potential(name)
    return [Citation(what=f"potential {card.name}", reference=card.citation or card.title, doi=card.doi)]
