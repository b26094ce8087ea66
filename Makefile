# Verbs of this project; CI runs the same ones. All need git, make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
# Nothing but packages is fetched, and nothing of the user's own Meltano or Singer settings is used.
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false
export MELTANO_CLI_DISABLE_VERSION_CHECK := true

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-databricks test unit lint bench docs constraints clean

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.complete ## install everything into .venv

.venv/.complete: constraints.txt pyproject.toml */pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install -q --python $(BIN)/python -c constraints.txt --group dev --group demo \
		-e './tap-visma[s3]' -e visma-sandbox \
		-e loader-core -e target-databricks
	@touch $@

.meltano/.complete: .venv/.complete meltano.yml constraints.txt
	$(BIN)/meltano --log-level warning install --clean
	@touch $@

demo: .meltano/.complete ## two nights of three sandbox companies into a DuckDB file, with what they changed
	@$(BIN)/python demo/duckdb_demo.py

demo-databricks: .venv/.complete ## two nights into a stand-in of a Databricks workspace, the ledger routed by account
	@PYTHONPATH=tests/support $(BIN)/python demo/databricks_demo.py

test: lint .meltano/.complete ## everything that CI proves
	$(BIN)/pytest -n 2 --dist loadfile

unit: .venv/.complete ## the tests that start no processes of their own
	$(BIN)/pytest -m "not process"

lint: .venv/.complete
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy tap-visma/tap_visma visma-sandbox/visma_sandbox loader-core/loader_core \
		target-databricks/target_databricks bench demo docs tests

bench: .meltano/.complete ## figures beside a floor, into docs/benchmarks.md
	$(BIN)/python bench/run.py --write

docs: .venv/.complete ## write the tables in the READMEs from the code
	$(BIN)/python docs/tables.py --write

# target-databricks needs nothing that the others do not
constraints: ## pin the newest compatible versions anew
	$(BIN)/uv pip compile -q --no-emit-index-url --universal --python-version 3.11 --upgrade \
		--custom-compile-command "make constraints" \
		--group dev --group demo --extra s3 tap-visma/pyproject.toml visma-sandbox/pyproject.toml \
		loader-core/pyproject.toml \
		-o constraints.txt

clean: ## remove what the verbs made
	rm -rf .venv .venv-bench .venv-bench-loader .meltano output
