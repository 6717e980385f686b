//! The contract of businesses outside madang, whose names and types madang has not seen.

#[path = "../../examples/bakery/bakery/mod.rs"]
#[allow(dead_code)]
mod bakery;
#[path = "../../examples/seventh/library/mod.rs"]
#[allow(dead_code)]
mod library;
#[path = "../../examples/eighth/theatre/mod.rs"]
mod theatre;

use madang::{
    contract::{ContractBuilder, proto::compiled},
    domain::kernel::Host as _,
};

#[test]
fn their_files_of_protobuf_are_valid() {
    let mut contract = ContractBuilder::default();
    contract.business::<bakery::Bakery>().business::<library::Library>();
    contract.business::<theatre::Theatre>();
    let files = contract.protos();
    let services = compiled(&files).expect("valid files");
    let orders = services.get_service_by_name("madang.bakery.v1.Orders").expect("a service");
    let names: Vec<_> = orders.methods().map(|method| method.name().to_owned()).collect();
    assert_eq!(names[..3], ["Get", "List", "Place"], "{names:?}");
}
