#!/bin/sh
# Kim collects what was ordered; Lee cancels, and the money goes back.
#
#     story.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/../lib.sh"

step "Kim orders two pieces and pays."
post /bakery/orders '{"customer":"kim-'$$'","quantity":2}'
expect 201
shows status Paid
kim=$(number)
get /bakery/payments/$kim
shows status Approved
shows amount 8000

step "The clerk hands the order over, once."
post /bakery/orders/$kim/hand-over
expect 200
shows status HandedOver
post /bakery/orders/$kim/hand-over
expect 200

step "It is too late to cancel."
post /bakery/orders/$kim/cancel
expect 409
shows detail 'the order is over'

step "Lee orders one piece and cancels: the money is back within the request."
post /bakery/orders '{"customer":"lee-'$$'","quantity":1}'
expect 201
lee=$(number)
post /bakery/orders/$lee/cancel
expect 200
shows status Cancelled
get /bakery/payments/$lee
shows status Refunded

step "An order without a customer or without pieces is refused."
post /bakery/orders '{"customer":"","quantity":1}'
expect 422
post /bakery/orders '{"customer":"Kim","quantity":0}'
expect 422
shows detail 'an order is for 1 to 1000000 pieces'
post /bakery/orders/999999/cancel
expect 404

step "The view finds the orders by customer and status."
eventually "/bakery/overview?customer=kim-$$&status=HandedOver" totalElements 1
eventually "/bakery/overview?customer=lee-$$&status=Cancelled" totalElements 1

the_end
