"""`structures`, `potentials`, `schema`: what is built in, how to get a potential, what a record holds."""

from __future__ import annotations

import json as json_module
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.records import write_atomically

TOOLS = "Tools"
"""Where these commands stand in the list."""

Json = Annotated[bool, typer.Option("--json", help="The list as JSON on stdout, nothing else there.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder to write to as well.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command, example in (
        (structures, "paddlewheel structures o-nbh --out ."),
        (potentials, "paddlewheel potentials fetch m3gnet-nabh-r2scan"),
        (schema, "paddlewheel schema conduct"),
    ):
        app.command(command.__name__, epilog=f"Example: {example}", rich_help_panel=TOOLS)(command)


def structures(
    name: Annotated[str | None, typer.Argument(help="One of them, for its whole card.")] = None,
    out: Out = None,
    json: Json = False,
) -> int:
    """The built-in structures and where they come from; with --out their CIF and card."""
    from paddlewheel.crystals import list_structures, structure_card
    from paddlewheel.crystals.library import builtin_path

    cards = [structure_card(name)] if name else list_structures()
    if out is not None:
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            for card in cards:
                source = builtin_path(card.name)
                assert source is not None
                shutil.copyfile(source, _new(out / f"{card.name}.cif"))
                write_atomically(_new(out / f"{card.name}.json"), json_module.dumps(asdict(card), indent=1) + "\n")
    if json:
        typer.echo(json_module.dumps([asdict(card) for card in cards], indent=1))
    elif name:
        _print_card(asdict(cards[0]))
    else:
        _print_table("structure", [(card.name, f"{card.formula}, {card.n_atoms} atoms", card.title) for card in cards])
    return 0


def potentials(
    action: Annotated[str | None, typer.Argument(help="Nothing, or: fetch, show.")] = None,
    name: Annotated[str | None, typer.Argument(help="The potential to fetch or show.")] = None,
    out: Out = None,
    json: Json = False,
) -> int:
    """The named potentials; `potentials fetch NAME` downloads one and checks its hash, `show NAME` prints its card."""
    from paddlewheel.errors import SettingsError
    from paddlewheel.potentials import describe_potential, fetch_potential, list_potentials

    if action not in (None, "fetch", "show"):
        raise SettingsError(
            f"'{action}' is no action", where="potentials", remedy="write: potentials [fetch|show NAME]"
        )
    if action and name is None:
        raise SettingsError(f"{action} needs a name", where="potentials", remedy="see the names with `potentials`")
    if action is None or name is None:
        cards = list_potentials()
        document: Any = [asdict(card) for card in cards]
        if not json:
            rows = [(card.name, _few(card.elements), card.title) for card in cards]
            _print_table("potential", rows)
            typer.echo(
                "also: a nep.txt, a checkpoint folder, chgnet, mace:MODEL, sevennet:MODEL, ase:PACKAGE.MODULE:FACTORY"
            )
    else:
        document = asdict(describe_potential(name))
        if action == "fetch":
            folder = fetch_potential(name)
            document["folder"] = str(folder)
            if out is not None:
                with writing(out):
                    shutil.copytree(folder, _new(out / name))
                document["folder"] = str(out / name)
            if not json:
                typer.echo(f"{name}: hashes verified, in {document['folder']}")
        elif not json:
            _print_card(document)
    if out is not None and action != "fetch":
        with writing(out):
            out.mkdir(parents=True, exist_ok=True)
            write_atomically(_new(out / "potentials.json"), json_module.dumps(document, indent=1) + "\n")
    if json:
        typer.echo(json_module.dumps(document, indent=1))
    return 0


def schema(
    name: Annotated[str | None, typer.Argument(help="A command, or the kind of a record; all of them without.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="File to write to instead of the terminal.")] = None,
) -> int:
    """The JSON schema of the record that a command writes as result.json."""
    from paddlewheel.studies.table import TABLE, record_classes

    classes = record_classes(name) if name else [found for command in TABLE for found in record_classes(command)]
    schemas = {found.model_fields["kind"].default: found.model_json_schema() for found in classes}
    document = next(iter(schemas.values())) if name and len(schemas) == 1 else schemas
    text = json_module.dumps(document, indent=1)
    if out is not None:
        with writing(out):
            write_atomically(_new(out), text + "\n")
    else:
        typer.echo(text)
    return 0


def _new(path: Path) -> Path:
    if path.exists():
        raise RunDirectoryError("exists already", where=path, remedy="remove it, or give another --out")
    return path


def _few(elements: tuple[str, ...] | None) -> str:
    if elements is None:
        return "?"
    return " ".join(elements) if len(elements) <= 6 else f"{len(elements)} elements"


def _print_table(title: str, rows: list[tuple[str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title, "what", "", box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _print_card(card: dict[str, Any]) -> None:
    told = {key: value for key, value in card.items() if key != "details"} | (card.get("details") or {})
    for key, value in told.items():
        if isinstance(value, (list, tuple)) and value and not isinstance(value[0], dict):
            value = " ".join(str(entry) for entry in value)
        typer.echo(f"{key.replace('_', ' ')}: {value if value is not None else '-'}")
