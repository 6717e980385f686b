-- Sends the JSON in the variable BODY with POST; counts answers that are not 2xx by status.
wrk.method = "POST"
wrk.body = os.getenv("BODY")
wrk.headers["Content-Type"] = "application/json"
