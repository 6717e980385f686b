#!/bin/sh
# One customer orders the only taxi and cancels; then a second customer gets it.
#
#     examples/taxi.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/lib.sh"

step "A driver registers a single taxi."
post /taxi/taxis '{"taxiName":"sonata","companyName":"tmap","stockCnt":1,"itemPrice":4900,"grade":"prime"}'
expect 201
shows grade prime
taxi=$(number)

step "Jung calls a basic taxi and pays; the answer comes when the payment is approved."
post /taxi/orders '{"orderType":"basic","name":"Jung","phone":"010-1234","cardNo":383824245656}' 'Idempotency-Key: '$$-$taxi
expect 201
shows status Paid
shows fare 3800
jung=$(number)

step "The same request is sent again: there is still one order and one payment."
post /taxi/orders '{"orderType":"basic","name":"Jung","phone":"010-1234","cardNo":383824245656}' 'Idempotency-Key: '$$-$taxi
expect 201
[ "$(number)" = "$jung" ] || fail "it was taken for another order"
get /taxi/paymentHistories/$jung
shows status Approved

step "The reservation has reached the company, and the dispatcher confirms it with that taxi."
eventually /taxi/reservations/$jung status 'Reservation Complete'
patch /taxi/reservations/$jung '{"status":"confirmed","taxiId":'$taxi'}'
expect 200
shows taxiId $taxi
eventually /taxi/orders/$jung status Confirmed

step "Kim calls as well, but the taxi is out: the confirmation is refused, and nothing changes."
post /taxi/orders '{"orderType":"prime","name":"Kim"}'
expect 201
kim=$(number)
eventually /taxi/reservations/$kim status 'Reservation Complete'
patch /taxi/reservations/$kim '{"status":"confirmed","taxiId":'$taxi'}'
expect 409
get /taxi/reservations/$kim
shows status 'Reservation Complete'

step "Jung changes her mind: reservation, payment and taxi are undone before she is answered."
patch /taxi/orders/$jung '{"status":"cancelled"}'
expect 200
shows status Cancelled
get /taxi/paymentHistories/$jung
shows status Refunded
get /taxi/orders/$jung
shows originalStatus cancelled
get /taxi/reservations/$jung
shows status Cancelled
get /taxi/taxis/$taxi
shows stockCnt 1

step "Kim pays with a card: it is kept, and another one is refused."
post /taxi/paymentHistories '{"orderId":'$kim',"cardNo":383824245656,"status":"valid"}'
expect 201
shows cardNo '**** 5656'
post /taxi/paymentHistories '{"orderId":'$kim',"cardNo":4111111111111111,"status":"valid"}'
expect 409
shows detail 'the payment was made with another card'

step "Lee paid for a platinum taxi; this one is prime, so it does not come."
post /taxi/orders '{"orderType":"platinum","name":"Lee"}'
expect 201
lee=$(number)
eventually /taxi/reservations/$lee status 'Reservation Complete'
patch /taxi/reservations/$lee '{"status":"confirmed","taxiId":'$taxi'}'
expect 409
shows detail 'the taxi is prime, and the order is paid for platinum'
get /taxi/taxis/$taxi
shows stockCnt 1
patch /taxi/orders/$lee '{"status":"cancelled"}'
expect 200

step "So Kim gets the taxi after all."
patch /taxi/reservations/$kim '{"status":"confirmed","taxiId":'$taxi'}'
expect 200
eventually /taxi/mypages/$kim status Confirmed

step "Kim's ride is over: the taxi is free again, and nothing can be cancelled any more."
post /taxi/orders/$kim/complete
expect 200
shows status Completed
eventually /taxi/reservations/$kim status Completed
eventually /taxi/taxis/$taxi stockCnt 1
patch /taxi/orders/$kim '{"status":"cancelled"}'
expect 409
shows detail 'the ride is over'
get /taxi/paymentHistories/$kim
shows status Approved

step "A cancelled reservation cannot be confirmed."
patch /taxi/reservations/$jung '{"status":"confirmed"}'
expect 409
shows detail 'the reservation is cancelled'

step "Jung got one message about every change, and one about the money."
eventually "/taxi/messages?orderId=$jung" totalElements 5
get "/taxi/messages?orderId=$jung&status=Cancelled"
shows totalElements 1
mentions '"failed":null'
get "/taxi/messages?orderId=$jung&status=Refunded"
shows totalElements 1
mentions 'are given back'

step "Kim gave no phone number, so no message was sent, and the reason is kept."
eventually "/taxi/messages?orderId=$kim" totalElements 4
get "/taxi/messages?orderId=$kim&status=Completed"
mentions 'the customer gave no phone number'

the_end
