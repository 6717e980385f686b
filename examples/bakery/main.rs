//! The server of one business.

mod bakery;

madang::main!(|host| {
    host.business::<bakery::Bakery>();
});
