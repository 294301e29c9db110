"""paddlewheel: from a crystal structure to ionic conductivity, with honest uncertainties."""

from __future__ import annotations

__version__ = "0.1.0"
