#!/bin/sh
# A phone is bought, with points for it, and another is sent back before it was sent.
#
#     examples/phone.sh [http://127.0.0.1:8080]
#
# With `[phone] auto_ship = false` a clerk ships; by default the store ships at once, and whoever
# cancels has to be quick.
. "$(dirname "$0")/lib.sh"

step "Jung orders two phones and pays."
post /phone/orders '{"item":"GX Note99","qty":2,"price":990000}'
expect 201
jung=$(number)
get /phone/payments/$jung
shows price 1980000
shows process Payed

step "A tenth of it comes back in points."
eventually /phone/rewards/$jung process Granted
shows point 198000
eventually /phone/orders/$jung point 198000

step "The store ships, by itself or by its clerk."
eventually /phone/storeManages/$jung orderId $jung
post /phone/storeManages/$jung/ship
expect 200
shows process Shipped
eventually /phone/customers/$jung status Shipped

step "What is on its way is not cancelled."
patch /phone/orders/$jung '{"status":"cancel"}'
expect 409
shows detail 'the order has been shipped'
get /phone/payments/$jung
shows process Payed

step "Kim orders a thing without a price: there is nothing to pay and nothing to win."
post /phone/orders '{"item":"test","qty":1}'
expect 201
kim=$(number)
get /phone/payments/$kim
expect 404
eventually /phone/rewards/$kim process Granted
shows point 0

step "Lee orders, and cancels in the same breath: either it is undone whole, or it was too late."
post /phone/orders '{"item":"GX Watch","qty":1,"price":300}'
expect 201
lee=$(number)
patch /phone/orders/$lee '{"status":"cancel"}'
case $status in
200)
    shows status Cancelled
    get /phone/payments/$lee
    shows process Refunded
    get /phone/orders/$lee
    shows status Cancelled
    eventually /phone/customers/$lee status Cancelled
    ;;
*)
    expect 409
    eventually /phone/customers/$lee status Shipped
    get /phone/payments/$lee
    shows process Payed
    ;;
esac

step "The points that Jung got are in the history, with the balance."
eventually "/phone/pointHistories?orderId=$jung&process=Granted" totalElements 1
shows point 198000

the_end
