"""`structures`, `potentials`, `schema`: what is built in, how to get a potential, what a record holds."""

from __future__ import annotations

import json as json_module
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paddlewheel.errors import RunDirectoryError, writing
from paddlewheel.records import write_atomically

if TYPE_CHECKING:
    from paddlewheel.potentials import PotentialCard

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
    from paddlewheel.potentials import describe_potential, fetch_potential, is_at_hand, is_installed, list_potentials

    if action not in (None, "fetch", "show"):
        raise SettingsError(
            f"'{action}' is no action", where="potentials", remedy="write: potentials [fetch|show NAME]"
        )
    if action and name is None:
        raise SettingsError(f"{action} needs a name", where="potentials", remedy="see the names with `potentials`")
    if action is None or name is None:
        cards = list_potentials()
        document: Any = [
            asdict(card) | {"installed": is_installed(card), "at_hand": is_at_hand(card)} for card in cards
        ]
        if not json:
            _print_potentials(cards)
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


def _print_potentials(cards: Sequence[PotentialCard]) -> None:
    """A line on what each is, and one on where it is from: a table of so much text is read in no terminal."""
    for card in cards:
        what = [_few(card.elements), card.functional or "functional unknown"]
        if card.speed_atom_steps_per_s is not None:
            what.append(f"{card.speed_atom_steps_per_s:.3g} atom-steps/s a core")
        typer.echo(f"{card.name}: {card.title}")
        typer.echo(f"    {'; '.join(what)}; {card.licence}")
        typer.echo(f"    {_whereabouts(card)}")
    typer.echo("also: a nep.txt, a checkpoint folder, FAMILY:MODEL or FAMILY:FILE of a family above,")
    typer.echo("ase:PACKAGE.MODULE:FACTORY; `potentials show NAME`: training set, known errors, how fast and on what")


def _whereabouts(card: PotentialCard) -> str:
    from paddlewheel.potentials import is_at_hand, is_installed

    if not is_installed(card):
        return f"not installed: pip install '{card.requires}'" + (f"; weights {card.weights}" if card.weights else "")
    if not is_at_hand(card):
        return "fetched at the first use" + (f", from the package {card.package.name}" if card.package else "")
    return f"here; weights {card.weights}" if card.weights else "here"


def _print_card(card: dict[str, Any]) -> None:
    """What is known of it; the rest is left out."""
    told = {key: value for key, value in card.items() if key != "details"} | (card.get("details") or {})
    for key, value in told.items():
        if value in (None, "", (), []):
            continue
        if key == "files":
            value = ", ".join(f"{file['name']} ({file['n_bytes']} bytes, sha256 {file['sha256']})" for file in value)
        elif isinstance(value, dict) and not any(isinstance(entry, dict) for entry in value.values()):
            value = ", ".join(f"{name} {entry}" for name, entry in value.items())
        elif isinstance(value, (list, tuple)):
            value = " ".join(str(entry) for entry in value)
        typer.echo(f"{key.replace('_', ' ')}: {value}")
