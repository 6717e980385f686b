-- One connection per thread says one thing after the other, and notes what became of each:
-- milliseconds, status, name, number. Reads when READS is set, orders taxis otherwise.
local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long sec; long usec; } moment;
  int gettimeofday(moment *now, void *zone);
]]

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("id", threads)
end

local function milliseconds()
  local now = ffi.new("moment")
  ffi.C.gettimeofday(now, nil)
  return tonumber(now.sec) * 1000 + math.floor(tonumber(now.usec) / 1000)
end

local reads = os.getenv("READS")
local nth, name = 0, "none"

function init()
  notes = io.open(os.getenv("NOTES") .. "." .. id, "a")
  notes:setvbuf("line")
end

function delay() return 10 end

function request()
  nth = nth + 1
  if reads then
    name = ({ "/taxi/orders/1", "/taxi/mypages/1", "/taxi/orders?size=5" })[nth % 3 + 1]
    return wrk.format("GET", name)
  end
  name = "n" .. id .. "-" .. nth
  local headers = { ["Content-Type"] = "application/json", ["Idempotency-Key"] = name }
  return wrk.format("POST", "/taxi/orders", headers, '{"orderType":"basic","name":"' .. name .. '"}')
end

function response(status, _, body)
  local number = body:match('orders/(%d+)') or '-'
  notes:write(milliseconds(), " ", status, " ", name, " ", number, "\n")
end
