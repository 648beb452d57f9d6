# All set-up and the three things one does here: make run, make test, make check.
# Each set-up step leaves a file behind, so a second call does only what a change made necessary.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
STATIC := router/web/static
ARGS ?=

# What is compiled once serves the hundreds of processes that tests start, also where others keep Python from writing it.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode

# Where a TLS proxy's certificate was given to Python or installed for the whole machine, uv and npm must trust it too.
CA_FILE := $(firstword $(SSL_CERT_FILE) $(PIP_CERT) $(REQUESTS_CA_BUNDLE) $(wildcard /etc/ssl/certs/ca-certificates.crt))
ifneq ($(CA_FILE),)
export SSL_CERT_FILE := $(CA_FILE)
export NODE_EXTRA_CA_CERTS ?= $(CA_FILE)
endif
# A package mirror configured for pip serves uv as well.
ifneq ($(PIP_INDEX_URL),)
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

# A virtual environment holds the path it was made at; in a checkout that has been moved it is made anew.
ifneq ($(shell test -x $(BIN)/python && cat $(VENV)/.place 2>/dev/null),$(CURDIR))
.PHONY: $(VENV)/bin/uv
endif

UV := $(BIN)/uv --quiet
UV_INSTALL := VIRTUAL_ENV=$(VENV) $(UV) pip install
PYTEST = $(BIN)/python -m pytest $(if $(COMPLETE),--complete)
NODE_PATHS := PATH="$(CURDIR)/$(BIN):$$PATH"
LOCK := env -u PIP_FIND_LINKS $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --only-binary :all: \
	--generate-hashes --no-emit-index-url --no-header --no-annotate

.PHONY: help run test check bench bench-match bench-lookup bench-search bench-engine bench-speech bench-desk bench-pops bench-page faults soak fuzz audit screenshots setup assets docs lock clean

help: ## Show this list
	@echo "Usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="	" read -r name text; do \
		printf '  %-12s %s\n' "$$name" "$$text"; done

run: setup ## Set up everything and start Threadline with sample data (ARGS="--port 8090" for options of `threadline demo`)
	@exec $(BIN)/threadline demo $(ARGS)

# System tests wait more than they compute, so three at a time fit two cores; their long files come early by name.
test: setup $(VENV)/.dev ## Set up everything and run every test (ARGS="-k code" to choose; COMPLETE=1: leaving a suite out is a failure)
	@$(MAKE) $(VENV)/.speech $(if $(COMPLETE),,|| echo "what hears real speech is left out")
	@$(BIN)/python tools/suites.py $(if $(COMPLETE),--complete)
	@if [ -n '$(ARGS)' ]; then exec $(PYTEST) $(ARGS); fi; \
	$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile --ignore tests/system; beside=$$?; \
	$(PYTEST) --numprocesses 3 --dist loadfile --no-loadscope-reorder -m 'not alone' tests/system || beside=1; \
	$(PYTEST) -m alone tests/system && exit $$beside

check: setup $(VENV)/.dev ## Run ruff, mypy --strict, import-linter and the tests of the documents against the code
	@failed=; \
	run() { echo "== $$1"; shift; "$$@" || failed=1; }; \
	run "documents" $(BIN)/python -m pytest -q tests/test_docs.py; \
	run "ruff" $(BIN)/ruff check --quiet .; \
	run "mypy --strict" $(BIN)/mypy; \
	run "import-linter" $(BIN)/lint-imports --no-cache; \
	if [ -n "$$failed" ]; then echo "make check: something above is wrong"; exit 1; else echo "make check: all well"; fi

bench: setup $(VENV)/.dev ## Measure calls, webhooks, memory and growth beside what others take (ARGS="agi webhooks calls room pops growth retention"; --help for more)
	@$(BIN)/python -m bench.speed $(ARGS)

bench-match: $(VENV)/.run ## Measure matching on synthetic towns beside simpler ways (ARGS="--town rough --seed 7"; --help for more)
	@$(BIN)/python -m bench.match $(ARGS)

bench-lookup: $(VENV)/.run ## Time decisions against their bare statements, up to 10 million messages (ARGS="--sizes 10000,1000000 --databases sqlite")
	@$(BIN)/python -m bench.lookup $(ARGS)

bench-search: $(VENV)/.run ## Time agents' searches and large cards at a million customers (ARGS="--databases sqlite --size 100000")
	@$(BIN)/python -m bench.search $(ARGS)

bench-engine: $(VENV)/.run ## Time the engine's steps and weigh waiting calls, over the scenarios beside the flows (ARGS="--rounds 30")
	@$(BIN)/python -m bench.engine $(ARGS)

bench-speech: $(VENV)/.dev ## Let recordings of spoken references be heard, beside simpler ways (ARGS="--audio DIR --live 1000"; --help for more)
	@$(BIN)/python -m bench.speech $(ARGS)

bench-desk: setup $(VENV)/.dev ## Time the card after a phone begins to ring: 200 desks, 50 calls at once, a real Asterisk (ARGS="--database postgresql")
	@$(BIN)/python -m bench.desk $(ARGS)

bench-pops: setup $(VENV)/.dev ## Time the card at one process when another hears Asterisk: 200 pages, two processes (ARGS="--pops 600")
	@$(BIN)/python -m bench.pops $(ARGS)

bench-page: setup $(VENV)/.dev ## Weigh the desk's page, and time it on a cold cache with a slow processor (ARGS="--times 15")
	@$(BIN)/python -m bench.page $(ARGS)

faults: setup $(VENV)/.dev ## Inject every fault for real, for long, and print what each led to (ARGS="-k database" to choose)
	@FAULTS=long $(BIN)/python -m pytest -q tests/system/faults $(ARGS)

soak: setup $(VENV)/.dev ## Kill the service at random moments on both databases, each for MINUTES (else 15) or KILLS; ends with the first loss
	@FAULTS=long SOAK_MINUTES=$(or $(MINUTES),$(if $(KILLS),0,15)) SOAK_KILLS=$(or $(KILLS),1) $(BIN)/python -m pytest -q -s -x tests/system/faults/test_killed.py $(ARGS)

fuzz: setup $(VENV)/.dev $(VENV)/.fuzz ## Throw bytes at all that takes them from outside, an hour long (ARGS="--minutes 5 --target agi")
	@$(if $(ARGS),,DESCRIBED=300 $(PYTEST) -q -s tests/hostile/test_described.py)
	@$(BIN)/python -m tests.fuzz $(ARGS)

audit: $(VENV)/.run ## Ask for known faults of what we depend on; says so where that cannot be asked (ARGS=--strict: a failure then)
	@$(MAKE) $(VENV)/.audit || echo "what audits cannot be installed"
	@$(BIN)/python tools/audit.py $(ARGS)

screenshots: setup $(VENV)/.dev ## Take the pictures of the pages in docs/images anew, with sample data at a fixed time
	@$(BIN)/python -m tools.screenshots $(ARGS)

setup: $(VENV)/.run $(STATIC)/manifest.json ## Set up without starting anything: virtual environment, dependencies, page assets

assets: $(STATIC)/manifest.json ## Build the pages' scripts and styles

docs: $(VENV)/.run ## Write what the documents take from the code anew
	@$(BIN)/python tools/docs.py

lock: $(VENV)/bin/uv ## Write the pinned versions anew after a change of dependencies (ARGS=--upgrade for the newest)
	@$(LOCK) $(ARGS) pyproject.toml -o requirements/run.txt
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["speech"], \
		sep="\n")' | $(LOCK) $(ARGS) -c requirements/run.txt - -o requirements/speech.txt
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["traces"], \
		sep="\n")' | $(LOCK) $(ARGS) -c requirements/run.txt - -o requirements/traces.txt
	@$(LOCK) $(ARGS) --group installer -o requirements/installer.txt
	@$(LOCK) $(ARGS) --group build -c requirements/run.txt -o requirements/build.txt
	@$(LOCK) $(ARGS) --group fuzz -o requirements/fuzz.txt
	@$(LOCK) $(ARGS) --group dev -c requirements/run.txt -c requirements/build.txt -c requirements/traces.txt -o requirements/dev.txt
	@$(LOCK) $(ARGS) --group audit -c requirements/run.txt -c requirements/build.txt -c requirements/traces.txt -c requirements/dev.txt -o requirements/audit.txt
	@$(MAKE) $(VENV)/.run
	@$(NODE_PATHS) npm install --silent --package-lock-only
	@! grep -nE '://|--(extra-)?index|--find-links' requirements/*.txt && ! grep -n '"resolved"' package-lock.json || \
		{ echo "make lock: an address got into the pins, see above"; exit 1; }

clean: ## Remove what make built (not the data)
	rm -rf $(VENV) node_modules $(STATIC) .cache

$(VENV)/bin/uv: tools/make-venv requirements/installer.txt
	@tools/make-venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/bin/uv requirements/run.txt requirements/build.txt pyproject.toml
	@echo "Installing the dependencies"
	@$(UV_INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements/run.txt -r requirements/build.txt
	@$(UV_INSTALL) --no-build-isolation --no-deps --offline --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "Installing the tools for tests and checks"
	@$(UV_INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements/dev.txt
	@touch $@

$(VENV)/.speech: $(VENV)/.run requirements/speech.txt
	@echo "Installing what makes words of speech"
	@$(UV_INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements/speech.txt
	@$(BIN)/python tools/speech_model.py >/dev/null
	@touch $@

$(VENV)/.fuzz: $(VENV)/.dev requirements/fuzz.txt
	@echo "Installing what fuzzes"
	@$(UV_INSTALL) --require-hashes --no-deps --only-binary :all: -r requirements/fuzz.txt
	@touch $@

# In an environment of its own: what looks for faults of our dependencies is none of them.
$(VENV)/.audit: $(VENV)/bin/uv requirements/audit.txt
	@echo "Installing what audits"
	@$(UV) venv --allow-existing $(VENV)/audit
	@VIRTUAL_ENV=$(VENV)/audit $(UV) pip install --require-hashes --no-deps --only-binary :all: -r requirements/audit.txt
	@touch $@

node_modules/.installed: $(VENV)/.run package.json package-lock.json .npmrc
	@echo "Installing what the page assets are built with"
	@$(NODE_PATHS) npm ci --silent
	@touch $@

$(STATIC)/manifest.json: node_modules/.installed vite.config.js $(shell find router/web/src 2>/dev/null)
	@echo "Building the page assets"
	@$(NODE_PATHS) npm run --silent build -- --logLevel warn
	@touch $@
