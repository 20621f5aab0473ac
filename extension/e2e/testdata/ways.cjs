// Makes calls from Node by every road that leads to AWS, and says what came of
// each: a name, a tab, and the outcome. It is run with the preload, and with
// nothing else that would help it.
"use strict";

const { createHash } = require("node:crypto");
const { Readable } = require("node:stream");
const { once } = require("node:events");
const { pathToFileURL } = require("node:url");
const http = require("node:http");
const http2 = require("node:http2");
const https = require("node:https");
const tls = require("node:tls");
const { execFileSync } = require("node:child_process");
const { Worker } = require("node:worker_threads");

const region = process.env.AWS_REGION;
const bucket = `https://media-eu.s3.${region}.amazonaws.com`;
const hash = (b) => createHash("sha256").update(b).digest("hex");
const tests = {};

async function main() {
  if (process.argv[2] === "child") return console.log(await tests["v3 get"]());
  for (const [name, test] of Object.entries(tests)) {
    let outcome;
    try {
      outcome = await test();
    } catch (e) {
      outcome = `${e.code && typeof e.code === "string" ? e.code : e.name}: ${e.message}`;
    }
    process.stdout.write(`${name}\t${String(outcome).replace(/\s+/g, " ")}\n`);
  }
  process.exit(0);
}

// request makes a request of Node's own, unsigned unless headers say otherwise.
function request(module, url, options = {}) {
  return new Promise((resolve, reject) => {
    const r = module.request(url, options, (answer) => {
      const parts = [];
      answer.on("data", (b) => parts.push(b)).on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(parts), reused: r.reusedSocket, socket: r.socket }));
    });
    r.on("error", reject);
    r.end();
  });
}

// The third SDK, with its own agents and with others.
const s3 = require("@aws-sdk/client-s3");
const { NodeHttpHandler } = require("@smithy/node-http-handler");
const { FetchHttpHandler } = require("@smithy/fetch-http-handler");
const get = (client, key, options) => client.send(new s3.GetObjectCommand({ Bucket: "media-eu", Key: key }), options);
const client = new s3.S3Client({ maxAttempts: 1 });
tests["v3 get"] = async () => (await get(client, "ten")).Body.transformToString();
tests["v3 get 5 MB"] = async () => hash(await (await get(client, "random")).Body.transformToByteArray());
tests["v3 put a stream"] = async () =>
  (await client.send(new s3.PutObjectCommand({ Bucket: "media-eu", Key: "up", Body: Readable.from([Buffer.alloc(300000, 1), Buffer.alloc(5, 2)]), ContentLength: 300005 }))).ETag;
tests["v3 denied"] = async () => client.send(new s3.GetObjectCommand({ Bucket: "billing-eu", Key: "ten" })).then(() => "allowed", (e) => `${e.name} ${/\(remit d-/.test(e.message)}`);
tests["v3 through an access point"] = async () =>
  (await client.send(new s3.GetObjectCommand({ Bucket: `arn:aws:s3:${region}:123456789012:accesspoint/mine`, Key: "ten" }))).Body.transformToString();
tests["v3 an agent of one's own"] = async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const c = new s3.S3Client({ requestHandler: new NodeHttpHandler({ httpsAgent: agent }) });
  for (let i = 0; i < 3; i++) await (await get(c, "ten")).Body.transformToString();
  await new Promise(setImmediate);
  const kept = Object.values(agent.freeSockets).flat().length;
  agent.destroy();
  return `${kept} kept`;
};
tests["v3 by fetch"] = async () => (await get(new s3.S3Client({ requestHandler: new FetchHttpHandler({}) }), "ten")).Body.transformToString();
tests["v3 without TLS"] = async () => (await get(new s3.S3Client({ tls: false }), "ten")).Body.transformToString();
tests["v3 aborted"] = async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  return get(client, "slow", { abortSignal: stop.signal }).then(() => "answered", (e) => e.name);
};
tests["v3 timed out"] = async () => get(new s3.S3Client({ maxAttempts: 1, requestHandler: { requestTimeout: 200, throwOnRequestTimeout: true } }), "slow").then(() => "answered", (e) => e.name);
tests["v3 aborted while it streams"] = async () => {
  const { Body } = await get(client, "drip");
  const [first] = await once(Body, "data");
  Body.destroy();
  return first.toString();
};
const kinesis = require("@aws-sdk/client-kinesis");
const put = (StreamName) => new kinesis.KinesisClient({}).send(new kinesis.PutRecordCommand({ StreamName, Data: Buffer.from("x"), PartitionKey: "1" }));
tests["v3 over HTTP/2"] = async () => (await put("readings")).SequenceNumber;
tests["v3 over HTTP/2, denied"] = async () => put("payments").then(() => "allowed", (e) => `${e.name} ${/\(remit d-/.test(e.message)}`);

// The second.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const AWS = require("aws-sdk");
const old = (options) => new AWS.S3({ maxRetries: 0, signatureVersion: "v4", ...options });
const oldGet = async (c) => (await c.getObject({ Bucket: "media-eu", Key: "ten" }).promise()).Body.toString();
tests["v2 get"] = async () => oldGet(old());
tests["v2 an agent of one's own"] = async () => oldGet(old({ httpOptions: { agent: new https.Agent({ keepAlive: true, maxSockets: 2 }), timeout: 5000, connectTimeout: 1000 } }));
tests["v2 without TLS"] = async () => oldGet(old({ sslEnabled: false }));
tests["v2 timed out"] = async () => old({ httpOptions: { timeout: 200 } }).getObject({ Bucket: "media-eu", Key: "slow" }).promise().then(() => "answered", (e) => e.code);
tests["v2 put"] = async () => (await old().putObject({ Bucket: "media-eu", Key: "up", Body: Buffer.alloc(10) }).promise()).ETag;
tests["v2 denied"] = async () => old().getObject({ Bucket: "billing-eu", Key: "ten" }).promise().then(() => "allowed", (e) => `${e.code} ${/\(remit d-/.test(e.message)}`);
tests["v2 presigned, by fetch"] = async () => (await fetch(await old().getSignedUrlPromise("getObject", { Bucket: "media-eu", Key: "ten" }))).text();

// Node's own.
tests["unsigned by https"] = async () => {
  const a = await request(https, `${bucket}/ten`);
  return `${a.status} ${/\(remit d-/.test(a.body)}`;
};
tests["unsigned by http"] = async () => (await request(http, `http://media-eu.s3.${region}.amazonaws.com/ten`)).status;
tests["unsigned by fetch"] = async () => (await fetch(`${bucket}/ten`)).status;
tests["unsigned by fetch, without TLS"] = async () => (await fetch(`http://media-eu.s3.${region}.amazonaws.com/ten`)).status;
tests["unsigned over HTTP/2"] = async () => {
  const session = http2.connect(bucket);
  const stream = session.request({ ":path": "/ten" }).resume();
  const [headers] = await once(stream, "response");
  session.close();
  return headers[":status"];
};
tests["a socket of tls.connect"] = async () => {
  const socket = tls.connect({ host: `s3.${region}.amazonaws.com`, port: 443, servername: `s3.${region}.amazonaws.com`, ALPNProtocols: ["http/1.1"] }, () => {
    socket.write(`GET /media-eu/ten HTTP/1.1\r\nHost: s3.${region}.amazonaws.com\r\nConnection: close\r\n\r\n`);
  });
  const events = [];
  for (const name of ["connect", "secureConnect"]) socket.on(name, () => events.push(name));
  let text = "";
  for await (const b of socket) text += b;
  return `${events} ${socket.authorized} ${socket.alpnProtocol} ${text.split("\r\n")[0]}`;
};
tests["keep-alive"] = async () => {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  const first = await request(https, `${bucket}/ten`, { agent });
  const second = await request(https, `${bucket}/ten`, { agent });
  return `${first.reused} ${second.reused} ${first.socket === second.socket}`;
};

// Hosts that are not AWS's, and ports that are not HTTPS's.
tests["another host"] = async () => {
  const a = await request(https, process.env.OTHER, { ca: process.env.OTHER_CA, servername: "example.com" });
  return `${a.status} ${a.body} ${a.socket instanceof tls.TLSSocket} ${a.socket.authorized}`;
};
tests["another port"] = async () => request(https, `https://db.eu-west-1.rds.amazonaws.com:5432/`, { lookup: (_, o, done) => done(Object.assign(new Error("looked up"), { code: "LOOKED_UP" })) }).then(() => "", (e) => e.code);
const elsewhere = { lookup: (_, o, done) => done(Object.assign(new Error("looked up"), { code: "LOOKED_UP" })) };
tests["a custom domain"] = async () => {
  const a = await request(https, "https://orders.example.com/v1/a", elsewhere);
  return `${a.status} ${/remit d-/.test(a.body)}`;
};
tests["below a custom domain"] = async () => request(https, "https://a.orders.example.com/v1/a", elsewhere).then(() => "", (e) => e.code);
tests["MQTT"] = async () => new Promise((resolve) => {
  const socket = tls.connect({ host: "x-ats.iot.eu-west-1.amazonaws.com", port: 443, ALPNProtocols: ["x-amzn-mqtt-ca"], lookup: (_, o, done) => done(Object.assign(new Error("looked up"), { code: "LOOKED_UP" })) });
  socket.on("error", (e) => resolve(e.code));
});

// AWS's Parameters and Secrets extension, as its documentation asks it.
const parameter = (name) => `http://localhost:2773/systemsmanager/parameters/get?name=${encodeURIComponent(name)}`;
const headers = { "X-Aws-Parameters-Secrets-Token": process.env.AWS_SESSION_TOKEN };
tests["a parameter"] = async () => {
  const a = await request(http, parameter("/app/host"), { headers });
  return `${a.status} ${JSON.parse(a.body).Parameter.Value}`;
};
tests["a parameter, by fetch"] = async () => {
  const a = await fetch(parameter("/app/host"), { headers });
  return `${a.status} ${(await a.json()).Parameter.Value}`;
};
tests["a parameter that is not"] = async () => {
  const a = await request(http, parameter("/app/password"), { headers });
  return `${a.status} ${/not authorized to perform: ssm:GetParameter.*\(remit d-/.test(a.body)}`;
};

// Threads, modules and children.
const inThread = `
  const { parentPort } = require("worker_threads");
  const s3 = require("@aws-sdk/client-s3");
  new s3.S3Client({}).send(new s3.GetObjectCommand({ Bucket: "media-eu", Key: "ten" }))
    .then((o) => o.Body.transformToString()).then((s) => parentPort.postMessage(s), (e) => parentPort.postMessage(e.name + e.message));`;
const thread = (options) => async () => {
  const worker = new Worker(inThread, { eval: true, ...options });
  const [message] = await once(worker, "message");
  await worker.terminate();
  return message;
};
tests["a thread"] = thread({});
tests["a thread with arguments of its own"] = thread({ execArgv: [] });
const { NODE_OPTIONS, REMIT_PROXY, REMIT_HOSTS, ...without } = process.env;
tests["a thread with an environment of its own"] = thread({ env: without });
tests["a thread with both"] = thread({ env: without, execArgv: ["--no-warnings"] });
tests["a child"] = async () => execFileSync(process.execPath, [__filename, "child"], { encoding: "utf8" });
tests["the owner's preload"] = async () => global.owners;
tests["ES modules"] = async () => (await import(pathToFileURL(`${__dirname}/ways.mjs`))).default();

main();
