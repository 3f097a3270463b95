# Every target makes what it needs: a fresh clone has nothing but Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# The library of Kerberos builds against the system's: only where that is; elsewhere the tests with a KDC are skipped.
EXTRAS := dev$(shell command -v krb5-config >/dev/null && echo ,kerberos)
SINCE := $(shell date +%s)

.PHONY: dev lint test docs check-readme pictures rehearse simulator clean

dev: $(READY)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	touch $@

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# make test TESTS=csr runs the tests whose names hold "csr". Four at a time, a file in one process: they wait a lot.
test: $(READY)
	$(BIN)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder $(if $(TESTS),-k '$(TESTS)')

# Pages that say what was seen: tried again, and written anew. `make test` compares them.
docs: $(READY)
	UCRENEW_WRITE_DOCS=1 $(BIN)/pytest -k "docs or table"

# The README held against the program: commands, links, options, profile, the log of a rehearsal line by line, and the
# rehearsal with phones, which is too long for `make test`.
check-readme: $(READY)
	$(BIN)/pytest tests/test_readme.py tests/procedure/test_rehearsal.py tests/procedure/rehearsal_of_phones.py

# make rehearse ANSWERS=me waits for your clicks instead of the stand-ins'; PURPOSE=CallManager renews what phones trust,
# with MODE=mixed on a cluster in mixed mode, with TOKEN=usb on one whose CTL only a person with a token can change.
rehearse: $(READY)
	$(BIN)/python -m deployments.rehearsal --since $(SINCE) --answers $(or $(ANSWERS),stand-in) \
		$(addprefix --purpose ,$(PURPOSE)) $(addprefix --mode ,$(MODE)) $(addprefix --token ,$(TOKEN))

# Pictures of the simulator's pages, for docs/pictures; needs chromium and chromium-driver.
pictures: $(READY)
	$(BIN)/python -m tests.browser.pictures

simulator: $(READY)
	$(BIN)/python -m ucrenew.simulator

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
