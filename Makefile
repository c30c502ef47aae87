# Two commands for a newcomer: `make demo` and `make test`. Both set up what they need by themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
GROUPS := demo test lint bench

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# pip brings a pinned uv, uv installs the hashed lock; nothing happens while neither file has changed.
$(VENV)/.ready: pyproject.toml requirements/bootstrap.txt requirements/locked.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Ephemera needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked requirements into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/bootstrap.txt requirements/locked.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/.ready ## make the virtual environment

.PHONY: lock
lock: $(VENV)/.ready ## resolve the requirements again and write the hashed locks
	cd requirements && uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header bootstrap.in -o bootstrap.txt
	cd requirements && uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header audit.in -o audit.txt
	uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header $(GROUPS:%=--group %) pyproject.toml -o requirements/locked.txt

.PHONY: lint
lint: $(VENV)/.ready ## style, types, imports that run one way, no unused dependency
	ruff check
	ruff format --check
	mypy
	lint-imports --no-logo
	deptry app gitops

.PHONY: demo
demo: $(VENV)/.ready ## run the main job with everything on this machine (ARGS="--once", ARGS="--once --pull-requests 200", ARGS="--audit", ARGS="--real argocd")
	@exec python -m app.demo $(ARGS)

.PHONY: run
run: $(VENV)/.ready ## run Ephemera against the GitHub and the cluster named in .env
	@exec python -m app.demo run

# The fast part on two processes, then the tests that start the whole product, one at a time. Both are run even when the
# first fails; pytest's exit code 5 says that a part had no tests. ARGS="..." is handed to one single run instead.
.PHONY: test
test: lint ## check the code and run all tests (ARGS="-k name" for some)
ifdef ARGS
	pytest $(ARGS)
else
	@mkdir -p build && rm -f build/test-*.xml
	@failed=0; \
	pytest -n 2 -m "not slow" --junitxml=build/test-fast.xml || failed=$$?; \
	pytest -m slow --junitxml=build/test-slow.xml || test $$? = 5 || failed=1; \
	echo "Beside these, make e2e runs the product on a real Kubernetes with Argo CD and with Flux (once before it: make e2e-tools)."; \
	python tests/closing_line.py build/test-fast.xml build/test-slow.xml || failed=1; \
	exit $$failed
endif

# checkov brings a hundred packages that would not agree with ours, so it lives apart.
AUDIT := build/audit
$(AUDIT)/.ready: requirements/audit.txt | $(VENV)/.ready
	@test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	@VIRTUAL_ENV=$(AUDIT) $(BIN)/uv pip sync --quiet --require-hashes requirements/audit.txt
	@touch $@

.PHONY: audit
audit: $(AUDIT)/.ready ## let checkov look for anything unsafe in the golden manifests
	@test -n "$$(find tests/gitops/golden -name '*.yaml' 2>/dev/null)" || { echo "tests/gitops/golden holds no manifests to audit"; exit 1; }
	$(AUDIT)/bin/checkov --directory tests/gitops/golden --framework kubernetes --compact --quiet --skip-download

.PHONY: bench
bench: $(VENV)/.ready ## measure against the limits and peers (ARGS="P1 P5" for some)
	python -m tests.benchmarks $(ARGS)

.PHONY: e2e-tools
e2e-tools: $(VENV)/.ready ## build etcd, Kubernetes, KWOK, Argo CD and Flux into a cache outside the checkout (20 minutes, once)
	python -u -m app.demo.real

.PHONY: e2e
e2e: $(VENV)/.ready ## run the product on a real Kubernetes with Argo CD and Flux (ARGS="--keep", ARGS="--syncer flux")
	python -m tests.e2e $(ARGS)

.PHONY: bench-e2e
bench-e2e: $(VENV)/.ready ## measure webhook to ready and the syncer's CPU on the real stack (20 minutes)
	python -m tests.benchmarks.e2e $(ARGS)
