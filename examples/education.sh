#!/bin/sh
# A student completes one course, for which no second payment is taken, and leaves another in time.
#
#     examples/education.sh [http://127.0.0.1:8080]
. "$(dirname "$0")/lib.sh"
user="eunmi-$$-$(date +%s)"

step "Eunmi applies for a course and pays; the enrolment follows."
post /education/eduApplications '{"userId":"'"$user"'","eduName":"MSA","eduId":1,"status":"EduApplied"}'
expect 201
eunmi=$(number)
get /education/payments/$eunmi
shows status Paid
eventually /education/eduApplications/$eunmi status EduRegistered
get /education/educations/$eunmi
shows userId "$user"

step "The same student cannot pay for the same course twice."
post /education/eduApplications '{"userId":"'"$user"'","eduName":"MSA","eduId":1,"status":"EduApplied"}'
expect 409
shows detail "the student has applied for the course already, with application $eunmi"

step "The course manager marks the course as completed."
patch /education/educations/$eunmi '{"status":"EduCompleted"}'
expect 200
shows status EduCompleted
eventually /education/eduApplications/$eunmi status EduCompleted

step "A completed course is not refunded."
patch /education/eduApplications/$eunmi '{"status":"EduAppCancelled"}'
expect 409
shows detail 'the course has been completed'
get /education/payments/$eunmi
shows status Paid

step "Another application is cancelled in time: the money is back, and the place is free."
post /education/eduApplications '{"userId":"'"$user"'","eduName":"DDD","eduId":2,"status":"EduApplied"}'
expect 201
second=$(number)
patch /education/eduApplications/$second '{"status":"EduAppCancelled"}'
expect 200
shows status EduCancelled
shows originalStatus EduAppCancelled
get /education/payments/$second
shows status PayCancelled
patch /education/educations/$second '{"status":"EduCompleted"}'
[ "$status" = 404 ] || expect 409

step "After a cancellation the student may apply again."
post /education/eduApplications '{"userId":"'"$user"'","eduName":"DDD","eduId":2,"status":"EduApplied"}'
expect 201
eventually /education/eduApplications/$(number) status EduRegistered

step "The page of the student has both."
eventually "/education/mypages?userId=$user&status=EduCompleted" totalElements 1
eventually "/education/mypages?userId=$user&status=EduCancelled" totalElements 1
shows paymentStatus PayCancelled

the_end
