# `make` alone lists what there is. Everything runs in .venv, which is made when it is missing.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup report slides test lint bench docs screenshots unlock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## create the environment

report: $(VENV)/.ready ## run everything and print where the page is
	@$(BIN)/snakemake
	@echo && echo "The page: $(CURDIR)/results/report.en.html"

slides: $(VENV)/.ready ## add every figure as PNG, SVG and CSV, for slides and papers
	@$(BIN)/snakemake slides

test: $(VENV)/.ready-dev ## run all tests and checks
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n auto

lint: $(VENV)/.ready-dev ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

bench: $(VENV)/.ready-bench ## time this against the article's loop and others, side by side
	@$(BIN)/python benchmarks/sweep.py

docs: $(VENV)/.ready ## rewrite the schema and the table of config keys
	@$(BIN)/python -m decaybench.config.reference

screenshots: $(VENV)/.ready-dev ## photograph the page for the README (wants chromium)
	@$(BIN)/python docs/screenshots.py

unlock: $(VENV)/.ready ## after a kill: release the lock; then run again
	@$(BIN)/snakemake --unlock

clean: ## remove results, logs and Snakemake's memory of them
	@find results -mindepth 1 ! -name README.md -delete
	@rm -rf logs .snakemake

$(BIN)/python:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@python3 -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }

$(VENV)/.ready: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV) (a few minutes the first time)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/.ready-bench: $(VENV)/.ready
	@$(PIP) install --constraint constraints.txt --editable '.[bench]'
	@touch $@
