'use strict';
const { connect, newClient } = require('./transport');

// A one-off command as an old command line runs it: one stream, no capabilities. Ends with the command's code.
async function exec(address, token, name, input) {
  const client = newClient(address);
  const stream = connect(client, {
    authorization: `Bearer ${token}`, origin: 'client', verb: 'exec', 'connection-name': name, version: '1.0.0',
  });
  const payload = Buffer.from(input);
  stream.send({ type: 'AgentSessionOpen', payload });
  stream.send({ type: 'GatewayKeepAlive' });
  for (;;) {
    const packet = await stream.next();
    if (packet === null) throw new Error('the gateway ended the stream');
    if (packet.type === 'ClientSessionOpenOK') {
      if ('hoop.caps' in packet.spec) throw new Error('a key of ours for a peer that did not ask');
      const spec = { 'gateway.session_id': packet.spec['gateway.session_id'] };
      stream.send({ type: 'AgentExecWriteStdin', spec, payload });
    } else if (packet.type === 'ClientWriteStdout') {
      process.stdout.write(packet.payload);
    } else if (packet.type === 'ClientWriteStderr') {
      process.stderr.write(packet.payload);
    } else if (packet.type === 'ClientSessionClose') {
      process.stderr.write(packet.payload);
      stream.call.end();
      if ((await stream.next()) !== null) throw new Error('a packet after the close');
      process.exitCode = Number(packet.spec['client.exit_code'].toString());
      return client.close(); // the process ends when its output is written
    }
  }
}

// Answers each session with its input, and exit code 3.
async function agent(address, key) {
  const stream = connect(newClient(address), {
    authorization: `Bearer ${key}`, origin: 'agent', version: '1.0.0', hostname: 'peer',
  });
  for (;;) {
    const packet = await stream.next();
    if (packet === null) throw new Error('the gateway ended the stream');
    const id = packet.spec['gateway.session_id'];
    const answer = (type, payload, more = {}) =>
      stream.send({ type, payload, spec: { 'gateway.session_id': id, ...more } });
    if (packet.type === 'AgentGatewayConnectOK') {
      console.log('ready');
    } else if (packet.type === 'AgentSessionOpen') {
      if (!packet.spec['agent.connection_params'].length) throw new Error('no connection params');
      answer('ClientSessionOpenOK', undefined, { 'gateway.connection_type': packet.spec['gateway.connection_type'] });
    } else if (packet.type === 'AgentExecWriteStdin') {
      answer('ClientWriteStdout', packet.payload);
      answer('ClientWriteStderr', Buffer.from('said on stderr\n'));
      answer('ClientSessionClose', undefined, { 'client.exit_code': Buffer.from('3') });
    }
  }
}

module.exports = { exec, agent };
