//! Which binaries there are, what each is compiled for, and which of OpenWrt's architectures it serves.
//!
//! Not its job: how a target is linked (`.cargo/config.toml`), and making the binaries ([`super::build`]).

/// A kind of processor that one binary is built for.
#[derive(Debug, PartialEq, Eq)]
pub struct Architecture {
    /// What `--arch` takes, and the folder of the binary below `target/package/bin`.
    pub name: &'static str,
    /// What rustc calls it. `.cargo/config.toml` has how it is linked.
    pub rust_target: &'static str,
    /// Runs the binary on this machine, in tests.
    pub emulator: Emulator,
    /// OpenWrt's own words for the processors that the binary runs on, as in `DISTRIB_ARCH` of `/etc/openwrt_release`. A
    /// package is made for each.
    pub openwrt: &'static [&'static str],
}

/// A user-mode QEMU, and the weakest processor that the binary must run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emulator {
    /// Debian's, from package qemu-user. Not the static one: what the C library of this process says is what the guest gets,
    /// so a test can give it another time.
    pub command: &'static str,
    /// What `-cpu` takes.
    pub cpu: &'static str,
}

/// Every architecture, in the order in which they are built and listed.
///
/// The strings of OpenWrt are `ARCH_CPUTYPE_CPUSUBTYPE` of the `target.mk` of its devices (releases 24.10 and 25.12). Left out on purpose,
/// because the binaries would meet instructions that the processor lacks: `arm_cortex-a7` and `arm_cortex-a9` (no FPU),
/// `mips_mips32` and `mipsel_mips32` (release 1 of MIPS32).
pub const ARCHITECTURES: [Architecture; 6] = [
    Architecture {
        name: "aarch64",
        rust_target: "aarch64-unknown-linux-musl",
        emulator: Emulator {
            command: "qemu-aarch64",
            cpu: "cortex-a53",
        },
        // GL-MT3000, GL-MT6000, GL-AX1800 … are a53; Raspberry Pi 4 a72, 5 a76; rockchip and armsr generic.
        openwrt: &[
            "aarch64_cortex-a53",
            "aarch64_cortex-a72",
            "aarch64_cortex-a76",
            "aarch64_generic",
        ],
    },
    Architecture {
        name: "armv7",
        // Hard float with the 16 registers of VFPv3-D16 and without NEON: the least that any of these has.
        rust_target: "armv7-unknown-linux-musleabihf",
        emulator: Emulator {
            command: "qemu-arm",
            // The only one with a VFPv3-D16 and no NEON: Debian's QEMU cannot take half the registers from a Cortex-A9.
            cpu: "cortex-r5f",
        },
        // ipq40xx is a7_neon-vfpv4, mvebu a9_vfpv3-d16.
        openwrt: &[
            "arm_cortex-a5_vfpv4",
            "arm_cortex-a7_neon-vfpv4",
            "arm_cortex-a7_vfpv4",
            "arm_cortex-a8_vfpv3",
            "arm_cortex-a9_neon",
            "arm_cortex-a9_vfpv3-d16",
            "arm_cortex-a15_neon-vfpv4",
        ],
    },
    Architecture {
        name: "mipsel",
        rust_target: "mipsel-unknown-linux-musl",
        emulator: Emulator {
            command: "qemu-mipsel",
            cpu: "24Kc",
        },
        // ramips: mt7620, mt7621, mt76x8 are 24kc, rt3883 is 74kc. 24kc_24kf has an FPU, which need not be used.
        openwrt: &["mipsel_24kc", "mipsel_24kc_24kf", "mipsel_74kc"],
    },
    Architecture {
        name: "mips",
        rust_target: "mips-unknown-linux-musl",
        emulator: Emulator {
            command: "qemu-mips",
            cpu: "24Kc",
        },
        // ath79 and lantiq are 24kc; realtek was 4kec, which is MIPS32 release 2 as well.
        openwrt: &["mips_24kc", "mips_4kec"],
    },
    Architecture {
        name: "x86_64",
        rust_target: "x86_64-unknown-linux-musl",
        emulator: Emulator {
            command: "qemu-x86_64",
            // The oldest with 64 bits, as OpenWrt's own packages are compiled for.
            cpu: "qemu64",
        },
        openwrt: &["x86_64"],
    },
    Architecture {
        name: "riscv64",
        rust_target: "riscv64gc-unknown-linux-musl",
        emulator: Emulator {
            command: "qemu-riscv64",
            cpu: "rv64",
        },
        // The same processors: release 24.10 says riscv64, 25.12 generic.
        openwrt: &["riscv64_riscv64", "riscv64_generic"],
    },
];

/// The architecture of that name.
pub fn named(name: &str) -> Option<&'static Architecture> {
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.name == name)
}

/// The architecture whose binary serves that string of OpenWrt's.
pub fn serving(openwrt: &str) -> Option<&'static Architecture> {
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.openwrt.contains(&openwrt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_router_finds_its_binary_by_its_own_word() {
        for (word, name) in [
            ("aarch64_cortex-a53", "aarch64"),
            ("arm_cortex-a9_vfpv3-d16", "armv7"),
            ("mipsel_24kc", "mipsel"),
            ("mips_24kc", "mips"),
            ("riscv64_generic", "riscv64"),
        ] {
            assert_eq!(serving(word), named(name), "{word}");
        }
        assert_eq!(serving("arm_cortex-a9"), None, "it has no FPU");
    }

    #[test]
    fn no_string_is_served_twice() {
        let all: Vec<_> = ARCHITECTURES.iter().flat_map(|one| one.openwrt).collect();
        let different: HashSet<_> = all.iter().collect();
        assert_eq!(all.len(), different.len());
    }
}
