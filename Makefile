# City-Resilience: `make demo` and `make test` build .venv when it is missing, then do their job.

VENV ?= .venv
OUT ?= out/demo
UV ?= uv
# Another interpreter than the newest of Python 3.11-3.13 that is found: make PYTHON=/path/to/python3
PYTHON ?=

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
STAMP := $(VENV)/.installed
# Tests run in a process per core, each file in one of them; `make test PARALLEL=` uses one process.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help env demo test test-short test-slow test-all check packages format docs model results lock clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1 | /' | column -t -s '|' 2>/dev/null \
	  || grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST))

env: $(STAMP)  ## Build or refresh the environment in .venv

$(STAMP): requirements.lock pyproject.toml scripts/make_venv.sh
	@rm -f $@
	@sh scripts/make_venv.sh "$(VENV)" "$(PYTHON)"
	@echo "Installing the locked packages into $(VENV) (a few minutes the first time) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## Train on the made-up panel, forecast with the trained model, write a report
	$(BIN)/city-resilience train experiments/demo/experiment.toml --out $(OUT)
	$(BIN)/city-resilience predict --data experiments/demo/panel.csv --model $(OUT)/model --out $(OUT)/predictions.csv
	@echo
	@echo "Report:      $(OUT)/report.html   (open it in a browser; it needs no network)"
	@echo "Predictions: $(OUT)/predictions.csv"

# What newer libraries could change: figures, and files that are read and written.
SHORT := $(addprefix tests/,explain indicators models reading tasks tracking) \
  tests/commands/test_predict.py tests/commands/test_train.py tests/evaluation/test_engine.py

test test-short test-slow test-all: export OMP_NUM_THREADS = 1

test: $(STAMP)  ## Run the tests, but for those marked slow
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

test-short: $(STAMP)  ## Run the tests that another version of Python or of a library could break
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not browser and not real_data" $(SHORT)

test-slow: $(STAMP)  ## Run the tests marked slow
	$(BIN)/python -m pytest $(PARALLEL) -m slow

test-all: $(STAMP)  ## Run all tests
	$(BIN)/python -m pytest $(PARALLEL)

check: $(STAMP) packages  ## Formatting, lint, strict types, import rules, spelling, links of the pages, packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src scripts
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/mkdocs build --strict --quiet

packages: $(STAMP)  ## Bill of materials of the lock (out/sbom.cdx.json), and what advisories say about it
	@$(BIN)/python scripts/sbom.py out/sbom.cdx.json
	@$(BIN)/python scripts/audit_lock.py

format: $(STAMP)  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(STAMP)  ## Write the references of commands and of the experiment file, build the pages into site/
	$(BIN)/python scripts/cli_reference.py > docs/cli.md.new && mv docs/cli.md.new docs/cli.md
	$(BIN)/python scripts/experiment_reference.py > docs/experiment.md.new && mv docs/experiment.md.new docs/experiment.md
	$(BIN)/python scripts/experiment_reference.py --schema > docs/experiment.schema.json.new \
	  && mv docs/experiment.schema.json.new docs/experiment.schema.json
	$(BIN)/mkdocs build --strict --quiet

model: $(STAMP)  ## Train models/demo anew, with the golden forecasts that its test compares
	rm -rf out/model
	$(BIN)/city-resilience train experiments/demo/experiment.toml --out out/model --store out/model/store
	rm -rf models/demo && $(BIN)/city-resilience models export demo@champion models/demo --store out/model/store
	$(BIN)/python -c "import pandas; pandas.read_csv('out/model/forecast.csv')[['city', 'horizon', 'forecast']].round(7).to_csv('tests/golden/demo_forecast.csv', index=False, lineterminator='\n')"

results: $(STAMP)  ## Repeat the committed figures that need no private data, and compare them (STUDY=1: studies too)
	$(BIN)/python scripts/results_table.py --check
	OMP_NUM_THREADS=1 $(BIN)/python scripts/repeat_results.py $(if $(STUDY),--study,)

lock:  ## Write requirements.lock and python_env.yaml anew (needs uv; UPGRADE=1 takes newer versions)
	@command -v $(UV) >/dev/null 2>&1 || { echo "make lock: uv not found; install it (pip install uv) or give its path: make lock UV=/path/to/uv" >&2; exit 2; }
	$(UV) pip compile pyproject.toml --all-extras --universal --fork-strategy requires-python --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet \
	  $(if $(UPGRADE),--upgrade,) --output-file requirements.lock
	$(MAKE) --no-print-directory $(STAMP)
	$(BIN)/python scripts/python_env.py > python_env.yaml.new && mv python_env.yaml.new python_env.yaml

clean:  ## Remove the environment, caches and outputs (tracking stores and models stay)
	rm -rf $(VENV) .venv-second out site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
