-- Reads one of the resources numbered 1 to COUNT under the path given to wrk, each request another.
local count = tonumber(os.getenv("COUNT"))
local number = 0
request = function()
  number = number % count + 1
  return wrk.format("GET", wrk.path .. "/" .. number)
end
