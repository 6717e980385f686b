//! The specification of books: each command in each state, and what is refused.

use super::*;
use madang::domain::kernel::spec::{Spec as _, table};

#[test]
fn every_command_is_decided_in_every_state() {
    let shelved = || Shelved { title: "Momo".into() };
    let lent = || Lent { to: "Kim".into() };
    table::<Book>(
        &[
            ("unknown", vec![]),
            ("shelved", vec![shelved()]),
            ("lent", vec![shelved(), lent()]),
            ("back", vec![shelved(), lent(), BroughtBack]),
        ],
        &[
            Shelve { title: "Momo".into() },
            Lend { to: "Kim".into() },
            Lend { to: "Lee".into() },
            BringBack,
        ],
        "
        past    Shelve          Lend     Lend     BringBack
        unknown Shelved         !Unknown !Unknown !Unknown
        shelved !AlreadyShelved Lent     Lent     -
        lent    !AlreadyShelved -        !IsLent  BroughtBack
        back    !AlreadyShelved Lent     Lent     -
        ",
    );
}

#[test]
fn a_title_and_a_reader_have_names() {
    Book::given([]).when(Shelve { title: "".into() }).rejected(Rejection::BadTitle);
    let shelved = Shelved { title: "Momo".into() };
    Book::given([shelved]).when(Lend { to: "".into() }).rejected(Rejection::BadReader);
}
