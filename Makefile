# `make site` builds the shipped glossary, `make test` runs every test; both install what they need into .venv.
PYTHON ?= python3
BIN = .venv/bin
STAMP = .venv/.installed
# Where modules are not kept compiled, every start of the program takes twice as long.
export PYTHONDONTWRITEBYTECODE =

.PHONY: site test lint bench bench-demo bench-newsletter screenshots clean

site: $(STAMP)
	$(BIN)/sitegen build --content content --out public

test: $(STAMP)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.newsletter.install
	$(BIN)/python -m pytest -n 4 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check sitegen tests
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sitegen check --strict

screenshots: $(STAMP)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.screenshots tests/golden/term-page.png
	$(BIN)/python -m tests.walk tests/golden/demo.webp

$(STAMP): pyproject.toml constraints.txt
	@# Debian's Python comes without ensurepip: where it is missing, its package is installed.
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv || { rm -rf .venv; apt-get install -y python3-venv && $(PYTHON) -m venv .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

clean:
	rm -rf .venv public

# Builds beside Hugo's: `make bench N=10000` is the full table, `make bench N=10000 HUGE=--huge` goes up to 100,000.
N ?= 1000
bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m tests.bench.build $(N) $(HUGE)

bench-demo: $(STAMP)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.bench.demo

bench-newsletter: $(STAMP)
	$(BIN)/python -m tests.browser.install
	$(BIN)/python -m tests.newsletter.install
	$(BIN)/python -m tests.bench.newsletter
