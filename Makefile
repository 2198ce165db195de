# What a newcomer runs: `make demo`. Every target sets up .venv from the lock when it is missing or stale.
#
#   LOCK=constraints/cuda.txt   the lock to install (cpu.txt is the tested one)
#   TORCH_INDEX=                one more package index: PyTorch's CPU wheel index, where pip does not find torch's +cpu build
#   PYTHON=python3.11           the Python that .venv is made with
#   RELEASE=                    a release folder for `make serve` (default: the demo recipe's)
#   PORT=7860                   where the page is

LOCK ?= constraints/cpu.txt
PORT ?= 7860
BIN := .venv/bin
QUICK := not slow and not vllm and not browser and not gpu
DATA_TESTS := $(wildcard tests/test_data_build_*.py tests/test_evals_*.py) # about half of the quick ones' time
export TORCH_INDEX PYTHON

.PHONY: help setup demo release serve test real plain check format lint types unit unit-data
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-9s %s\n", $$1, $$2}' Makefile

setup: ## .venv from the lock, when it is missing or stale
	@constraints/install $(LOCK)

demo: setup ## train, gate and release a small model from its references, then open the page
	@$(BIN)/medmodel plan demo
	@release=$$($(BIN)/medmodel release demo) && exec $(BIN)/python -m app --release "$$release" --port $(PORT)

release: setup ## run the demo recipe to a signed release; its path is the last line
	@$(BIN)/medmodel release demo

serve: setup ## the page and the API on a release (made first, if there is none)
	@release="$(RELEASE)"; release=$${release:-$$($(BIN)/medmodel release demo)} && \
	exec $(BIN)/python -m app --release "$$release" --port $(PORT)

test: setup ## every test but the GPU's, two at a time; needs chromium and a CJK font
	@$(MAKE) --no-print-directory --jobs=2 real plain

real:
	@$(BIN)/python -m pytest tests/test_road.py tests -m "(vllm or browser) and not gpu"

plain:
	@$(BIN)/python -m pytest -m "not vllm and not browser and not gpu"

check: setup ## format, lint, types, layers and unit tests, two at a time
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit-data unit types format lint

format:
	@$(BIN)/ruff format --check .

lint:
	@$(BIN)/ruff check .

types:
	@$(BIN)/mypy

unit-data:
	@$(BIN)/python -m pytest $(DATA_TESTS) -m "$(QUICK)"

unit:
	@$(BIN)/python -m pytest -m "$(QUICK)" $(DATA_TESTS:%=--ignore=%)
