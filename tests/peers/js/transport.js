// The contract as grpc-js sees it, and what all commands share.
'use strict';
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const proto = path.join(__dirname, 'transport.proto'); // put here by peer.sh
const { Transport } = grpc.loadPackageDefinition(loader.loadSync(proto, { defaults: true, keepCase: true })).protobuf;

const messageMax = 17 << 20;
const options = {
  'grpc.max_receive_message_length': messageMax,
  'grpc.max_send_message_length': -1,
};

// The same in every language: bytes that no text codec leaves alone.
function testBytes(size) {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; ++i) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

// One stream as promises: next() is a packet, or throws the status that ended it; null after a good end.
class Stream {
  constructor(call) {
    this.call = call;
    this.arrived = [];
    this.waiting = [];
    call.on('data', (packet) => this.put({ packet }));
    call.on('error', (error) => this.put({ error }));
    call.on('status', (status) => status.code === grpc.status.OK && this.put({ packet: null }));
  }
  put(one) {
    if (this.waiting.length > 0) this.waiting.shift()(one);
    else this.arrived.push(one);
  }
  async next() {
    const one = this.arrived.shift() || (await new Promise((resolve) => this.waiting.push(resolve)));
    if (one.error) throw one.error;
    return one.packet;
  }
  send(packet) {
    this.call.write(packet);
  }
  roundTrip(packet) {
    this.send(packet);
    return this.next();
  }
}

function connect(client, headers = {}, callOptions = {}) {
  const metadata = new grpc.Metadata(callOptions);
  for (const [name, value] of Object.entries(headers)) metadata.add(name, value);
  return new Stream(client.Connect(metadata, callOptions));
}

const newClient = (address, more = {}) =>
  new Transport(address, grpc.credentials.createInsecure(), { ...options, ...more });

module.exports = { grpc, Transport, options, messageMax, testBytes, connect, newClient };
