'use strict';
const assert = require('node:assert/strict');
const { setTimeout: wait } = require('node:timers/promises');
const { grpc, messageMax, testBytes, connect, newClient } = require('./transport');

const { status } = grpc;

function unary(client, method, request, options = {}) {
  return new Promise((resolve, reject) =>
    client[method](request, new grpc.Metadata(), options, (error, answer) => (error ? reject(error) : resolve(answer))));
}

const fails = (promise, code, text = '') =>
  assert.rejects(promise, (error) => error.code === code && error.details.includes(text));

const checks = {
  async unary(client) {
    assert.equal((await unary(client, 'HealthCheck', {})).status, 'OK');
  },

  async 'unary statuses'(client) {
    await fails(unary(client, 'PreConnect', { name: 'pg%\u00fc' }), status.RESOURCE_EXHAUSTED, 'no room for pg%\u00fc');
  },

  async 'stream deadline'(client) {
    await fails(connect(client, {}, { deadline: Date.now() + 100 }).next(), status.DEADLINE_EXCEEDED);
  },

  async 'every size byte for byte'(client) {
    const stream = connect(client);
    for (const size of [0, 1, 2047, 2048, 65535, 3 << 20, (16 << 20) - 100]) {
      const payload = testBytes(size);
      const answer = await stream.roundTrip({ type: 'Echo', payload, spec: { empty: Buffer.alloc(0) } });
      assert.ok(payload.equals(answer.payload), `${size} bytes came back as other ${answer.payload.length}`);
      assert.equal(answer.spec.empty.length, 0);
    }
    assert.equal((await stream.roundTrip({})).spec.echo.toString(), 'yes'); // a message of no byte
    stream.call.end();
  },

  async 'half close'(client) {
    const stream = connect(client);
    for (let i = 0; i < 10; ++i) stream.send({ type: 'Echo', payload: testBytes(i) });
    stream.call.end();
    for (let i = 0; i < 10; ++i) assert.equal((await stream.next()).payload.length, i);
    assert.equal(await stream.next(), null);
  },

  async metadata(client) {
    const token = 't'.repeat(40 << 10);
    const stream = connect(client, { authorization: token, 'key-bin': testBytes(300) });
    const ask = async (name) => (await stream.roundTrip({ type: 'Metadata', payload: Buffer.from(name) })).payload;
    assert.equal((await ask('authorization')).toString(), token);
    assert.ok(testBytes(300).equals(await ask('key-bin')));
    stream.call.end();
  },

  async 'header list above the limit'(client) {
    await assert.rejects(connect(client, { authorization: 't'.repeat(65 << 10) }).next());
    await unary(client, 'HealthCheck', {}, { deadline: Date.now() + 20000 });
  },

  async refusal(client) {
    await fails(connect(client, { refuse: 'yes' }).next(), status.UNAUTHENTICATED, 'invalid authentication');
  },

  async 'status details'(client) {
    const text = '100 % \n off \u00fc';
    await assert.rejects(connect(client).roundTrip({ type: 'Fail', payload: Buffer.from(text) }), (error) => {
      assert.equal(error.code, status.ABORTED);
      assert.equal(error.details, text);
      assert.ok(error.metadata.get('grpc-status-details-bin')[0].includes('details'));
      return true;
    });
  },

  async cancel(client) {
    const stream = connect(client);
    stream.send({ type: 'Hang' }); // Node half-closes before it resets: the server shall not end the stream by then
    await stream.roundTrip({ type: 'Echo' }); // and has to know that before
    stream.call.cancel();
    await fails(stream.next(), status.CANCELLED);
    const watcher = connect(client);
    await watcher.roundTrip({ type: 'AwaitCancel' });
    watcher.call.end();
  },

  async 'many streams'(client) {
    const streams = Array.from({ length: 200 }, () => connect(client));
    for (let round = 0; round < 3; ++round) {
      for (const stream of streams) stream.send({ type: 'Echo', payload: testBytes(1000) });
      for (const stream of streams) assert.equal((await stream.next()).payload.length, 1000);
    }
    for (const stream of streams) stream.call.end();
    for (const stream of streams) assert.equal(await stream.next(), null);
  },

  async 'message above the limit'(client) {
    const stream = connect(client);
    stream.send({ payload: Buffer.alloc(messageMax + 1) });
    await fails(stream.next(), status.RESOURCE_EXHAUSTED, 'received message larger than max');
  },

  // Time itself is the matter here: two seconds are ten pings, unanswered ones or too many would end the stream.
  async 'keepalive pings'(client, address) {
    const pinging = newClient(address, {
      'grpc.keepalive_time_ms': 200, 'grpc.keepalive_timeout_ms': 1000, 'grpc.use_local_subchannel_pool': 1,
    });
    const stream = connect(pinging);
    await stream.roundTrip({ type: 'Echo' });
    await wait(2000);
    await stream.roundTrip({ type: 'Echo' });
    stream.call.end();
    assert.equal(await stream.next(), null);
    pinging.close();
  },

  async 'go away and reconnect'(client) {
    const old = connect(client);
    await old.roundTrip({ type: 'GoAway' });
    const next = connect(client, {}, { waitForReady: true });
    await next.roundTrip({ type: 'Echo' });
    await old.roundTrip({ type: 'Echo' });
    old.call.end();
    next.call.end();
    assert.equal(await old.next(), null);
  },
};

async function dial(address) {
  const client = newClient(address);
  for (const [name, run] of Object.entries(checks)) {
    const late = AbortSignal.timeout(60000);
    await Promise.race([
      run(client, address),
      new Promise((_, reject) => late.addEventListener('abort', () => reject(new Error('not within 60 s')))),
    ]).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
    console.log(`ok ${name}`);
  }
  client.close();
  process.exit(0);
}

module.exports = { dial };
