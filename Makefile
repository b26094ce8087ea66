# Verbs of this project; CI runs the same ones. All need git, make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := tap-visma visma-sandbox visma-secrets loader-core target-bigquery-guarded \
	target-databricks target-looker-stage target-powerbi target-snowflake-guarded warehouse-checks
# Nothing but packages is fetched, and nothing of the user's own Meltano or Singer settings is used.
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false
export MELTANO_CLI_DISABLE_VERSION_CHECK := true

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-bigquery demo-databricks demo-looker demo-powerbi demo-secrets demo-snowflake test unit lint bench docs constraints clean

help: ## show the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.complete ## install everything into .venv

.venv/.complete: constraints.txt pyproject.toml $(PACKAGES:%=%/pyproject.toml)
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install -q --python $(BIN)/python -c constraints.txt --group dev --group demo \
		-e './tap-visma[s3,webhooks]' -e './visma-secrets[keyring]' \
		$(patsubst %,-e ./%,$(filter-out tap-visma visma-secrets,$(PACKAGES)))
	@touch $@

# The stand-in of Snowflake needs another DuckDB than target-duckdb
.venv-snowflake/.complete: .venv/.complete tests/support/snowflake_account/constraints.txt
	$(PYTHON) -m venv --clear .venv-snowflake
	$(BIN)/uv pip install -q --python .venv-snowflake/bin/python \
		-r tests/support/snowflake_account/constraints.txt
	@touch $@

.meltano/.complete: .venv/.complete meltano.yml constraints.txt
	$(BIN)/meltano --log-level warning install --clean
	@touch $@

demo: .meltano/.complete ## two nights of three sandbox companies into a DuckDB file, with what they changed
	@$(BIN)/python demo/duckdb_demo.py

demo-bigquery: .venv/.complete ## two nights into a stand-in of BigQuery, with a failed job, checked before and after
	@PYTHONPATH=tests/support $(BIN)/python demo/bigquery_demo.py

demo-databricks: .venv/.complete ## two nights into a stand-in of a Databricks workspace, the ledger routed by account
	@PYTHONPATH=tests/support $(BIN)/python demo/databricks_demo.py

demo-looker: .venv/.complete ## two nights into a PostgreSQL of its own, with LookML and a stand-in of Looker
	@PYTHONPATH=tests/support $(BIN)/python demo/looker_demo.py

demo-powerbi: .venv/.complete ## two nights into a push model and a lakehouse, one throttled minute, one lost answer
	@PYTHONPATH=tests/support $(BIN)/python demo/powerbi_demo.py

demo-secrets: .meltano/.complete ## credentials sealed, runs and a webhook with them, and a search that finds none in clear
	@PYTHONPATH=tests/support $(BIN)/python demo/secrets_demo.py

demo-snowflake: .venv/.complete .venv-snowflake/.complete ## the same into a stand-in of a Snowflake account
	@PYTHONPATH=tests/support $(BIN)/python demo/snowflake_demo.py

# What tests use of npm, for those who have node: a second parser of LookML, a store that answers as
# OneLake does, and a proxy that knows Microsoft's description of Power BI's API. Without them the
# tests are skipped. Behind a proxy, npm is to trust the certificates that all others trust.
NODE_PARTS := lookml_parser onelake_store powerbi_description
.meltano/node/%/.complete: tests/support/%/package.json
	@mkdir -p $(@D) && cp $< $(@D)
	@NODE_EXTRA_CA_CERTS="$${NODE_EXTRA_CA_CERTS:-$$SSL_CERT_FILE}" npm install --prefix $(@D) \
		--no-audit --no-fund --ignore-scripts --no-package-lock --fetch-retries 0 --silent \
		&& touch $@ || echo "npm could not install $*; the tests with it are skipped"

test: lint .meltano/.complete .venv-snowflake/.complete $(if $(shell command -v npm),$(NODE_PARTS:%=.meltano/node/%/.complete)) ## everything that CI proves
	$(BIN)/pytest -n 2 --dist loadfile

unit: .venv/.complete .venv-snowflake/.complete ## the tests that start no processes of their own
	$(BIN)/pytest -m "not process"

lint: .venv/.complete
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(foreach package,$(PACKAGES),$(package)/$(subst -,_,$(package))) bench demo docs tests

bench: .meltano/.complete ## figures beside a floor, into docs/benchmarks.md
	$(BIN)/python bench/run.py --write

docs: .venv/.complete ## write the tables in the READMEs from the code
	$(BIN)/python docs/tables.py --write

constraints: ## pin the newest compatible versions anew
	echo ./loader-core | $(BIN)/uv pip compile -q --no-emit-index-url --universal --upgrade \
		--python-version 3.11 --custom-compile-command "make constraints" \
		--group dev --group demo --extra s3 --extra webhooks --extra keyring \
		--no-emit-package loader-core $(PACKAGES:%=%/pyproject.toml) - -o constraints.txt

clean: ## remove what the verbs made
	rm -rf .venv .venv-* .meltano output
