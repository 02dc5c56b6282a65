//! Collects the operations of each room: as routes of a worker, or for the OpenAPI document.
//!
//! A router tries one path after the other, each with a regular expression. Operations are therefore kept in groups of one shape, and a
//! request is only compared with those of its own: at most a dozen of more than a hundred.

use super::nowhere;
use actix_web::Scope;
use actix_web::dev::HttpServiceFactory;
use actix_web::guard::fn_guard;
use actix_web::web::{ServiceConfig, scope};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{Components, Info, OpenApi, RefOr, Schema};
use utoipa_actix_web::OpenApiFactory;

/// The argument of each room's `configure`.
pub(crate) struct Operations<'a> {
    routes: &'a mut ServiceConfig,
    groups: Vec<(Shape, Scope)>,
    paths: Paths,
    /// The schemas of all bodies, one copy for each use: many megabytes, which no worker needs.
    schemas: Option<Vec<(String, RefOr<Schema>)>>,
}

impl<'a> Operations<'a> {
    /// For a worker.
    pub(super) fn served(routes: &'a mut ServiceConfig) -> Self {
        Self { routes, groups: Vec::new(), paths: Paths::new(), schemas: None }
    }

    /// For the document.
    pub(super) fn described(routes: &'a mut ServiceConfig) -> Self {
        Self { schemas: Some(Vec::new()), ..Self::served(routes) }
    }

    /// Adds an operation.
    pub(crate) fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, operation: F) -> &mut Self {
        let paths = operation.paths();
        let shape = paths.paths.keys().next().map_or_else(Shape::default, |path| Shape::of(path));
        self.paths.merge(paths);
        if let Some(schemas) = &mut self.schemas {
            operation.schemas(schemas);
        }
        self.group(shape, |group| group.service(operation));
        self
    }

    /// Adds a route that answers every other method of this path with an error; otherwise the last segment of the path would be taken for an id.
    pub(crate) fn no_other_method(&mut self, path: &str) -> &mut Self {
        self.group(Shape::of(path), |group| group.route(path, nowhere()));
        self
    }

    fn group(&mut self, shape: Shape, add: impl FnOnce(Scope) -> Scope) {
        let known = self.groups.iter().position(|(known, _)| *known == shape);
        let (shape, group) = known.map_or_else(|| (shape, scope("")), |place| self.groups.swap_remove(place));
        self.groups.push((shape, add(group)));
    }

    /// Makes the routes of what was added, and the document of the operations; without the schemas when it is made for a worker.
    pub(super) fn finish(self) -> OpenApi {
        for (shape, group) in self.groups {
            self.routes.service(group.guard(fn_guard(move |request| shape.fits(request.head().uri.path()))));
        }
        let mut components = Components::new();
        components.schemas.extend(self.schemas.unwrap_or_default());
        let mut document = OpenApi::new(Info::default(), self.paths);
        document.components = Some(components);
        document
    }
}

/// What operations of one group have in common: how many segments their paths have, and the one that names what they are about
/// (`sheets` in `/api/v1/sheets/{sheet_id}`).
#[derive(Debug, Default, PartialEq)]
struct Shape {
    segments: usize,
    about: String,
}

impl Shape {
    fn of(path: &str) -> Self {
        Self { segments: path.split('/').count(), about: about(path).into_owned() }
    }

    fn fits(&self, path: &str) -> bool {
        self.segments == path.split('/').count() && self.about == about(path)
    }
}

/// The segment that names what a path is about: the first, or the one behind `/api/v1`.
fn about(path: &str) -> Cow<'_, str> {
    // As the router itself does, which compares what a segment says, however it is written.
    let read = |segment| percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment));
    let mut segments = path.split('/').skip(1);
    match segments.next().map(read) {
        Some(first) if first == "api" => segments.nth(1).map(read).unwrap_or_default(),
        first => first.unwrap_or_default(),
    }
}
