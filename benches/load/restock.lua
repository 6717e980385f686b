-- Says another number each time, so that every command is an event and not "already so".
local number = 0
request = function()
  number = (number + 1) % 100000
  return wrk.format("POST", wrk.path, { ["Content-Type"] = "application/json" },
    '{"stockCnt":' .. number .. '}')
end
