# make alone prints what there is. Needs Python 3.11 or later and make; everything else goes to .venv.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
CORES ?= all
BIN := .venv/bin
SNAKEMAKE = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/snakemake --cores $(CORES)

.DEFAULT_GOAL := help
.PHONY: help setup report smoke test lint docs lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  With the environment active (. .venv/bin/activate): snakemake --cores all, widthscope --help"

setup: .venv/installed ## create .venv from requirements.lock

.venv/installed: requirements.lock requirements.alone.lock pyproject.toml
# What tests compare with is installed without its dependencies: it names torchvision, which it never imports, and
# whose wheel must match torch's build.
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"widthscope needs Python 3.11 or later, and {sys.executable} is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . -r requirements.alone.lock
	@touch $@

report: setup ## run everything in config.yaml and build results/laptop/report/index.html
	$(SNAKEMAKE)
	@echo "The report: results/laptop/report/index.html"

smoke: setup ## the whole workflow on tiny settings, in 5 to 6 minutes
	$(SNAKEMAKE) --configfile tests/config.smoke.yaml
	@echo "The report: results/smoke/report/index.html"

test: setup ## run the tests that need neither a browser nor SLURM
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest --numprocesses 2 -m "not browser and not slurm"

lint: setup ## ruff, mypy --strict, snakefmt and snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

docs: setup ## write again what is generated from the typed settings: schemas and tables
	$(BIN)/python -m widthscope.config_docs --write

lock: setup ## resolve pyproject.toml again into requirements.lock and envs/
	$(BIN)/python envs/lock.py

clean: ## remove the environment and caches; results stay
	rm -rf .venv .widthscope_cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
