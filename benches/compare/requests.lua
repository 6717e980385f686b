-- The requests of one kind of work for wrk, and a report of the run as JSON on the last line.
--
-- WORK is create, order, hot or read; the URL is that of the server. ROWS is the number of taxis to
-- read, THREADS the number of wrk's threads, SEED a number that decides which taxis are read. With
-- PAUSE_MS each connection waits before each request, for this time on average.
local work = os.getenv("WORK")
local threads = tonumber(os.getenv("THREADS") or "1")
local rows = tonumber(os.getenv("ROWS") or "1")
local json = { ["Content-Type"] = "application/json" }
local fixed
local number

local bodies = {
  create = { "/taxi/taxis",
    '{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}' },
  order = { "/taxi/orders", '{"orderType":"basic","name":"Jung"}' },
}

local pause_ms = tonumber(os.getenv("PAUSE_MS") or "0")
if pause_ms > 0 then
  -- wrk asks this function only if it exists.
  function delay()
    return math.floor(2 * pause_ms * math.random() + 0.5)
  end
end

local next_thread = 0
function setup(thread)
  thread:set("nth", next_thread)
  next_thread = next_thread + 1
end

function init()
  number = nth
  math.randomseed(tonumber(os.getenv("SEED") or "1") * 64 + nth)
  if bodies[work] then
    fixed = wrk.format("POST", bodies[work][1], json, bodies[work][2])
  end
end

function request()
  if fixed then
    return fixed
  end
  if work == "read" then
    return wrk.format("GET", "/taxi/taxis/" .. math.random(rows))
  end
  -- No thread sends the number of another, so every request changes the stock.
  number = (number + threads) % 100000
  return wrk.format("POST", "/taxi/taxis/1/restock", json, '{"stockCnt":' .. number .. '}')
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"us":%d,"failed":%d,"broken":%d,"p50":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
