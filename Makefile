# Every target sets up what it needs by itself; `make help` lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

TOOLS := $(or $(WAYBILL_TOOLS),.tools)
# Looked up when a recipe runs: set-up may have put uv there a moment ago.
UV = $$(command -v uv || echo $(TOOLS)/uv/bin/uv)
# Set-up has just synchronized; to do it again here would race with a set-up side by side.
RUN = $(UV) run --no-sync
STEP = sh tools/step.sh

.PHONY: help setup demo test checks bench bench-po bench-netsuite lint types scripts collect format server worker sandbox clean

help: ## List every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Get uv, the locked dependencies and a Temporal server (some minutes the first time, 2 seconds later)
	@sh tools/setup.sh

demo: setup ## Carry a day of orders and purchase orders between sandbox systems and prove it (KEEP=1 leaves it running)
	@$(RUN) python -m operators.demo $(if $(KEEP),--keep)

# The tests start servers and databases of their own: they need a server program, and may not find the way to real ones.
OWN_SERVERS = env -u TEMPORAL_ADDRESS -u TEMPORAL_NAMESPACE -u TEMPORAL_API_KEY -u TEMPORAL_PROFILE \
	-u TEMPORAL_CONFIG_FILE -u DATABASE_URL -u PYTHONDONTWRITEBYTECODE
# Many small servers of Temporal share few processors: Go's collector and scheduler would take a tenth of their time.
FRUGAL = GOGC=400 GOMAXPROCS=1

# What is checked side by side here leaves all processors to pytest afterwards.
test: ## Check style, format, types and scripts, then run all tests
	@$(MAKE) -j 2 checks
	@[ -z "$$TEMPORAL_ADDRESS" ] || $(OWN_SERVERS) $(RUN) python -m operators.temporal_server fetch >/dev/null
	@$(STEP) "tests (pytest)" $(OWN_SERVERS) $(FRUGAL) $(RUN) pytest -n 5 --dist loadfile --no-loadscope-reorder

checks: lint types scripts collect ## Check style, format, types and scripts, and find all tests

bench: setup ## Measure orders per second beside a workflow that does nothing (N=500 orders)
	@$(if $(N),N=$(N) )$(RUN) python -m bench.orders

bench-po: setup ## Measure files of purchase orders beside their bare parts, and SFTP beside OpenSSH's own client
	@$(RUN) python -m bench.po
	@$(RUN) python -m bench.sftp

bench-netsuite: setup ## Measure how well the slots of a NetSuite account are used, live calls beside backfill (3 minutes)
	@$(RUN) python -m bench.netsuite

lint: setup ## Check style and format
	@$(STEP) "style (ruff check)" $(RUN) ruff check .
	@$(STEP) "format (ruff format --check)" $(RUN) ruff format --check .

types: setup ## Check types
	@$(STEP) "types (mypy --strict)" $(RUN) mypy

scripts: setup ## Check and test the scripts in NetSuite
	@$(STEP) "scripts in NetSuite (eslint, jest)" sh tools/scripts.sh

# With none of them chosen pytest ends with 5. Without this, each process of the real run would compile them all.
collect: setup ## Find and compile all tests, and run none
	@$(STEP) "tests (found and compiled)" sh -c '$(OWN_SERVERS) $(RUN) pytest -q --deselect tests; [ $$? -eq 5 ]'

format: setup ## Format the code and mend what can be mended by itself
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

server: setup ## Run a Temporal dev server with its Web UI in the foreground, on a file under .waybill/
	@exec $(RUN) python -m operators.temporal_server run --db .waybill/temporal.db

worker: setup ## Run the worker in the foreground
	@exec $(RUN) python worker.py

sandbox: setup ## Run the sandbox HotWax, Retail Pro and NetSuite in the foreground, with their state under .waybill/
	@exec $(RUN) python -m sandbox --port 8090 --state .waybill/sandbox

clean: ## Remove the virtual environment and caches; .tools and .waybill (your ledger) stay
	rm -rf .venv netsuite/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.tools/*' -prune -exec rm -rf {} +
