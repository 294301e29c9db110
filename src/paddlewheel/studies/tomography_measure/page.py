"""The report of `tomography measure`."""

from __future__ import annotations

from collections.abc import Mapping

from paddlewheel.page.drawing import Drawing
from paddlewheel.page.numbers import ABSENT, enumeration, interval, measured, percent, plain
from paddlewheel.page.page import Folded, Listing, Number, Page, Section
from paddlewheel.page.surface_view import Surface, surface_figure, surface_scripts, surface_section
from paddlewheel.page.tables import Cell, Table
from paddlewheel.page.write import Figures, value_cell
from paddlewheel.records import Measured
from paddlewheel.records.tables import Beside
from paddlewheel.studies.tomography_measure.figures import (
    carriers_with_tau,
    colours,
    flux_figure,
    profile_figure,
    rows_with_flux,
    size_figure,
    slices_figure,
    sub_volume_figure,
)
from paddlewheel.studies.tomography_measure.record import (
    CARRIERS,
    CHORDS,
    CORRELATIONS,
    PICTURES,
    PROFILES,
    SIZES,
    SUB_VOLUMES,
    SURFACES,
    SizeResult,
    TomographyRecord,
    TransportResult,
    blocked_lines,
)

_TEXT = ("axis", "phase", "carrier")
_MOST_CUT = 0.5
"""Of a phase's volume in particles that the border cuts: beyond it the others stand for little."""


def figures(record: TomographyRecord, beside: Beside) -> Figures:
    """The figures of the report."""
    pictures = beside.arrays(PICTURES)
    hidden = _hidden(record)
    shown = [surface for surface in _surfaces(record, beside) if surface.name not in hidden]
    found = {
        "slices": (slices_figure(record, pictures), "Labels in three planes through the middle of the body."),
        "surfaces": (surface_figure(shown, record.body.size_um),
                     f"Surfaces of {enumeration(each.name for each in shown)} in the body."),
    }  # fmt: skip
    for row in rows_with_flux(record, pictures):
        found[_flux_name(row)] = (
            flux_figure(row, record, pictures),
            f"Flux density of the {row.carrier} flow along {row.axis}, in the slice where it is largest and in all.",
        )
    if "sub_volumes" in record.files:
        blocks = beside.columns(SUB_VOLUMES, text=_TEXT)
        if carriers_with_tau(record, blocks):
            found["sub_volumes"] = (
                sub_volume_figure(record, blocks),
                "Tortuosity factors of sub-volumes and of the body against their edge.",
            )
    tables = [beside.columns(name, text=_TEXT) for name in (CHORDS, SIZES, CORRELATIONS)]
    found["sizes"] = (size_figure(record, *tables), "Chords, local thickness and correlation of each phase.")
    found["profiles"] = (
        profile_figure(record, beside.columns(PROFILES, text=_TEXT)),
        "Share of each phase in every slice across x, y and z.",
    )
    return found


def page(record: TomographyRecord, beside: Beside, drawings: dict[str, Drawing]) -> Page:
    """The report."""
    body = record.body
    return Page(
        eyebrow="tomography",
        title=f"Microstructure of {record.name}",
        facts=[
            ("Body", " × ".join(f"{edge:.4g}" for edge in body.size_um) + " µm (x, y, z)"),
            ("Voxels", " × ".join(map(str, body.voxels))),
            ("Voxel", " × ".join(f"{edge:g}" for edge in body.voxel_nm) + f" nm ({body.voxel_from or 'given'})"),
            ("Segmentations", str(body.segmentations)),
        ],
        headline=_headline(record),
        tone=_tone(record),
        numbers=_numbers(record),
        lists=[Listing(title="Does not fit", lines=record.contradictions)],
        warnings=record.warnings,
        sections=[
            _transport_section(record),
            _electrode_section(record),
            _phase_section(record, drawings),
            _view_section(record, beside, drawings),
            _sub_volume_section(record, drawings),
            _flux_section(record, drawings),
            _interface_section(record),
            _size_section(record, drawings),
            Section(
                id="profiles", title="Slice by slice",
                paragraphs=["A trend along an axis is a body that is not uniform (or a stack that is not), and its "
                            "tortuosity is that of this piece alone."],
                drawings=[(drawings["profiles"], "Share of each phase in every slice across each axis.")],
            ),
        ],
        citations=record.citations,
        provenance=record.provenance,
        scripts=surface_scripts(),
    )  # fmt: skip


def _main_row(record: TomographyRecord) -> TransportResult | None:
    """Of ions along z, or the nearest to it."""
    rows = sorted(record.transport, key=lambda row: (row.carrier != "ionic", row.tortuosity_factor is None,
                                                     -"xyz".index(row.axis)))  # fmt: skip
    return rows[0] if rows else None


def _headline(record: TomographyRecord) -> str:
    row = _main_row(record)
    if row is None:
        return f"{len(record.phases)} phases; no flow was asked for."
    names = enumeration(row.conducting_names)
    if row.tortuosity_factor is None or row.square_root is None:
        blocked = [each.axis for each in record.transport if each.carrier == row.carrier]
        return f"{names} does not percolate along {enumeration(blocked)}: there is no path across the body."
    told = (
        f"Along {row.axis} the tortuosity factor of {names} is {plain(row.tortuosity_factor.value)} for "
        f"{CARRIERS[row.carrier]}{_bracketed(row)} (its root, the ratio of lengths, {plain(row.square_root.value)})."
    )
    for other in record.transport:
        if other.carrier != row.carrier and other.axis == row.axis and other.tortuosity_factor is not None:
            told += (
                f" For {CARRIERS[other.carrier]} through {enumeration(other.conducting_names)} it is "
                f"{plain(other.tortuosity_factor.value)}{_bracketed(other)}."
            )
    return " ".join([told, *(f"{line}." for line in blocked_lines(record))])


def _bracketed(row: TransportResult) -> str:
    return "" if row.bracket is None else f", {interval(row.bracket)} by the means at faces"


def _tone(record: TomographyRecord) -> str:
    if record.transport and all(row.status != "ok" for row in record.transport):
        return "none"
    if record.contradictions or any(row.status != "ok" for row in record.transport):
        return "partial"
    return "good"


def _numbers(record: TomographyRecord) -> list[Number]:
    found = []
    row = _main_row(record)
    if row is not None and row.tortuosity_factor is not None and row.square_root is not None:
        tau = row.tortuosity_factor
        note = f"95 %: {interval(tau.interval_95)}" if tau.interval_95 else "error not known"
        found.append(Number(name=f"τ along {row.axis}", value=plain(tau.value), note=note))
        found.append(Number(name=f"√τ along {row.axis}", value=plain(row.square_root.value), note="ratio of lengths"))
        sigma = row.effective_conductivity_mS_per_cm
        if sigma is not None:
            found.append(
                Number(name="effective conductivity", value=plain(sigma.value), unit="mS/cm", note=row.carrier)
            )
    found += [
        Number(name="areal resistance L/σ", value=plain(each.through_ohm_cm2.value), unit="Ω cm²",
               note=f"{each.carrier}, {plain(each.thickness_um.value)} µm")
        for each in record.electrode[:1]
    ]  # fmt: skip
    return found


def _transport_section(record: TomographyRecord) -> Section:
    if not record.transport:
        return Section(id="transport", title="Transport")
    columns = [("Flow", ""), ("Conducting", ""), ("ε", "%"), ("Connected", "%"), ("τ", "factor"), ("√τ", "lengths"),
               ("MacMullin", ""), ("Bruggeman", "exponent"), ("σₑ", "mS/cm"), ("Bracket of τ", "")]  # fmt: skip
    rows = []
    for row in record.transport:
        status = None if row.status == "ok" else "not-diffusive"
        rows.append([
            Cell(f"{row.carrier}, {row.axis}"),
            Cell(enumeration(row.conducting_names), "does not percolate" if status else None, status=status),
            Cell(plain(100 * row.volume_fraction)),
            Cell(plain(100 * row.connected_fraction)),
            _known_cell(row.tortuosity_factor),
            _known_cell(row.square_root),
            _known_cell(row.macmullin_number),
            _known_cell(row.bruggeman_exponent),
            _known_cell(row.effective_conductivity_mS_per_cm),
            Cell(interval(row.bracket)),
        ])  # fmt: skip
    shown = [column for column in range(len(columns)) if column < 4 or any(row[column].text != ABSENT for row in rows)]
    table = Table("Transport", [columns[at] for at in shown], [[row[at] for at in shown] for row in rows])
    errors = Table(
        "Where the errors come from: standard deviations of ln σₑ",
        [("Flow", ""), ("Size of the body", "%"), ("Segmentation", "%"), ("Its method", "%"), ("Solution", "%"),
         ("Iterations", ""), ("Time", "s")],
        [[Cell(f"{row.carrier}, {row.axis}"), _percent_cell(row.errors.volume), _percent_cell(row.errors.segmentation),
          _percent_cell(row.errors.method), _percent_cell(row.errors.solution), Cell(str(row.iterations)),
          Cell(plain(row.seconds))]
         for row in record.transport],
    )  # fmt: skip
    return Section(
        id="transport",
        title="Transport",
        paragraphs=[
            "τ = <σ>/σₑ, with the effective conductivity σₑ, is the tortuosity factor of TauFactor and of most "
            "simulations; √τ is the tortuosity as a ratio of lengths. MacMullin number: σ₀/σₑ with the largest "
            "conductivity as σ₀. Bruggeman exponent: b of σₑ/σ₀ = εᵇ, 1.5 for dilute spheres. The bracket holds τ by "
            "arithmetic and harmonic means at faces between unlike conductors; the estimate takes geometric ones, and "
            "the intervals begin at the bracket's ends."
        ],
        tables=[table, errors],
    )


def _known_cell(value: Measured | None) -> Cell:
    """A number with its interval; without one its error is not known, and what is known of it would mislead."""
    if value is None or value.interval_95 is not None:
        return value_cell(value)
    return Cell(plain(value.value, 4), "error not known")


def _percent_cell(value: float | None) -> Cell:
    return Cell(ABSENT if value is None else plain(100 * value, 2))


def _electrode_section(record: TomographyRecord) -> Section:
    table = Table(
        "The electrode as a resistor",
        [("Carrier", ""), ("Thickness", "µm"), ("σₑ", "mS/cm"), ("L/σₑ", "Ω cm²"), ("L/(3 σₑ)", "Ω cm²")],
        [[Cell(f"{row.carrier}, {row.axis}"), Cell(measured(row.thickness_um), row.thickness_from),
          _known_cell(row.effective_conductivity_mS_per_cm), _known_cell(row.through_ohm_cm2),
          _known_cell(row.finite_length_ohm_cm2)] for row in record.electrode],
    )  # fmt: skip
    beside = Table(
        "Measured, by the eis record of the sample",
        [("Part", ""), ("R A", "Ω cm²"), ("Temperature", "K"), ("Spectrum", "")],
        [[Cell(row.part), value_cell(row.areal_resistance_ohm_cm2),
          Cell(ABSENT if row.temperature_K is None else plain(row.temperature_K, 4)), Cell(row.file)]
         for row in record.measured_resistances],
    )  # fmt: skip
    if not (record.electrode or record.measured_resistances):
        return Section(id="electrode", title="Areal resistance")
    return Section(
        id="electrode",
        title="Areal resistance",
        paragraphs=[
            "L/σₑ is what a current meets that crosses the whole electrode. L/(3 σₑ) is the low-frequency limit "
            "of an electrode in which the other carrier meets no resistance and the reaction goes on everywhere, as "
            "`cell` has it. Neither holds charge transfer; a measured total holds the separator and the interfaces too."
        ],
        tables=[table if record.electrode else None, beside if record.measured_resistances else None],
    )


def _phase_section(record: TomographyRecord, drawings: Mapping[str, Drawing]) -> Section:
    rows = []
    for phase in record.phases:
        recipe = None if phase.recipe_fraction is None else f"recipe: {plain(100 * phase.recipe_fraction)} %"
        rows.append([Cell(f"{phase.label} {phase.name}"), Cell(phase.role or ABSENT),
                     _share_cell(phase.volume_fraction, recipe), Cell(str(phase.clusters)),
                     value_cell(phase.surface_per_um)])  # fmt: skip
    connected = Table(
        "Connectivity: shares of each phase's own voxels",
        [("Phase", ""), ("Along", ""), ("Both faces", "%"), ("Carries current", "%"), ("One face", "%"),
         ("Neither", "%")],
        [[Cell(phase.name), Cell(each.axis, None if each.percolates else "does not percolate",
                                 status=None if each.percolates else "not-diffusive"),
          *(Cell(plain(100 * share)) for share in (each.percolating_fraction, each.backbone_fraction,
                                                   each.dead_end_fraction, each.isolated_fraction))]
         for phase in record.phases for each in phase.axes],
    )  # fmt: skip
    columns = [("Phase", ""), ("Role", ""), ("Volume", "%"), ("Clusters", ""), ("Surface", "µm²/µm³")]
    fractions = Table("Phases", columns, rows)
    return Section(
        id="phases",
        title="Phases",
        paragraphs=[
            "Voxels hang together where they share a face, as in the flow. Errors of the fractions hold the size of "
            "the body, by its autocovariance, and the segmentation where there is a family."
        ],
        drawings=[(drawings["slices"], "Labels in planes through the middle of the body.")],
        tables=[fractions, connected],
    )


def _share_cell(value: Measured, small: str | None) -> Cell:
    return Cell(measured(Measured(value=100 * value.value, std=100 * value.std)), small)


def _view_section(record: TomographyRecord, beside: Beside, drawings: Mapping[str, Drawing]) -> Section:
    surfaces = _surfaces(record, beside)
    return Section(
        id="view",
        title="In three dimensions",
        paragraphs=[
            "Surfaces for the eye, thinned to a coarse grid: areas are measured on all voxels. Boxes show and hide a "
            "phase; z is the direction of the slices."
        ],
        html=surface_section(drawings["surfaces"], surfaces, record.body.size_um, hidden=_hidden(record)),
    )


def _surfaces(record: TomographyRecord, beside: Beside) -> list[Surface]:
    arrays, palette = beside.arrays(SURFACES), colours(record)
    return [
        Surface(phase.name, palette[phase.name], arrays[f"vertices_um_{phase.label}"].astype(float),
                arrays[f"faces_{phase.label}"])
        for phase in record.phases
        if f"faces_{phase.label}" in arrays
    ]  # fmt: skip


def _hidden(record: TomographyRecord) -> set[str]:
    """What would hide the rest: pores, else the phase with the largest volume."""
    pores = {phase.name for phase in record.phases if phase.role == "pore"}
    if pores and len(pores) < len(record.phases):
        return pores
    return {max(record.phases, key=lambda phase: phase.volume_fraction.value).name} if len(record.phases) > 1 else set()


def _sub_volume_section(record: TomographyRecord, drawings: Mapping[str, Drawing]) -> Section:
    caption = (
        "Small marks: blocks of the body, each alone between electrodes (blocks without a path are left out). Large "
        "marks: the body, with its 95 % interval. Where blocks scatter about another value than the body's, they are "
        "smaller than what is representative."
    )
    shown = [(drawings["sub_volumes"], caption)] if "sub_volumes" in drawings else []
    nothing = Listing(title="Nothing reaches across", lines=["neither the body nor any block of it conducts"])
    return Section(
        id="sub-volumes",
        title="Is the body large enough?",
        drawings=shown,
        lists=[nothing] if "sub_volumes" in record.files and not shown else [],
    )


def _flux_section(record: TomographyRecord, drawings: Mapping[str, Drawing]) -> Section:
    rows = [row for row in record.transport if _flux_name(row) in drawings]
    if not rows:
        return Section(id="flux", title="Where the current goes")
    main = _main_row(record)
    return Section(
        id="flux",
        title="Where the current goes",
        paragraphs=["Flux density through voxels over the mean of the body; bright spots are throats that all current "
                    "must pass."],
        folded=[
            Folded(title=f"{row.carrier.capitalize()} along {row.axis}", drawing=drawings[_flux_name(row)],
                   is_open=row is main)
            for row in rows
        ],
    )  # fmt: skip


def _interface_section(record: TomographyRecord) -> Section:
    contacts = Table(
        "Contacts: area over the volume of the body",
        [("Between", ""), ("Area", "µm²/µm³"), ("Of the first's surface", "%"), ("Of the second's", "%")],
        [[Cell(f"{row.first} and {row.second}"), value_cell(row.area_per_um), Cell(plain(100 * row.share_of_first)),
          Cell(plain(100 * row.share_of_second))] for row in record.contacts],
    )  # fmt: skip
    lines = Table(
        "Lines where three phases meet, over the volume of the body",
        [("Phases", ""), ("Length", "µm/µm³")],
        [[Cell(enumeration(row.phases)), value_cell(row.length_per_um2)] for row in record.triple_phase_lines],
    )  # fmt: skip
    reach = Table(
        "Active material that is reached (share of its volume)",
        [("Phase", ""), ("Ions, from the separator", ""), ("Of the contact", ""), ("Electrons", ""), ("Both", "")],
        [[Cell(row.active), Cell(percent(row.ionic)), Cell(percent(row.contact)), Cell(percent(row.electronic)),
          Cell(percent(row.both))] for row in record.reach],
    )  # fmt: skip
    return Section(
        id="interfaces",
        title="Interfaces",
        tables=[contacts if record.contacts else None, lines if record.triple_phase_lines else None,
                reach if record.reach else None],
    )  # fmt: skip


def _size_section(record: TomographyRecord, drawings: Mapping[str, Drawing]) -> Section:
    lengths = Table(
        "Lengths along the axes",
        [("Phase", ""), ("Along", ""), ("Mean chord", "µm"), ("Correlation length", "µm"), ("Body", "lengths")],
        [[Cell(phase.name), Cell(each.axis), Cell(plain(each.mean_chord_um)), Cell(plain(each.correlation_length_um)),
          Cell(ABSENT if not each.correlation_length_um
               else plain(record.body.size_um["xyz".index(each.axis)] / each.correlation_length_um, 2))]
         for phase in record.phases for each in phase.lengths],
    )  # fmt: skip
    sizes = Table(
        "Sizes: a tenth, half and nine tenths of the volume are smaller",
        [("Phase", ""), ("Of", ""), ("d10", "µm"), ("d50", "µm"), ("d90", "µm"), ("Count", ""), ("Cut", "by border")],
        [[Cell(phase.name), Cell(what, _note_on(found)), Cell(plain(found.d10_um)), Cell(plain(found.d50_um)),
          Cell(plain(found.d90_um)), Cell(ABSENT if found.count is None else str(found.count)),
          Cell(percent(found.cut_share))]
         for phase in record.phases
         for what, found in (("local thickness", phase.thickness), ("particles", phase.particles))
         if found is not None],
    )  # fmt: skip
    return Section(
        id="sizes",
        title="Sizes",
        paragraphs=[
            "Local thickness is the diameter of the largest ball within the phase that holds a place. Particles are "
            "told apart at necks of less than 0.85 of the smaller one's radius; those that the border cuts are left "
            "out, and the others weighed for the chance to lie wholly inside."
        ],
        drawings=[(drawings["sizes"], "C(r)/C(0) is 1 at 0 and 0 where places know nothing of each other.")],
        tables=[sizes, lengths],
    )


def _note_on(sizes: SizeResult) -> str | None:
    if sizes.resolution_um is not None:
        return f"±{plain(sizes.resolution_um, 2)} µm by the size of voxels"
    if sizes.cut_share is not None and sizes.cut_share > _MOST_CUT:
        return "most is cut by the border: a network, or too small a body to say"
    return None


def _flux_name(row: TransportResult) -> str:
    return f"flux_{row.carrier}_{row.axis}"
