# make run    set-up, build, the worked example's numbers, and a video: make run PROMPT="a red balloon rises at night"
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
MODEL := Specs/sky.yaml
PROMPT ?= Sora is sky
# In the environment, so that no shell reads a prompt.
export PROMPT
RUNS ?= 20000

.PHONY: run test build setup install lint generate check-generated clean fuzz

run: build
	@mkdir -p $(OUT)
	@$(PROGRAM) trace $(EXAMPLE) --prompt "Sora is sky" --short
	@$(PROGRAM) run $(EXAMPLE) --prompt "Sora is sky" -o $(OUT)/sora-by-hand.webp
	@echo
	@$(PROGRAM) run $(MODEL) --prompt "$$PROMPT" --scale 8 --fps 8 -o $(OUT)/sky.webp
	@if command -v ffmpeg > /dev/null; then \
	  $(PROGRAM) run --like $(OUT)/sky.webp --progress none -o $(OUT)/sky.mp4; fi
	@echo 'Next: $(PROGRAM) run $(MODEL) --prompt "a red balloon rises at night" --scale 8 --fps 8 -o balloon.webp'
	@echo '      $(PROGRAM) trace $(EXAMPLE) --blank    the worked example as a worksheet, to fill in with a pen'
	@echo '      $(PROGRAM) plan Specs/dit-xl-2-256.yaml    what a real model costs, before it runs'

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
