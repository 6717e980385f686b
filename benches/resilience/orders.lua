-- Places taxi orders for wrk, and counts the answers that are not 2xx. The last line has how many
-- were placed, refused and broken, the 99th percentile and the longest time, in milliseconds.
wrk.method = "POST"
wrk.path = "/taxi/orders"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"orderType":"basic","name":"Jung"}'

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init()
  placed, refused = 0, 0
end

function response(status)
  if status >= 200 and status < 300 then placed = placed + 1 else refused = refused + 1 end
end

function done(summary, latency)
  local all, not_done = 0, 0
  for _, thread in ipairs(threads) do
    all, not_done = all + thread:get("placed"), not_done + thread:get("refused")
  end
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format("LOAD %d %d %d %.3f %.3f\n", all, not_done, broken,
    latency:percentile(99) / 1000, latency.max / 1000))
end
