#!/bin/sh
# Three customers apply for a policy: one is contracted, one is refused, one cancels.
#
#     examples/insurance.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/lib.sh"
cancer="cancer-$$-$(date +%s)"

step "A product manager registers a product under a name of its own."
post /insurance/products '{"productName":"'"$cancer"'","premium":30000}'
expect 201
product=$(number)

step "Jung applies, and pays the premium of the product."
post /insurance/subscriptions '{"subscriptionStatus":"created","productName":"'"$cancer"'","customer":"Jung"}'
expect 201
jung=$(number)
get /insurance/payments/$jung
shows amount 30000
shows paymentStatus Approved

step "The underwriter approves: Jung is insured, and can no longer cancel."
eventually /insurance/subscriptions/$jung subscriptionStatus UnderReview
patch /insurance/underwritings/$jung '{"underwritingStatus":"approveSubscription","subscriptionId":'$jung'}'
expect 200
eventually /insurance/subscriptions/$jung subscriptionStatus Contracted
patch /insurance/subscriptions/$jung '{"subscriptionStatus":"reqCancel"}'
expect 409
shows detail 'the subscription is contracted'

step "Kim applies as well, and is refused: the premium is paid back."
post /insurance/subscriptions '{"subscriptionStatus":"created","productName":"'"$cancer"'","customer":"Kim"}'
expect 201
kim=$(number)
eventually /insurance/subscriptions/$kim subscriptionStatus UnderReview
patch /insurance/underwritings/$kim '{"underwritingStatus":"refuseSubscription","subscriptionId":'$kim'}'
expect 200
eventually /insurance/subscriptions/$kim subscriptionStatus Refused
eventually /insurance/payments/$kim paymentStatus Refunded

step "Lee applies and cancels: the premium is paid back as well."
post /insurance/subscriptions '{"subscriptionStatus":"created","productName":"'"$cancer"'","customer":"Lee"}'
expect 201
lee=$(number)
patch /insurance/subscriptions/$lee '{"subscriptionStatus":"reqCancel"}'
expect 200
shows subscriptionStatus Cancelled
shows originalStatus reqCancel
get /insurance/payments/$lee
shows paymentStatus Refunded
eventually /insurance/subscriptionViews/$lee subscriptionStatus Cancelled

step "The product is withdrawn, and further applications are refused."
post /insurance/products/$product/withdraw
expect 200
post /insurance/subscriptions '{"productName":"'"$cancer"'"}'
expect 409

step "The view has all three, and finds the one that is contracted."
eventually "/insurance/subscriptionViews?productName=$cancer&subscriptionStatus=Contracted" totalElements 1
shows customer Jung

the_end
