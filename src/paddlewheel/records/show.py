"""How a record shows itself in a notebook: in a line, as a small page, as rows, as figures."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterator
from typing import Any

from paddlewheel.errors import InputError
from paddlewheel.records.base import Measured, Record

_MOST_ROWS = 40
_NOT_RESULTS = ("schema_version", "kind", "warnings", "citations", "provenance", "files")


def short(record: Any) -> str:
    """The record in one line: what it is, its plain values, how many rows and warnings it has."""
    told = [f"{name}={value!r}" for name, value in _plain_values(record)][:5]
    field = rows_field(record)
    if field is not None:
        told.append(f"{len(getattr(record, field))} {field}")
    if record.warnings:
        told.append(f"{len(record.warnings)} warnings")
    return f"<{type(record).__name__}: {', '.join(told)}>"


def html_of(record: Any) -> str:
    """The record for a notebook: its values, its rows, its warnings."""
    kind = getattr(record, "kind", type(record).__name__)
    parts = [f"<h4>{html.escape(str(kind))}</h4>"]
    values = "".join(f"<tr><th>{html.escape(n)}</th><td>{html.escape(_shown(v))}</td></tr>" for n, v in _values(record))
    parts.append(f"<table>{values}</table>")
    field = rows_field(record)
    rows = [dict(_cells(row)) for row in getattr(record, field)] if field is not None else []
    if rows:
        names = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(row.get(name)))}</td>" for name in names) + "</tr>"
            for row in rows[:_MOST_ROWS]
        )
        parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        if len(rows) > _MOST_ROWS:
            parts.append(f"<p>{len(rows) - _MOST_ROWS} more {field}</p>")
    if record.warnings:
        parts.append("<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in record.warnings) + "</ul>")
    return "".join(parts)


def rows_field(record: Any) -> str | None:
    """The list that holds the record's rows: as the class names it, else its first list of records."""
    if type(record).rows_in is not None:
        return type(record).rows_in
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name not in _NOT_RESULTS and isinstance(value, list) and value and isinstance(value[0], Record):
            return name
    return None


def dataframe_of(record: Any) -> Any:
    """The rows of the record as a pandas DataFrame; see `paddlewheel.records.StudyRecord.to_dataframe`."""
    try:
        import pandas
    except ImportError:
        raise InputError("pandas is not installed", where="to_dataframe", remedy="pip install pandas") from None
    field = rows_field(record)
    if field is None:
        raise InputError("has no rows", where=type(record).__name__, remedy="read its fields")
    return pandas.DataFrame([_flat(row) for row in getattr(record, field)])


def figures_of(record: Any) -> dict[str, Any]:
    """The figures of the report, by name; see `paddlewheel.records.StudyRecord.plot`."""
    # the page imports the records, not the other way round: it is found by its name
    drawing = importlib.import_module("paddlewheel.page.drawing")
    module = importlib.import_module(record.page_module())
    with drawing.house_style():
        figures = {name: figure for name, (figure, _) in module.figures(record, record.lying_beside).items()}
        for figure in figures.values():
            drawing.tidy_ticks(figure)
    return figures


def _flat(row: Record) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name in type(row).model_fields:
        value = getattr(row, name)
        if isinstance(value, Measured):
            flat[name], flat[f"{name}_std"] = value.value, value.std
            for level in ("interval_68", "interval_95"):
                if getattr(value, level) is not None:
                    flat[f"{name}_{level}"] = getattr(value, level)
        elif isinstance(value, Record):
            flat |= {f"{name}_{inner}": value for inner, value in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _values(record: Any) -> Iterator[tuple[str, Any]]:
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name in _NOT_RESULTS or value is None:
            continue
        if isinstance(value, Measured | str | int | float | bool):
            yield name, value
        elif isinstance(value, Record):
            yield from ((f"{name}.{inner}", cell) for inner, cell in _cells(value) if cell is not None)


def _plain_values(record: Any) -> Iterator[tuple[str, Any]]:
    return (
        (name, value) for name, value in _values(record) if isinstance(value, str | int | float) and "." not in name
    )


def _cells(row: Record) -> Iterator[tuple[str, Any]]:
    for name in type(row).model_fields:
        value = getattr(row, name)
        if value is None or isinstance(value, Measured | str | int | float | bool):
            yield name, value


def _shown(value: Any) -> str:
    if isinstance(value, Measured):
        if value.interval_95 is not None:
            return f"{value.value:.4g} (95 %: {value.interval_95[0]:.3g} to {value.interval_95[1]:.3g})"
        return f"{value.value:.4g} ± {value.std:.2g}"
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
