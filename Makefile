# make up          set everything up and open the studio: http://localhost:4000
# make test        all tests, also those on the real LiveKit server, models and browser
# make check       formatter, linter, strict types
# make bench-check hearing is as good and as quick as it was (10 minutes; in no test)
# make fmt         format the code, bring .env.example up to date
# Everything that is set up lies in .venv, .studio, web/node_modules and agent/web/static.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PY := .venv/bin/python
UV := .venv/bin/uv
PAGE := agent/web/static/index.html
PAGE_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
PACKAGES := uv.lock pyproject.toml $(wildcard plugins/*/pyproject.toml)
# uv itself is locked like every other tool
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/^version = "\(.*\)"$$/\1/p;}' uv.lock)
export UV_PYTHON_DOWNLOADS := never
PYTEST_ARGS ?=

.PHONY: help up setup test test-fast check bench-check fmt web clean prerequisites

help:
	@sed -n '/^# /s/^# //p; /^$$/q' Makefile

up: prerequisites .venv/.synced $(PAGE)
	@$(PY) -m compileall -q agent plugins/*/livekit
	@exec .venv/bin/studio up

setup: prerequisites .venv/.synced $(PAGE)
	@.venv/bin/studio setup

prerequisites:
	@tools/prerequisites

.venv/.synced: $(PACKAGES) | prerequisites
	@test -x $(PY) || { echo "making .venv"; "$$(tools/prerequisites python)" -m venv .venv; }
	@test -x $(UV) || { $(PY) -m ensurepip >/dev/null 2>&1 || true; $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	$(UV) sync --frozen --all-packages --compile-bytecode
	@touch $@

web: $(PAGE)

$(PAGE): web/node_modules/.synced $(PAGE_SOURCES)
	cd web && npm run build
	@touch $@

web/node_modules/.synced: web/package-lock.json | prerequisites
	cd web && npm ci --no-audit --no-fund
	@touch $@

# Two at a time, and then the shows, which are held in real time, one by one. Status 5: there were none of the kind.
test: setup
	@failed=0; \
	$(PY) -m pytest -m "not alone" -n 2 --dist loadfile $(PYTEST_ARGS) || { [ $$? = 5 ] || failed=1; }; \
	$(PY) -m pytest -m alone $(PYTEST_ARGS) || { [ $$? = 5 ] || failed=1; }; \
	exit $$failed

test-fast: setup
	@exec $(PY) -m pytest -m "not real" -n 2 --dist loadfile $(PYTEST_ARGS)

check: prerequisites .venv/.synced web/node_modules/.synced
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy agent plugins/*/livekit tests bench
	cd web && npm run check

# In virtual time: the machine may be busy
bench-check: setup
	@exec $(PY) -m bench.hearing --check

fmt: .venv/.synced web/node_modules/.synced
	.venv/bin/ruff check --fix --exit-zero .
	.venv/bin/ruff format .
	.venv/bin/studio config --example > .env.example
	cd web && npm run fix

clean:
	rm -rf .venv web/node_modules agent/web/static .mypy_cache .ruff_cache .pytest_cache .hypothesis
