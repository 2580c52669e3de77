# SPDX-License-Identifier: Apache-2.0
# A thin face over Meson. `make test` and `make demo` install what they need (tools/packages).
MAKEFLAGS += --no-print-directory
BUILD := build

.PHONY: all test mutants fuzz check-clean format install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/setup.sh build
	@CC=gcc meson setup $(BUILD)

# Both compilers, sanitizers, every test; the last line is `N passed, N failed`.
test:
	@tools/setup.sh build test
	@python3 tools/run_tests.py

# Each check that matters is removed in turn; the test that guards it must fail.
mutants:
	@tools/setup.sh build test
	@python3 tools/run_mutants.py

# libFuzzer on every decoder, SECONDS each.
SECONDS ?= 60
fuzz:
	@tools/setup.sh build test
	@python3 tools/run_fuzz.py $(SECONDS)

# `make test` in a fresh Debian system, as root.
check-clean:
	@tools/setup.sh package
	@tools/fresh_root.sh

format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-clang build-fuzz build-mutants dist
