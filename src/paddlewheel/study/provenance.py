"""What made a record: versions, command and settings of this run."""

from __future__ import annotations

import datetime
import shlex
import sys
from typing import Any

from paddlewheel.records import Provenance
from paddlewheel.study.run_directory import package_versions
from paddlewheel.version import __version__


def provenance(
    settings: dict[str, Any], *, potential_sha256: str | None = None, structure_sha256: str | None = None
) -> Provenance:
    """Versions, command and settings of this run."""
    return Provenance(
        paddlewheel_version=__version__,
        command=shlex.join(sys.argv) if sys.argv and "paddlewheel" in sys.argv[0] else None,
        created_utc=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        versions=package_versions(),
        settings=settings,
        structure_sha256=structure_sha256,
        potential_sha256=potential_sha256,
    )
