-- For wrk: compares every answer with BENCH_EXPECT, if that is set, and prints the result as one line of JSON.
local expected = os.getenv("BENCH_EXPECT")
local threads = {}

wrong = 0

function setup(thread)
  table.insert(threads, thread)
end

-- wrk parses bodies only if there is such a function, which costs the load generator time: most loads do without.
if expected then
  function response(status, _, body)
    if status ~= 200 or body ~= expected then wrong = wrong + 1 end
  end
end

function done(summary, latency, _)
  local mismatches = 0
  for _, thread in ipairs(threads) do mismatches = mismatches + thread:get("wrong") end
  local errors = summary.errors
  io.write(string.format(
    'result {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "connect": %d, "read": %d, "write": %d, '
      .. '"status": %d, "timeout": %d, "wrong": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.connect, errors.read,
    errors.write, errors.status, errors.timeout, mismatches))
end
