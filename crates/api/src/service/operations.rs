//! Collects the operations of each room: as routes of a worker, or for the OpenAPI document.

use super::nowhere;
use actix_web::dev::HttpServiceFactory;
use actix_web::web::ServiceConfig;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{Components, Info, OpenApi, RefOr, Schema};
use utoipa_actix_web::OpenApiFactory;

/// The argument of each room's `configure`.
pub(crate) struct Operations<'a> {
    routes: &'a mut ServiceConfig,
    paths: Paths,
    /// The schemas of all bodies, one copy for each use: many megabytes, which no worker needs.
    schemas: Option<Vec<(String, RefOr<Schema>)>>,
}

impl<'a> Operations<'a> {
    /// For a worker.
    pub(super) fn served(routes: &'a mut ServiceConfig) -> Self {
        Self { routes, paths: Paths::new(), schemas: None }
    }

    /// For the document.
    pub(super) fn described(routes: &'a mut ServiceConfig) -> Self {
        Self { schemas: Some(Vec::new()), ..Self::served(routes) }
    }

    /// Adds an operation.
    pub(crate) fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(&mut self, operation: F) -> &mut Self {
        self.paths.merge(operation.paths());
        if let Some(schemas) = &mut self.schemas {
            operation.schemas(schemas);
        }
        self.routes.service(operation);
        self
    }

    /// Adds a route that answers every other method of this path with an error; otherwise the last segment of the path would be taken for an id.
    pub(crate) fn no_other_method(&mut self, path: &str) -> &mut Self {
        self.routes.route(path, nowhere());
        self
    }

    /// The document of the operations; without the schemas when it is made for a worker.
    pub(super) fn document(self) -> OpenApi {
        let mut components = Components::new();
        components.schemas.extend(self.schemas.unwrap_or_default());
        let mut document = OpenApi::new(Info::default(), self.paths);
        document.components = Some(components);
        document
    }
}
