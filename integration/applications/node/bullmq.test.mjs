// What applications do with BullMQ: its Lua scripts, blocking pops, streams of events and delayed jobs.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { connection, eventually } from './server.mjs';

const opened = [];
function open(thing) {
  thing.on?.('error', (error) => opened.failed ??= error);
  opened.push(thing);
  return thing;
}
after(async () => {
  for (const thing of opened.reverse()) await thing.close();
  if (opened.failed) throw opened.failed;
});

const queue = (name, options = {}) => open(new Queue(name, { connection, ...options }));
const worker = (name, handle, options = {}) => open(new Worker(name, handle, { connection, ...options }));

test('jobs are done once each, and their results are told', async () => {
  const events = open(new QueueEvents('plain', { connection }));
  await events.waitUntilReady();
  const completed = [];
  events.on('completed', ({ jobId, returnvalue }) => completed.push([jobId, returnvalue]));
  const q = queue('plain');
  const done = [];
  worker('plain', async (job) => { done.push(job.data.n); return { twice: job.data.n * 2 }; }, { concurrency: 5 });
  const jobs = await q.addBulk(Array.from({ length: 100 }, (_, n) => ({ name: 'job', data: { n } })));
  const last = await q.add('job', { n: 100 });
  assert.deepEqual(await last.waitUntilFinished(events, 60_000), { twice: 200 });
  await eventually('all are told', () => completed.length === 101);
  assert.deepEqual(done.toSorted((a, b) => a - b), Array.from({ length: 101 }, (_, n) => n));
  assert.equal(new Set(completed.map(([id]) => id)).size, jobs.length + 1);
  const counts = await q.getJobCounts('completed', 'failed', 'wait', 'active', 'delayed');
  assert.deepEqual(counts, { completed: 101, failed: 0, wait: 0, active: 0, delayed: 0 });
  assert.equal((await q.getJob(jobs[3].id)).returnvalue.twice, 6);
});

test('delays, priorities and order are kept', async () => {
  const q = queue('order');
  await q.pause();
  const order = [];
  worker('order', async (job) => { order.push(job.name); });
  await q.add('delayed', {}, { delay: 500 });
  await q.add('low', {}, { priority: 10 });
  await q.add('high', {}, { priority: 1 });
  await q.add('first', {});
  await q.add('second', {});
  await q.add('lifo', {}, { lifo: true });
  assert.equal(await q.isPaused(), true);
  assert.equal((await q.getJobCounts('paused', 'prioritized', 'delayed')).delayed, 1);
  await q.resume();
  await eventually('all are done', () => order.length === 6);
  assert.deepEqual(order.filter((n) => n !== 'delayed'), ['lifo', 'first', 'second', 'high', 'low']);
});

test('failures are tried again, and given up', async () => {
  const q = queue('retry');
  const tries = {};
  worker('retry', async (job) => {
    tries[job.name] = (tries[job.name] ?? 0) + 1;
    if (job.name === 'hopeless') throw new UnrecoverableError('no');
    if (job.name === 'never' || tries[job.name] < 3) throw new Error('not yet');
    return 'at last';
  });
  await q.add('third', {}, { attempts: 5, backoff: { type: 'exponential', delay: 20 } });
  await q.add('never', {}, { attempts: 2, backoff: { type: 'fixed', delay: 20 } });
  await q.add('hopeless', {}, { attempts: 9 });
  await eventually('all have ended', async () => {
    const { completed, failed } = await q.getJobCounts('completed', 'failed');
    return completed === 1 && failed === 2;
  });
  assert.deepEqual(tries, { third: 3, never: 2, hopeless: 1 });
  const [failed] = (await q.getFailed()).filter((job) => job.name === 'never');
  assert.equal(failed.failedReason, 'not yet');
  assert.equal(failed.attemptsMade, 2);
  await failed.remove();
  assert.equal(await q.getFailedCount(), 1);
});

test('a flow does children before their parent', async () => {
  const flows = open(new FlowProducer({ connection }));
  const order = [];
  worker('children', async (job) => { order.push(job.name); return job.data.n; });
  worker('parents', async (job) => {
    order.push(job.name);
    return Object.values(await job.getChildrenValues()).reduce((a, b) => a + b, 0);
  });
  const { job } = await flows.add({
    name: 'sum', queueName: 'parents',
    children: [1, 2, 3].map((n) => ({ name: `child ${n}`, queueName: 'children', data: { n } })),
  });
  await eventually('the parent is done', async () => (await job.getState()) === 'completed');
  assert.equal(order.at(-1), 'sum');
  assert.equal(order.length, 4);
  assert.equal((await queue('parents').getJob(job.id)).returnvalue, 6);
});

test('a scheduler makes jobs, and a rate is kept', async () => {
  const q = queue('clock');
  const at = [];
  worker('clock', async () => { at.push(Date.now()); }, { limiter: { max: 1, duration: 150 } });
  await q.upsertJobScheduler('ticks', { every: 50 }, { name: 'tick' });
  await eventually('it ticks', () => at.length >= 4);
  await q.removeJobScheduler('ticks');
  assert.ok(at[3] - at[0] >= 400, `four in ${at[3] - at[0]} ms`);
  assert.equal((await q.getJobSchedulers()).length, 0);
});

test('what a worker leaves when it dies is done by another', async () => {
  const q = queue('stalled');
  let release;
  const stuck = new Promise((resolve) => { release = resolve; });
  const first = new Worker('stalled', () => stuck, { connection, lockDuration: 300, skipLockRenewal: true, skipStalledCheck: true });
  first.on('error', () => {}); // it has lost its lock by the time it ends
  const job = await q.add('job', {});
  await eventually('it is being done', async () => (await job.getState()) === 'active');
  const done = [];
  worker('stalled', async ({ id }) => { done.push(id); }, { stalledInterval: 200 });
  await eventually('another does it', async () => (await job.getState()) === 'completed');
  assert.deepEqual(done, [job.id]);
  release();
  await first.close();
});

test('old jobs go by themselves, and a queue as a whole', async () => {
  const q = queue('tidy');
  worker('tidy', async () => {});
  await q.addBulk(Array.from({ length: 20 }, () => ({ name: 'job', data: {}, opts: { removeOnComplete: { count: 5 } } })));
  await eventually('all are done', async () => {
    const c = await q.getJobCounts('wait', 'active', 'completed');
    return c.wait + c.active === 0 && c.completed === 5;
  });
  await q.add('kept', {}, { delay: 100_000 });
  await q.drain(true);
  assert.equal(await q.getDelayedCount(), 0);
  assert.equal((await q.clean(0, 100, 'completed')).length, 5);
  await q.pause();
  await q.obliterate({ force: true });
  const redis = new Redis(connection);
  const left = await redis.keys('bull:tidy:*');
  redis.disconnect();
  assert.deepEqual(left.filter((key) => !/:(stalled-check|meta)$/.test(key)), []);
});
