// What the layer has Node load before the function: NODE_OPTIONS=--require.
//
// Node's SDKs heed no proxy variable. Here a TLS connection to port 443 of one
// of AWS's hosts becomes a plain one to the proxy beside, which is told the
// host in the connection's first line. That one place, tls.connect, is under
// https.request, http2.connect, fetch, undici, ws, and every agent of an SDK or
// of the function's own; all of them go on as they are, pool and keep alive as
// they did, and see the answers that the proxy passes on. A plain http:// call
// to port 80 of such a host goes the same way, and one to AWS's Parameters and
// Secrets extension where the proxy answers for that.
//
// What is not AWS's is not touched, unless the manifest has an egress: then it
// goes through a tunnel of the proxy's, in which it is as it was. Never touched
// are AWS's other ports (databases, brokers) but by that egress, sockets that the
// caller has opened itself (options.socket: a tunnel through a proxy of the
// caller's own) and protocols other than HTTP (MQTT by ALPN). None of these
// carries credentials that AWS would honour.
'use strict';

const net = require('net');
const tls = require('tls');
const http = require('http');
const stream = require('stream');
const threads = require('worker_threads');

const { REMIT_PROXY: proxy = '', REMIT_HOSTS: hosts = '', REMIT_PARAMETERS: parameters = '' } = process.env;
const place = placeOf(proxy);
const domains = hosts.split(',').filter((d) => d && !d.startsWith('='));
const names = hosts.split(',').filter((d) => d.startsWith('=')).map((d) => d.slice(1));
const egress = process.env.REMIT_EGRESS === '1';
const runtimeAPI = (process.env.AWS_LAMBDA_RUNTIME_API || '').replace(/:\d+$/, '');
const netConnect = net.connect;
const tlsConnect = tls.connect;
const loaded = Symbol.for('remit.preload'); // twice would be a detour

function placeOf(address) {
  const at = address.lastIndexOf(':');
  return at > 0 ? { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) } : null;
}

// machines are hosts under AWS's domains that are customers' for certain: load
// balancers, machines by their public names, Kubernetes clusters. A test holds this to the proxy's.
const region = '[a-z]+(?:-[a-z]+)+-\\d+';
const machines = new RegExp(`^(?:(?:dualstack\\.)?[^.]+\\.(?:${region}\\.elb|elb\\.${region})|ec2-[0-9-]+\\.(?:${region}\\.compute|compute-1)|[0-9a-f]{32}\\.[a-z0-9-]+\\.${region}\\.eks)\\.amazonaws\\.com(?:\\.cn)?$`);

// claimed returns host as the proxy knows it, if the proxy answers for it.
function claimed(host) {
  if (typeof host !== 'string') return '';
  host = host.toLowerCase();
  const plain = host.replace(/\.$/, '');
  if (machines.test(plain)) return '';
  return names.includes(plain) || domains.some((d) => plain === d || plain.endsWith('.' + d)) ? host : '';
}

// answered returns the host of a connection that the proxy answers, or ''.
function answered(options, ports) {
  if (!options || options.socket || options.path && !options.host && !options.port) return '';
  const port = Number(options.port);
  const host = claimed(options.host) || net.isIP(String(options.host)) && claimed(options.servername) || '';
  return host && (ports.includes(port) || port === 8182 && /\.neptune(-graph)?\./.test(host)) ? host : '';
}

// outside returns the host of a connection that leaves the sandbox and has to be
// in the manifest's egress, or ''.
function outside(options) {
  const { host, port } = options;
  if (!egress || options.socket || typeof host !== 'string' || !(Number(port) > 0)) return '';
  return /^(localhost|.*\.localhost|127\..*|0\.0\.0\.0|::1?|169\.254\..*|fd00:ec2:.*)$/i.test(host) || host === runtimeAPI ? '' : host;
}

// normalized makes one object of the ways to call connect:
// (options), (port, host, options), (port, options).
function normalized(args) {
  const options = {};
  for (const [i, arg] of args.entries()) {
    if (arg !== null && typeof arg === 'object') Object.assign(options, arg);
    else if (typeof arg === 'function') break;
    else if (i === 0) options.port = arg;
    else if (i === 1 && typeof arg === 'string') options.host = arg;
  }
  return options;
}

// protocol is what of ALPN's offer is spoken: '' if none of it can be.
function protocol(offer) {
  if (!offer || offer.length === 0) return 'http/1.1';
  const list = Array.isArray(offer) ? offer.map(String) : wire(offer);
  return ['http/1.1', 'h2'].find((p) => list.includes(p)) || '';
}

// wire reads an offer that is already as RFC 7301 has it.
function wire(offer) {
  const b = Buffer.from(offer.buffer || offer, offer.byteOffset, offer.byteLength);
  const list = [];
  for (let i = 0; i < b.length; i += 1 + b[i]) list.push(b.toString('latin1', i + 1, i + 1 + b[i]));
  return list;
}

// open connects to the proxy, in the place of host. The first line is queued
// before the caller can write.
function open(host, port, options, how = 'Remit-Plain') {
  const { allowHalfOpen, highWaterMark, keepAlive, keepAliveInitialDelay, noDelay, onread, signal, timeout } = options;
  const socket = netConnect({ allowHalfOpen, highWaterMark, keepAlive, keepAliveInitialDelay, noDelay, onread, signal, ...place });
  if (timeout) socket.setTimeout(timeout);
  const name = net.isIPv6(host) ? `[${host}]` : host;
  socket.write(`CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n${how}: 1\r\n\r\n`);
  return socket;
}

// secured gives a plain socket what callers ask a TLS one for. Nobody is
// between the two ends of it: both are in this sandbox.
function secured(socket, host, options, alpn) {
  Object.assign(socket, {
    encrypted: true, authorized: true, authorizationError: null, secureConnecting: true,
    servername: options.servername || host, alpnProtocol: options.ALPNProtocols ? alpn : false,
    getPeerCertificate: () => ({}), getPeerX509Certificate: () => undefined, getCertificate: () => ({}), getX509Certificate: () => undefined,
    getCipher: () => ({ name: 'TLS_AES_128_GCM_SHA256', standardName: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3' }),
    getProtocol: () => 'TLSv1.3', getEphemeralKeyInfo: () => ({}), getSharedSigalgs: () => [],
    getSession: () => undefined, getTLSTicket: () => undefined, isSessionReused: () => false,
    getFinished: () => undefined, getPeerFinished: () => undefined,
    setServername() {}, setSession() {}, disableRenegotiation() {}, enableTrace() {},
    setMaxSendFragment: () => true,
    renegotiate(_, callback) { if (callback) process.nextTick(callback, null); return true; },
  });
  // After 'connect', as with TLS: some listen for it only then.
  socket.once('connect', () => process.nextTick(() => {
    socket.secureConnecting = false;
    if (!socket.destroyed) socket.emit('secureConnect');
  }));
  return socket;
}

// A Tunnel is a connection that the proxy has opened, or refused: then it ends
// with an error that says why.
class Tunnel extends stream.Duplex {
  constructor(options) {
    super({ allowHalfOpen: true });
    const { host, port, signal, timeout } = options;
    const at = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    Object.assign(this, { connecting: true, remoteAddress: host, remotePort: Number(port), far: netConnect({ ...place, noDelay: true, signal }) });
    if (timeout) this.setTimeout(timeout);
    this.far.write(`CONNECT ${at} HTTP/1.1\r\nHost: ${at}\r\n\r\n`);
    this.far.on('error', (e) => this.destroy(e));
    this.far.on('timeout', () => this.emit('timeout'));
    let head = Buffer.alloc(0);
    this.answered = (chunk) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!/^HTTP\/1\.1 200 /.test(head.toString('latin1', 0, 13))) {
        // What is left of the answer says why.
        this.far.once('end', () => this.destroy(refused(at, head.toString('utf8', end + 4))));
        return;
      }
      this.far.off('data', this.answered);
      this.far.on('data', (more) => this.push(more) || this.far.pause());
      this.far.once('end', () => this.push(null));
      this.connecting = false;
      if (head.length > end + 4) this.push(head.subarray(end + 4));
      this.emit('connect');
      this.emit('ready');
    };
    this.far.on('data', this.answered);
    this.far.once('close', () => this.connecting ? this.destroy(refused(at, head.toString('utf8'))) : this.destroyed || this.push(null));
  }
  _read() { if (!this.connecting) this.far.resume(); }
  _write(chunk, encoding, callback) { this.begun(() => this.far.write(chunk, encoding, callback), callback); }
  _final(callback) { this.begun(() => this.far.end(callback), callback); }
  _destroy(error, callback) {
    this.far.destroy();
    if (!error || !this.over) return callback(error);
    this.over.destroy(error); // it would tell of this one's error as well as of its own
    callback();
  }
  // The proxy is not to take what comes behind a CONNECT that it refuses for more.
  begun(then, failed) {
    if (!this.connecting) return then();
    this.once('connect', then);
    this.once('close', () => this.connecting && failed(new Error('the tunnel was not opened')));
  }
  setTimeout(...args) { this.far.setTimeout(...args); return this; }
  setNoDelay(on) { this.far.setNoDelay(on); return this; }
  setKeepAlive(...args) { this.far.setKeepAlive(...args); return this; }
  ref() { this.far.ref(); return this; }
  unref() { this.far.unref(); return this; }
  address() { return this.far.address(); }
}

function refused(at, text) {
  text = text.split('\r\n\r\n').pop().trim();
  return Object.assign(new Error(`no connection to ${at}: ${text || 'the proxy closed it'}`), { code: 'ECONNREFUSED', syscall: 'connect' });
}

function connect(...args) {
  const options = normalized(args);
  const host = answered(options, [443]);
  const alpn = host && protocol(options.ALPNProtocols);
  const callback = args[args.length - 1];
  if (!alpn) {
    const away = outside(options);
    if (!away) return tlsConnect.apply(this, args);
    const tunnel = new Tunnel({ ...options, host: away });
    const through = { ...options, socket: tunnel };
    if (!through.servername && !net.isIP(away)) through.servername = away;
    tunnel.over = tlsConnect.call(this, through, ...(typeof callback === 'function' ? [callback] : []));
    return tunnel.over;
  }
  const socket = secured(open(host, options.port, options), host, options, alpn);
  if (typeof callback === 'function') socket.once('secureConnect', callback);
  return socket;
}

// plainly wraps a function that opens plain connections. What is asked of AWS
// at port 80 the proxy asks at port 443.
function plainly(original) {
  return function (...args) {
    const options = normalized(args);
    // AWS's Parameters and Secrets extension, in whose place the proxy answers.
    if (parameters && Number(options.port) === 2773 && ['localhost', '127.0.0.1'].includes(options.host || 'localhost') && !options.socket) {
      const callback = args.filter((a) => typeof a === 'function').slice(-1);
      return original.call(this, { ...options, ...placeOf(parameters) }, ...callback);
    }
    const host = answered(options, [80]);
    const away = host ? '' : outside(options);
    if (!host && !away) return original.apply(this, args);
    const socket = host ? open(host, 443, options) : open(away, options.port, options, 'Remit-Silent');
    const callback = args[args.length - 1];
    if (typeof callback === 'function') socket.once('connect', callback);
    return socket;
  };
}

// carried has a thread that is given an environment of its own load this file
// too. One that inherits loads it by itself.
function carried(options) {
  const env = options && options.env;
  if (!env || env === threads.SHARE_ENV || String(env.NODE_OPTIONS || '').includes(__filename)) return options;
  return {
    ...options,
    env: { ...env, REMIT_PROXY: proxy, REMIT_HOSTS: hosts, REMIT_PARAMETERS: parameters, REMIT_EGRESS: egress ? '1' : '' },
    execArgv: ['--require', __filename, ...(options.execArgv || process.execArgv)],
  };
}

if (place && domains.length > 0 && !tls[loaded]) {
  Object.defineProperty(tls, loaded, { value: true });
  tls.connect = connect;
  net.connect = net.createConnection = plainly(netConnect);
  http.Agent.prototype.createConnection = plainly(http.Agent.prototype.createConnection);
  threads.Worker = class Worker extends threads.Worker {
    constructor(file, options) { super(file, carried(options)); }
  };
  require('module').syncBuiltinESMExports();
}
