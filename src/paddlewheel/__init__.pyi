# Made by scripts/make_api_stub.py from studies/table.py: do not edit.
from paddlewheel.api import Trajectory as Trajectory
from paddlewheel.api import active as active
from paddlewheel.api import active_ions as active_ions
from paddlewheel.api import analyze as analyze
from paddlewheel.api import cell as cell
from paddlewheel.api import conduct as conduct
from paddlewheel.api import convert as convert
from paddlewheel.api import coordination as coordination
from paddlewheel.api import cv as cv
from paddlewheel.api import cycling as cycling
from paddlewheel.api import dc as dc
from paddlewheel.api import density as density
from paddlewheel.api import distil as distil
from paddlewheel.api import eis as eis
from paddlewheel.api import hull as hull
from paddlewheel.api import label as label
from paddlewheel.api import load as load
from paddlewheel.api import load_potential as load_potential
from paddlewheel.api import lsv as lsv
from paddlewheel.api import nmr_simulate as nmr_simulate
from paddlewheel.api import nmr_spectrum as nmr_spectrum
from paddlewheel.api import nmr_tensors as nmr_tensors
from paddlewheel.api import onsager as onsager
from paddlewheel.api import phonons as phonons
from paddlewheel.api import read_structure as read_structure
from paddlewheel.api import read_trajectory as read_trajectory
from paddlewheel.api import rotation as rotation
from paddlewheel.api import rotor as rotor
from paddlewheel.api import sample as sample
from paddlewheel.api import sites as sites
from paddlewheel.api import spectra as spectra
from paddlewheel.api import train as train
from paddlewheel.api import validate as validate
from paddlewheel.api import van_hove as van_hove
from paddlewheel.api import window as window

__version__: str
