//! Lines as installers send them: what comes out.

use proptest::prelude::*;

use super::*;

fn parts(text: &str) -> (u8, String, String) {
    let line = read(text.as_bytes()).expect("a line");
    (line.severity, line.tag, line.text)
}

#[test]
fn the_forms_of_real_senders_are_read() {
    for (sent, severity, tag, text) in [
        // rsyslog's RSYSLOG_TraditionalForwardFormat, as Anaconda's `*.* @@host` uses it.
        (
            "<142>Nov 23 03:40:01 r220a anaconda[1775]: anaconda: installation: Queue started: Payload installation (8/20)",
            6,
            "anaconda",
            "anaconda: installation: Queue started: Payload installation (8/20)",
        ),
        // It cuts a tag at 32 characters, and with it the colon.
        (
            "<30>Nov 23 03:40:01 r220a org.fedoraproject.Anaconda.Modul INFO:anaconda.modules.payloads:x",
            6,
            "org.fedoraproject.Anaconda.Modul",
            "INFO:anaconda.modules.payloads:x",
        ),
        (
            "<6>Nov 23 03:40:01 r220a kernel: XFS (sda3): Mounting",
            6,
            "kernel",
            "XFS (sda3): Mounting",
        ),
        // busybox syslogd -R: no host name.
        (
            "<30>Sep  4 14:01:12 main-menu[315]: INFO: Menu item 'partman-base' selected",
            6,
            "main-menu",
            "INFO: Menu item 'partman-base' selected",
        ),
        (
            "<29>Sep  4 14:05:02 debootstrap: Extracting libc6...\n",
            5,
            "debootstrap",
            "Extracting libc6...",
        ),
        // rsyslog with a time of RFC 3339.
        (
            "<27>2026-11-23T03:40:01.123456+00:00 localhost systemd[1]: Started.",
            3,
            "systemd",
            "Started.",
        ),
        // RFC 5424's own examples.
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick",
            2,
            "su",
            "'su root' failed for lonvick",
        ),
        (
            r#"<165>1 2003-10-11T22:14:15.003Z mymachine evntslog - ID47 [exampleSDID@32473 iut="3" a="x\"] y"][b@1 c="2"] An event"#,
            5,
            "evntslog",
            "An event",
        ),
    ] {
        assert_eq!(
            parts(sent),
            (severity, tag.to_owned(), text.to_owned()),
            "{sent}"
        );
    }
}

#[test]
fn what_follows_no_rule_is_text() {
    for (sent, text) in [
        ("no priority at all", "no priority at all"),
        ("<999>text", "<999>text"),
        ("<", "<"),
        (
            "  File \"x.py\", line 3, in run",
            "File \"x.py\", line 3, in run",
        ),
        ("<13>1 too short", "1 too short"),
        ("<13>Nov 23 03:40:01 r220a plain words", "plain words"),
        ("<13>tag[12 never closed", "tag[12 never closed"),
    ] {
        assert_eq!(parts(sent), (5, String::new(), text.to_owned()), "{sent}");
    }
    for nothing in ["", "\n", "<13>", "\0", "<13>Nov 23 03:40:01 host tag:  "] {
        assert_eq!(read(nothing.as_bytes()), None, "{nothing:?}");
    }
}

#[test]
fn text_is_clean_and_cut() {
    let line = read(b"<13>Nov 23 03:40:01 h t: a\x1b[2Jb\xff\xe2\x80\xaec").expect("a line");
    assert_eq!(line.text, "a [2Jb\u{fffd} c");
    let long = format!("<13>Nov 23 03:40:01 h t: {}", "x".repeat(100_000));
    let line = read(long.as_bytes()).expect("a line");
    assert_eq!(line.text.chars().count(), TEXT);
    assert_eq!(line.shown().len(), TEXT + 3);
}

fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
    let mut frames = Frames::default();
    let mut lines = Vec::new();
    let mut each = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
    for piece in pieces {
        frames.take(piece, &mut each);
    }
    frames.end(&mut each);
    lines
}

#[test]
fn a_stream_is_cut_into_lines_wherever_its_packets_end() {
    let due = ["<1>a", "123 b", "<2>c"];
    assert_eq!(lines_of(&[b"<1>a\n\n123 b\n<2>c"]), due);
    assert_eq!(lines_of(&[b"<1>", b"a\n123", b" b\n<2>c\n"]), due);
    assert_eq!(lines_of(&[b"4 <1>a5 123 b\n4 <2>c"]), due);
    assert_eq!(lines_of(&[b"4", b" <1", b">a5 12", b"3 b4 <2>c"]), due);
}

#[test]
fn a_line_that_never_ends_costs_no_memory() {
    let mut frames = Frames::default();
    for _ in 0..1000 {
        frames.take(&[b'x'; 1000], |line| panic!("{line:?}"));
    }
    let mut lengths = Vec::new();
    frames.take(b"\n<1>a\n", |line| lengths.push(line.len()));
    assert_eq!(lengths, [LINE_BYTES, 4]);
}

#[test]
fn a_count_that_is_none_ends_the_counting() {
    assert_eq!(
        lines_of(&[b"99999999999999 x\n<1>a\n"]).last(),
        Some(&"<1>a".to_owned())
    );
    assert_eq!(lines_of(&[b"12x\n<1>a\n"]), ["x", "<1>a"]);
}

proptest! {
    #[test]
    fn whatever_is_sent_gives_bounded_clean_text(sent in proptest::collection::vec(any::<u8>(), 0..3000)) {
        if let Some(line) = read(&sent) {
            prop_assert!(line.severity < 8 && line.tag.chars().count() <= TAG && line.text.chars().count() <= TEXT);
            prop_assert!(!line.shown().chars().any(char::is_control));
        }
        let mut frames = Frames::default();
        let mut sum = 0;
        frames.take(&sent, |line| sum += line.len());
        frames.end(|line| sum += line.len());
        prop_assert!(sum <= sent.len());
    }
}
