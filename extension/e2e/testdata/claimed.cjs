// Says of each host on standard input, with the preload named in the argument,
// whether a TLS connection to its port 443 is led to the proxy.
'use strict';
const net = require('net');
const tls = require('tls');
const stream = require('stream');
let led = false;
net.connect = () => { led = true; return new stream.PassThrough(); };
tls.connect = () => { led = false; return new stream.PassThrough(); };
require(process.argv[2]);
const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1);
process.stdout.write(lines.map((host) => { tls.connect({ host, port: 443 }); return `${led}\n`; }).join(''));
