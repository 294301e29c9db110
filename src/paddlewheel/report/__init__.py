"""Reports: one HTML file, without network, from the documents of a run directory."""

from __future__ import annotations

from paddlewheel.report.html import write_conductivity_report

__all__ = ["write_conductivity_report"]
