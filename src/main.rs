//! The binary with all businesses that madang ships.

madang::main!(madang::shipped);
