#!/bin/sh
# Of three cars, two are rented; an order of four is refunded; a cancellation returns the two.
#
#     examples/rental.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/lib.sh"

step "The fleet manager registers three cars of a kind."
post /rental/cars '{"name":"sonata","status":"...","cnt":3}'
expect 201
shows cnt 3
car=$(number)

step "Jung orders two and pays; the cars are handed over afterwards."
post /rental/orders '{"carId":'$car',"qty":2,"status":"ORDERED"}'
expect 201
jung=$(number)
get /rental/pays/$jung
shows status Paid
eventually /rental/orders/$jung status Confirmed
get /rental/cars/$car
shows cnt 1

step "Kim orders four, which is too many: the money goes back, with the reason."
post /rental/orders '{"carId":'$car',"qty":4}'
expect 201
kim=$(number)
eventually /rental/orders/$kim status Rejected
shows reason 'only 1 of these cars can be rented'
get /rental/pays/$kim
shows status Refunded
get /rental/cars/$car
shows cnt 1

step "Jung cancels: the money is back within the request, and the cars come back afterwards."
patch /rental/orders/$jung '{"status":"CANCELLED"}'
expect 200
shows status Cancelled
get /rental/pays/$jung
shows status Refunded
eventually /rental/cars/$car cnt 3

step "Lee brings a car back after use: it can be rented again, and the order is over."
post /rental/orders '{"carId":'$car',"qty":1,"customerId":"lee-'$$'"}'
expect 201
shows customerId lee-$$
shows originalStatus ORDERED
lee=$(number)
eventually /rental/orders/$lee status Confirmed
post /rental/orders/$lee/return
expect 200
shows status Returned
eventually /rental/cars/$car cnt 3
patch /rental/orders/$lee '{"status":"CANCELLED"}'
expect 409
shows detail 'the cars have been returned'
get /rental/pays/$lee
shows status Paid

step "Lee finds the order by the customer."
eventually "/rental/systems?customerId=lee-$$&orderId=$lee" totalElements 1

step "One view shows how many cars can be rented, another one shows both orders."
eventually /rental/availability/$car rentable 3
shows rented 0
eventually /rental/systems/$jung status Cancelled
eventually /rental/systems/$kim status Rejected

the_end
