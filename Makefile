# `make run` and `make test` do all their set-up themselves; see README.md.
PY := .venv/bin/python

.PHONY: run setup test lint format bench soak screenshots lock clean

run: setup                       ## set-up, then the demo shop (ARGS="--port 8081 --customers 100000")
	exec .venv/bin/store-agent demo $(ARGS)

setup:                           ## the environment in .venv, nothing else
	@scripts/setup run

test: .test-ready                ## set-up, then all tests
	$(PY) -m pytest

lint: .test-ready                ## style, types, import contracts
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

.PHONY: .test-ready
.test-ready:
	@scripts/setup test

format: .test-ready              ## let ruff format and sort
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: .test-ready               ## the budgets, measured (ROWS=scan,drain for some); build/bench.jsonl
	$(PY) -m tests.bench $(ROWS)

soak: .test-ready                ## the big searches in full: takes long
	SOAK=1 $(PY) -m pytest --timeout=3600

screenshots: .test-ready         ## every page, both languages, both orientations, light and dark
	$(PY) scripts/screenshots.py

lock: .test-ready                ## renew requirements/*.txt from pyproject.toml
	scripts/lock

clean:
	rm -rf .venv build dist demo-data
