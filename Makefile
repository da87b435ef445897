# Yolk, from a fresh clone: `make run` serves, `make test` checks everything. POSIX sh, GNU make 3.81 and later.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help run check test lint format types fast pytest smoke browser node bench reference permissions requirements clean

VENV := .venv
JOBS ?= 2
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip

# Tests start the application some hundred times, so its modules are compiled once, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

# Colours, where the output is a terminal (known from make 4.1 on).
ifneq ($(MAKE_TERMOUT),)
BOLD := \033[1m
CYAN := \033[36m
PLAIN := \033[0m
endif

# $(call title,TEXT): prints the headline of a step.
title = printf '\n$(BOLD)== %s$(PLAIN)\n' "$(1)"
# $(call quietly,COMMAND): runs it, and prints its output only if it fails. One command of the shell.
quietly = { log=$$(mktemp) && { $(1); } >"$$log" 2>&1 </dev/null; s=$$?; \
	[ $$s -eq 0 ] || cat "$$log" >&2; rm -f "$$log"; [ $$s -eq 0 ]; }
# $(call install,FILE): installs what FILE pins into .venv.
install = echo "Installing the packages of $(1) into $(VENV) ..." && $(call quietly,$(PIP) install -r $(1))

help: ## Show this help (the default)
	@printf '$(BOLD)Yolk$(PLAIN), an instant-messaging server on Sanic with the shape of an Egg.js app\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  $(CYAN)make %-13s$(PLAIN) %s\n", $$1, $$2 }' Makefile
	@printf '\nSettings come from the environment or stand behind the command: make run PORT=7002 WORKERS=2\n'
	@printf 'PYTHON=/path/to/python chooses the interpreter that .venv is made with; JOBS=4 runs tests in four processes;\n'
	@printf 'COVERAGE=1 measures what the tests execute.\n'

# One plain command: make starts it without a shell in between, so that a signal to make reaches the server.
run: $(VENV)/run.stamp ## Serve the chat (HOST, PORT, WORKERS, DATABASE_URL, REDIS_URL, ...)
	@$(BIN)/python app.py

check: lint types fast ## Run all checks and the fast tests: before each commit

test: browser node lint types pytest ## Run all checks and all tests, as CI does

lint: $(VENV)/test.stamp ## Check style, spelling and import rules (ruff, codespell, import-linter)
	@$(call title,ruff check)
	@$(BIN)/ruff check .
	@$(call title,ruff format --check)
	@$(BIN)/ruff format --check .
	@$(call title,codespell)
	@$(BIN)/codespell
	@$(call title,lint-imports)
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/test.stamp ## Fix what ruff can fix
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/test.stamp ## Check types and the generated trees (mypy --strict)
	@$(call title,python -m yolk types --check)
	@$(BIN)/python -m yolk types --check
	@$(call title,mypy)
	@$(BIN)/mypy

# Neighbouring tests share servers, so a process gets a contiguous half and takes more from the other when done.
PARALLEL = --numprocesses $(JOBS) --dist worksteal

fast: $(VENV)/test.stamp
	@$(call title,pytest -m fast)
	@$(BIN)/pytest $(PARALLEL) -m fast

pytest: $(VENV)/test.stamp
	@$(call title,pytest)
ifdef COVERAGE
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest $(PARALLEL)
	@$(call title,coverage)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report
else
	@$(BIN)/pytest $(PARALLEL)
endif

# With an interpreter other than that of .venv, and only the packages that these tests need.
SMOKE := $(VENV)/smoke
SMOKE_TESTS := tests/yolk tests/plugins tests/websocket/test_socket.py tests/chat/test_auth.py \
	tests/chat/test_sending.py tests/chat/test_groups.py tests/files/test_upload.py

smoke: ## Run the most important tests with another interpreter (PYTHON=python3.13)
	@$(call title,smoke test with $$($${PYTHON:-python3} --version))
	@$(call quietly,$${PYTHON:-python3} -m venv --clear $(SMOKE))
	@$(call quietly,PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(SMOKE)/bin/python -m pip install \
		--no-compile --only-binary :all: --constraint requirements-dev.txt --requirement requirements.txt \
		pytest pytest-asyncio pytest-timeout pytest-xdist hypothesis httpx websockets)
	@$(SMOKE)/bin/python -m pytest $(PARALLEL) -m fast -p no:cacheprovider $(SMOKE_TESTS)

bench: $(VENV)/test.stamp ## Measure beside an Egg app (BENCH="echo rooms" TURNS=3; see bench/README.md)
	@$(BIN)/python -m bench $(BENCH) $(TURNS:%=--turns %)

reference: $(VENV)/test.stamp ## Write docs/reference.md from the docstrings of yolk
	@$(BIN)/python -m docs.reference

permissions: $(VENV)/test.stamp ## Write docs/permissions.md, who may do what, from the declared rules
	@$(BIN)/python -m docs.permissions

requirements: $(VENV)/run.stamp ## Pin the versions of the .in files (UPGRADE=package raises one)
	@$(call quietly,$(PIP) install pip-tools==7.6.2)
	@for name in requirements requirements-dev; do \
		echo "Pinning $$name.txt ..."; \
		CUSTOM_COMPILE_COMMAND='make requirements' $(BIN)/pip-compile --quiet $(UPGRADE:%=--upgrade-package %) \
			$$name.in || exit 1; \
	done

clean: ## Remove what make and the tools created; data/ stays
	rm -rf $(VENV) bench/egg/node_modules tests/node/node_modules build dist *.egg-info
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- Prerequisites of the above ----

FORCE:

# One .venv serves both. The stamps record what was installed, so that a second run starts at once.
$(VENV)/run.stamp: requirements.txt $(VENV)/python.stamp
	@$(call install,requirements.txt)
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt requirements.txt $(VENV)/python.stamp
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/run.stamp $@

# Takes the first Python from 3.11 on that can create a virtual environment. Each is run to find out: pyenv has names on
# the PATH for versions that are not enabled, and Debian's python3 comes without venv. Created anew if the interpreter of
# an old .venv is gone.
$(VENV)/python.stamp: $(shell [ -x $(BIN)/python ] || echo FORCE)
	@for python in $${PYTHON:-python3.13 python3.12 python3.11 python3}; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && { found=$$python; break; } || unable=$$python; \
	done; \
	if [ -z "$$found" ] && [ -n "$$unable" ]; then \
		v=$$("$$unable" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python $$v has no venv module. On Debian and Ubuntu it is a separate package:" >&2; \
		echo "  sudo apt install python3-venv      (python$$v-venv if $$v is not the system's python3)" >&2; \
		exit 1; \
	elif [ -z "$$found" ]; then \
		echo "Yolk needs Python 3.11 or later; $${PYTHON:-what is on the PATH} is older or missing." >&2; \
		echo "Install it, or name its path: make run PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" --version) ..."; \
	$(call quietly,"$$found" -m venv --clear $(VENV))
	@touch $@

# Tests of the chat page drive a browser: one on the PATH or playwright's own. For root on Debian it is installed.
browser: $(VENV)/test.stamp
	@for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null && exit 0; \
	done; \
	for folder in "$${PLAYWRIGHT_BROWSERS_PATH:-$$HOME/.cache/ms-playwright}" "$$HOME/Library/Caches/ms-playwright"; do \
		ls -d "$$folder"/chromium* >/dev/null 2>&1 && exit 0; \
	done; \
	if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests (apt-get) ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		$(call quietly,apt-get update && apt-get install -y fonts-noto-cjk fonts-noto-color-emoji && \
			{ apt-get install -y chromium-headless-shell || apt-get install -y chromium; }) && exit 0; \
	fi; \
	if [ "$$CI" = true ]; then echo "There is no Chromium, and in CI no test may be skipped." >&2; exit 1; fi; \
	echo "There is no Chromium, so the browser tests are skipped. To run them: $(BIN)/playwright install chromium --only-shell"

# Tests with the clients of Egg apps need Node.
node:
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory tests/node/node_modules/.stamp; \
	elif [ "$$CI" = true ]; then echo "There is no Node.js, and in CI no test may be skipped." >&2; exit 1; \
	else echo "There is no Node.js, so the tests with Node clients are skipped. To run them, install Node.js 20."; fi

tests/node/node_modules/.stamp: tests/node/package.json
	@echo "Installing the Node clients of the tests ..."
	@$(call quietly,npm install --prefix tests/node --no-audit --no-fund --no-package-lock)
	@touch $@
