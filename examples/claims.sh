#!/bin/sh
# One claim is paid, another is declined, and a third is cancelled before the decision.
#
#     examples/claims.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/lib.sh"
customer=$(date +%s)$$

step "A customer claims 500 won, and an examiner gets the review."
post /claims/claims '{"customerId":'$customer',"price":500,"status":"Received Claim","claimDt":1622635791863}'
expect 201
paid=$(number)
eventually /claims/claims/$paid status UnderReview
eventually /claims/reviews/$paid status Assigned

step "The examiner cannot approve more than was claimed."
put /claims/reviews/$paid '{"claimId":'$paid',"contId":80001,"price":501,"status":"Approved Review"}'
expect 422
shows detail '500 won were claimed, and 501 won are more'

step "The examiner approves 450 of them."
put /claims/reviews/$paid '{"claimId":'$paid',"contId":80001,"price":450,"status":"Approved Review","reviewDt":1622635799999}'
expect 200
shows status Approved
shows reviewDt 1622635799999
shows originalStatus 'Approved Review'
eventually /claims/payments/$paid status Assigned
shows price 450

step "Now it is too late to cancel the claim."
put /claims/claims/$paid '{"status":"Canceled Claim"}'
expect 409

step "The payout clerk pays."
put /claims/payments/$paid '{"status":"Completed Payment","paymentDt":1622639541714}'
expect 200
shows status Completed
shows paymentDt 1622639541714
shows originalStatus 'Completed Payment'
eventually /claims/claims/$paid status Paid

step "Another claim is declined."
post /claims/claims '{"customerId":'$customer',"price":700}'
expect 201
declined=$(number)
eventually /claims/reviews/$declined status Assigned
put /claims/reviews/$declined '{"claimId":'$declined',"status":"Declined Review"}'
expect 200
eventually /claims/claims/$declined status Declined

step "A third claim is cancelled: first the review, then the claim, within the request."
post /claims/claims '{"customerId":'$customer',"price":900}'
expect 201
cancelled=$(number)
eventually /claims/reviews/$cancelled status Assigned
post /claims/claims/$cancelled '{"customerId":'$customer',"price":900,"status":"Canceled Claim","claimDt":1622641792891}'
expect 200
shows status Cancelled
get /claims/reviews/$cancelled
shows status Cancelled

step "The history of a claim tells what the customer understands, and no more."
eventually "/claims/history?claim_id=$cancelled&status=Cancelled&resource=claims" totalElements 1
get "/claims/history?claim_id=$cancelled"
shows totalElements 5

step "The history has all claims, and is a table for clients that prefer HTML."
eventually "/claims/history?customer_id=$customer&claim_id=$cancelled&status=Cancelled&resource=claims" totalElements 1
get "/claims/history?customer_id=$customer" '' 'Accept: text/html'
expect 200
mentions '<table'

the_end
