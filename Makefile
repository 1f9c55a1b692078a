# Two commands do everything on a Debian machine with Rust, as root: `make demo` and `make test`.

# Every integration test but the one with virtual machines, which comes last because it takes longest.
QUICK := $(filter-out vm,$(basename $(notdir $(wildcard tests/*.rs))))

.PHONY: help build set-up demo test quick lint clean

help:
	@echo "make demo    a server with an empty disk installs itself in a virtual machine, watched live"
	@echo "make test    set-up, lint and every test"
	@echo "make quick   the tests without virtual machines"
	@echo "make lint    rustfmt and clippy, warnings denied"
	@echo "make build   the optimised binary for this machine"

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
	cargo run --quiet --locked -p kickstand-lab -- set-up-browser
	cargo test --locked --workspace --lib --bins
	cargo test --locked $(addprefix --test ,$(QUICK))

test: quick
	@echo "The virtual machines: a few installations of about a minute each."
	cargo test --locked --test vm -- --test-threads=1

clean:
	cargo clean
