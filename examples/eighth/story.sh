#!/bin/sh
# Kim is admitted; Lee cancels, and the money goes back.
#
#     story.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/../lib.sh"

step "Kim buys two seats and pays."
post /theatre/orders '{"guest":"kim-'$$'","evening":"2026-12-24","seats":2}'
expect 201
shows status Paid
shows amount 40000
kim=$(number)

step "The usher admits Kim, once."
post /theatre/orders/$kim/admit
expect 200
shows status Admitted
post /theatre/orders/$kim/admit
expect 200
post /theatre/orders/$kim/cancel
expect 409
shows detail 'the order has been handed over'

step "Lee buys a seat and cancels: the money is back within the request."
post /theatre/orders '{"guest":"lee-'$$'","evening":"2026-12-24","seats":1}'
expect 201
lee=$(number)
post /theatre/orders/$lee/cancel
expect 200
shows status Cancelled
get /theatre/payments/$lee
shows status Refunded

step "Eleven seats, and seats for nobody, are refused with the reason."
post /theatre/orders '{"guest":"Kim","evening":"2026-12-24","seats":11}'
expect 422
shows detail 'an order is for 1 to 10 seats'
post /theatre/orders '{"guest":"","evening":"2026-12-24","seats":1}'
expect 422
post /theatre/orders/999999/cancel
expect 404

step "The view finds the orders of an evening."
eventually "/theatre/evenings?guest=kim-$$&evening=2026-12-24&status=Admitted" totalElements 1
eventually "/theatre/evenings?guest=lee-$$&evening_from=2026-12-01&evening_to=2026-12-31&status=Cancelled" totalElements 1
eventually "/theatre/evenings?guest=lee-$$&evening_from=2026-12-25" totalElements 0

the_end
