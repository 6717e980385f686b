//! A server that runs its own business besides the businesses that madang ships.

mod library;

madang::main!(|host| {
    madang::shipped(host);
    host.business::<library::Library>();
});
