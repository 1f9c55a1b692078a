use super::*;

fn text(counters: &Counters) -> String {
    let mut text = Text::default();
    counters.write(&mut text);
    text.finish()
}

#[test]
fn what_did_not_happen_yet_is_zero() {
    let text = text(&Counters::default());
    for line in [
        "# TYPE kickstand_decisions_total counter",
        "kickstand_decisions_total{decision=\"install\"} 0",
        "kickstand_claims_total{result=\"refused\"} 0",
        "kickstand_file_sent_bytes_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_duration_is_in_its_bucket_and_in_all_larger_ones() {
    let mut counters = Counters::default();
    for seconds in [60, 61, 7200] {
        counters.installed("alma", Some(seconds));
    }
    counters.installed("alma", None);
    let text = text(&counters);
    for line in [
        "kickstand_installation_duration_seconds_bucket{profile=\"alma\",le=\"60\"} 1",
        "kickstand_installation_duration_seconds_bucket{profile=\"alma\",le=\"120\"} 2",
        "kickstand_installation_duration_seconds_bucket{profile=\"alma\",le=\"3600\"} 2",
        "kickstand_installation_duration_seconds_bucket{profile=\"alma\",le=\"+Inf\"} 3",
        "kickstand_installation_duration_seconds_sum{profile=\"alma\"} 7321",
        "kickstand_installation_duration_seconds_count{profile=\"alma\"} 3",
        "kickstand_installations_total{profile=\"alma\",result=\"installed\"} 4",
        "kickstand_installations_total{profile=\"alma\",result=\"failed\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn no_name_leaves_its_quotes() {
    let mut text = Text::default();
    text.family("kickstand_x", Kind::Gauge, "X.");
    text.sample("", &[("host", "a\"} 1\nb\\")], 2);
    let text = text.finish();
    assert!(
        text.ends_with("kickstand_x{host=\"a\\\"} 1\\nb\\\\\"} 2\n"),
        "{text}"
    );
}

#[test]
fn profiles_that_come_and_go_do_not_fill_the_memory() {
    let mut counters = Counters::default();
    for number in 0..10_000 {
        counters.failed(&format!("p{number}"));
    }
    assert!(counters.installations.len() <= MOST_PROFILES + 1);
    let text = text(&counters);
    let others = format!(
        "kickstand_installations_total{{profile=\"(others)\",result=\"failed\"}} {}\n",
        10_000 - MOST_PROFILES
    );
    assert!(text.contains(&others), "{text}");
}
