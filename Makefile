VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CONFIG := samconfig.bandwidth-messaging.toml
CONFIG_ENV := default
CONFIGURATION = --config-file $(CONFIG) --config-env $(CONFIG_ENV)

export SAM_CLI_TELEMETRY := 0
# Some containers set it. Then each worker of the tests, and each child process, compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install up down demo unit test test-update lint format openapi diagrams build preflight deploy release-check clean

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 15

install: $(INSTALLED) ## Create .venv with all tools (needs Python 3.13)

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

up: install ## Start the local cloud: emulator, simulator, the real template
	$(BIN)/python -m local.cloud up

down: install ## Stop the local cloud
	$(BIN)/python -m local.cloud down

demo: install ## Run the main flow on the local cloud and print each step
	$(BIN)/python -m local.demo

unit: install ## Run the unit tests only
	$(BIN)/pytest -n 2 tests/unit --dist loadgroup

test: install ## Run every test; some use a local cloud of their own
	$(BIN)/pytest -n 4 --dist loadgroup --no-loadscope-reorder

test-update: install ## Update a stack under load on a local cloud of its own (3 minutes); make test leaves it out
	$(BIN)/pytest -n 0 tests/updates -m update

lint: install ## Run ruff, mypy, cfn-lint, sam validate; check the generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/cfn-lint
	$(BIN)/sam validate
	$(BIN)/python -m local.openapi --check
	$(BIN)/python -m local.bus_schemas --check
	$(BIN)/python -m local.architecture --check
	$(BIN)/python -m local.dashboard --check

format: install ## Format the Python code
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

openapi: install ## Generate docs/openapi.json and events/bus/schemas from the code
	$(BIN)/python -m local.openapi
	$(BIN)/python -m local.bus_schemas

diagrams: install ## Generate the diagrams of docs/architecture.md and the picture of the dashboard
	$(BIN)/python -m local.architecture
	$(BIN)/python -m local.dashboard

build: install ## Build functions and layer for the Architecture in CONFIG
	$(BIN)/python -m local.build $(CONFIGURATION)

preflight: install ## Check CONFIG, the AWS account and the build; changes nothing
	$(BIN)/python -m local.preflight $(CONFIGURATION)

deploy: $(CONFIG) build ## Build, check and deploy (another stack: CONFIG=samconfig.<stack>.toml)
	$(BIN)/python -m local.preflight $(CONFIGURATION)
	$(BIN)/sam deploy $(CONFIGURATION)

$(CONFIG):
	@echo "$@ does not exist. Copy samconfig.example.toml to $@ and fill in its values." >&2; exit 1

release-check: lint build test-update ## Check that the commit can be released; docs/releases.md has the steps
	$(BIN)/pytest -q -n 0 tests/contracts/test_releases.py
	$(BIN)/python -m local.release check

clean: ## Stop the local cloud and delete everything built or installed
	@if [ -x $(BIN)/python ]; then \
		$(BIN)/python -m local.cloud down; $(BIN)/python -m local.cloud down --directory .local/test; \
		$(BIN)/python -m local.cloud down --directory .local/update; \
	fi
	rm -rf $(VENV) .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache
