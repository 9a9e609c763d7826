'use strict';
const { grpc, Transport, options } = require('./transport');

// google.rpc.Status with one google.rpc.ErrorInfo, for grpc-status-details-bin.
function statusDetails(code, message, reason) {
  const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const any = Buffer.concat([
    field(1, Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')),
    field(2, field(1, Buffer.from(reason))),
  ]);
  return Buffer.concat([Buffer.from([0x08, code]), field(2, Buffer.from(message)), field(3, any)]);
}

let sayCancelled;
const cancelled = new Promise((resolve) => (sayCancelled = resolve));
let restart; // set while a server runs

function onConnect(call) {
  if (call.metadata.get('refuse').length > 0) {
    call.emit('error', { code: grpc.status.UNAUTHENTICATED, details: 'invalid authentication' });
    return;
  }
  call.on('cancelled', sayCancelled);
  call.on('error', () => {});
  let hanging = false;
  call.on('end', () => hanging || call.end());
  call.on('data', async (packet) => {
    if (packet.type === 'Metadata') {
      const [value = ''] = call.metadata.get(packet.payload.toString());
      packet = { type: 'Metadata', payload: Buffer.from(value), spec: {} };
    } else if (packet.type === 'Fail') {
      const metadata = new grpc.Metadata();
      const details = packet.payload.toString();
      metadata.set('grpc-status-details-bin', statusDetails(grpc.status.ABORTED, details, 'details'));
      call.emit('error', { code: grpc.status.ABORTED, details, metadata });
      return;
    } else if (packet.type === 'Hang') {
      hanging = true;
      return;
    } else if (packet.type === 'AwaitCancel') {
      await cancelled;
    } else if (packet.type === 'GoAway') {
      await restart();
    }
    packet.spec.echo = Buffer.from('yes');
    if (!call.write(packet)) {
      call.pause();
      call.once('drain', () => call.resume());
    }
  });
}

const service = {
  HealthCheck: (call, done) => done(null, { status: 'OK' }),
  PreConnect: (call, done) => {
    if (call.request.name === 'slow') return; // until its deadline
    done({ code: grpc.status.RESOURCE_EXHAUSTED, details: `no room for ${call.request.name}` });
  },
  Connect: onConnect,
};

async function listen(address) {
  const server = new grpc.Server(options);
  server.addService(Transport.service, service);
  const port = await new Promise((resolve, reject) =>
    server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound)));
  // A GOAWAY: this server goes on with what it has, a new one listens at the same address.
  restart = async () => {
    server.tryShutdown(() => {});
    await listen(`127.0.0.1:${port}`);
  };
  return port;
}

// Answers until standard input ends.
async function serve() {
  console.log(`ready 127.0.0.1:${await listen('127.0.0.1:0')}`);
  process.stdin.on('end', () => process.exit(0)).resume();
}

module.exports = { serve };
