//! Tests of permissions and of what clients may see.

use super::*;

const STAFF: &[&str] = &["dispatcher", "driver"];
const DISPATCHER: Issuer = Issuer::Staff(&["dispatcher"]);

fn known(subject: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| Box::from(*role)).collect();
    Caller::Known { subject: subject.into(), roles }
}

fn permission(caller: &Caller, issuer: Issuer) -> Result<Permission, RequestError> {
    caller.permission("taxi", STAFF, issuer).map(|permission| permission.expect("not trusted"))
}

fn is_permitted(permission: &Permission, owner: Option<&str>, readers: Readers) -> bool {
    let not_found = || RequestError::NotFound { resource: "taxi/orders", number: 7 };
    permission.check(owner, readers, not_found).is_ok()
}

#[test]
fn without_identity_everything_is_permitted_and_seen() {
    for issuer in [Issuer::Anyone, Issuer::Customer, DISPATCHER] {
        assert_eq!(Caller::Trusted.permission("taxi", STAFF, issuer), Ok(None));
    }
    assert_eq!(Caller::Trusted.sight("taxi", STAFF), Sight::All);
    assert_eq!(Caller::Trusted.check_admin(), Ok(()));
}

#[test]
fn a_command_of_staff_needs_one_of_its_roles_in_this_business() {
    for role in ["dispatcher", "taxi/dispatcher"] {
        assert!(permission(&known("lee", &["driver", role]), DISPATCHER).is_ok());
    }
    for roles in [&[][..], &["driver"], &["rental/dispatcher"], &["Dispatcher"], &["admin"]] {
        let refused = permission(&known("lee", roles), DISPATCHER).expect_err("is refused");
        let RequestError::Forbidden(missing) = refused else { panic!("{refused:?}") };
        assert_eq!(missing, "the role `dispatcher` of the business taxi", "{roles:?}");
    }
    let refused = permission(&Caller::Anonymous, DISPATCHER);
    assert_eq!(refused, Err(RequestError::Unauthenticated));
}

#[test]
fn a_command_of_customers_is_for_the_owner_only() {
    let kim = permission(&known("kim", &["dispatcher"]), Issuer::Customer).expect("has a token");
    assert!(is_permitted(&kim, Some("kim"), Readers::Owner));
    for readers in [Readers::Owner, Readers::Anyone, Readers::Staff] {
        assert!(!is_permitted(&kim, Some("lee"), readers));
    }
    assert!(!is_permitted(&kim, None, Readers::Owner));
    assert!(is_permitted(&kim, None, Readers::Anyone), "any customer, where there is no owner");
    let refused = permission(&Caller::Anonymous, Issuer::Customer);
    assert_eq!(refused, Err(RequestError::Unauthenticated));
}

#[test]
fn staff_that_sees_an_aggregate_of_a_customer_learns_that_the_command_is_for_the_customer() {
    let refused = |caller: &Caller| {
        let permission = permission(caller, Issuer::Customer).expect("has a token");
        let not_found = || RequestError::NotFound { resource: "taxi/orders", number: 7 };
        permission.check(Some("kim"), Readers::Owner, not_found).expect_err("is refused")
    };
    let forbidden = refused(&known("dora", &["dispatcher"]));
    assert_eq!(forbidden.to_string(), "only the customer whom it belongs to may do this");
    assert!(matches!(refused(&known("lee", &[])), RequestError::NotFound { .. }));
}

#[test]
fn a_command_of_anyone_is_for_those_who_see_the_aggregate() {
    let kim = permission(&known("kim", &[]), Issuer::Anyone).expect("is permitted");
    let dispatcher = permission(&known("lee", &["driver"]), Issuer::Anyone).expect("is permitted");
    let anonymous = permission(&Caller::Anonymous, Issuer::Anyone).expect("is permitted");
    assert!(is_permitted(&kim, Some("kim"), Readers::Owner));
    for other in [&kim, &anonymous] {
        assert!(!is_permitted(other, Some("lee"), Readers::Owner));
        assert!(!is_permitted(other, None, Readers::Owner));
        assert!(is_permitted(other, None, Readers::Anyone));
    }
    assert!(is_permitted(&dispatcher, Some("kim"), Readers::Owner));
}

#[test]
fn what_a_customer_creates_belongs_to_the_customer_and_what_staff_creates_has_no_owner() {
    let kim = permission(&known("kim", &[]), Issuer::Customer).expect("has a token");
    let principals = kim.principals(kim.owner_of_new().as_ref());
    let issuer = principals.issuer.as_ref().expect("it is known");
    assert_eq!((&*issuer.subject, &*issuer.role), ("kim", "customer"));
    assert_eq!(principals.owner, Some("kim".into()));
    let lee = permission(&known("lee", &["dispatcher"]), DISPATCHER).expect("has the role");
    assert_eq!(lee.owner_of_new(), None);
    let principals = lee.principals(Some(&"kim".into()));
    assert_eq!(principals.owner, Some("kim".into()), "it stays the customer's");
    assert_eq!(&*principals.issuer.as_ref().expect("it is known").role, "dispatcher");
    let anonymous = permission(&Caller::Anonymous, Issuer::Anyone).expect("is permitted");
    assert_eq!(*anonymous.principals(anonymous.owner_of_new().as_ref()), Principals::default());
}

#[test]
fn customers_see_their_own_staff_all_of_its_business_and_others_what_is_public() {
    let sight = |caller: &Caller| caller.sight("taxi", STAFF);
    let (kim, lee) = (sight(&known("kim", &["admin"])), sight(&known("lee", &["driver"])));
    let anonymous = sight(&Caller::Anonymous);
    for (readers, owner, by_kim, by_lee, by_anonymous) in [
        (Readers::Owner, Some("kim"), true, true, false),
        (Readers::Owner, Some("lee"), false, true, false),
        (Readers::Owner, None, false, true, false),
        (Readers::Anyone, None, true, true, true),
        (Readers::Staff, Some("kim"), false, true, false),
    ] {
        let seen = [&kim, &lee, &anonymous].map(|sight| sight.sees(readers, owner));
        assert_eq!(seen, [by_kim, by_lee, by_anonymous], "{readers:?} {owner:?}");
    }
    assert_eq!(kim.check(Readers::Owner, "taxi", STAFF), Ok(()));
    assert!(matches!(kim.check(Readers::Staff, "taxi", STAFF), Err(RequestError::Forbidden(_))));
    let unauthenticated = Err(RequestError::Unauthenticated);
    assert_eq!(anonymous.check(Readers::Owner, "taxi", STAFF), unauthenticated);
}

#[test]
fn only_operators_use_the_paths_of_operators() {
    assert_eq!(known("lee", &["admin"]).check_admin(), Ok(()));
    assert_eq!(Caller::Anonymous.check_admin(), Err(RequestError::Unauthenticated));
    for roles in [&[][..], &["taxi/admin"], &["driver"]] {
        let refused = known("lee", roles).check_admin().expect_err("is refused");
        assert_eq!(refused.to_string(), "only the role `admin` may do this");
    }
}
