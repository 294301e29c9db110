"""The spectra of one `eis` run: read from files and folders, with their temperatures and hashes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.cell_tests import held_in_file
from paddlewheel.lab.ranges import question
from paddlewheel.lab.spectrum import ImpedanceOf, Spectrum

Spectra = str | Path | Spectrum | Sequence[str | Path | Spectrum]
"""What `eis` takes: spectra read already, files, or folders of them."""
_PERHAPS_CELSIUS_K = 260.0
_SAME_K = 0.5


@dataclass(frozen=True, kw_only=True)
class ReadSpectra:
    """Spectra in the order in which they are reported: by temperature, then time, then as given.

    Attributes
    ----------
    files
        The file of each; its name alone for spectra that were read already.
    warnings
        Of the reading: files of a folder that are no spectra, what the readers had to guess.
    """

    spectra: tuple[Spectrum, ...]
    files: tuple[str, ...]
    warnings: tuple[str, ...]

    def inputs(self) -> list[dict[str, str | int | float | None]]:
        """Name, temperature and sha256 over frequencies and impedances of each, for `inputs.yaml`."""
        return [
            {
                "file": file,
                "name": spectrum.name,
                "temperature_K": spectrum.temperature_K,
                "n_points": len(spectrum.frequency_Hz),
                "sha256": _digest(spectrum),
            }
            for file, spectrum in zip(self.files, self.spectra, strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class OtherAmplitude:
    """A spectrum at another amplitude, its file, and the place of the one of the same cell among those given."""

    spectrum: Spectrum
    file: str
    place: int

    def inputs(self) -> dict[str, str]:
        """File and sha256, for `inputs.yaml`."""
        return {"file": self.file, "sha256": _digest(self.spectrum)}


def open_other_amplitude(
    path: str | Path,
    read: ReadSpectra,
    *,
    columns: Mapping[str, str] | None = None,
    impedance_of: ImpedanceOf = "Ewe",
) -> OtherAmplitude:
    """Read the spectrum at another amplitude and find the one that it is to be compared with.

    Raises
    ------
    InputError
        For a file of no spectrum or several, or if several of those given may be meant.
    """
    found = open_spectra(path, columns=columns, impedance_of=impedance_of)
    if len(found.spectra) != 1:
        raise DataError(f"{len(found.spectra)} spectra", where=path, remedy="give the one at the other amplitude")
    other = found.spectra[0]
    places = [
        place
        for place, spectrum in enumerate(read.spectra)
        if len(read.spectra) == 1
        or (
            spectrum.temperature_K is not None
            and other.temperature_K is not None
            and abs(spectrum.temperature_K - other.temperature_K) < _SAME_K
        )
    ]
    if len(places) != 1:
        raise SettingsError(
            f"{len(read.spectra)} spectra, {len(places)} of them at its temperature", where="other_amplitude",
            remedy="give the one spectrum of the same cell at the same temperature",
        )  # fmt: skip
    return OtherAmplitude(spectrum=other, file=found.files[0], place=places[0])


def _digest(spectrum: Spectrum) -> str:
    return hashlib.sha256(spectrum.frequency_Hz.tobytes() + spectrum.impedance_ohm.tobytes()).hexdigest()


def open_spectra(
    given: Spectra,
    *,
    temperatures_K: Sequence[float] = (),
    columns: Mapping[str, str] | None = None,
    impedance_of: ImpedanceOf = "Ewe",
) -> ReadSpectra:
    """Read everything that is given; in a folder, what is no spectrum is left out with a warning.

    Parameters
    ----------
    given
        Spectra, files or folders.
    temperatures_K
        One a spectrum, in the order of the files (folders: by name), or one for all; over what the files say.
    columns, impedance_of
        As `paddlewheel.lab.readers.read_spectra` takes them, of every file.

    Raises
    ------
    InputError
        For no spectrum, a file that is none, or temperatures that are as many as neither one nor the spectra.
    """
    from paddlewheel.lab.readers import read_spectra

    found: list[tuple[str, Spectrum]] = []
    warnings: list[str] = []
    for source in [given] if isinstance(given, str | Path | Spectrum) else given:
        if isinstance(source, Spectrum):
            found.append((Path(source.name).name, source))
        else:
            found += _read(Path(source), warnings, partial(read_spectra, columns=columns, impedance_of=impedance_of))
    if not found:
        raise DataError("no impedance spectrum", where=str(given), remedy="give a file or a folder of spectra")
    temperatures = _temperatures(temperatures_K, len(found), warnings)
    if temperatures:
        found = [
            (file, replace(spectrum, temperature_K=kelvin))
            for (file, spectrum), kelvin in zip(found, temperatures, strict=True)
        ]
    for file, spectrum in found:
        asked = None if spectrum.temperature_K is None else question("temperature_K", spectrum.temperature_K)
        if asked is not None:
            raise SettingsError(asked[0], where=file, remedy=f"{asked[1]}, by --temperature")
    found.sort(key=lambda pair: (pair[1].temperature_K or math.inf, pair[1].time_s or 0.0, pair[1].cycle or 0))
    for text in dict.fromkeys(text for _, spectrum in found for text in spectrum.warnings):
        said = [file for file, spectrum in found if text in spectrum.warnings]
        warnings.append(f"{said[0]}{f' and {len(said) - 1} more' if len(said) > 1 else ''}: {text}")
    return ReadSpectra(
        spectra=tuple(spectrum for _, spectrum in found),
        files=tuple(file for file, _ in found),
        warnings=tuple(warnings),
    )


def _read(path: Path, warnings: list[str], read: Callable[[Path], list[Spectrum]]) -> list[tuple[str, Spectrum]]:
    if not path.exists():
        raise DataError("is not there", where=path, remedy="give a file or a folder of spectra")
    if path.is_file():
        try:
            return [(path.name, spectrum) for spectrum in read(path)]
        except DataError as error:
            held = held_in_file(path, "eis")
            if not held or error.problem.startswith("holds "):
                raise
            raise DataError(f"{held}{error.problem}", where=path, remedy=error.remedy) from error
    found = []
    for file in sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith(".")):
        try:
            found += [(file.name, spectrum) for spectrum in read(file)]
        except DataError as error:
            warnings.append(f"{file.name} was left out: {error.problem}")
    if not found:
        raise DataError("holds no impedance spectrum", where=path, remedy="give a folder of spectra, or the files")
    return found


def _temperatures(given: Sequence[float], count: int, warnings: list[str]) -> list[float]:
    if len(given) not in (0, 1, count):
        raise SettingsError(
            f"{len(given)} temperatures for {count} spectra",
            where="temperatures_K",
            remedy="give one for all, or one a spectrum in the order of their names",
        )
    if len(given) and max(given) < _PERHAPS_CELSIUS_K:
        warnings.append(f"all temperatures are below {_PERHAPS_CELSIUS_K:g} K: are they in K, not in degrees Celsius?")
    return list(given) if len(given) == count else list(given) * count
