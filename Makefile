# hexcoder: a trained network in, a verified chip block out.
#   make all  [CONFIG=configs/econ_t.toml] [EVENTS=energies.csv]
#   make test
CONFIG ?= configs/econ_t.toml
EVENTS ?=
# cpu: a build of torch without CUDA. cuda: whatever the package index gives.
TORCH ?= cpu
PYTHON ?= python3

VENV := .venv
RUN := $(VENV)/bin/python
OPTIONS := --config $(CONFIG) $(if $(EVENTS),--events $(EVENTS))
STAMP := $(VENV)/.hexcoder-setup

.PHONY: all setup train rtl sim asic report test verify bench format clean
.DEFAULT_GOAL := all

all: report

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/system-packages.sh scripts/python-packages.sh
	scripts/system-packages.sh
	TORCH=$(TORCH) PYTHON=$(PYTHON) scripts/python-packages.sh $(VENV)
	touch $@

train: $(STAMP)
	$(RUN) -m models train $(OPTIONS)

rtl: train
	$(RUN) -m gen $(OPTIONS)

sim: rtl
	$(RUN) -m tb $(OPTIONS)

asic: sim
	$(RUN) -m flow asic $(OPTIONS)

report: asic
	$(RUN) -m flow report $(OPTIONS)

# Everything that CI runs.
test: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(VENV)/bin/pytest -n 2 --dist loadgroup --junitxml=build/test-results.xml

# A million vectors through RTL and netlist, all events through every link.
verify: asic
	$(RUN) -m flow verify $(OPTIONS)

# What matters in speed and size, as ratios to a peer measured in the same run.
bench: $(STAMP)
	$(RUN) -m flow bench $(OPTIONS)

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:
	rm -rf build
