# Yolk, from a fresh clone: `make run` serves, `make test` checks everything. POSIX sh, GNU make 3.81 and later.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help run test lint format types pytest browser node bench reference requirements clean

VENV := .venv
JOBS ?= 2
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip

# Tests start the application some hundred times: compiled once, wherever the machine would rather not keep it.
unexport PYTHONDONTWRITEBYTECODE

# Colours, where a terminal reads along (make 4.1 and later tell).
ifneq ($(MAKE_TERMOUT),)
BOLD := \033[1m
CYAN := \033[36m
PLAIN := \033[0m
endif

# $(call title,TEXT): the headline of a step.
title = printf '\n$(BOLD)== %s$(PLAIN)\n' "$(1)"
# $(call quietly,COMMAND): nothing of what it prints, unless it fails: then all of it. As one command of the shell.
quietly = { log=$$(mktemp) && { $(1); } >"$$log" 2>&1 </dev/null; s=$$?; \
	[ $$s -eq 0 ] || cat "$$log" >&2; rm -f "$$log"; [ $$s -eq 0 ]; }
# $(call install,FILE): brings .venv to what FILE pins.
install = echo "Installing the packages of $(1) into $(VENV) ..." && $(call quietly,$(PIP) install -r $(1))

help: ## Show this help (the default)
	@printf '$(BOLD)Yolk$(PLAIN), an instant-messaging server on Sanic with the shape of an Egg.js app\n\n'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  $(CYAN)make %-13s$(PLAIN) %s\n", $$1, $$2 }' Makefile
	@printf '\nSettings come from the environment or stand behind the command: make run PORT=7002 WORKERS=2\n'
	@printf 'PYTHON=/path/to/python chooses the interpreter that .venv is made with; JOBS=4 runs tests in four processes.\n'

# One plain command: make starts it without a shell between, so that a signal to make reaches the server.
run: $(VENV)/run.stamp ## Serve the chat (HOST, PORT, WORKERS, DATABASE_URL, REDIS_URL, ...)
	@$(BIN)/python app.py

test: browser node lint types pytest ## Check everything: style, types, import rules, tests

lint: $(VENV)/test.stamp ## Check style and import rules (ruff, import-linter)
	@$(call title,ruff check)
	@$(BIN)/ruff check .
	@$(call title,ruff format --check)
	@$(BIN)/ruff format --check .
	@$(call title,lint-imports)
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/test.stamp ## Mend what ruff can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/test.stamp ## Check types (mypy --strict)
	@$(call title,mypy)
	@$(BIN)/mypy

pytest: $(VENV)/test.stamp
	@$(call title,pytest)
	@$(BIN)/pytest --numprocesses $(JOBS) --dist loadfile

bench: $(VENV)/test.stamp ## Measure beside an Egg app (BENCH="echo rooms" TURNS=3; see bench/README.md)
	@$(BIN)/python -m bench $(BENCH) $(TURNS:%=--turns %)

reference: $(VENV)/test.stamp ## Write docs/reference.md from the docstrings of yolk
	@$(BIN)/python -m docs.reference

requirements: $(VENV)/run.stamp ## Pin versions anew from the .in files (UPGRADE=package raises one)
	@$(call quietly,$(PIP) install pip-tools==7.6.2)
	@for name in requirements requirements-dev; do \
		echo "Pinning $$name.txt ..."; \
		CUSTOM_COMPILE_COMMAND='make requirements' $(BIN)/pip-compile --quiet $(UPGRADE:%=--upgrade-package %) \
			$$name.in || exit 1; \
	done

clean: ## Remove what make and the tools made; data/ stays
	rm -rf $(VENV) bench/egg/node_modules tests/node/node_modules build dist *.egg-info
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- What the above need ----

FORCE:

# One .venv serves both. The stamps say what was installed last, so that a second run is instant.
$(VENV)/run.stamp: requirements.txt $(VENV)/python.stamp
	@$(call install,requirements.txt)
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt requirements.txt $(VENV)/python.stamp
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/run.stamp $@

# The first Python from 3.11 on that can make a virtual environment. It is asked, since a name on the PATH proves
# nothing: pyenv has names for versions that are switched off, and Debian's python3 comes without venv. Made
# anew where the interpreter of an old .venv is gone.
$(VENV)/python.stamp: $(shell [ -x $(BIN)/python ] || echo FORCE)
	@for python in $${PYTHON:-python3.13 python3.12 python3.11 python3}; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && { found=$$python; break; } || unable=$$python; \
	done; \
	if [ -z "$$found" ] && [ -n "$$unable" ]; then \
		v=$$("$$unable" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "Python $$v is here without its venv module. Debian and Ubuntu have it in a package of its own:" >&2; \
		echo "  sudo apt install python3-venv      (or python$$v-venv, if $$v is not the system's python3)" >&2; \
		exit 1; \
	elif [ -z "$$found" ]; then \
		echo "Yolk needs Python 3.11 or later, and $${PYTHON:-what is on the PATH} is not that." >&2; \
		echo "Install it, or say where it is: make run PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version) ..."; \
	$(call quietly,"$$found" -m venv --clear $(VENV))
	@touch $@

# Tests of the chat page drive a browser: one on the PATH or playwright's own. root on Debian gets one installed.
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
	echo "There is no Chromium, so the browser tests will be skipped. To have them: $(BIN)/playwright install chromium --only-shell"

# Tests with clients that Egg apps have need Node.
node:
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory tests/node/node_modules/.stamp; \
	elif [ "$$CI" = true ]; then echo "There is no Node.js, and in CI no test may be skipped." >&2; exit 1; \
	else echo "There is no Node.js, so the tests with Node clients will be skipped. To have them, install Node.js 20."; fi

tests/node/node_modules/.stamp: tests/node/package.json
	@echo "Installing the Node clients of the tests ..."
	@$(call quietly,npm install --prefix tests/node --no-audit --no-fund --no-package-lock)
	@touch $@
