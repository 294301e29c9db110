# What a user needs: `make demo` and `make test`; both set the machine up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_OUT ?= demo
# the third-party data beside the checkout, where it is there: an offline mirror of the potentials, and test data
export PADDLEWHEEL_SHARED ?= $(if $(wildcard ../shared/data),$(abspath ../shared),)

.PHONY: install demo test test-quick lint benchmarks clean

install: $(STAMP)

# torch first and by its exact version: anything that pulls it later finds it installed
$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $(STAMP)

demo: install
	$(BIN)/paddlewheel conduct o-nbh --supercell 1x1x1 --ensemble nvt --temperatures 600,700,800,900 \
	  --equilibrate-ps 0.3 --production-ps 1.3 --seed 1 --out $(DEMO_OUT)
	@echo "open $(abspath $(DEMO_OUT))/report.html"

test: install
	$(BIN)/python -m pytest

test-quick: install
	$(BIN)/python -m pytest -m "not slow"

lint: install
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf $(VENV) $(DEMO_OUT) build dist
