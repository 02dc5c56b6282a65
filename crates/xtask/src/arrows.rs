//! Checks the map of ARCHITECTURE.md: which room may depend on which, and in which room each outside crate lives.

use crate::process::Result;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each room and the rooms that it may use. An arrow that is missing here is an error, and so is a room.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("storage", &["domain"]),
    ("notifier", &["storage", "domain"]),
    ("api", &["storage", "domain"]),
    ("server", &["api", "notifier", "storage", "domain"]),
    ("tests", &["server", "domain", "attack"]),
    // These run beside the service and are never part of it.
    ("bench", &["storage", "domain", "attack"]),
    ("attack", &[]),
    ("properties", &["api", "domain"]),
    ("xtask", &[]),
];

/// Outside crates that may be used only in certain rooms, so that nothing else comes to depend on them.
const HOMES: &[(&str, &[&str])] = &[
    ("diesel", &["storage"]),
    ("diesel_migrations", &["storage"]),
    ("libsqlite3-sys", &["storage"]),
    ("pq-sys", &["storage"]),
    ("lettre", &["notifier"]),
    ("actix-web", &["api", "server"]),
    ("utoipa-actix-web", &["api", "server"]),
    ("argon2", &["api", "server"]),
];

/// A package of the workspace and what its Cargo.toml names.
struct Room {
    name: String,
    uses: Vec<Use>,
}

struct Use {
    name: String,
    /// The tests of a room may use other rooms; but an outside crate must stay in its home in tests, too.
    only_in_tests: bool,
}

/// Fails when the workspace does not match the map.
pub(crate) fn check() -> Result {
    let errors = errors(&workspace()?);
    if errors.is_empty() {
        return Ok(());
    }
    let list = errors.join("\n  ");
    Err(format!(
        "the arrows between the crates are not as crates/xtask/src/arrows.rs says:\n  {list}\n\
         Move the code to the room where it belongs (ARCHITECTURE.md), or change the map and say why in docs/adr/"
    ))
}

fn workspace() -> Result<Vec<Room>> {
    let metadata =
        MetadataCommand::new().no_deps().exec().map_err(|error| format!("cannot read the workspace: {error}"))?;
    let room = |package: &cargo_metadata::Package| Room {
        name: package.name.to_string(),
        uses: package
            .dependencies
            .iter()
            .map(|used| Use { name: used.name.clone(), only_in_tests: used.kind == DependencyKind::Development })
            .collect(),
    };
    Ok(metadata.workspace_packages().into_iter().map(room).collect())
}

fn errors(rooms: &[Room]) -> Vec<String> {
    let mut errors = Vec::new();
    for Room { name, uses } in rooms {
        let Some(allowed) = entry(ARROWS, name) else {
            errors.push(format!("{name} is not on the map"));
            continue;
        };
        for used in uses {
            let ours = rooms.iter().any(|room| room.name == used.name);
            if ours && !used.only_in_tests && !allowed.contains(&used.name.as_str()) {
                errors.push(format!("{name} must not use {}", used.name));
            }
            if entry(HOMES, &used.name).is_some_and(|homes| !homes.contains(&name.as_str())) {
                errors.push(format!("{name} must not use {}, which lives elsewhere", used.name));
            }
        }
    }
    errors
}

fn entry<'a>(table: &[(&str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    table.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, Room, Use, errors};

    fn room(name: &str, uses: &[&str]) -> Room {
        let uses = uses.iter().map(|name| Use { name: (*name).to_owned(), only_in_tests: false }).collect();
        Room { name: name.to_owned(), uses }
    }

    fn house() -> Vec<Room> {
        ARROWS.iter().map(|(name, uses)| room(name, uses)).collect()
    }

    /// The errors when one room has one more dependency.
    fn errors_with(name: &str, used: &str, only_in_tests: bool) -> Vec<String> {
        let mut house = house();
        let room = house.iter_mut().find(|room| room.name == name).unwrap();
        room.uses.push(Use { name: used.to_owned(), only_in_tests });
        errors(&house)
    }

    #[test]
    fn the_house_as_drawn_stands() {
        assert_eq!(errors(&house()), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_is_not_drawn_is_refused() {
        assert_eq!(errors_with("domain", "storage", false), ["domain must not use storage"]);
        assert_eq!(errors_with("api", "notifier", false), ["api must not use notifier"]);
        assert_eq!(errors_with("notifier", "api", false), ["notifier must not use api"]);
        assert_eq!(errors_with("tests", "storage", false), ["tests must not use storage"]);
        assert_eq!(errors_with("xtask", "server", false), ["xtask must not use server"]);
    }

    #[test]
    fn a_test_may_use_another_room() {
        assert_eq!(errors_with("notifier", "api", true), Vec::<String>::new());
    }

    #[test]
    fn an_outside_crate_keeps_to_its_home_even_in_tests() {
        for only_in_tests in [false, true] {
            let refused = |name, used| errors_with(name, used, only_in_tests).len() == 1;
            assert!(refused("api", "diesel"));
            assert!(refused("server", "pq-sys"));
            assert!(refused("server", "lettre"));
            assert!(refused("domain", "actix-web"));
            assert!(refused("storage", "argon2"));
            assert!(!refused("storage", "diesel"));
            assert!(!refused("server", "actix-web"));
        }
    }

    #[test]
    fn a_room_that_nobody_drew_is_refused() {
        let mut house = house();
        house.push(room("helpers", &[]));
        assert_eq!(errors(&house), ["helpers is not on the map"]);
    }
}
