# SPDX-License-Identifier: Apache-2.0
# A thin face over Meson. `make test` and `make demo` install what they need (tools/packages).
MAKEFLAGS += --no-print-directory
BUILD := build

.PHONY: all test bench demo mutants fuzz deb check-deb check-clean check-long format install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/setup.sh build
	@CC=gcc meson setup $(BUILD)

# Both compilers, sanitizers, every test; the last line is `N passed, N failed`.
test:
	@tools/setup.sh build test
	@python3 tools/run_tests.py

# Shows it, step by step, with times; leaves nothing behind.
demo:
	@tools/setup.sh build demo
	@$(MAKE) all >/dev/null
	@tools/demo.sh

# Each check that matters is removed in turn; the test that guards it must fail.
mutants:
	@tools/setup.sh build test
	@python3 tools/run_mutants.py

# libFuzzer on every decoder, SECONDS each.
SECONDS ?= 60
fuzz:
	@tools/setup.sh build test
	@python3 tools/run_fuzz.py $(SECONDS)

# Speed, beside the limit of each claim in the same run.
bench: all
	@ninja -C $(BUILD) bench/bench_dcap bench/bench_snp hostile >/dev/null
	@python3 bench/run.py $(BUILD)
	@python3 bench/seal.py $(BUILD)

# dist/bulla_VERSION_ARCH.deb
deb:
	@tools/setup.sh build package
	@tools/make_deb.sh

# The package installed, used and removed in a fresh Debian system.
check-deb: deb
	@tools/fresh_root.sh tests/tools/use_package.sh

# make test and make demo in a fresh Debian system, as root.
check-clean:
	@tools/setup.sh package
	@tools/fresh_root.sh

# Everything that takes longer than make test may, or needs the network.
check-long: test mutants fuzz check-deb check-clean all
	@tests/tools/ten_gibibytes.sh $(BUILD)/src/cmd/bulla

format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	@meson install -C $(BUILD)

clean:
	@rm -rf build build-clang build-fuzz build-mutants dist
