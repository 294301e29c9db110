"""Techniques: their titles lead to plain names, and a command says which other one takes a file."""

from __future__ import annotations

import pytest

from paddlewheel.lab.techniques import TECHNIQUES, other_command, technique_of_title


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Potentio Electrochemical Impedance Spectroscopy", "PEIS"),
        ("Modulo Bat", "MB"),
        ("Chronoamperometry / Chronocoulometry", "CA"),
        ("IR compensation (PEIS)", "ZIR"),
        ("Cyclic Voltammetry Advanced", "CVA"),
        ("PEIS", "PEIS"),
        ("Saved on :", None),
        ("", None),
    ],
)
def test_titles_of_files_lead_to_plain_names(title, name):
    assert technique_of_title(title) == name


def test_every_title_leads_to_its_own_technique():
    assert [(technique_of_title(title), title) for known in TECHNIQUES.values() for title in known.titles] == [
        (known.name, title) for known in TECHNIQUES.values() for title in known.titles
    ]


def test_a_command_is_told_which_other_one_takes_the_file():
    told = other_command("PEIS", "dc")
    assert told == ("holds PEIS (Potentio Electrochemical Impedance Spectroscopy), which `paddlewheel eis` takes")
    assert other_command("OCV", "lsv") == "holds OCV (Open Circuit Voltage), no command evaluates it"
    assert other_command("CV", "lsv", "cv") is None
    assert other_command(None, "dc") is None
    assert other_command("something new", "dc") is None
