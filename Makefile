# The menu: make demo | test | build | up | lint | fmt | bench | fuzz | sim
SWIFT ?= swift
BIN = .build/release

.PHONY: help setup build demo test lint fmt bench fuzz sim up install clean

help:
	@echo "make demo     install what is needed, build, and show a three-node network at work"
	@echo "make test     install what is needed, build, and run all tests"
	@echo "make build    build the release binaries into $(BIN)"
	@echo "make up       build and start a three-node network (Ctrl-C stops it)"
	@echo "make lint     check formatting; make fmt repairs it"
	@echo "make bench    measure against b3sum, blake3, cp, gRPC, nginx and wrk in the same run"
	@echo "make fuzz     fuzz every decoder for a minute each (FUZZ_SECONDS)"
	@echo "make sim      simulate networks of thousands of nodes"
	@echo "make install  put skerry, skerry-worker and skerry-holder into PREFIX/bin (default /usr/local)"

setup:
	@tools/setup

build: setup
	$(SWIFT) build -c release --static-swift-stdlib --product skerry
	$(SWIFT) build -c release --static-swift-stdlib --product skerry-worker
	$(SWIFT) build -c release --product skerry-holder

demo: build
	@tools/demo $(BIN)

# Cryptography in C, which many tests do thousands of times, takes most of their time without optimisation. A module at a
# time, in place of its files, takes two thirds of the compiler's time; who builds again and again after small changes
# is better off with `TEST_FLAGS=`.
TEST_FLAGS ?= -Xswiftc -whole-module-optimization -Xswiftc -disable-batch-mode -Xswiftc -num-threads -Xswiftc 2
test: setup
	$(SWIFT) build --build-tests -Xcc -O2 $(TEST_FLAGS)
	@tools/run-tests $(if $(ONLY),'$(ONLY)')

up: build
	$(BIN)/skerry up

lint:
	$(SWIFT) format lint --recursive --strict --parallel Package.swift Sources Tests Benchmarks Fuzz

fmt:
	$(SWIFT) format --recursive --in-place --parallel Package.swift Sources Tests Benchmarks Fuzz

bench: build
	@Benchmarks/run $(BIN)

FUZZ_SECONDS ?= 60
fuzz: setup
	@Fuzz/run $(FUZZ_SECONDS)

SEED ?= 1
sim: build
	$(BIN)/skerry simulate discovery --nodes 10000 --compare 1000 --seed $(SEED) --churn 20% --malicious 20%
	$(BIN)/skerry simulate membership --nodes 200 --seed $(SEED)
	$(BIN)/skerry simulate exchange --nodes 6 --seed $(SEED)

PREFIX ?= /usr/local
install: build
	install -D -m 755 $(BIN)/skerry $(DESTDIR)$(PREFIX)/bin/skerry
	install -D -m 755 $(BIN)/skerry-worker $(DESTDIR)$(PREFIX)/bin/skerry-worker
	install -D -m 755 $(BIN)/skerry-holder $(DESTDIR)$(PREFIX)/bin/skerry-holder

clean:
	rm -rf .build
