# What a user needs: `make demo` and `make test`; each sets the machine up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPER := $(VENV)/.developer
# the third-party data beside the checkout, where it is there: an offline mirror of the potentials, and test data
export PADDLEWHEEL_SHARED ?= $(if $(wildcard ../shared/data),$(abspath ../shared),)

# The demo: o-NBH (64 atoms, built in) with the embedded potential, for about ten minutes on two cores.
DEMO_OUT ?= demo
DEMO_TEMPERATURES ?= 600,700,800,900,1000
DEMO_PRODUCTION_PS ?= 25
DEMO_EQUILIBRATE_PS ?= 2
DEMO_OPTIONS ?=

.PHONY: install install-developer demo test test-quick lint clean

# paddlewheel alone: without torch, which only M3GNet and training need
install: $(INSTALLED)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable .
	touch $@

# torch first and by its exact version: anything that pulls it later finds it installed
install-developer: $(DEVELOPER)

$(DEVELOPER): $(INSTALLED)
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[m3gnet,dev]'
	touch $@

demo: install
	$(BIN)/paddlewheel conduct o-nbh --ensemble nvt --temperatures $(DEMO_TEMPERATURES) \
	  --equilibrate-ps $(DEMO_EQUILIBRATE_PS) --production-ps $(DEMO_PRODUCTION_PS) --seed 1 $(DEMO_OPTIONS) \
	  --out $(DEMO_OUT)
	@echo "open $(abspath $(DEMO_OUT))/report.html"

test: install-developer
	$(BIN)/python -m pytest

test-quick: install-developer
	$(BIN)/python -m pytest -m "not slow"

lint: install-developer
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) $(DEMO_OUT) build dist
