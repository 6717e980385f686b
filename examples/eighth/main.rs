//! A server of one business, whose orders are those of the kernel.

mod theatre;

madang::main!(|host| {
    host.business::<theatre::Theatre>();
});
