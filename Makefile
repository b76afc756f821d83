# The menu: make demo | test | build | up | lint | fmt | bench
SWIFT ?= swift
BIN = .build/release

.PHONY: help setup build demo test lint fmt bench up install clean

help:
	@echo "make demo     install what is needed, build, and show a three-node network at work"
	@echo "make test     install what is needed, build, and run all tests"
	@echo "make build    build the release binaries into $(BIN)"
	@echo "make up       build and start a three-node network (Ctrl-C stops it)"
	@echo "make lint     check formatting; make fmt repairs it"
	@echo "make bench    measure against b3sum, cp, nginx and wrk in the same run"
	@echo "make install  put skerry and skerry-worker into PREFIX/bin (default /usr/local)"

setup:
	@tools/setup

build: setup
	$(SWIFT) build -c release --static-swift-stdlib --product skerry
	$(SWIFT) build -c release --static-swift-stdlib --product skerry-worker

demo: build
	@tools/demo $(BIN)

test: setup
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --no-parallel

up: build
	$(BIN)/skerry up

lint:
	$(SWIFT) format lint --recursive --strict --parallel Package.swift Sources Tests

fmt:
	$(SWIFT) format --recursive --in-place --parallel Package.swift Sources Tests

bench: build
	@Benchmarks/run $(BIN)

PREFIX ?= /usr/local
install: build
	install -D -m 755 $(BIN)/skerry $(DESTDIR)$(PREFIX)/bin/skerry
	install -D -m 755 $(BIN)/skerry-worker $(DESTDIR)$(PREFIX)/bin/skerry-worker

clean:
	rm -rf .build
