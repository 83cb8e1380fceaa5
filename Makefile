VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ARCHITECTURE := arm64

export SAM_CLI_TELEMETRY := 0

.DEFAULT_GOAL := help
.PHONY: help install up down demo test lint format openapi build clean

help: ## Lists these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

install: $(INSTALLED) ## Makes .venv with everything needed (Python 3.13)

$(INSTALLED): requirements-dev.txt layers/shared/requirements.txt
	@for python in python3.13 python3 python; do \
		if $$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then \
			found=$$python; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Python 3.13 is needed, and neither python3.13 nor python3 is it. With pyenv: pyenv install 3.13 (.python-version then selects it)." >&2; \
		exit 1; \
	fi; \
	echo "Installing the tools into $(VENV) (a minute or so)"; \
	$$found -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

up: install ## Starts the local cloud: emulator, simulator, the real template
	$(BIN)/python -m local.cloud up

down: install ## Stops the local cloud
	$(BIN)/python -m local.cloud down

demo: install ## Shows the whole flow on the local cloud
	$(BIN)/python -m local.demo

test: install ## Runs every test, on a local cloud of their own
	$(BIN)/pytest -n 4 --dist loadgroup --no-loadscope-reorder

lint: install ## ruff, mypy, cfn-lint, sam validate, docs/openapi.json, events/bus/schemas
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/cfn-lint
	$(BIN)/sam validate
	$(BIN)/python -m local.openapi --check
	$(BIN)/python -m local.bus_schemas --check

format: install ## Formats the Python code
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

openapi: install ## Writes docs/openapi.json and events/bus/schemas as the code describes API and events
	$(BIN)/python -m local.openapi
	$(BIN)/python -m local.bus_schemas

build: install ## Builds functions and layer for deployment (sam build; ARCHITECTURE=arm64 or x86_64)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/sam build --parameter-overrides Architecture=$(ARCHITECTURE)

clean: ## Stops the local cloud and removes everything that was built or installed
	@if [ -x $(BIN)/python ]; then \
		$(BIN)/python -m local.cloud down; $(BIN)/python -m local.cloud down --directory .local/test; \
	fi
	rm -rf $(VENV) .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache
