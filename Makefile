# Two commands for users: `make demo` shows a town, `make test` proves it. Both make their own environments from
# nothing but Python 3.11+, make and a package index; a second run reuses them.

PYTHON ?= python3
JOBS ?= 2
DEMO_OUT ?= runs/demo

ifeq ($(OS),Windows_NT)
BIN := Scripts
else
BIN := bin
endif

DEMO := .venv-demo
LIGHT := .venv-light
FULL := .venv-test
CORE_FILES := $(wildcard townlet-*/pyproject.toml) constraints.txt
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check -c constraints.txt

# One thread each: tests run side by side, and OpenMP threads of two processes on two cores only wait for each other.
TEST_ENV := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help demo test check lint scripts workflows types imports site test-light test-full surface lanes pins docs format clean
.DELETE_ON_ERROR:

help: ## Show what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1|\2/' | column -t -s '|'

demo: $(DEMO)/installed ## A town for a day: watch it, record it, look at it, play it back, draw it.
	$(DEMO)/$(BIN)/python .ci/demo.py $(DEMO_OUT)

test: lint scripts workflows types imports site test-light test-full ## Everything: lint, types, rooms, tests without and with PyTorch, wheels, docs.

check: lint scripts types imports ## The quick part of it, for while you work.
	$(TEST_ENV) $(FULL)/$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow and not wheels"

surface: $(FULL)/installed ## What others build on: what differs from the accepted state, unsigned.
	$(FULL)/$(BIN)/python .ci/surface.py

lint: $(FULL)/installed ## Ruff: rules and format. codespell and .ci/english.py: spelling and plain English.
	$(FULL)/$(BIN)/ruff check .
	$(FULL)/$(BIN)/ruff format --check .
	$(FULL)/$(BIN)/codespell
	$(FULL)/$(BIN)/python .ci/english.py

scripts: ## Biome: rules for the scripts of the viewer's page, where npx is there.
	@if command -v npx >/dev/null; then npx --yes @biomejs/biome@2.6.8 lint --error-on-warnings; \
	else echo "npx is not installed: the page's scripts are not linted"; fi

workflows: $(FULL)/installed ## zizmor and actionlint: what GitHub is asked to run.
	$(FULL)/$(BIN)/python .ci/workflows.py

types: $(FULL)/installed ## mypy --strict on the three distributions.
	$(FULL)/$(BIN)/mypy townlet-core/src townlet-backend-scripted/src townlet-backend-pytorch/src

imports: $(FULL)/installed ## import-linter: no room imports one above it.
	$(FULL)/$(BIN)/lint-imports --no-cache

site: $(FULL)/installed ## The documentation as a site, in site/; a broken link is an error. Zensical builds it too, or says why not.
	$(FULL)/$(BIN)/python .ci/documentation.py mkdocs
	$(FULL)/$(BIN)/python .ci/documentation.py zensical

test-light: $(LIGHT)/installed ## All tests that can run where PyTorch is not installed.
	$(LIGHT)/$(BIN)/python -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is not None)"
	$(TEST_ENV) $(LIGHT)/$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow and not wheels"

test-full: $(FULL)/installed ## All tests, with PyTorch; wheels in fresh environments; docs executed.
	$(TEST_ENV) $(FULL)/$(BIN)/python -m pytest -q -n $(JOBS)

lanes: $(FULL)/installed ## Lowest and newest dependencies, the quick start as typed, another Debian. LANES="lowest --long" for one.
	$(FULL)/$(BIN)/python .ci/lanes.py --python $(PYTHON) --jobs $(JOBS) $(LANES)

pins: $(FULL)/installed ## Move constraints.txt to the newest versions that fit together, and show what changed.
	$(FULL)/$(BIN)/python .ci/pins.py

docs: $(FULL)/installed ## Write the generated pages of the reference anew.
	$(FULL)/$(BIN)/python docs/generate.py

format: $(FULL)/installed ## Let ruff fix and format.
	$(FULL)/$(BIN)/ruff check --fix .
	$(FULL)/$(BIN)/ruff format .

clean: ## Remove the environments and what the demo wrote.
	rm -rf $(DEMO) $(LIGHT) $(FULL) .venv-lowest .venv-newest .venv-pre-releases $(DEMO_OUT)

$(DEMO)/installed: $(CORE_FILES)
	$(PYTHON) .ci/environment.py $(DEMO)
	$(DEMO)/$(BIN)/python $(PIP_INSTALL) -e "./townlet-core[plots]" -e ./townlet-backend-scripted
	touch $@

$(LIGHT)/installed: $(CORE_FILES) requirements-test.txt
	$(PYTHON) .ci/environment.py $(LIGHT)
	$(LIGHT)/$(BIN)/python $(PIP_INSTALL) -r requirements-test.txt \
		-e "./townlet-core[testing]" -e ./townlet-backend-scripted
	touch $@

$(FULL)/installed: $(CORE_FILES) requirements-test.txt requirements-dev.txt
	$(PYTHON) .ci/environment.py $(FULL)
	$(FULL)/$(BIN)/python $(PIP_INSTALL) -r requirements-dev.txt torch \
		-e "./townlet-core[testing,plots,tensorboard,minari,tune,web,ray]" -e ./townlet-backend-scripted -e ./townlet-backend-pytorch
	touch $@
