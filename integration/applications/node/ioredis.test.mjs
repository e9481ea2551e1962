// What applications do with ioredis, in the protocol that it chooses by itself.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Redis } from 'ioredis';
import { connection, eventually } from './server.mjs';

const opened = [];
function open(options = {}) {
  const redis = new Redis({ ...connection, ...options });
  opened.push(redis);
  return redis;
}
after(() => opened.forEach((redis) => redis.disconnect()));

test('values are text, bytes, numbers and maps', async () => {
  const redis = open({ keyPrefix: 'values:' });
  await redis.set('text', 'grüße');
  assert.equal(await redis.get('text'), 'grüße');
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  await redis.set(Buffer.from('bytes'), bytes);
  assert.deepEqual(await redis.getBuffer('bytes'), bytes);
  assert.equal(await redis.incrby('n', 41), 41);
  await redis.hset('h', { a: 1, b: 'two' });
  assert.deepEqual(await redis.hgetall('h'), { a: '1', b: 'two' });
  await redis.zadd('z', 1, 'one', 2.5, 'two and a half');
  assert.deepEqual(await redis.zrange('z', 0, -1), ['one', 'two and a half']);
  assert.equal(Number(await redis.zscore('z', 'two and a half')), 2.5);
  await assert.rejects(redis.lpush('h', 'x'), /WRONGTYPE/);
});

test('a handshake agrees on either protocol', async () => {
  for (const protocol of [2, 3]) {
    const redis = open({ protocol, connectionName: `speaks-${protocol}`, db: 5 });
    const info = await redis.client('INFO');
    assert.match(info, new RegExp(` name=speaks-${protocol} .* db=5 .* resp=${protocol}`));
    await redis.hset(`hello:${protocol}`, 'field', 'value');
    assert.deepEqual(await redis.hgetall(`hello:${protocol}`), { field: 'value' });
    await redis.subscribe('hello');
    const heard = new Promise((resolve) => { redis.on('message', (...message) => resolve(message)); });
    assert.equal(await open().publish('hello', String(protocol)), 1);
    assert.deepEqual(await heard, ['hello', String(protocol)]);
    assert.equal(await redis.quit(), 'OK');
  }
  const typed = open({ replyMapping: 'resp3' });
  await typed.zadd('typed', 2.5, 'member');
  assert.equal(await typed.zscore('typed', 'member'), 2.5);
});

test('it is no cluster, and says so', async () => {
  const redis = open();
  assert.match(await redis.info('cluster'), /cluster_enabled:0\r/);
  await assert.rejects(redis.cluster('NODES'), /ReplyError: ERR /); // the words are the server's own
});

test('pipelines and transactions keep their order and their errors', async () => {
  const redis = open();
  const pipeline = redis.pipeline();
  for (let n = 0; n < 500; n++) pipeline.set(`p:${n}`, n).get(`p:${n}`);
  const replies = await pipeline.exec();
  assert.equal(replies.length, 1000);
  replies.forEach(([error, value], i) => {
    assert.equal(error, null);
    assert.equal(value, i % 2 ? String((i - 1) / 2) : 'OK');
  });
  const [[, ok], [wrong], [, n]] = await redis.multi().set('m', 'text').lpush('m', 'x').incr('m:n').exec();
  assert.equal(ok, 'OK');
  assert.match(wrong.message, /WRONGTYPE/);
  assert.equal(n, 1);
  await redis.watch('m');
  await open().set('m', 'changed');
  assert.equal(await redis.multi().get('m').exec(), null);
});

test('messages arrive by channel, pattern and shard, as text and as bytes', async () => {
  const [sub, pub] = [open(), open()];
  const heard = [];
  sub.on('message', (channel, message) => heard.push([channel, message]));
  sub.on('pmessage', (pattern, channel, message) => heard.push([pattern, channel, message]));
  sub.on('smessage', (channel, message) => heard.push(['shard', channel, message]));
  assert.equal(await sub.subscribe('news', 'other'), 2);
  await sub.psubscribe('ne*');
  await sub.ssubscribe('part');
  assert.equal(await pub.publish('news', 'hello'), 2);
  assert.equal(await pub.spublish('part', 'piece'), 1);
  await eventually('all is heard', () => heard.length === 3);
  assert.deepEqual(heard.toSorted(), [['ne*', 'news', 'hello'], ['news', 'hello'], ['shard', 'part', 'piece']]);
  await sub.unsubscribe('news');
  assert.equal(await pub.publish('other', 'x'), 1);
});

test('scripts become commands', async () => {
  const redis = open();
  redis.defineCommand('take', {
    numberOfKeys: 1,
    lua: `local left = tonumber(redis.call('get', KEYS[1]) or ARGV[1])
          if left <= 0 then return redis.error_reply('EMPTY nothing is left') end
          redis.call('set', KEYS[1], left - 1, 'PX', 60000)
          return { left - 1, cjson.encode({ key = KEYS[1] }) }`,
  });
  assert.deepEqual(await redis.take('bucket', 2), [1, '{"key":"bucket"}']);
  assert.deepEqual(await redis.take('bucket', 2), [0, '{"key":"bucket"}']);
  await assert.rejects(redis.take('bucket', 2), /EMPTY nothing is left/);
  await redis.script('FLUSH');
  await redis.set('bucket', 5);
  assert.equal((await redis.take('bucket', 2))[0], 4);
  const replies = await redis.pipeline().take('bucket', 2).take('bucket', 2).exec();
  assert.deepEqual(replies.map(([, [left]]) => left), [3, 2]);
});

test('a group of consumers shares a stream', async () => {
  const redis = open();
  await redis.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM');
  const consumers = [open(), open(), open()];
  const seen = [];
  const all = consumers.map(async (consumer, i) => {
    for (;;) {
      const reply = await consumer.xreadgroup('GROUP', 'group', `c${i}`, 'COUNT', 5, 'BLOCK', 500, 'STREAMS', 'stream', '>');
      if (!reply) return;
      const [, entries] = Array.isArray(reply) ? reply[0] : Object.entries(reply)[0];
      for (const [id, [, value]] of entries) {
        seen.push(Number(value));
        await consumer.xack('stream', 'group', id);
      }
    }
  });
  for (let n = 0; n < 60; n++) await redis.xadd('stream', 'MAXLEN', '~', 1000, '*', 'n', n);
  await Promise.all(all);
  assert.deepEqual(seen.toSorted((a, b) => a - b), Array.from({ length: 60 }, (_, n) => n));
  const pending = await redis.xpending('stream', 'group');
  assert.equal(Array.isArray(pending) ? pending[0] : pending.pending, 0);
});

test('a scan finds every key', async () => {
  const redis = open();
  const names = Array.from({ length: 1000 }, (_, n) => `scan:${n}`);
  await redis.mset(...names.flatMap((name) => [name, 'v']));
  const found = new Set();
  for await (const keys of redis.scanStream({ match: 'scan:*', count: 50 })) keys.forEach((key) => found.add(key));
  assert.deepEqual([...found].toSorted(), names.toSorted());
});

test('what expires is told', async () => {
  const [redis, sub] = [open(), open()];
  await redis.config('SET', 'notify-keyspace-events', 'Ex');
  const expired = [];
  sub.on('message', (_, key) => expired.push(key));
  await sub.subscribe('__keyevent@0__:expired');
  await redis.set('short', 'lived', 'PX', 50);
  await eventually('it is told', () => expired.includes('short'));
  await redis.config('SET', 'notify-keyspace-events', '');
});

test('a connection that is lost comes back, and so do its subscriptions', async () => {
  const [redis, sub, control] = [open(), open(), open()];
  const heard = [];
  sub.on('message', (_, message) => heard.push(message));
  await sub.subscribe('again');
  await redis.select(3);
  await redis.set('k', 'in database 3');
  for (const id of [await redis.client('ID'), ...(await control.client('LIST', 'TYPE', 'PUBSUB')).matchAll(/^id=(\d+)/gm)].map((x) => x[1] ?? x)) {
    await control.client('KILL', 'ID', id);
  }
  assert.equal(await redis.get('k'), 'in database 3');
  await eventually('it listens again', async () => (await control.publish('again', 'hello')) === 1);
  await eventually('it hears', () => heard.includes('hello'));
});

test('a blocked client is served in its turn', async () => {
  const [first, second, redis] = [open(), open(), open()];
  const got = [];
  const waits = [first, second].map(async (client, i) => {
    await eventually('the one before waits', async () => i === 0 || /blocked_clients:1\r/.test(await redis.info('clients')));
    got.push([i, await client.blpop('queue', 30)]);
  });
  await eventually('both wait', async () => /blocked_clients:2\r/.test(await redis.info('clients')));
  await redis.rpush('queue', 'a');
  await eventually('one is served', () => got.length === 1);
  await redis.rpush('queue', 'b');
  await Promise.all(waits);
  assert.deepEqual(got, [[0, ['queue', 'a']], [1, ['queue', 'b']]]);
});
