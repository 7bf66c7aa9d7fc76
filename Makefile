# hexcoder: a trained network in, a verified chip block out. `make help` lists the targets.
CONFIG ?= configs/econ_t.toml
EVENTS ?=
# Name of the energies' columns without the cell's number, where EVENTS has several that would do.
COLUMNS :=
# In place of the config's process; results go to build/<name>_<pdk>.
PDK ?=
# cpu: a build of torch without CUDA. cuda: whatever the package index gives.
TORCH ?= cpu
PYTHON ?= python3

VENV := .venv
RUN := $(VENV)/bin/python
# Many processes read the same code: what Python compiles of it is kept.
unexport PYTHONDONTWRITEBYTECODE
# One word of the shell, whatever is in it.
quoted = '$(subst ','\'',$(1))'
OPTIONS = --config $(call quoted,$(CONFIG)) $(if $(EVENTS),--events $(call quoted,$(EVENTS))) \
	$(if $(COLUMNS),--columns $(call quoted,$(COLUMNS))) $(if $(PDK),--pdk $(call quoted,$(PDK)))
STAMP := $(VENV)/.hexcoder-setup

define HELP
make all       train, compile, prove, synthesise, report: what is out of date
make train     train the network                     -> build/<name>/network.json
make rtl       compile it to Verilog                 -> build/<name>/rtl/encoder.v
make sim       hold the Verilog against the network
make asic      gates, area, timing, power            -> build/<name>/asic/
make layout    place, route and check (PDK=sky130)   -> build/<name>/layout/layout.gds
make report    one page                              -> build/<name>/report.html
make datasheet one page, HTML and PDF        -> build/<name>/datasheet/
make handoff   a folder for other designers  -> build/<name>/handoff/
make shuttle   a project for TinyTapeout     -> build/<name>/tinytapeout/
make verify    every link of the proof with a million vectors, and a formal proof
make search    search for encoders        make front     synthesise what it found
make study     physics over seeds         make bench     hexcoder beside its peers
make zoo       networks for common tasks through the whole chain: an hour
make setup     install what is needed     make test      all that CI runs
make format    format the code            make clean     remove build/

CONFIG=configs/econ_t.toml   the design point: one of configs/, or your own
EVENTS=energies.csv          events to train on, in place of the config's; COLUMNS=NAME chooses columns
PDK=sky130|gf180mcu          the process, in place of the config's
FLOW=librelane PDK=sky130A   asic by LibreLane, OpenROAD and a foundry's PDK

  make all CONFIG=configs/tiny.toml                 the whole chain in a minute or two
  make all EVENTS='my data/energies.csv.gz'
  make report CONFIG=configs/tiny.toml PDK=sky130   a layout in minutes
endef
export HELP

.PHONY: help all setup train rtl sim asic layout report datasheet handoff shuttle search front study zoo test verify bench format clean
.DEFAULT_GOAL := all

all: report

help:
	@printf '%s\n' "$$HELP"

setup: $(STAMP)

$(STAMP): pyproject.toml scripts/system-packages.sh scripts/python-packages.sh
	scripts/system-packages.sh
	TORCH=$(TORCH) PYTHON=$(PYTHON) scripts/python-packages.sh $(VENV)
	touch $@

train: $(STAMP)
	$(RUN) -m models train $(OPTIONS)

rtl: train
	$(RUN) -m gen $(OPTIONS)

# A check that fails (status 1) stops the run, but its report is written all the same.
REPORT_FAILURE = { status=$$?; [ $$status -ne 1 ] || $(RUN) -m flow report $(OPTIONS); exit $$status; }

sim: rtl
	$(RUN) -m tb $(OPTIONS) || $(REPORT_FAILURE)

# FLOW=librelane (or openlane) PDK=sky130A|gf180mcuD|ihp-sg13g2: LibreLane with OpenROAD.
# TO=Yosys.Synthesis stops it after that step.
FLOW ?= embedded
TO ?=
ifneq ($(filter $(FLOW),librelane openlane),)
asic: sim
	$(RUN) -m flow librelane $(OPTIONS) $(if $(TO),--to $(TO)) || $(REPORT_FAILURE)
else
asic: sim
	$(RUN) -m flow asic $(OPTIONS) || $(REPORT_FAILURE)
endif

# Place and route, and checks of the drawn block; for a PDK of drawn cells.
layout: asic
	$(RUN) -m flow layout $(OPTIONS)

report: asic
	$(RUN) -m flow report $(OPTIONS)

datasheet: asic
	$(RUN) -m flow datasheet $(OPTIONS)

# A folder and an archive for designers who have no hexcoder: docs/handoff.md.
handoff: datasheet
	$(RUN) -m flow handoff $(OPTIONS)

# A project for a chip that many share: SHUTTLE="--project caravel --author NAME", docs/handoff.md.
SHUTTLE ?=
shuttle: rtl
	$(RUN) -m flow shuttle $(OPTIONS) $(SHUTTLE)

# Encoders on the front of EMD against gates: found by search, then synthesised. Both go on where
# they were stopped. JOBS: trials, then points, at a time.
JOBS ?= 1
ifeq ($(origin CONFIG),file)
search: CONFIG = configs/search.toml
front: CONFIG = configs/front.toml
endif

search: $(STAMP)
	$(RUN) -m studies search $(OPTIONS) --jobs $(JOBS)

# FRONT: further options, such as --all or --full.
FRONT ?=
front: $(STAMP)
	$(RUN) -m studies search $(OPTIONS) --jobs $(JOBS)
	$(RUN) -m studies front $(OPTIONS) --jobs $(JOBS) $(FRONT)

# Physics over seeds and numbers of links, with intervals: docs/statistics.md.
SEEDS ?= 5
LINKS ?= 5
study: $(STAMP)
	$(RUN) -m studies study $(OPTIONS) --seeds $(SEEDS) --links $(LINKS)

# Networks for common tasks: docs/own_networks.md. ZOO: names of some, or options.
ZOO ?=
zoo: $(STAMP)
	$(RUN) -m studies zoo $(ZOO)

# Everything that CI runs.
test: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(VENV)/bin/lint-imports
	$(VENV)/bin/pytest -n 2 --dist loadgroup --junitxml=build/test-results.xml

# A million vectors, and all events, through every link: torch, golden model, graph, RTL, netlist.
# The events are those of the stage train, or EVENTS.
VECTORS ?= 1000000
# Broken files of every kind that is read: tests/fuzz.py.
FUZZ ?= 10000
NAME = $(shell $(RUN) -c 'import sys; from hexcoder.config import load_config; print(load_config(sys.argv[1], None, sys.argv[2] or None).name)' $(call quoted,$(CONFIG)) $(call quoted,$(PDK)))
verify: asic
	$(RUN) -m models check build/$(NAME)/network.json --vectors $(VECTORS) --events build/$(NAME)/train/events.csv
	$(RUN) -m gen --config $(call quoted,$(CONFIG)) $(if $(PDK),--pdk $(call quoted,$(PDK))) --check $(VECTORS) --events build/$(NAME)/train/events.csv
	$(RUN) -m tb build/$(NAME)/network.json build/$(NAME)/rtl --vectors $(VECTORS) \
		--events build/$(NAME)/train/events.csv --work build/$(NAME)/.simulation
	$(RUN) -m tb certify build/$(NAME)/network.json build/$(NAME)/rtl --work build/$(NAME)/.simulation
	$(RUN) -m flow verify $(OPTIONS) --vectors $(VECTORS)
	$(RUN) -m tests.fuzz --count $(FUZZ)
	$(RUN) -m studies zoo $(ZOO)
	$(VENV)/bin/pytest -n 2 --dist loadgroup -m long

# What matters in speed and size, as ratios to a peer measured in the same run: docs/compiler.md.
BENCH ?=
bench: rtl
	$(RUN) -m bench.speed $(OPTIONS)
	$(RUN) -m bench compilers $(BENCH)
	$(RUN) -m bench pipelining $(BENCH)
	$(RUN) -m bench glitches $(BENCH)
	$(RUN) -m bench nodes $(BENCH)
	$(RUN) -m bench scale $(BENCH)
	$(RUN) -m bench layout $(BENCH)
	$(RUN) -m bench chip $(BENCH)

format: $(STAMP)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:
	rm -rf build
