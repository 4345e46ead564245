namespace SomaStack.Intelligence.Memory;

/// <summary>
/// What must happen as one step in Redis; each script runs alone. All keys share one hash tag, so that a cluster keeps them in one slot.
/// KEYS[1] is the common prefix; every other key is made from it.
/// </summary>
internal static class RedisScripts
{
    /// <summary>
    /// ARGV: tenant, now, tenant items, tenant bytes, all items, all bytes, count, then per item: id, order key, stream, digest, bytes, record, body, principal.
    /// Answers {0, tenant | all | reused, index} or {1, id, state, is duplicate, …}.
    /// </summary>
    public const string Add = """
        local p, t, now, n = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[7])
        local mine, all = p .. 't:' .. t, p .. 'all'
        local items, bytes, seen, answer = 0, 0, {}, {1}
        for i = 0, n - 1 do
          local a = 8 + i * 8
          local id, digest = ARGV[a], ARGV[a + 3]
          local known = redis.call('HMGET', p .. 'i:' .. t .. ':' .. id, 'state', 'digest')
          local state, first = known[1], known[2]
          if not state and seen[id] then state, first = 'queued', seen[id] end
          if state then
            if digest ~= '' and first ~= digest then return {0, 'reused', i} end
            table.insert(answer, id); table.insert(answer, state); table.insert(answer, 1)
          else
            seen[id] = digest
            items, bytes = items + 1, bytes + tonumber(ARGV[a + 4])
            table.insert(answer, id); table.insert(answer, 'queued'); table.insert(answer, 0)
          end
        end
        if items == 0 then return answer end
        local function held(key)
          local h = redis.call('HMGET', key, 'queued', 'dead', 'bytes')
          return (tonumber(h[1]) or 0) + (tonumber(h[2]) or 0), tonumber(h[3]) or 0
        end
        local mi, mb = held(mine)
        local ai, ab = held(all)
        if mi + items > tonumber(ARGV[3]) or mb + bytes > tonumber(ARGV[4]) then return {0, 'tenant', 0} end
        if ai + items > tonumber(ARGV[5]) or ab + bytes > tonumber(ARGV[6]) then return {0, 'all', 0} end
        for i = 0, n - 1 do
          local a = 8 + i * 8
          local id = ARGV[a]
          local row = p .. 'i:' .. t .. ':' .. id
          if seen[id] and redis.call('EXISTS', row) == 0 then
            local seq = redis.call('HINCRBY', mine, 'seq', 1)
            local stream = p .. 'q:' .. ARGV[a + 2]
            local entry = redis.call('XADD', stream, '*', 'id', id)
            redis.call('HSET', row, 'state', 'queued', 'key', ARGV[a + 1], 'stream', ARGV[a + 2], 'entry', entry, 'digest', ARGV[a + 3], 'bytes', ARGV[a + 4],
              'record', ARGV[a + 5], 'body', ARGV[a + 6], 'principal', ARGV[a + 7], 'seq', seq, 'attempts', 0, 'created', now, 'next', now, 'owner', '', 'until', 0, 'error', '')
            redis.call('ZADD', p .. 'l:' .. t, seq, id)
            redis.call('ZADD', p .. 'age', now, t .. '\31' .. id)
            redis.call('ZADD', p .. 'age:' .. t, now, id)
            redis.call('ZADD', p .. 'due', 'NX', now, t .. '\31' .. ARGV[a + 1])
          end
        end
        for _, key in ipairs({mine, all}) do
          redis.call('HINCRBY', key, 'queued', items)
          redis.call('HINCRBY', key, 'bytes', bytes)
        end
        return answer
        """;

    /// <summary>ARGV: tenant, order key, stream, owner, now, until. Answers the row's fields, or nothing.</summary>
    public const string Take = """
        local p, t, now = KEYS[1], ARGV[1], tonumber(ARGV[5])
        local due = t .. '\31' .. ARGV[2]
        local first = redis.call('XRANGE', p .. 'q:' .. ARGV[3], '-', '+', 'COUNT', 1)
        if #first == 0 then redis.call('ZREM', p .. 'due', due); return {} end
        local row = p .. 'i:' .. t .. ':' .. first[1][2][2]
        local h = redis.call('HMGET', row, 'next', 'owner', 'until')
        if tonumber(h[1]) > now then redis.call('ZADD', p .. 'due', h[1], due); return {} end
        if tonumber(h[3]) >= now and h[2] ~= ARGV[4] then return {} end
        redis.call('HSET', row, 'owner', ARGV[4], 'until', ARGV[6])
        return redis.call('HGETALL', row)
        """;

    /// <summary>ARGV: tenant, id, owner, done | dead | queued, now, next attempt, attempts more, error. Answers 1 when the claim was still there.</summary>
    public const string Settle = """
        local p, t, id, to, now = KEYS[1], ARGV[1], ARGV[2], ARGV[4], ARGV[5]
        local row = p .. 'i:' .. t .. ':' .. id
        local h = redis.call('HMGET', row, 'state', 'owner', 'stream', 'entry', 'key', 'bytes')
        if h[1] ~= 'queued' or h[2] ~= ARGV[3] then return 0 end
        local stream, due = p .. 'q:' .. h[3], t .. '\31' .. h[5]
        redis.call('HINCRBY', row, 'attempts', ARGV[7])
        redis.call('HSET', row, 'state', to, 'owner', '', 'until', 0, 'next', ARGV[6], 'error', ARGV[8])
        if to == 'queued' then redis.call('ZADD', p .. 'due', ARGV[6], due); return 1 end
        redis.call('XDEL', stream, h[4])
        redis.call('ZREM', p .. 'age', t .. '\31' .. id)
        redis.call('ZREM', p .. 'age:' .. t, id)
        if redis.call('XLEN', stream) == 0 then
          redis.call('DEL', stream)
          redis.call('ZREM', p .. 'due', due)
        else
          redis.call('ZADD', p .. 'due', now, due)
        end
        for _, key in ipairs({p .. 't:' .. t, p .. 'all'}) do
          redis.call('HINCRBY', key, 'queued', -1)
          if to == 'dead' then redis.call('HINCRBY', key, 'dead', 1) else redis.call('HINCRBY', key, 'bytes', -tonumber(h[6])) end
        end
        if to == 'done' then
          redis.call('HDEL', row, 'body')
          redis.call('HSET', row, 'bytes', 0)
          redis.call('ZADD', p .. 'done', now, t .. '\31' .. id)
        end
        return 1
        """;

    /// <summary>
    /// ARGV: tenant, id, now. A dead letter goes back before what was accepted after it: the stream of its key is written anew in the order of
    /// acceptance.
    /// </summary>
    public const string Replay = """
        local p, t, id, now = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
        local row = p .. 'i:' .. t .. ':' .. id
        local h = redis.call('HMGET', row, 'state', 'stream', 'key', 'seq', 'created')
        if h[1] ~= 'dead' then return 0 end
        local stream = p .. 'q:' .. h[2]
        local order = {{tonumber(h[4]), id}}
        for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do
          local other = entry[2][2]
          table.insert(order, {tonumber(redis.call('HGET', p .. 'i:' .. t .. ':' .. other, 'seq')), other})
        end
        table.sort(order, function(a, b) return a[1] < b[1] end)
        redis.call('DEL', stream)
        for _, pair in ipairs(order) do
          redis.call('HSET', p .. 'i:' .. t .. ':' .. pair[2], 'entry', redis.call('XADD', stream, '*', 'id', pair[2]))
        end
        redis.call('HSET', row, 'state', 'queued', 'attempts', 0, 'next', now)
        redis.call('ZADD', p .. 'age', h[5], t .. '\31' .. id)
        redis.call('ZADD', p .. 'age:' .. t, h[5], id)
        redis.call('ZADD', p .. 'due', now, t .. '\31' .. h[3])
        for _, key in ipairs({p .. 't:' .. t, p .. 'all'}) do
          redis.call('HINCRBY', key, 'queued', 1)
          redis.call('HINCRBY', key, 'dead', -1)
        end
        return 1
        """;

    /// <summary>ARGV: before. Answers how many ids were forgotten.</summary>
    public const string Purge = """
        local p, n = KEYS[1], 0
        for _, member in ipairs(redis.call('ZRANGEBYSCORE', p .. 'done', '-inf', '(' .. ARGV[1], 'LIMIT', 0, 1000)) do
          local cut = string.find(member, '\31', 1, true)
          local t, id = string.sub(member, 1, cut - 1), string.sub(member, cut + 1)
          redis.call('DEL', p .. 'i:' .. t .. ':' .. id)
          redis.call('ZREM', p .. 'l:' .. t, id)
          redis.call('ZREM', p .. 'done', member)
          n = n + 1
        end
        return n
        """;
}
