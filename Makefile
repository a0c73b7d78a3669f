.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what running needs (done by the other targets when needed)
	@deploy/setup.sh run

.PHONY: setup-dev
setup-dev: ## install what tests and checks need
	@deploy/setup.sh dev

.PHONY: demo
demo: setup ## everything from nothing, and the real cases played through it; ONCE=1 ends by itself
	@$(BIN)/sandan demo $(if $(ONCE),--once) $(ARGS)

.PHONY: up
up: setup ## run everything here, with data kept in .sandan/, until Ctrl-C or `make down`
	@deploy/up.sh $(ARGS)

.PHONY: down
down: ## stop what `make up` started, from any terminal
	@deploy/down.sh

.PHONY: doctor
doctor: setup ## look at this machine and say what is missing
	@$(BIN)/sandan doctor

.PHONY: test
test: setup-dev ## all tests; ARGS="-k word" for some
	@$(BIN)/python -m pytest $(ARGS)

.PHONY: test-fast
test-fast: setup-dev ## what needs no server, in under a minute: rules, words, shape, docs
	@$(BIN)/python -m pytest -q -p no:schemathesis -m "not slow" tests/architecture tests/chassis tests/cli \
		tests/contracts tests/docs tests/intake tests/language tests/matching tests/notify tests/points tests/worktime \
		tests/handlers/test_life_of_a_demand.py tests/handlers/test_what_a_demand_costs.py $(ARGS)
	@echo "before you commit: tests/handlers, tests/edges/test_replay.py; before you push: make test"

.PHONY: coverage
coverage: setup-dev ## all tests with branches counted; fails where a room has less than 90 %
	@$(BIN)/coverage run -m pytest -q $(ARGS)
	@$(BIN)/python -m tests.coverage

.PHONY: chaos
chaos: setup-dev ## the tests that kill brokers, databases and services
	@WHOLE=1 $(BIN)/python -m pytest tests/faults --timeout 5400 $(ARGS)

.PHONY: bench
bench: setup-dev ## measure throughput and latency on this machine
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: check
check: setup-dev ## style, types, who may import whom, limits of size, dead code, duplicates; .ci/run begins with it
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/vulture
	@$(BIN)/pylint --disable=all --enable=duplicate-code --score=n services
	@$(BIN)/python -m pytest -q -p no:schemathesis tests/architecture -k "drawer or short"

.PHONY: lock
lock: setup-dev ## write the hashes of the pinned packages again, after a pin was changed
	@$(BIN)/python deploy/lock.py

.PHONY: audit
audit: ## ask whether a pinned package is known to be vulnerable; says so where nobody can be asked
	@deploy/audit.sh

.PHONY: docs
docs: setup-dev ## write the generated documents again: messages, settings, OpenAPI
	@$(BIN)/sandan docs

.PHONY: model
model: setup-dev ## learn anew what the reader knows, from services/language/data (sentences, wished)
	@$(BIN)/python -m services.language.training
	@$(BIN)/python -m services.language.wish_training

.PHONY: openapi
openapi: docs ## the same

.PHONY: secrets
secrets: ## make deploy/.env with fresh keys and passwords for containers
	@deploy/secrets.sh

.PHONY: clean
clean: down ## remove .venv, data and caches of this checkout
	@rm -rf .venv .sandan .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find services tests -name __pycache__ -prune -exec rm -rf {} +
