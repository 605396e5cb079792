# Two commands: `make demo` serves a working portal, `make test` proves it.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo test quick thorough check bench bench-load bench-scale e2e messages docs pictures lock audit sbom

help: ## what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

$(VENV)/.app: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "AuditPortal needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" or 0)'
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

demo: $(VENV)/.app ## a working portal with real video (PORT=8000, RESET=1 starts fresh)
	@$(BIN)/python manage.py demo --port $(PORT) $(if $(RESET),--reset)

# Neighbours stay in one process, which then makes what they share once; who is done early takes from the others.
test: $(VENV)/.dev ## the whole suite, browser tests included
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

e2e: $(VENV)/.dev ## only what a person does in a browser
	@$(BIN)/python -m pytest tests/e2e $(ARGS)

quick: $(VENV)/.dev ## the tests of what differs from main, without browser and slow ones (BASE=another commit)
	@$(BIN)/python -m tests.quick $(ARGS)

thorough: export THOROUGH = 1
thorough: $(VENV)/.dev ## the whole suite with ten times the examples, kills and garbled answers; every byte changed
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The type checker and the import contracts read the settings; nothing is connected to.
check: export SECRET_KEY = only-for-checks-only-for-checks-only-for-checks-only
check: export DATABASE_URL = postgresql://nobody@localhost/none
check: export REDIS_URL = redis://localhost
check: export COMMBOX_API_KEY = none
check: export AUDIT_FIELD_KEY = bm9uZW5vbmVub25lbm9uZW5vbmVub25lbm9uZW5vbmU=
check: $(VENV)/.dev ## types, style, templates, import contracts, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/djlint --check --lint templates
	@$(BIN)/lint-imports
	@$(BIN)/python -W ignore manage.py makemigrations --check --dry-run --skip-checks --verbosity 0

bench: $(VENV)/.dev ## ratios measured side by side, written to bench/results.json (PARTS="sealing search" for some)
	@$(BIN)/python -m tests.bench $(PARTS)

bench-load: $(VENV)/.dev ## the highest rate of pages with p95 within 300 ms, five minutes of it, and three times as much
	@$(BIN)/python -m tests.bench.load

bench-scale: $(VENV)/.dev ## search at 1 and 3 million objects; takes an hour and 10 GB (SIZES="1000000 10000000")
	@$(BIN)/python -m tests.bench.scale $(SIZES)

# GNU gettext finds the sentences and compiles them; the compiled catalogues are committed, so that nobody else needs it.
messages: $(VENV)/.dev ## collect the sentences of pages into locale/, and compile the translations (needs gettext)
	@$(BIN)/python -m tests.messages

docs: $(VENV)/.app ## docs/settings.md from the settings in auditportal/env
	@$(BIN)/python -m auditportal.settings_doc

pictures: $(VENV)/.dev ## the screenshots of README and guides, made by the browser tests
	@$(BIN)/python -m pytest tests/e2e/test_pictures.py -q -m screenshots

# A package that the advisory service does not know is a failure, too.
audit: ## known holes of what production installs (needs uv and the network)
	@uvx pip-audit --strict --disable-pip --require-hashes -r requirements-production.lock

# Of what is installed, not of the list: with licences, and with what this platform and Python need.
SBOM_DIR ?= build/sbom
sbom: $(VENV)/.dev ## what production installs, as a CycloneDX bill of materials in build/sbom/ (needs the network)
	@$(PYTHON) -m venv --clear --without-pip $(SBOM_DIR)/production
	@$(BIN)/python -m pip --python $(SBOM_DIR)/production/bin/python install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-production.lock
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible --output-file $(SBOM_DIR)/auditportal.cdx.json $(SBOM_DIR)/production

lock: ## resolve the newest versions again, with hashes and without addresses
	uv pip compile pyproject.toml --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet -o requirements-production.lock $(LOCK_ARGS)
	uv pip compile pyproject.toml --group embedded -c requirements-production.lock --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet -o requirements.lock $(LOCK_ARGS)
	uv pip compile pyproject.toml --group embedded --group dev --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet -c requirements.lock -o requirements-dev.lock $(LOCK_ARGS)
