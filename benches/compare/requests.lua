-- The requests of one kind of work for wrk, and a report of the run as JSON on the last line.
--
-- WORK is create, order, hot, read, spread or walk; the URL is that of the server. ROWS is the number
-- of taxis to read, THREADS the number of wrk's threads, SEED a number that decides which taxis are
-- read. With PAUSE_MS each connection waits before each request, for this time on average.
--
-- spread creates a taxi and changes the stock of an earlier one twice, in turn. FIRST is the taxi
-- whose stock is changed first. walk changes the stock of ROWS taxis in turn, from FIRST on. With
-- COUNT, one thread sends so many requests, and then only waits for the answers until it is
-- interrupted.
local work = os.getenv("WORK")
local threads = tonumber(os.getenv("THREADS") or "1")
local rows = tonumber(os.getenv("ROWS") or "1")
local json = { ["Content-Type"] = "application/json" }
local first = tonumber(os.getenv("FIRST") or "1")
local fixed
local created
local number
local sent = 0

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

local count = tonumber(os.getenv("COUNT") or "0")
if count > 0 then
  local begun = 0
  function delay()
    begun = begun + 1
    return begun > count and 1e9 or 0
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
  elseif work == "spread" then
    created = wrk.format("POST", bodies.create[1], json, bodies.create[2])
  end
end

local function restock(taxi, stock)
  return wrk.format("POST", "/taxi/taxis/" .. taxi .. "/restock", json, '{"stockCnt":' .. stock .. '}')
end

function request()
  if fixed then
    return fixed
  end
  sent = sent + 1
  if work == "spread" then
    local turn = sent % 3
    -- A taxi has a stock of 10 at first, so each request changes it, in whatever order they arrive.
    return turn == 1 and created or restock(first + math.floor((sent - 1) / 3), 11 + turn)
  end
  if work == "walk" then
    return restock(first + (sent - 1) % rows, 1000 + math.floor((sent - 1) / rows))
  end
  if work == "read" then
    return wrk.format("GET", "/taxi/taxis/" .. math.random(rows))
  end
  -- No thread sends the number of another, so every request changes the stock.
  number = (number + threads) % 100000
  return restock(1, number)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"us":%d,"failed":%d,"broken":%d,"p50":%d,"p99":%d,"max":%d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
