//! The routing table: maps a path to a resource or view, with at most two look-ups and no
//! allocation.

use crate::{
    actors::{ResourceInfo, ViewInfo},
    domain::kernel::{Method, Place},
};
use std::collections::HashMap;

/// The routing table.
#[derive(Debug)]
pub struct Router {
    targets: HashMap<String, RouteTarget>,
    resources: Vec<ResourceRoutes>,
}

/// The target of a path, by its index in the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteTarget {
    /// An aggregate kind.
    Resource(usize),
    /// A view.
    View(usize),
    /// The conversations of a business, by its name.
    Conversations(&'static str),
    /// A business itself, by its name.
    Business(&'static str),
}

/// The last segment of the path of conversations, unless a resource or view of the business has
/// that name.
const CONVERSATIONS: &str = "conversations";

/// The last segment of the path of the history of an aggregate: `/taxi/orders/7/history`.
pub const HISTORY: &str = "history";

/// A resolved path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route<'path> {
    /// The target.
    pub target: RouteTarget,
    /// The path of the collection, as requested: `/taxi/orders`, or `/orders`.
    pub base: &'path str,
    /// The rest of the path.
    pub rest: PathRest<'path>,
}

/// The rest of a path, after the resource or view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathRest<'path> {
    /// `/taxi/orders`
    Collection,
    /// `/taxi/orders/7`
    Item(u64),
    /// `/taxi/orders/7/cancel`
    Named(u64, &'path str),
    /// `/taxi/mypages/search`: a word where a number could be.
    Word(&'path str),
}

/// The reason why a path cannot be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteError {
    /// Nothing is served at the path.
    Unknown,
    /// The path has a word where a number is needed.
    NotANumber,
}

/// The commands of one resource by method and place, as indexes.
#[derive(Debug, Default)]
struct ResourceRoutes {
    collection: [Option<usize>; 3],
    item: [Option<usize>; 3],
    named: Vec<(&'static str, [Option<usize>; 3])>,
}

/// A method, as far as routing needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET` and `HEAD`
    Read,
    /// A method that carries a command: `POST`, `PUT` or `PATCH`.
    Submit(Method),
    /// `OPTIONS`
    Options,
    /// Any other method.
    Other,
}

const METHODS: [(Method, &str); 3] =
    [(Method::Post, "POST"), (Method::Put, "PUT"), (Method::Patch, "PATCH")];

impl Router {
    /// Creates the table for these resources and views. When all belong to one business, they are
    /// served at the root path as well, for its older clients.
    #[must_use]
    pub fn new(resources: &[ResourceInfo], views: &[ViewInfo]) -> Self {
        let businesses =
            || resources.iter().map(|r| r.business).chain(views.iter().map(|v| v.business));
        let first = businesses().next();
        let alone = businesses().all(|business| Some(business) == first);
        let mut targets = HashMap::new();
        let mut add = |business: &str, name: &str, aliases: &[&str], target: RouteTarget| {
            let name = name.rsplit('/').next().unwrap_or(name);
            for name in std::iter::once(&name).chain(aliases) {
                targets.entry(format!("{business}/{name}")).or_insert(target);
                if alone {
                    targets.entry((*name).to_owned()).or_insert(target);
                }
            }
        };
        for (index, resource) in resources.iter().enumerate() {
            add(resource.business, resource.name, resource.aliases, RouteTarget::Resource(index));
        }
        for (index, view) in views.iter().enumerate() {
            add(view.business, view.name, view.aliases, RouteTarget::View(index));
        }
        for business in businesses() {
            add(business, CONVERSATIONS, &[], RouteTarget::Conversations(business));
        }
        // An aggregate kind or view that is served at the root comes first.
        for business in businesses() {
            targets.entry(business.to_owned()).or_insert(RouteTarget::Business(business));
        }
        Self { targets, resources: resources.iter().map(ResourceRoutes::of).collect() }
    }

    /// Resolves a path.
    ///
    /// # Errors
    /// When nothing is served at the path, or a number is malformed.
    pub fn resolve<'path>(&self, path: &'path str) -> Result<Route<'path>, RouteError> {
        let (target, base_len) = self.find(path).ok_or(RouteError::Unknown)?;
        let (base, rest) = path.split_at(base_len);
        let rest = match rest.strip_prefix('/') {
            None | Some("") => PathRest::Collection,
            // What is below a business is found by its own name.
            Some(_) if matches!(target, RouteTarget::Business(_)) => {
                return Err(RouteError::Unknown);
            }
            Some(rest) => Self::parse_rest(rest)?,
        };
        Ok(Route { target, base, rest })
    }

    /// The target of the longest known prefix of the path, and the length of the prefix.
    fn find(&self, path: &str) -> Option<(RouteTarget, usize)> {
        let inner = path.strip_prefix('/')?;
        let first = inner.find('/').unwrap_or(inner.len());
        if first < inner.len() {
            let second = inner[first + 1..].find('/').map_or(inner.len(), |at| first + 1 + at);
            if let Some(target) = self.targets.get(&inner[..second]) {
                return Some((*target, second + 1));
            }
        }
        self.targets.get(&inner[..first]).map(|target| (*target, first + 1))
    }

    fn parse_rest(rest: &str) -> Result<PathRest<'_>, RouteError> {
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (number, name) = match rest.split_once('/') {
            Some((number, name)) => (number, Some(name)),
            None => (rest, None),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return if name.is_none() {
                Ok(PathRest::Word(number))
            } else {
                Err(RouteError::NotANumber)
            };
        }
        let number = number.parse().map_err(|_| RouteError::NotANumber)?;
        match name {
            None => Ok(PathRest::Item(number)),
            Some(name) if name.is_empty() || name.contains('/') => Err(RouteError::Unknown),
            Some(name) => Ok(PathRest::Named(number, name)),
        }
    }

    /// The index of the command that this method carries at this path; `None` when there is none.
    #[must_use]
    pub fn command_route(&self, resource: usize, method: Method, rest: PathRest) -> Option<usize> {
        self.resources[resource].at(rest)?[method as usize]
    }

    /// The value of `Allow` for a resource at this path; `None` when nothing is served there.
    #[must_use]
    pub fn allow(&self, resource: usize, rest: PathRest) -> Option<String> {
        let is_history = matches!(rest, PathRest::Named(_, HISTORY));
        let readable = is_history || !matches!(rest, PathRest::Named(..));
        let commands = self.resources[resource].at(rest);
        let commands = commands.or(is_history.then_some(&[None; 3]))?;
        let mut allow = vec!["OPTIONS"];
        if readable {
            allow.extend(["GET", "HEAD"]);
        }
        let carried = METHODS.iter().filter(|(method, _)| commands[*method as usize].is_some());
        allow.extend(carried.map(|(_, name)| *name));
        Some(allow.join(", "))
    }
}

/// The verb of a method.
#[must_use]
pub fn verb(method: &actix_http::Method) -> Verb {
    use actix_http::Method as Http;
    match *method {
        Http::GET | Http::HEAD => Verb::Read,
        Http::POST => Verb::Submit(Method::Post),
        Http::PUT => Verb::Submit(Method::Put),
        Http::PATCH => Verb::Submit(Method::Patch),
        Http::OPTIONS => Verb::Options,
        _ => Verb::Other,
    }
}

impl ResourceRoutes {
    fn of(resource: &ResourceInfo) -> Self {
        let mut command_routes = Self::default();
        for (index, command_route) in resource.command_routes.iter().enumerate() {
            let by_method = match command_route.place {
                Place::Collection => &mut command_routes.collection,
                Place::Item => &mut command_routes.item,
                Place::Action => command_routes.named(command_route.name),
            };
            by_method[command_route.method as usize].get_or_insert(index);
        }
        command_routes
    }

    fn named(&mut self, name: &'static str) -> &mut [Option<usize>; 3] {
        let at = self.named.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.named.push((name, [None; 3]));
            self.named.len() - 1
        });
        &mut self.named[at].1
    }

    fn at(&self, rest: PathRest) -> Option<&[Option<usize>; 3]> {
        match rest {
            PathRest::Collection => Some(&self.collection),
            PathRest::Item(_) => Some(&self.item),
            PathRest::Named(_, name) => {
                self.named.iter().find(|(known, _)| *known == name).map(|(_, commands)| commands)
            }
            PathRest::Word(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{actors::CommandInfo, domain::kernel::Readers};

    fn command_route(name: &'static str, method: Method, place: Place) -> CommandInfo {
        CommandInfo { name, method, place }
    }

    fn resource(business: &'static str, name: &'static str) -> ResourceInfo {
        let command_routes = vec![
            command_route("open", Method::Post, Place::Collection),
            command_route("close", Method::Post, Place::Action),
            command_route("status", Method::Patch, Place::Item),
        ];
        let (aliases, readers) = (&["doorways"][..], Readers::Owner);
        ResourceInfo { business, name, aliases, command_routes, readers }
    }

    fn router() -> Router {
        let (business, name) = ("house", "rooms");
        let view = ViewInfo {
            business,
            name,
            aliases: &[],
            fields: &[],
            links: &[],
            newest_first: false,
            readers: Readers::Owner,
        };
        Router::new(&[resource("house", "doors")], &[view])
    }

    #[test]
    fn a_resource_is_found_by_its_name_and_by_its_alias() {
        let router = router();
        for base in ["/house/doors", "/house/doorways"] {
            let route = router.resolve(base).unwrap();
            assert_eq!(
                route,
                Route { target: RouteTarget::Resource(0), base, rest: PathRest::Collection }
            );
        }
    }

    #[test]
    fn a_business_alone_is_also_found_at_the_root() {
        let router = router();
        let route = router.resolve("/doors/7/close").unwrap();
        assert_eq!((route.base, route.rest), ("/doors", PathRest::Named(7, "close")));
        assert_eq!(router.resolve("/rooms/7").unwrap().target, RouteTarget::View(0));
        let target = RouteTarget::Conversations("house");
        for path in ["/conversations/7", "/house/conversations/7"] {
            assert_eq!(router.resolve(path).unwrap().target, target);
        }
    }

    #[test]
    fn a_business_is_found_by_its_name() {
        let router = router();
        for path in ["/house", "/house/"] {
            let route = router.resolve(path).unwrap();
            let target = RouteTarget::Business("house");
            assert_eq!(route, Route { target, base: "/house", rest: PathRest::Collection });
        }
        let same = Router::new(&[resource("house", "house")], &[]);
        assert_eq!(same.resolve("/house").unwrap().target, RouteTarget::Resource(0));
    }

    #[test]
    fn two_businesses_are_not_found_at_the_root() {
        let router = Router::new(&[resource("house", "doors"), resource("barn", "doors")], &[]);
        assert_eq!(router.resolve("/doors"), Err(RouteError::Unknown));
        assert_eq!(router.resolve("/barn/doors/3/").unwrap().rest, PathRest::Item(3));
    }

    #[test]
    fn malformed_paths_are_not_resolved() {
        let router = router();
        for path in [
            "",
            "*",
            "//",
            "/barn",
            "/house//",
            "/house/x",
            "/house//doors",
            "/house/../doors/",
            "/doors/7/a/b",
        ] {
            assert_eq!(router.resolve(path), Err(RouteError::Unknown), "{path}");
        }
        for path in ["/doors/99999999999999999999", "/doors/-1/close", "/doors/%37/close"] {
            assert_eq!(router.resolve(path), Err(RouteError::NotANumber), "{path}");
        }
        assert_eq!(router.resolve("/doors/-1").unwrap().rest, PathRest::Word("-1"));
    }

    #[test]
    fn allowed_methods_follow_from_the_command_routes() {
        let router = router();
        let allow = |rest| router.allow(0, rest);
        assert_eq!(allow(PathRest::Collection).as_deref(), Some("OPTIONS, GET, HEAD, POST"));
        assert_eq!(allow(PathRest::Item(1)).as_deref(), Some("OPTIONS, GET, HEAD, PATCH"));
        assert_eq!(allow(PathRest::Named(1, "close")).as_deref(), Some("OPTIONS, POST"));
        assert_eq!(allow(PathRest::Named(1, "paint")), None);
        assert_eq!(allow(PathRest::Named(1, HISTORY)).as_deref(), Some("OPTIONS, GET, HEAD"));
        assert_eq!(router.command_route(0, Method::Post, PathRest::Named(1, "close")), Some(1));
        assert_eq!(router.command_route(0, Method::Put, PathRest::Item(1)), None);
    }
}
