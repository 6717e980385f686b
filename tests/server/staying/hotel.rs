//! A hotel: a room agrees to a reservation, or refuses it. Clients choose the numbers of rooms.

use madang::domain::kernel::{Period, prelude::*};
use reservation::Reservation;
use room::Room;

pub const RECEPTION: &str = "reception";

pub struct Hotel;

impl Business for Hotel {
    const NAME: &'static str = "hotel";
    const STAFF: &'static [&'static str] = &[RECEPTION];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("rooms/{number}", r#"{"price":90000}"#)];
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Reservation>().aggregate::<Room>();
        host.saga::<Staying>().view::<Calendar>();
    }
}

/// What a guest asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    pub room: Id<Room>,
    pub period: Period,
}

pub mod reservation {
    use super::{Hotel, RECEPTION, Room, Stay};
    use Command::*;
    use Event::*;
    use madang::domain::kernel::prelude::*;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Reservation {
        pub stay: Stay,
        pub status: Status,
    }

    statuses! {
        pub enum Status {
            Unknown;
            Requested as pending => "cancel";
            Held => "cancel", "check-in";
            CheckedIn;
            Cancelled;
            Rejected { how: FailureKind, reason: String } as failed;
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub enum Command {
        Book(Stay),
        Cancel,
        CheckIn,
        Hold { amount: Money },
        Reject { how: FailureKind, reason: String },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub enum Event {
        Booked { stay: Stay },
        Held { amount: Money },
        CheckedIn,
        Cancelled { room: Id<Room> },
        Rejected { room: Id<Room>, how: FailureKind, reason: String },
    }

    rejections! {
        pub enum Rejection {
            Unknown: unknown "there is no such reservation";
            NotToday: "the stay is not today";
            NotNow { status: String }: "the reservation is {status}";
        }
    }

    impl Aggregate for Reservation {
        const NAME: &'static str = "hotel/reservations";
        aggregate_types!(Hotel, status);

        fn issuer(command: &Command) -> Issuer {
            match command {
                Book(_) | Cancel => Issuer::Customer,
                CheckIn => Issuer::Staff(&[RECEPTION]),
                Hold { .. } | Reject { .. } => Issuer::Internal,
            }
        }

        fn decide(&self, command: Command, now: Timestamp, _: &Empty) -> Decision<Self> {
            use Status as S;
            let Stay { room, period } = self.stay;
            match (&self.status, command) {
                (S::Unknown, Book(stay)) => Ok(vec![Booked { stay }]),
                (S::Requested, Hold { amount }) => Ok(vec![Held { amount }]),
                (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { room, how, reason }]),
                (S::Requested | S::Held, Cancel) => Ok(vec![Cancelled { room }]),
                (S::Held, CheckIn) if period.contains(Date::at(now)) => Ok(vec![CheckedIn]),
                (S::Held, CheckIn) => Err(Rejection::NotToday),
                (S::CheckedIn, CheckIn) | (S::Cancelled, Cancel) => Ok(vec![]),
                (S::Unknown, _) => Err(Rejection::Unknown),
                (status, _) => Err(Rejection::NotNow { status: status.word().into() }),
            }
        }

        fn evolve(self, event: Event) -> Self {
            let status = match event {
                Booked { stay } => return Self { stay, status: Status::Requested },
                Held { .. } => Status::Held,
                CheckedIn => Status::CheckedIn,
                Cancelled { .. } => Status::Cancelled,
                Rejected { how, reason, .. } => Status::Rejected { how, reason },
            };
            Self { status, ..self }
        }

        fn represent(&self, number: u64) -> impl Serialize {
            object! { "id": number, "stay": &self.stay, "status": self.status.word(),
            "reason"?: self.progress().reason() }
        }

        fn command_routes() -> CommandRoutes<Self> {
            CommandRoutes::by_name("book", &["cancel", "check-in"])
        }
    }
}

pub mod room {
    use super::{Hotel, RECEPTION, Reservation};
    use Command::*;
    use Event::*;
    use madang::domain::kernel::{Period, prelude::*};

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Room {
        price: Money,
        taken: Vec<(Id<Reservation>, Period)>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    pub enum Command {
        Register { price: Money },
        Hold { stay: Id<Reservation>, period: Period },
        Release { stay: Id<Reservation> },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub enum Event {
        Registered { price: Money },
        Held { stay: Id<Reservation>, period: Period, amount: Money },
        Released { stay: Id<Reservation> },
    }

    rejections! {
        pub enum Rejection {
            Unknown: unknown "there is no such room";
            BadPrice: invalid "a night is not free of charge";
            IsTaken: "the room is taken on one of these nights";
        }
    }

    impl Room {
        pub fn has(&self, stay: Id<Reservation>) -> bool {
            self.taken.iter().any(|(of, _)| *of == stay)
        }
    }

    impl Aggregate for Room {
        const NAME: &'static str = "hotel/rooms";
        const READERS: Readers = Readers::Anyone;
        aggregate_types!(Hotel);

        fn issuer(command: &Command) -> Issuer {
            match command {
                Register { .. } => Issuer::Staff(&[RECEPTION]),
                Hold { .. } | Release { .. } => Issuer::Internal,
            }
        }

        fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
            let cost = |stay: Period| self.price.times(Quantity(stay.nights()));
            let is_taken = |stay| self.taken.iter().any(|(_, other)| other.overlaps(stay));
            match command {
                Register { price: Money::ZERO } => Err(Rejection::BadPrice),
                Register { price } if price == self.price => Ok(vec![]),
                Register { price } => Ok(vec![Registered { price }]),
                Release { stay } if self.has(stay) => Ok(vec![Released { stay }]),
                Release { .. } => Ok(vec![]),
                Hold { .. } if self.price == Money::ZERO => Err(Rejection::Unknown),
                Hold { stay, .. } if self.has(stay) => Ok(vec![]),
                Hold { period, .. } if is_taken(period) => Err(Rejection::IsTaken),
                Hold { stay, period } => {
                    let amount = cost(period).unwrap_or(Money::MAX);
                    Ok(vec![Held { stay, period, amount }])
                }
            }
        }

        fn evolve(mut self, event: Event) -> Self {
            match event {
                Registered { price } => self.price = price,
                Held { stay, period, .. } => self.taken.push((stay, period)),
                Released { stay } => self.taken.retain(|(of, _)| *of != stay),
            }
            self
        }

        fn represent(&self, number: u64) -> impl Serialize {
            object! { "id": number, "price": self.price }
        }

        fn command_routes() -> CommandRoutes<Self> {
            CommandRoutes::new().on_item(
                "register",
                [Put],
                body!(|price: Money| Register { price }),
            )
        }
    }
}

event_set!(Heard: Reservation, Room);

/// The saga between a reservation and its room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Staying {
    #[default]
    Idle,
    Room,
    Reservation,
    Arrival,
}

impl Saga for Staying {
    const NAME: &'static str = "hotel/staying";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        use room::Event as R;
        match heard {
            Heard::Reservation(id, _) => Some(id.number()),
            Heard::Room(_, R::Held { stay, .. } | R::Released { stay }) => Some(stay.number()),
            Heard::Room(_, R::Registered { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _: &Meta) -> Step<Self> {
        use reservation::{Command, Event as E};
        use room::{Command::*, Event as R};
        match heard {
            Heard::Reservation(_, E::Booked { stay: Stay { room, period } }) => {
                Step::wait(Self::Room).send(room, Hold { stay: me.of(), period })
            }
            // The room agrees.
            Heard::Room(_, R::Held { amount, .. }) => {
                Step::wait(Self::Reservation).send(me.of::<Reservation>(), Command::Hold { amount })
            }
            Heard::Reservation(_, E::Held { .. }) => Step::wait(Self::Arrival),
            // Every end, whether the room holds the nights or not.
            Heard::Reservation(_, E::Cancelled { room } | E::Rejected { room, .. }) => {
                Step::wait(Self::Room).send(room, Release { stay: me.of() })
            }
            Heard::Reservation(_, E::CheckedIn) | Heard::Room(_, R::Released { .. }) => {
                Step::done()
            }
            Heard::Room(_, R::Registered { .. }) => Step::wait(self),
        }
    }

    /// The room refuses; or the reservation has changed before, and its event says how.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        if !refused.is_by::<Room>() {
            return Step::wait(self);
        }
        let (how, reason) = (FailureKind::Refused, refused.reason.clone());
        let reject = reservation::Command::Reject { how, reason };
        Step::wait(Self::Reservation).send(me.of::<Reservation>(), reject)
    }

    /// The room did not hold the nights, so there is nothing to release.
    fn on_no_op(self, _: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let is_released = unchanged.is_of::<Room>(variant!(room::Command::Release));
        if is_released { Step::done() } else { Step::wait(self) }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Idle => WaitsFor::Nothing,
            Self::Room => WaitsFor::Part(Room::NAME),
            Self::Reservation => WaitsFor::Part(Reservation::NAME),
            Self::Arrival => WaitsFor::Person("customer"),
        }
    }
}

/// A row: a room with its taken nights, which is the state of the aggregate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    id: Id<Room>,
    room: Room,
}

impl View for Calendar {
    const NAME: &'static str = "hotel/calendar";
    const FIELDS: &'static [Field] = fields!(key "id");
    type Events = (Id<Room>, room::Event);

    fn fold(row: Option<Self>, (id, event): Self::Events, _: &Meta) -> Option<Self> {
        Some(Self { id, room: row.unwrap_or_default().room.evolve(event) })
    }
}
