"""What a command is called in Python."""


def python_name(command: str) -> str:
    """Name of the Python call of a command: its words joined, that of an option without its dashes."""
    return "_".join(word.strip("-").replace("-", "_") for word in command.split())
