// grpc-js as independent peer: a server that our dialler calls, a client that calls our server, and small ones of both
// against the real gateway. What each command does: ../README.md.
'use strict';
const { serve } = require('./serve');
const { dial } = require('./dial');
const { exec, agent } = require('./gateway');

const commands = { serve, dial, exec, agent };
const [, , name, ...rest] = process.argv;
if (!(name in commands)) {
  console.error('usage: peer serve | dial ADDRESS | exec ADDRESS TOKEN CONNECTION INPUT | agent ADDRESS KEY');
  process.exit(2);
}
commands[name](...rest).catch((error) => {
  console.error(`peer: ${error.message}`);
  process.exit(1);
});
