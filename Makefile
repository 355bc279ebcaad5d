# Lamɛn. `make` alone lists what there is; README.md needs only `run` and `test`.

SHELL := /bin/bash
PY := .venv/bin/python
FLASK := .venv/bin/flask --app wsgi
RUN_DEBS := python3-venv ffmpeg espeak-ng fonts-noto-core
# A machine with a node of its own keeps it.
TEST_DEBS := chromium libreoffice-calc-nogui $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)
PEERS_DEBS := kannel
PORT ?= 8000
export PORT
# The packages come uncompiled: what the first start compiles must be kept, or every start takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test coverage node-peers check lock bench quarter-full year api-full faults faults-full clean migration catalogs run-debs test-debs peers peers-debs

help: ## this text
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# Installs what is missing of $(1). Where it may not, it says so by name and goes on: what needs it is then left out.
define debs
	@missing=; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  as=; if [ "$$(id -u)" != 0 ]; then as=sudo; [ -t 0 ] || as="sudo -n"; fi; \
	  echo "Installing$$missing"; \
	  ( $$as apt-get -qq update && DEBIAN_FRONTEND=noninteractive $$as apt-get -qq install -y --no-install-recommends $$missing ) \
	    >/dev/null 2>&1 || for p in $$missing; do dpkg -s $$p >/dev/null 2>&1 || echo "Skipped: $$p could not be installed here."; done; \
	fi
endef

run-debs:
	$(call debs,$(RUN_DEBS))

test-debs: run-debs
	$(call debs,$(TEST_DEBS))

# Order only: the packages must be there before the environment, and are no reason to make it again.
.venv/.run: requirements.lock | run-debs
	@test -x $(PY) || python3 -m venv .venv
	@echo "Installing Python packages"
	@$(PY) -m pip install -q --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/.test: requirements-dev.lock .venv/.run | test-debs
	@echo "Installing test packages"
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# In a session of its own, because a terminal's Ctrl-C would reach the server's worker too, which then waits for ever; the port is
# tried first, because the server would share it with one that is still running.
run: .venv/.run ## install what is missing, prepare the database, serve on 127.0.0.1:$(PORT)
	@$(PY) -c "import socket; socket.socket().bind(('127.0.0.1', $(PORT)))" 2>/dev/null || \
	  { echo "Port $(PORT) is taken, perhaps by a Lamɛn that still runs. Stop it, or choose another: PORT=8001 make run"; exit 1; }
	@setsid .venv/bin/granian --interface wsgi --factory --workers 1 --blocking-threads 16 --host $${LAMEN_HOST:-127.0.0.1} --port $(PORT) --no-ws --log-level error wsgi:run & \
	  server=$$!; trap "kill -TERM $$server 2>/dev/null" INT TERM HUP; wait $$server; wait $$server 2>/dev/null; true

# Stoplight Prism, to which tests show requests, and Twilio's calculator of SMS parts. Their packages run nothing when installed.
node-peers: | test-debs
	@cd tests/peers && if ! command -v node >/dev/null || ! command -v npm >/dev/null; then echo "Skipped: Prism and Twilio's calculator, since node or npm is missing here."; \
	elif [ ! node_modules/.package-lock.json -nt package-lock.json ]; then \
	  echo "Installing Prism and Twilio's calculator"; \
	  if npm ci --omit=optional --no-audit --no-fund >/dev/null 2>&1; then touch node_modules/.package-lock.json; \
	  else echo "Skipped: Prism and Twilio's calculator could not be installed here."; fi; \
	fi

test: .venv/.test node-peers ## install what tests need, run all but the thousands
	@$(PY) -m pytest -m "not peers" --numprocesses=auto --dist=loadfile --no-loadscope-reorder

coverage: .venv/.test node-peers ## the same, counting the branches of the core: half as long again
	@$(PY) -m pytest -m "not peers and not faults and not browser" --numprocesses=auto --dist=loadfile --cov --cov-report=term:skip-covered

check: .venv/.test ## style, types, the direction of imports, the documents
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -q tests/test_docs.py tests/test_imports.py

lock: .venv/.test ## write both lock files anew from pyproject.toml
	.venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-header -q -o requirements.lock
	.venv/bin/uv pip compile pyproject.toml --all-extras --universal --generate-hashes --no-header -q -c requirements.lock -o requirements-dev.lock

migration: .venv/.test ## draft the migration to the rows in the code: make migration title="Add …"
	@$(PY) -m tests.draft_migration $(title)

catalogs: .venv/.run ## collect the console's words for translation
	@$(FLASK) catalogs

bench: .venv/.test ## measure sending and receiving, each beside a bare floor
	@$(PY) -m tests.bench

quarter-full: .venv/.test ## 128 clubs' quarter by SMS, its figures beside the truth: ten minutes
	@LAMEN_QUARTER=full $(PY) -m pytest tests/quarter
year: .venv/.test ## play a year of 3,000 members with two weeks of outage, beside a brute-force model
	@LAMEN_FAULTS=full $(PY) -m pytest tests/year

api-full: .venv/.test ## every operation of the API asked everything Schemathesis can think of, on the demonstration
	@LAMEN_API=full $(PY) -m pytest --backend postgresql tests/console/api/test_every_operation.py

faults: .venv/.test ## kill, cut and fill: the short form, under three minutes
	@$(PY) -m pytest -m faults tests/faults

faults-full: .venv/.test ## the same at full size, about an hour
	@LAMEN_FAULTS=full $(PY) -m pytest -m faults tests/faults

# Debian starts a Kannel as soon as it is installed; one that we brought must not go on by itself: the tests start their own.
peers-debs: test-debs
	@rm -f .venv/.kannel; dpkg -s kannel >/dev/null 2>&1 || touch .venv/.kannel
	$(call debs,$(PEERS_DEBS))
	@if [ -e .venv/.kannel ]; then as=; [ "$$(id -u)" = 0 ] || as="sudo -n"; \
	  $$as service kannel stop; $$as update-rc.d kannel disable; rm -f .venv/.kannel; fi >/dev/null 2>&1; true

peers: .venv/.test peers-debs ## install Kannel, send a thousand messages each way through it to a pretended operator
	@$(PY) -m pytest -s --show-capture=no tests/peers

clean: ## remove what was made, but neither the database nor the keys
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov dist var/static var/catalogs
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
