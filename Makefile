# What a user needs: `make demo` and `make test`; each sets the machine up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPER := $(VENV)/.developer
GPAW := $(VENV)/.gpaw
UNIVERSAL := $(VENV)/universal
# the third-party data beside the checkout, where it is there: an offline mirror of the potentials, and test data
export PADDLEWHEEL_SHARED ?= $(if $(wildcard ../shared/data),$(abspath ../shared),)
# bytecode is written even where the environment forbids it: without, every start takes seconds
export PYTHONDONTWRITEBYTECODE :=

# The demo: o-NBH (128 atoms, built in) with the embedded potential, in at most ten minutes on two cores. Three
# temperatures twice. What 300 K is known to is the width in 1/T: from 600 to 900 K the 95 % interval is 0.09 to 150 and
# 5 to 140 mS/cm (seeds 1 and 2), from 650 to 800 K it was 0.009 to 88,000 (seed 1); at 500 K ions hardly move in 60 ps.
DEMO_OUT ?= demo
DEMO_TEMPERATURES ?= 600,750,900
DEMO_REPLICAS ?= 2
DEMO_PRODUCTION_PS ?= 60
DEMO_EQUILIBRATE_PS ?= 2
DEMO_OPTIONS ?= --supercell 1x1x1 --ensemble nvt --seed 1

.PHONY: install install-developer install-gpaw install-universal demo test test-quick lint clean

# paddlewheel alone, without torch, which only M3GNet and training need. pip would compile 300 MB of bytecode: what is
# imported compiles itself. Nothing here imports three of the packages that pymatgen-core asks for
# (tests/cli/test_installation.py)
install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --upgrade pip
	$(BIN)/pip install --quiet --no-compile --editable .
	$(BIN)/pip uninstall --quiet --yes networkx pandas sympy
	$(BIN)/paddlewheel --version
	touch $@

# torch first and by its exact version: anything that pulls it later finds it installed
install-developer: $(DEVELOPER)

$(DEVELOPER): $(INSTALLED)
	$(BIN)/pip install --quiet --no-compile torch==2.13.0
	$(BIN)/pip install --quiet --no-compile --editable '.[train,dev]'
	$(MAKE) install-gpaw || echo "without GPAW its tests are skipped"
	$(MAKE) install-universal || echo "without CHGNet or SevenNet their tests are skipped"
	touch $@

# GPAW (GPL-3), which labels by `--engine gpaw` need, is built in a minute, against Debian's libxc and OpenBLAS; by g++,
# for the compiler that Python was built with need not be here
install-gpaw: $(GPAW)

$(GPAW): $(INSTALLED)
	@echo '#include <xc.h>' | g++ -E - >/dev/null 2>&1 || \
	  { echo "install-gpaw: no header of libxc (xc.h) is here: apt-get install libxc-dev libopenblas-dev g++" >&2; exit 1; }
	CC=g++ CXX=g++ $(BIN)/pip install --quiet --no-compile gpaw gpaw-data
	touch $@

# CHGNet and SevenNet, each in an environment of its own, for their pins exclude each other. It sees the packages of
# $(VENV) behind its own (torch 2.13.0 among them, which comes first), so that pip adds only what lacks or must differ:
# 33 and 58 MB, 15 s each. Parsl starts its workers by a script that must be of this environment
install-universal: $(UNIVERSAL)/chgnet/.installed $(UNIVERSAL)/sevennet/.installed

$(UNIVERSAL)/chgnet/.installed: PACKAGE := chgnet==0.4.2
$(UNIVERSAL)/sevennet/.installed: PACKAGE := sevenn==0.13.0
$(UNIVERSAL)/%/.installed: $(INSTALLED)
	$(BIN)/pip install --quiet --no-compile torch==2.13.0
	$(BIN)/python -m venv --without-pip $(@D)
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib")); print("$(CURDIR)/src")' \
	  > $$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/paddlewheel.pth
	$(BIN)/pip --python $(@D)/bin/python install --quiet --no-compile $(PACKAGE)
	$(BIN)/pip --python $(@D)/bin/python install --quiet --no-compile --no-deps --ignore-installed parsl
	touch $@

demo: install
	$(BIN)/paddlewheel conduct o-nbh $(DEMO_OPTIONS) --temperatures $(DEMO_TEMPERATURES) --replicas $(DEMO_REPLICAS) \
	  --equilibrate-ps $(DEMO_EQUILIBRATE_PS) --production-ps $(DEMO_PRODUCTION_PS) --out $(DEMO_OUT)
	@echo "open $(abspath $(DEMO_OUT))/report.html"

# whole files of tests go to each worker, so that what one file prepares is prepared once; in the order of
# tests/conftest.py, for xdist would begin with the files of most tests. A worker that crashes ends the run with the name
# of its test: replaced, it would leave the rest of that file undone, and the run would wait for it for ever
TEST_WORKERS ?= 2
TEST_ORDER := --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test: install-developer
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) $(TEST_ORDER)

test-quick: install-developer
	$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) $(TEST_ORDER) -m "not slow"

lint: install-developer
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/pyright --threads 2
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) $(DEMO_OUT) build dist
