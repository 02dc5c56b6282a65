//! What is built into the service: the licences and the doubled versions that deny.toml allows, and the list of it all (SBOM). The
//! packages of the page are looked at by `npm run lint` in `web/`.

use crate::process::Result;
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::collections::{BTreeMap, BTreeSet};

const RULES: &str = "deny.toml";
/// What the service is released for; packages of other systems are left out.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What deny.toml says.
struct Rules {
    licences: BTreeSet<String>,
    doubled: BTreeSet<String>,
}

impl Rules {
    fn read() -> Result<Self> {
        let text = std::fs::read_to_string(RULES).map_err(|error| format!("cannot read {RULES}: {error}"))?;
        let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
        let section = |start: &str| {
            let inside = text.lines().skip_while(move |line| *line != start).skip(1);
            inside.take_while(|line| *line != "]").filter_map(quoted).collect::<BTreeSet<String>>()
        };
        Ok(Self { licences: section("allow = ["), doubled: section("skip = [") })
    }

    /// Whether one of the alternatives of an SPDX expression is allowed whole.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        self.any(&mut rest) && rest.is_empty()
    }

    fn any(&self, rest: &mut &[&str]) -> bool {
        let mut allowed = self.all(rest);
        while let Some(("OR", others)) = rest.split_first().map(|(word, others)| (*word, others)) {
            *rest = others;
            allowed |= self.all(rest);
        }
        allowed
    }

    fn all(&self, rest: &mut &[&str]) -> bool {
        let mut allowed = self.one(rest);
        while let Some(("AND", others)) = rest.split_first().map(|(word, others)| (*word, others)) {
            *rest = others;
            allowed &= self.one(rest);
        }
        allowed
    }

    fn one(&self, rest: &mut &[&str]) -> bool {
        match **rest {
            ["(", ref inside @ ..] => {
                *rest = inside;
                let allowed = self.any(rest);
                *rest = rest.strip_prefix(&[")"]).unwrap_or(rest);
                allowed
            }
            [licence, "WITH", exception, ref others @ ..] => {
                *rest = others;
                self.licences.contains(&format!("{licence} WITH {exception}"))
            }
            [licence, ref others @ ..] => {
                *rest = others;
                self.licences.contains(licence)
            }
            [] => false,
        }
    }
}

fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command.features(CargoOpt::AllFeatures).other_options(["--locked".into(), format!("--filter-platform={PLATFORM}")]);
    command.exec().map_err(|error| format!("cargo metadata: {error}"))
}

/// The packages of others that the workspace is built with.
fn foreign(metadata: &Metadata) -> Vec<&Package> {
    let built: BTreeSet<&PackageId> =
        metadata.resolve.iter().flat_map(|resolve| resolve.nodes.iter().map(|node| &node.id)).collect();
    metadata.packages.iter().filter(|package| package.source.is_some() && built.contains(&package.id)).collect()
}

/// Fails when a licence is not allowed, when a package is there in two versions without a reason, or when a reason is out of date.
pub(crate) fn check() -> Result {
    let (rules, metadata) = (Rules::read()?, metadata()?);
    let packages = foreign(&metadata);
    let mut wrong = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &packages {
        let licence = package.license.as_deref().unwrap_or_default();
        if !rules.allows(licence) {
            wrong.push(format!("{} {}: the licence `{licence}` is not allowed", package.name, package.version));
        }
        let version = package.version.to_string();
        let version = version.split('+').next().unwrap_or_default().to_owned();
        versions.entry(package.name.as_str()).or_default().insert(version);
    }
    let mut needed = BTreeSet::new();
    for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
        let named = versions.iter().map(|version| format!("{name}@{version}"));
        let reasons: Vec<String> = named.filter(|it| rules.doubled.contains(it)).collect();
        if reasons.len() + 1 < versions.len() {
            wrong.push(format!("{name} is built in {} versions: say why in {RULES}", versions.len()));
        }
        needed.extend(reasons);
    }
    wrong.extend(
        rules.doubled.difference(&needed).map(|it| format!("{it} is not doubled any more: remove it from {RULES}")),
    );
    if wrong.is_empty() { Ok(()) } else { Err(format!("{RULES}:\n  {}", wrong.join("\n  "))) }
}

/// Prints what the binary `tsunagu` is built from, as CycloneDX 1.5 (JSON).
pub(crate) fn sbom() -> Result {
    let metadata = metadata()?;
    let nodes = metadata.resolve.as_ref().ok_or("cargo tells of no dependencies")?;
    let nodes: BTreeMap<&PackageId, _> = nodes.nodes.iter().map(|node| (&node.id, node)).collect();
    let server = metadata.packages.iter().find(|package| package.name.as_str() == "server").ok_or("no server")?;
    let (mut seen, mut open) = (BTreeSet::from([&server.id]), vec![&server.id]);
    while let Some(id) = open.pop() {
        for dependency in nodes.get(id).into_iter().flat_map(|node| &node.deps) {
            let is_built_in = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_built_in && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    let component = |package: &&Package| {
        let (name, version) = (&package.name, &package.version);
        let licence = package.license.as_deref().unwrap_or_default().replace('/', " OR ");
        format!(
            r#"    {{"type": "library", "name": "{name}", "version": "{version}", "purl": "pkg:cargo/{name}@{version}", "licenses": [{{"expression": "{licence}"}}]}}"#
        )
    };
    let components: Vec<String> =
        foreign(&metadata).iter().filter(|package| seen.contains(&package.id)).map(component).collect();
    println!(
        "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n  \"metadata\": {{\"component\": {{\"type\": \"application\", \"name\": \"tsunagu\", \"version\": \"{}\"}}}},\n  \"components\": [\n{}\n  ]\n}}",
        server.version,
        components.join(",\n")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Rules;

    #[test]
    fn an_expression_is_allowed_when_one_alternative_is_allowed_whole() {
        let licences = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
        let rules = Rules { licences, doubled: [].into() };
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("", false),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR GPL-3.0) AND ISC", true),
            ("ISC AND (GPL-3.0 OR BSD-3-Clause)", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("MIT ISC", false),
        ] {
            assert_eq!(rules.allows(expression), allowed, "{expression}");
        }
    }
}
