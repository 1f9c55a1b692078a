//! The part of a program that the kernel loads.
//!
//! An ELF file ends with tables for linkers and debuggers. On MIPS they include `.pdr`, which no linker strips and which is a ninth of
//! the file. The kernel looks at the program headers only, so all after the last segment can go; OpenWrt's own sstrip does the same.
//!
//! The format: elf(5).
//!
//! Not its job: making the program smaller in memory.

/// What is not a program that can be shortened.
#[derive(Debug, PartialEq, Eq)]
pub enum Malformed {
    /// It does not begin as ELF files do.
    NotElf,
    /// A header or a segment reaches past the end.
    Truncated,
}

/// Where the fields of the two kinds of ELF file are, in bytes from the beginning of the header that has them.
struct Layout {
    /// `e_phoff`: where the program headers begin.
    program_headers: usize,
    /// `e_shoff`.
    section_headers: usize,
    /// `e_phentsize`, followed by `e_phnum`.
    program_header_size: usize,
    /// `e_shentsize`, followed by `e_shnum` and `e_shstrndx`: up to the end of the header.
    section_header_size: usize,
    /// Size of the header.
    header: usize,
    /// `p_offset`.
    segment_offset: usize,
    /// `p_filesz`.
    segment_size: usize,
    /// Bytes of an offset or a size.
    word: usize,
}

const ELF32: Layout = Layout {
    program_headers: 28,
    section_headers: 32,
    program_header_size: 42,
    section_header_size: 46,
    header: 52,
    segment_offset: 4,
    segment_size: 16,
    word: 4,
};

const ELF64: Layout = Layout {
    program_headers: 32,
    section_headers: 40,
    program_header_size: 54,
    section_header_size: 58,
    header: 64,
    segment_offset: 8,
    segment_size: 32,
    word: 8,
};

/// The program without what follows its last segment, and with no section headers named in its header.
///
/// # Errors
///
/// When it is no ELF file, or ends too early.
pub fn loadable_part(mut elf: Vec<u8>) -> Result<Vec<u8>, Malformed> {
    let (layout, little) = match elf.get(..6) {
        Some([0x7f, b'E', b'L', b'F', class @ 1..=2, data @ 1..=2]) => {
            (if *class == 1 { ELF32 } else { ELF64 }, *data == 1)
        }
        _ => return Err(Malformed::NotElf),
    };
    let number = |from: usize, length: usize| number(&elf, from, length, little);
    let first = number(layout.program_headers, layout.word)?;
    let size = number(layout.program_header_size, 2)?;
    let count = number(layout.program_header_size + 2, 2)?;
    // The program headers themselves are in the first segment, but nothing says that they must be.
    let mut end = first.saturating_add(size * count).max(layout.header);
    for index in 0..count {
        let header = first.saturating_add(index * size);
        let offset = number(header.saturating_add(layout.segment_offset), layout.word)?;
        let length = number(header.saturating_add(layout.segment_size), layout.word)?;
        end = end.max(offset.saturating_add(length));
    }
    if end > elf.len() {
        return Err(Malformed::Truncated);
    }
    elf.truncate(end);
    elf[layout.section_headers..layout.section_headers + layout.word].fill(0);
    elf[layout.section_header_size..layout.header].fill(0);
    Ok(elf)
}

/// The unsigned number in `length` bytes at `from`.
fn number(bytes: &[u8], from: usize, length: usize, little: bool) -> Result<usize, Malformed> {
    let field = from
        .checked_add(length)
        .and_then(|to| bytes.get(from..to))
        .ok_or(Malformed::Truncated)?;
    let append = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    let value = if little {
        field.iter().rev().fold(0, append)
    } else {
        field.iter().fold(0, append)
    };
    usize::try_from(value).map_err(|_| Malformed::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with one segment of 16 bytes after its headers, and 100 bytes of tables behind.
    fn program(layout: &Layout, class: u8, little: bool) -> Vec<u8> {
        let program_header = layout.segment_size + 2 * layout.word;
        let start = layout.header + program_header;
        let mut elf = vec![0xAA; start + 16 + 100];
        elf[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, if little { 1 } else { 2 }]);
        let mut put = |at: usize, length: usize, value: usize| {
            let bytes = value.to_be_bytes();
            let field = &mut elf[at..at + length];
            field.copy_from_slice(&bytes[bytes.len() - length..]);
            if little {
                field.reverse();
            }
        };
        put(layout.program_headers, layout.word, layout.header);
        put(layout.section_headers, layout.word, start + 16);
        put(layout.program_header_size, 2, program_header);
        put(layout.program_header_size + 2, 2, 1);
        put(layout.header + layout.segment_offset, layout.word, start);
        put(layout.header + layout.segment_size, layout.word, 16);
        elf
    }

    #[test]
    fn what_follows_the_last_segment_goes() {
        for (layout, class) in [(ELF32, 1), (ELF64, 2)] {
            for little in [true, false] {
                let whole = program(&layout, class, little);
                let part = loadable_part(whole.clone()).expect("a program");
                assert_eq!(part.len(), whole.len() - 100);
                assert_eq!(part[layout.header..], whole[layout.header..part.len()]);
                let no_table = layout.section_headers..layout.section_headers + layout.word;
                assert!(part[no_table].iter().all(|byte| *byte == 0));
                assert_eq!(
                    loadable_part(part.clone()),
                    Ok(part),
                    "nothing is left to go"
                );
            }
        }
    }

    #[test]
    fn what_is_no_program_is_refused() {
        assert_eq!(
            loadable_part(b"#!/bin/sh\n".to_vec()),
            Err(Malformed::NotElf)
        );
        assert_eq!(loadable_part(Vec::new()), Err(Malformed::NotElf));
        let whole = program(&ELF64, 2, true);
        for length in [6, 60, 100, whole.len() - 101] {
            let cut = whole[..length].to_vec();
            assert_eq!(loadable_part(cut), Err(Malformed::Truncated), "{length}");
        }
    }
}
