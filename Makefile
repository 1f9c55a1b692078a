# Two commands do everything on a Debian machine with Rust, as root: `make demo` and `make test`.

# Every integration test but the one with virtual machines, which comes last because it takes longest, and that of the binaries
# for routers, which have to be built.
QUICK := $(filter-out vm router_binaries,$(basename $(notdir $(wildcard tests/*.rs))))

# Binaries for routers: all, or those that ARCH names (make package ARCH="mipsel aarch64").
ARCH := aarch64 armv7 mipsel mips x86_64 riscv64
# What `make test` builds of them: each takes minutes the first time. Both byte orders with 32 bits, and one with 64.
TESTED := x86_64 mipsel mips
PACKAGER := cargo run --quiet --locked -p kickstand-packager --

.PHONY: help build set-up demo test quick routers package package-test lint clean

help:
	@echo "make demo    a server with an empty disk installs itself in a virtual machine, watched live"
	@echo "make test    set-up, lint and every test"
	@echo "make quick   the tests without virtual machines"
	@echo "make lint    rustfmt and clippy, warnings denied"
	@echo "make build   the optimised binary for this machine"
	@echo "make package the packages and feeds for routers, all or ARCH=…, signed with KEYS=FOLDER"
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

quick: set-up lint
	cargo test --locked --workspace --lib --bins
	cargo test --locked -p kickstand-packager --test packages --test feeds
	cargo test --locked $(addprefix --test ,$(QUICK))

# The binaries for the architectures in TESTED, each under its emulator.
routers: set-up
	$(PACKAGER) toolchain
	$(PACKAGER) build $(addprefix --arch ,$(TESTED))
	$(PACKAGER) sizes
	cargo test --locked --test router_binaries -- $(addsuffix ::,$(TESTED))

# KEYS names a folder of keys (kickstand-packager key FOLDER); without it the feeds are not signed.
package: set-up
	$(PACKAGER) toolchain
	$(PACKAGER) build $(addprefix --arch ,$(ARCH))
	$(PACKAGER) package $(addprefix --arch ,$(ARCH))
	$(PACKAGER) feed $(addprefix --key ,$(KEYS))
	$(PACKAGER) sizes

package-test: package
	cargo test --locked --test router_binaries -- $(addsuffix ::,$(ARCH))

test: quick routers
	@echo "The virtual machines: a few installations of about a minute each."
	cargo test --locked --test vm -- --test-threads=1

clean:
	cargo clean
