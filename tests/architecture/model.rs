//! The diagrams follow from the declarations of the businesses, and `docs/model` is current.

use madang::{
    domain,
    model::{
        self, ModelBuilder,
        board::{Board, MessageName, Trigger},
    },
};
use std::{collections::BTreeSet, fs, sync::LazyLock};

const RENEW: &str = "cargo run -- model --write docs/model";

static BOARDS: LazyLock<Vec<Board>> = LazyLock::new(|| {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    builder.boards()
});

#[test]
fn the_pages_of_the_businesses_are_current() {
    let files = model::files(&BOARDS);
    for (name, text) in &files {
        let is_current =
            fs::read_to_string(format!("docs/model/{name}")).is_ok_and(|is| is == *text);
        assert!(is_current, "docs/model/{name} is not current; renew it with `{RENEW}`");
    }
    let names: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for entry in fs::read_dir("docs/model").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(name.as_str()), "docs/model/{name} belongs to no business");
    }
}

#[test]
fn a_board_is_the_same_every_time() {
    let mut builder = ModelBuilder::default();
    domain::install(&mut builder);
    assert_eq!(model::json(&builder.boards()), model::json(&BOARDS));
}

/// Events that only versions before have recorded: the aggregate kind, and the event.
const OF_VERSIONS_BEFORE: &[(&str, &str)] = &[
    ("claims/rosters", "Staffed"),
    ("insurance/rosters", "Staffed"),
    ("insurance/catalogues", "Quoted"),
];

/// Commands that only a saga in flight since a version before sends: the aggregate kind, and the
/// command.
const SENT_BY_SAGAS_OF_BEFORE: &[(&str, &str)] = &[("insurance/subscriptions", "Price")];

#[test]
fn every_event_can_occur() {
    for aggregate in BOARDS.iter().flat_map(|board| &board.aggregates) {
        let reached = aggregate.commands.iter().flat_map(|command| &command.leads_to);
        let reached: BTreeSet<&str> = reached.map(String::as_str).collect();
        let declared = aggregate.events.iter().map(|event| event.name.as_str());
        let is_left_out = |event: &&str| {
            OF_VERSIONS_BEFORE.contains(&(&aggregate.name, event))
                || is_of_others(&aggregate.name, event)
        };
        let declared = declared.filter(|event| !is_left_out(event)).collect();
        assert_eq!(reached, declared, "events of {}", aggregate.name);
    }
}

/// Whether only the payments of a taxi ride have this event or rejection: only they have a bill
/// that clients add to.
fn is_of_others(aggregate: &str, name: &str) -> bool {
    ["Amended", "IsOver"].contains(&name) && aggregate != "taxi/paymentHistories"
}

#[test]
fn every_internal_command_has_a_sender() {
    for board in BOARDS.iter() {
        let json = serde_json::to_string(&(&board.policies, &board.services, &board.lookups));
        let json = json.unwrap();
        for aggregate in &board.aggregates {
            for command in aggregate.commands.iter().filter(|c| c.issuers.is_empty()) {
                let name = &command.what.name;
                if SENT_BY_SAGAS_OF_BEFORE.contains(&(&aggregate.name, name)) {
                    continue;
                }
                let told = format!("{{\"aggregate\":\"{}\",\"name\":\"{name}\"}}", aggregate.name);
                assert!(json.contains(&told), "no sender of {told}");
            }
        }
    }
}

/// Rejections that no command meets: of an aggregate to which clients submit no command, and those
/// that only a version before has recorded.
const NEVER_MET: &[(&str, &str)] = &[
    ("taxi/notices", "Unknown"),
    ("insurance/catalogues", "IsWithdrawn"),
    ("insurance/catalogues", "NotRegistered"),
];

#[test]
fn every_rejection_is_met_by_a_command() {
    for aggregate in BOARDS.iter().flat_map(|board| &board.aggregates) {
        let met: BTreeSet<&String> =
            aggregate.commands.iter().flat_map(|command| &command.refused_as).collect();
        for rejection in &aggregate.rejections {
            let (aggregate, name) = (aggregate.name.as_str(), &rejection.what.name);
            let is_never_met =
                NEVER_MET.contains(&(aggregate, name)) || is_of_others(aggregate, name);
            assert!(met.contains(name) != is_never_met, "{aggregate} {name}");
        }
    }
}

/// A rejection or a no-op reaches a saga only while its command has no answer, and only when the
/// aggregate can give it.
#[test]
fn a_policy_decides_on_no_answer_that_cannot_come() {
    for board in BOARDS.iter() {
        let outcome = |name: &MessageName| {
            let aggregate = board.aggregates.iter().find(|kind| kind.name == name.aggregate)?;
            aggregate.commands.iter().find(|command| command.what.name == name.name)
        };
        for (policy, decision) in board
            .policies
            .iter()
            .flat_map(|policy| policy.decisions.iter().map(move |d| (policy, d)))
        {
            let can_come = match &decision.whenever {
                Trigger::Refused(command) => {
                    outcome(command).is_some_and(|c| !c.refused_as.is_empty())
                }
                Trigger::Unchanged(command) => {
                    outcome(command).is_some_and(|c| c.may_change_nothing)
                }
                Trigger::Event(_) | Trigger::Timer => true,
            };
            assert!(can_come, "{}: {:?}", policy.name, decision.whenever);
        }
    }
    let listing = BOARDS.iter().flat_map(|board| &board.policies);
    let listing = listing.filter(|policy| policy.name == "insurance/listing");
    let triggers = listing.flat_map(|policy| &policy.decisions).map(|d| d.whenever.clone());
    let refused: Vec<Trigger> = triggers.filter(|t| matches!(t, Trigger::Refused(_))).collect();
    let enter = || MessageName { aggregate: "insurance/catalogues".into(), name: "Enter".into() };
    assert_eq!(refused, [Trigger::Refused(enter())], "a catalogue refuses, a product does not");
}

#[test]
fn a_page_says_which_explorations_were_cut_short() {
    for board in BOARDS.iter() {
        let aggregates = board.aggregates.iter().map(|part| (&part.name, &part.exploration));
        let policies = board.policies.iter().map(|part| (&part.name, &part.exploration));
        let (page, svg) = (model::page(board), model::svg(std::slice::from_ref(board)));
        for (name, exploration) in aggregates.chain(policies) {
            let sentence = format!("{name} ({} states)", exploration.states);
            assert_eq!(page.contains(&sentence), exploration.is_cut_short, "{name}");
            assert_eq!(svg.contains(&sentence), exploration.is_cut_short, "{name}");
            assert!(exploration.untried.is_empty(), "{name}: {:?}", exploration.untried);
        }
    }
}
