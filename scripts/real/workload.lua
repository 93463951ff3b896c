-- What lua5.4 is traced on: closures, strings, tables, sorting with a Lua comparison (C calls Lua
-- calls C), metamethods, coroutines, and errors, which leave C frames by longjmp.
local out = {}
local function say(...) out[#out + 1] = string.format(...) end

local function fib(n) return n < 2 and n or fib(n - 1) + fib(n - 2) end
say("fib %d", fib(12))

-- error() goes through lua_error, luaG_errormsg, luaD_throw: longjmp to the luaD_rawrunprotected
-- of pcall. From depth 0 to 8, in Lua and in C (sort, gsub), rethrown once.
local function down(n) if n == 0 then error({ code = 7 }) end return 1 + down(n - 1) end
for depth = 0, 8 do
	local ok, why = pcall(down, depth)
	say("pcall %s %d", tostring(ok), why.code)
end
say("pcall %s", select(2, pcall(function() local x = nil; return x.field end)))
say("pcall %s", select(2, pcall(string.rep)))
say("pcall %s", select(2, pcall(table.sort, { 3, 1, 2 }, function() error("in sort", 0) end)))
say("pcall %s", select(2, pcall(string.gsub, "abc", "%w", function(c) error(c .. "!", 0) end)))
say("rethrown %s", select(2, pcall(function()
	local _, why = pcall(error, "first", 0)
	error(why .. ", second", 0)
end)))
say("handled %s", select(2, xpcall(down, function(e) return "code " .. e.code end, 3)))
say("load %s", select(2, load("x = = 1", "chunk")))

local object = setmetatable({}, { __index = function(_, k) return k .. "?" end,
	__add = function(a, b) return 42 end, __close = function() say("closed") end })
say("meta %s %d", object.name, object + 1)
do local guard <close> = object end
say("closed by error %s", select(2, pcall(function() local g <close> = object; error("x", 0) end)))

local produce = coroutine.wrap(function() for i = 1, 5 do coroutine.yield(i * i) end end)
say("yielded %d %d %d", produce(), produce(), produce())
local broken = coroutine.create(function() coroutine.yield(1); error("inside", 0) end)
coroutine.resume(broken)
say("resumed %s %s", coroutine.resume(broken))
local across = coroutine.wrap(function()
	return pcall(function() coroutine.yield("in pcall"); error("after yield", 0) end)
end)
say("across %s", across())
say("across %s %s", across())

local words = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words, function(a, b) return #a < #b or #a == #b and a < b end)
say("sorted %s", table.concat(words, " "))
for i = 1, 60 do local t = { i, tostring(i), { i } }; words[i] = #t end
collectgarbage()
print(table.concat(out, "\n"))
io.stderr:write("to stderr\n")
error("the last error")
