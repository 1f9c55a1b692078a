# Two commands do everything on a Debian machine with Rust, as root: `make demo` and `make test`.

# Every integration test but the one with virtual machines, which comes last because it takes longest, and that of the binaries
# for routers, which have to be built.
QUICK := $(filter-out vm router_binaries,$(basename $(notdir $(wildcard tests/*.rs))))

# Rounds of attacks and faults in `make hostile`; `make test` does one.
EFFORT := 10
# Seconds for each of the fuzzing targets; `make fuzz SECONDS=3600` for a long run.
SECONDS := 10
FUZZ := $(basename $(notdir $(wildcard tests/fuzz/fuzz_targets/*.rs)))

# Binaries for routers: all, or those that ARCH names (make package ARCH="mipsel aarch64").
ARCH := aarch64 armv7 mipsel mips x86_64 riscv64
# Folder with the keys of the feed (`cargo packager key FOLDER` makes them); none: it is not signed.
KEYS :=
# What `make test` builds of them: each takes minutes the first time. Both byte orders with 32 bits, and one with 64.
TESTED := x86_64 mipsel mips
PACKAGER := cargo run --quiet --locked -p kickstand-packager --

# Where advisories about crates are, and a copy of it for machines without a network.
RUSTSEC := https://github.com/RustSec/advisory-db
ADVISORIES :=

.PHONY: help build set-up demo test quick routers package package-test lint clean hostile fuzz audit bench instructions

help:
	@echo "make demo    a server with an empty disk installs itself in a virtual machine, watched live"
	@echo "make test    set-up, lint and every test"
	@echo "make quick   the tests without virtual machines"
	@echo "make hostile the service under attack and under faults, at length: a table"
	@echo "make fuzz    inputs that nobody thought of, SECONDS=10 for each kind"
	@echo "make bench   how fast and how large it is, beside others: docs/performance.md"
	@echo "make audit   known faults of the crates that are used; ADVISORIES=FOLDER names a copy of RustSec's advisories"
	@echo "make lint    rustfmt and clippy, warnings denied"
	@echo "make build   the optimised binary for this machine"
	@echo "make package the packages and feeds for routers, all or ARCH=…, signed with KEYS=FOLDER"
	@echo "make instructions how many instructions the core takes, against tests/bench/instructions.txt"
	@echo "make package-test tries the binaries for routers under QEMU"

build:
	cargo build --release --locked

# What cannot be had from cargo: a C compiler for the real uci, and Debian's QEMU, OVMF, iPXE, dnsmasq.
set-up:
	@tests/set-up
	cargo build --locked --workspace
	cargo run --quiet --locked -p kickstand-lab -- set-up

demo: set-up
	cargo run --quiet --locked -p kickstand-lab -- demo --kickstand target/debug/kickstand

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null

quick: set-up lint
	cargo run --quiet --locked -p kickstand-lab -- set-up-browser
	cargo test --locked --workspace --lib --bins
	cargo test --locked -p kickstand-packager --test packages --test feeds
	cargo test --locked $(addprefix --test ,$(QUICK))

# The binaries for the architectures in TESTED, each under its emulator.
routers: set-up
	$(PACKAGER) toolchain
	$(PACKAGER) build $(addprefix --arch ,$(TESTED))
	$(PACKAGER) package $(addprefix --arch ,$(TESTED))
	$(PACKAGER) sizes
	cargo test --locked --test router_binaries -- $(addsuffix ::,$(TESTED))

# KEYS names a folder of keys (kickstand-packager key FOLDER); without it the feeds are not signed.
package:
	@tests/set-up
	$(PACKAGER) toolchain
	$(PACKAGER) build $(addprefix --arch ,$(ARCH))
	$(PACKAGER) package $(addprefix --arch ,$(ARCH))
	$(PACKAGER) feed $(addprefix --key ,$(KEYS))
	$(PACKAGER) sizes

package-test: package
	cargo test --locked --test router_binaries -- $(addsuffix ::,$(ARCH))

# Minutes; the machine should have nothing else to do. Of the binary that ships: musl allocates in another way than glibc.
bench: set-up
	$(PACKAGER) toolchain
	$(PACKAGER) build --arch x86_64
	cargo run --release --quiet --locked -p kickstand-bench -- tables --kickstand target/package/bin/x86_64/kickstand --write docs/performance.md

# Fails when the core takes 5 % more instructions than tests/bench/instructions.txt says.
instructions: set-up
	cargo run --quiet --locked -p kickstand-bench -- instructions

test: quick fuzz instructions routers
	@echo "The virtual machines: a few installations of about a minute each."
	cargo test --locked --test vm -- --test-threads=1

hostile: set-up
	cargo build --release --locked
	cargo run --quiet --locked -p kickstand-lab -- hostile --kickstand target/release/kickstand --effort $(EFFORT)

# In RAM: the service syncs its state, thousands of times a second here.
# cargo-fuzz asks the compiler for coverage, which a stable one gives when it is told that we mean it. What is found stays in
# target/fuzz; what is worth keeping goes to tests/fuzz/corpus.
fuzz:
	@command -v cargo-fuzz >/dev/null || { echo "kickstand: installing cargo-fuzz"; cargo install --quiet --locked cargo-fuzz; }
	RUSTC_BOOTSTRAP=1 cargo fuzz build --fuzz-dir tests/fuzz --target-dir target/fuzz/build --sanitizer none
	@set -e; temporary=$$(mktemp -d -p /dev/shm ks-fuzz.XXXXXX 2>/dev/null || mktemp -d); trap 'rm -rf "$$temporary"' EXIT; \
	for target in $(FUZZ); do \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/found/$$target; \
		TMPDIR=$$temporary RUSTC_BOOTSTRAP=1 cargo fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz/build --sanitizer none \
			$$target target/fuzz/corpus/$$target tests/fuzz/corpus/$$target -- -max_total_time=$(SECONDS) -max_len=8192 \
			-timeout=10 -print_final_stats=1 -artifact_prefix=$(CURDIR)/target/fuzz/found/$$target/ >target/fuzz/$$target.log 2>&1 \
			|| { tail -n 40 target/fuzz/$$target.log; exit 1; }; \
		echo "fuzzing $$target: $$(sed -n 's/stat::number_of_executed_units: *//p' target/fuzz/$$target.log) inputs, nothing found"; \
	done

# Every lock file. What cannot be had is said, and is no failure: whoever has no network can still run everything else.
LOCKS := Cargo.lock tests/fuzz/Cargo.lock tests/lab/parts/Cargo.lock
audit:
	@if ! command -v cargo-audit >/dev/null; then \
		echo "kickstand: not audited: 'cargo install --locked cargo-audit' first; it takes minutes"; \
	elif [ -n "$(ADVISORIES)" ]; then \
		set -e; for lock in $(LOCKS); do cargo audit --no-fetch --stale --db "$(ADVISORIES)" --file $$lock; done; \
	elif git ls-remote --exit-code $(RUSTSEC) HEAD >/dev/null 2>&1; then \
		set -e; for lock in $(LOCKS); do cargo audit --file $$lock; done; \
	else \
		echo "kickstand: not audited: $(RUSTSEC) cannot be reached; ADVISORIES=FOLDER names a copy of it"; \
	fi

clean:
	cargo clean
