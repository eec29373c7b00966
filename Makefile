# make run    set-up, build, and the worked example: its numbers and its video
# make test   set-up, all tests
# make build  the release program;  make install PREFIX=DIR puts it in DIR/bin
# make lint   format check;  make generate rewrites Generated/
# make fuzz RUNS=20000  mutated inputs into the readers

SHELL := /bin/bash
PREFIX ?= /usr/local
OUT ?= out
FLAGS := -c release
PROGRAM := .build/release/ditharos
EXAMPLE := Specs/sora-by-hand.yaml
PROMPT := Sora is sky
RUNS ?= 20000

.PHONY: run test build setup install lint generate check-generated clean fuzz

run: build
	@mkdir -p $(OUT)
	@$(PROGRAM) trace $(EXAMPLE) --prompt "$(PROMPT)" --short
	@$(PROGRAM) run $(EXAMPLE) --prompt "$(PROMPT)" -o $(OUT)/sora-by-hand.webp
	@echo 'Next: $(PROGRAM) trace $(EXAMPLE) --blank    the worksheet, to fill in with a pen'
	@echo '      $(PROGRAM) plan Specs/dit-xl-2-256.yaml            what a real model costs, before it runs'

test: setup
	swift test $(FLAGS) --disable-testable-imports

build: setup
	swift build $(FLAGS) --product ditharos

install: setup
	swift build -c release --static-swift-stdlib --scratch-path .build-install --product ditharos
	install -D .build-install/release/ditharos $(DESTDIR)$(PREFIX)/bin/ditharos

lint:
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

generate: build
	$(PROGRAM) generate

check-generated: build
	$(PROGRAM) generate --check

clean:
	swift package clean
	rm -rf $(OUT)

# What the build needs beside the Swift toolchain: pkg-config, libyaml, libpng, libwebp.
setup:
	@bash .ci/setup

# Mutated specs, weight files, compiled models and pictures into the readers, RUNS of each: crashes, hangs, broken properties.
fuzz: setup
	@Tests/Fuzz/run $(RUNS)
