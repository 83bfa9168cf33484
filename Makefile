# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
#
# Everything is made below .venv and .build; `make clean` removes both. What is there already is not made again.

.DEFAULT_GOAL := help
PYTHON ?= python3
HOSTS ?= 20
GUESTS ?= 20
XEN ?= 4.17 4.20
FAULT_MINUTES ?= 15
# Tests at once. The simulated machines' time goes on while a busy machine keeps a test waiting, so no more than two.
WORKERS ?= 2

ifneq ($(words $(CURDIR)),1)
$(error The path of this checkout has a blank in it, which make and sshd can't cope with: move it to another place)
endif

# The user's own settings of Ansible and of the test tools must not decide what happens here.
STRANGERS := $(filter ANSIBLE_% MOLECULE_% PYTEST_% PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV,$(.VARIABLES))
ifneq ($(STRANGERS),)
unexport $(STRANGERS)
endif
VENV := $(CURDIR)/.venv
export PATH := $(VENV)/bin:$(PATH):/usr/sbin:/sbin
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export PYTHONDONTWRITEBYTECODE := 1
export MOLECULE_COMMAND_BORDERS := 0
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.build/hypothesis

# A checkout may belong to somebody else than the user who tests it (containers); git is to read it all the same.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := *

# The eras, netbsd-*, are in the scenario eras. xen runs by its name only, as it keeps a core busy for minutes. What takes
# longest begins first.
SCENARIOS := eras docker $(filter-out docker eras netbsd-% xen,$(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))
# A real NetBSD is run where there is one.
VM_GIVEN := $(NETBSD_IMAGE)$(NETBSD_RELEASE)
# In the order in which they run: the quick ones first.
LINTERS := ruff mypy yamllint workflow shellcheck changelog plugin-tables role-tables errors-page ansible-lint
COLLECTIONS := .build/collections/ansible_collections
# Of others: what tests compare with, and what Molecule's docker driver takes.
OTHERS := community.general community.docker ansible.posix
MANIFESTS := $(foreach other,$(OTHERS),$(COLLECTIONS)/$(subst .,/,$(other))/MANIFEST.json)
HERE := $(COLLECTIONS)/netbsd/xen
RUN_TOOLS := .venv/.run-tools
TEST_TOOLS := .venv/.test-tools
NOX_TOOLS := .venv/.nox-tools
PEERS := .build/peers/.installed
DOCS_TOOLS := .build/docs/venv/.installed
IMPORTER := .build/importer/venv/.installed
DOCKER_DRIVER := .build/docker/python/.installed
# Why the scenario docker was not run, if it was not.
DOCKER_NOT_RUN := .build/docker/not-run

.PHONY: help demo test lint $(LINTERS:%=lint-%) unit sanity sanity-import sanity-rest molecule faults contract-sim \
    test-xen test-xen-systems matrix matrix-ends matrix-oldest matrix-newest bench execution-environment build docs \
    importer clean collections tools packages

help: ## Show this text
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /  \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
	    printf '  %-14s %s\n' $$name "$$text"; done
	@echo "Settings: HOSTS, GUESTS, QUICK, ONLY (bench), XEN (test-xen: 4.17, 4.20 or, as by default, both), SCENARIO (molecule)," \
	    "FAULT_MINUTES (faults), WORKERS (unit, contract-sim), COMPLETE (matrix), PYTHON."

demo: packages $(RUN_TOOLS) collections ## A rack of three simulated machines: bare, to running guests, drift, repair (1 to 2 minutes)
	$(VENV)/bin/python tests/demo/run.py

test: lint unit sanity contract-sim molecule ## Everything that needs no real Xen

# Each linter has a target of its own, so that .pre-commit-config.yaml can call it too.
lint: $(LINTERS:%=lint-%) ## ruff, mypy, yamllint, workflow, shellcheck, changelog fragments, tables that are written, ansible-lint (production profile)

lint-ruff: tools
	ruff check .

lint-mypy: tools
	mypy

lint-yamllint: tools
	yamllint --strict .

# By the schema that GitHub's workflows have; what its expressions mean only GitHub knows.
lint-workflow: tools
	check-jsonschema --builtin-schema vendor.github-workflows tests/vm/workflow.yml

lint-shellcheck: tools
	shellcheck .ci/run tests/tools/debian-packages tests/simulator/container/init tests/simulator/container/sh

lint-changelog: tools
	antsibull-changelog lint

lint-plugin-tables: tools
	$(VENV)/bin/python tests/tools/plugin_tables.py --check

lint-role-tables: tools
	$(VENV)/bin/python tests/tools/role_tables.py --check

lint-errors-page: tools
	$(VENV)/bin/python tests/tools/errors_page.py --check

lint-ansible-lint: tools
	ansible-lint

unit: packages tools ## Unit tests of the collection, the simulator and the test tools
	pytest --numprocesses=$(WORKERS)

# ansible-test keeps one core busy: what imports every file under each Python takes as long as all the rest.
sanity: tools ## ansible-test sanity, on a copy of what is shipped
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going sanity-import sanity-rest

sanity-import: WHICH := --test import
sanity-rest: WHICH := --skip-test import
sanity-import sanity-rest: tools
	$(VENV)/bin/python tests/tools/sanity.py .build/$@ --venv --color no $(WHICH)

# A scenario waits for its machines half of the time, so some run at once; mixed, their output could not be read.
molecule: packages tools ## The Molecule scenarios, each on simulated racks of its own; SCENARIO=netbsd-9.4-xen-4.15: one era
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target --keep-going \
	    $(patsubst %,molecule-%,$(or $(SCENARIO),$(SCENARIOS) $(if $(VM_GIVEN),netbsd-vm)))
	@$(if $(SCENARIO)$(VM_GIVEN),,echo "netbsd-vm: not run. It needs a NetBSD: tests/vm/README.md")
	@$(if $(SCENARIO),,echo "xen: not run. It boots real Xen in QEMU: make molecule SCENARIO=xen")
	@$(if $(SCENARIO),,! test -s $(DOCKER_NOT_RUN) || cat $(DOCKER_NOT_RUN))

molecule-%: packages tools
	molecule test --scenario-name $*

molecule-netbsd-vm: packages tools
	@$(if $(VM_GIVEN),tests/tools/debian-packages qemu-system-x86 qemu-utils $(if $(NETBSD_RELEASE),xz-utils zstd),:)
	@$(VENV)/bin/python tests/vm/netbsd-vm test .build/netbsd-vm

# The machine ends with the scenario also where somebody breaks it off.
molecule-xen: packages tools
	tests/xen/lab deps
	@trap : INT; molecule test --scenario-name xen; status=$$?; \
	    XENLAB_MACHINE=molecule tests/xen/lab --release 4.20 stop; exit $$status

# The driver is not put among the test tools: the other scenarios, which may run already, load every driver that is there.
molecule-docker: packages tools $(DOCKER_DRIVER)
	@$(VENV)/bin/python tests/tools/docker_scenario.py .build/docker $(if $(SCENARIO),,--or-say $(DOCKER_NOT_RUN))

faults: packages tools ## Faults at each step of a converge, each on a simulated machine of its own
	$(VENV)/bin/python tests/faults/run.py --minutes $(FAULT_MINUTES)

contract-sim: packages tools ## The contract tests against the simulator: xl, and xm of older machines
	pytest tests/contract --target=sim --numprocesses=$(WORKERS)

# One machine keeps one core busy, so both releases run at once; mixed, their output could not be read.
test-xen: tools ## The contract tests against real Xen 4.17 and 4.20 in QEMU
	tests/xen/lab deps
	@echo "Against Xen $(XEN), at the same time: the output of each comes when it has ended."
	@$(MAKE) --no-print-directory --jobs=$(words $(XEN)) --output-sync=target --keep-going $(XEN:%=test-xen-%)
	@echo "test-xen-systems: not run. It takes minutes more: make test-xen-systems"

test-xen-systems: tools ## Guests' systems and consoles on real Xen 4.20: from a tarball and an image to a login
	tests/xen/lab deps
	tests/xen/lab --release 4.20 build
	XENLAB_RELEASE=4.20 pytest tests/contract/systems --target=xen -o cache_dir=.build/pytest-xen-systems -r fER

# A command that our own time limit ends is said to be; one that the emulated kernel kills at its start, as it does once in
# a few hundred, is tried once more, and the end of the output says so.
test-xen-%: tools
	XENLAB_RELEASE=$* tests/xen/lab build
	XENLAB_RELEASE=$* pytest tests/contract --ignore=tests/contract/xm --ignore=tests/contract/systems --target=xen \
	    -o cache_dir=.build/pytest-xen-$* --reruns=1 --only-rerun='exit status -9: it printed nothing' -r fER

# Each session of nox has an environment of its own; COMPLETE=1 takes a Python that is missing for a failure.
NOX = nox --noxfile tests/matrix/noxfile.py
NOX_WORDS = $(if $(COMPLETE),-- complete)
# nox goes into the directory of its file.
MATRIX := $(CURDIR)/.build/matrix
# Run what leaves reports of these names, and make a table of them, whatever came out.
TABLED = mkdir -p $(MATRIX); rm -f $(2:%=$(MATRIX)/%.json); $(1); status=$$?; \
    $(VENV)/bin/python tests/matrix/table.py $(2:%=$(MATRIX)/%.json); exit $$status

matrix: packages $(NOX_TOOLS) ## Every ansible-core from 2.17 on, with every Python of a machine from 3.8 on that it takes (hours)
	@$(call TABLED,$(NOX) --report $(MATRIX)/whole.json $(NOX_WORDS),whole)

matrix-ends: packages $(NOX_TOOLS) ## Of these the oldest core with the oldest Python, and the newest with the newest
	@$(call TABLED,$(MAKE) --no-print-directory --jobs=2 --output-sync=target --keep-going \
	    matrix-oldest matrix-newest,oldest newest)

matrix-oldest matrix-newest: packages $(NOX_TOOLS)
	@mkdir -p $(MATRIX)
	$(NOX) --tags $(@:matrix-%=%) --report $(MATRIX)/$(@:matrix-%=%).json $(NOX_WORDS)

bench: packages $(RUN_TOOLS) $(PEERS) collections ## What an unchanged run costs, in figures with targets (half an hour; QUICK=1: minutes)
	$(VENV)/bin/python tests/bench/run.py --hosts $(HOSTS) --guests $(GUESTS) $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

execution-environment: packages tools ## An execution environment with the archive in it: built, then site.yml from it (root; minutes)
	$(VENV)/bin/python tests/tools/execution_environment.py .build/ee $(if $(OR_SAY),--or-say)

build: $(RUN_TOOLS) ## The collection's archive, in .build/
	ansible-galaxy collection build --force --output-path .build

docs: $(DOCS_TOOLS) collections ## The site of the documentation, in .build/docs/html; a warning is a failure
	.build/docs/venv/bin/python tests/tools/docs_site.py .build/docs

importer: build $(IMPORTER) ## What Galaxy says of the archive when it takes it; a warning is a failure
	.build/importer/venv/bin/python tests/tools/importer.py .build/importer $$(ls -t .build/netbsd-xen-*.tar.gz | head -n 1)

clean: ## Remove what was made here
	@for rack in .build/racks/*/; do test ! -d $$rack || tests/simulator/simrack destroy $$rack; done
	rm -rf .build .venv

# --- what these need ---

collections: $(MANIFESTS) $(HERE) ## The collections where Ansible looks for them (.build/collections)

tools: $(TEST_TOOLS) $(MANIFESTS) $(HERE) ## The test tools (.venv) and the collections

packages:
	@tests/tools/debian-packages openssh-client openssh-server uidmap util-linux

.venv/bin/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tests/tools/debian-packages python3-venv
	$(PYTHON) -m venv .venv

$(RUN_TOOLS): requirements/run.txt | .venv/bin/python
	.venv/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/run.txt
	@touch $@

$(TEST_TOOLS): requirements/test.txt requirements/anyvm.txt $(RUN_TOOLS)
	.venv/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/test.txt
	@touch $@

$(NOX_TOOLS): requirements/nox.txt $(TEST_TOOLS) | tools
	.venv/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/nox.txt
	@touch $@

# Those with whom the bench compares have an environment of their own.
$(PEERS): requirements/peers.txt requirements/run.txt
	$(PYTHON) -m venv .build/peers
	.build/peers/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/peers.txt
	@touch $@

# Beside the test tools pip would take versions of years ago, so each of these two has an environment of its own.
$(DOCS_TOOLS): requirements/docs.txt requirements/run.txt
	$(PYTHON) -m venv .build/docs/venv
	.build/docs/venv/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/docs.txt
	@touch $@

$(IMPORTER): requirements/importer.txt
	$(PYTHON) -m venv .build/importer/venv
	.build/importer/venv/bin/python -m pip --disable-pip-version-check --quiet install -r requirements/importer.txt
	@touch $@

$(DOCKER_DRIVER): requirements/docker.txt | .venv/bin/python
	rm -rf $(@D)
	.venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --target $(@D) -r requirements/docker.txt
	@touch $@

# All of them by one download.
$(MANIFESTS) &: requirements/collections.txt | .venv/bin/python
	.venv/bin/python tests/tools/packaged_collections.py .venv/bin/python requirements/collections.txt .build/collections $(OTHERS)

# The checkout under the name by which Ansible finds it.
$(HERE):
	@mkdir -p $(@D)
	ln -sfn ../../../.. $@
