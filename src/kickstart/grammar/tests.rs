use super::*;

#[test]
fn every_line_of_the_table_can_be_read() {
    for release in RELEASES {
        let (specs, faults) = read(COMMANDS, release);
        assert_eq!(faults, Vec::<&str>::new());
        assert!(specs.len() > 75, "{}", specs.len());
    }
}

#[test]
fn rules_name_options_that_the_release_has() {
    for release in RELEASES {
        for spec in Grammar::of(release).specs() {
            let known = |name: &&str| {
                let argument = spec.arguments.iter().any(|argument| argument.name == *name);
                argument || spec.option(name).is_some()
            };
            let skipped = matches!(spec.standing, Standing::Absent | Standing::Removed);
            if skipped || spec.options.is_empty() {
                continue;
            }
            for rule in &spec.rules {
                let (Rule::Exclusive(names)
                | Rule::One(names)
                | Rule::Some(names)
                | Rule::Needs(names)) = rule;
                for name in names {
                    assert!(known(name), "{release}: {:?} {name}", spec.names);
                }
            }
            for name in &spec.unique {
                assert!(known(name), "{release}: {:?} {name}", spec.names);
            }
        }
    }
}

#[test]
fn a_release_has_what_it_has() {
    let standing = |name, release| Grammar::of(release).find(name).map(|spec| spec.standing);
    assert_eq!(standing("vnc", Release::Rhel9), Some(Standing::Known));
    assert_eq!(standing("vnc", Release::Rhel10), Some(Standing::Deprecated));
    assert_eq!(standing("vnc", Release::Fedora45), Some(Standing::Removed));
    assert_eq!(standing("bootc", Release::Rhel9), Some(Standing::Absent));
    let bootc = Grammar::of(Release::Rhel9);
    let known_in = bootc.find("bootc").map(|spec| spec.known_in.words());
    assert_eq!(known_in.as_deref(), Some("RHEL10, F43, F44, F45, F46"));
}
