-- Sends the JSON in the variable BODY with POST, each time under a new Idempotency-Key. To compare with
-- post.lua on the same URL: what an answer under a key costs.
local nth = 0
local thread = 0

function setup(of)
  of:set("thread", thread)
  thread = thread + 1
end

function init()
  prefix = string.format("%d-%d-", os.time(), thread)
end

function request()
  nth = nth + 1
  local headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = prefix .. nth }
  return wrk.format("POST", nil, headers, os.getenv("BODY"))
end
