"""``python -m paddlewheel``."""

from paddlewheel.cli.main import run

run()
