#!/bin/sh
# Phones are ordered and rewarded with points; another order is cancelled before it is shipped.
#
#     examples/phone.sh [http://127.0.0.1:8080]
#
# By default the store ships after a minute, so a customer can cancel before. A clerk ships at any
# time.
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

step "A clerk of the store ships."
eventually /phone/storeManages/$jung orderId $jung
post /phone/storeManages/$jung/ship
expect 200
shows process Shipped
eventually /phone/customers/$jung status Shipped
eventually /phone/customers/$jung deliveryStatus Shipped
shows paymentStatus Payed
shows amount 1980000

step "A shipped order cannot be cancelled."
patch /phone/orders/$jung '{"status":"cancel"}'
expect 409
shows detail 'the order has been shipped'
get /phone/payments/$jung
shows process Payed

step "Kim orders an item without a price: nothing is charged, and no points are granted."
post /phone/orders '{"item":"test","qty":1}'
expect 201
kim=$(number)
get /phone/payments/$kim
expect 404
eventually /phone/rewards/$kim process Granted
shows point 0

step "Lee orders and cancels at once: everything is undone."
post /phone/orders '{"item":"GX Watch","qty":1,"price":300}'
expect 201
lee=$(number)
patch /phone/orders/$lee '{"status":"cancel"}'
expect 200
shows status Cancelled
get /phone/payments/$lee
shows process Refunded
get /phone/orders/$lee
shows status Cancelled
eventually /phone/customers/$lee status Cancelled

step "A customer has one balance of points for all orders."
customer=customer-$$-$lee
post /phone/orders '{"item":"GX Watch","qty":1,"price":300,"customerId":"'$customer'"}'
expect 201
shows customerId $customer
first=$(number)
eventually /phone/rewards/$first process Granted
post /phone/orders '{"item":"GX Watch","qty":2,"price":300,"customerId":"'$customer'"}'
expect 201
second=$(number)
eventually "/phone/pointHistories?customerId=$customer" totalElements 2
get "/phone/pointHistories?orderId=$second"
shows balance 90
eventually "/phone/customers?customerId=$customer" totalElements 2

step "The points that Jung got are in the history, with the balance."
eventually "/phone/pointHistories?orderId=$jung&process=Granted" totalElements 1
shows point 198000

the_end
