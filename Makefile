# Everything happens in .venv; `make help` says what each target does.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COLAB := .venv-colab/stamp
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4

.DEFAULT_GOAL := help
.PHONY: help setup lab course check test mutants lint notebooks pocket bench wheel colab workshop site clean

help: ## Show this help.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## Create .venv with the course and the exact versions that its tests ran with.

$(READY): pyproject.toml requirements/pinned.txt
	@echo "Installing about 230 packages into $(VENV): 3 GB (on Linux about 7, see README.md), 4 minutes or more."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint requirements/pinned.txt --editable ".[notebooks,demo,workshop,dev]"
	touch $@

lab: $(READY) ## Open JupyterLab at lesson 00.
	$(BIN)/jupyter lab --ip=127.0.0.1 notebooks/00_start_here.ipynb

course: $(READY) ## Run every lesson on the shipped models (no network), end with the scores.
	$(BIN)/course-utils run --jobs 2

check: lint ## Check the style and run the unit tests: no notebooks, no browser, no second environment.
	$(PYTEST) -m "not whole and not long"

test: $(READY) $(COLAB) ## Run all tests; those that need Chromium or ffmpeg are skipped without them.
	$(PYTEST) --durations=20 --cov --cov-report=term --cov-fail-under=90

$(COLAB): $(READY) requirements/colab.txt
	$(BIN)/python tests/colab/environment.py

mutants: $(READY) ## Change the code on purpose, in 100 places and those of a list; show what no test notices.
	$(BIN)/python -m tests.mutants

lint: $(READY) ## Check style, spelling and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports

notebooks: $(READY) ## Rewrite the lessons' cards, run them all, and keep the outputs in notebooks/.
	$(BIN)/python -m workshop stamp
	$(BIN)/course-utils run --jobs 2 --out runs
	cp runs/[0-9][0-9]_*.ipynb notebooks/

pocket: $(READY) ## Rebuild the shipped data and models; REAL=folder of recordings, JUDGE=folder of a recogniser.
	$(BIN)/python -m foundry $(if $(REAL),--real "$(REAL)") $(if $(JUDGE),--judge "$(JUDGE)")

bench: $(READY) ## Measure against the usual libraries and recipes, write BENCHMARKS.md (20 minutes).
	$(BIN)/python tests/bench/bench.py

wheel: $(READY) ## Build the package with its models and data into dist/, for Colab.
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

colab: $(READY) ## Write badges and installs from GitHub for Colab; REPO=owner/name, without it none.
	$(BIN)/python -m workshop stamp --repo "$(REPO)"

workshop: $(READY) ## Make the bundle for a room without a network in dist/; needs one itself.
	$(BIN)/python -m workshop bundle --out dist

site: $(READY) ## Make the lessons' static site in dist/site.
	$(BIN)/python -m workshop site --out dist/site

clean: ## Remove the environment, runs and caches; models in notebooks/models stay.
	rm -rf $(VENV) .venv-colab runs dist build .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
