//! The operations of the committed openapi.yaml.

use std::collections::BTreeMap;
use yaml_serde::Value;

/// An operation as openapi.yaml has it.
pub struct Documented {
    /// GET, POST, …
    pub method: String,
    /// `/api/v1/sheets/{id}`
    pub path: String,
    /// Whether it says `security: []`: open to everybody.
    pub is_public: bool,
    /// The scopes that a department system needs; none when no system may call it.
    pub scopes: Option<Vec<String>>,
}

impl Documented {
    /// Whether a request goes to this operation.
    pub fn is_called_by(&self, method: &str, path: &str) -> bool {
        let path = path.split('?').next().unwrap();
        let fits = |(template, sent): (&str, &str)| template == sent || (template.starts_with('{') && !sent.is_empty());
        self.method == method
            && self.path.split('/').count() == path.split('/').count()
            && self.path.split('/').zip(path.split('/')).all(fits)
    }
}

/// Every operation, by its operationId.
pub fn operations() -> BTreeMap<String, Documented> {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml")).expect("openapi.yaml");
    let document: Value = yaml_serde::from_str(&file).expect("YAML");
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_mapping().expect("paths") {
        for (method, operation) in item.as_mapping().expect("a path item") {
            let Some(id) = operation.get("operationId").and_then(Value::as_str) else {
                continue;
            };
            let security = operation.get("security").and_then(Value::as_sequence);
            let of_systems = security.into_iter().flatten().find_map(|scheme| scheme.get("oauth2")?.as_sequence());
            let scopes =
                of_systems.map(|scopes| scopes.iter().map(|scope| scope.as_str().unwrap().to_owned()).collect());
            let documented = Documented {
                scopes,
                method: method.as_str().unwrap().to_uppercase(),
                path: path.as_str().unwrap().to_owned(),
                is_public: security.is_some_and(|schemes| schemes.is_empty()),
            };
            assert!(operations.insert(id.to_owned(), documented).is_none(), "{id} stands twice");
        }
    }
    assert!(operations.len() >= 52, "only {} operations were read", operations.len());
    operations
}
