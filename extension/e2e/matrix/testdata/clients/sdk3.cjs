// Makes the matrix's calls with the AWS SDK for JavaScript v3. As boto.py.
"use strict";

const { createHash } = require("node:crypto");
const { PassThrough, Readable } = require("node:stream");
const https = require("node:https");
const http = require("node:http");
const readline = require("node:readline");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const packages = {
  "bedrock-runtime": ["BedrockRuntime", require("@aws-sdk/client-bedrock-runtime")],
  events: ["EventBridge", require("@aws-sdk/client-eventbridge")],
  dynamodb: ["DynamoDB", require("@aws-sdk/client-dynamodb")],
  kinesis: ["Kinesis", require("@aws-sdk/client-kinesis")],
  kms: ["KMS", require("@aws-sdk/client-kms")],
  lambda: ["Lambda", require("@aws-sdk/client-lambda")],
  s3: ["S3", require("@aws-sdk/client-s3")],
  secretsmanager: ["SecretsManager", require("@aws-sdk/client-secrets-manager")],
  sns: ["SNS", require("@aws-sdk/client-sns")],
  sqs: ["SQS", require("@aws-sdk/client-sqs")],
  ssm: ["SSM", require("@aws-sdk/client-ssm")],
  stepfunctions: ["SFN", require("@aws-sdk/client-sfn")],
  sts: ["STS", require("@aws-sdk/client-sts")],
};

const clients = {};
const shown = Symbol("the answer that a call's output was read from");

function client(service) {
  if (!clients[service]) {
    const [name, p] = packages[service];
    clients[service] = new p[name + "Client"]({});
    clients[service].middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        result.output[shown] = result.response;
        return result;
      },
      { step: "deserialize", priority: "high" },
    );
  }
  return clients[service];
}

const bytes = (v) => {
  if (v?.zeros !== undefined) return Buffer.alloc(v.zeros);
  if (v?.bytes !== undefined) return Buffer.from(v.bytes);
  if (v?.base64 !== undefined) return Buffer.from(v.base64, "base64");
  return v;
};
const digest = (b) => ({ length: b.length, sha256: createHash("sha256").update(b).digest("hex") });

// plain reads what is streamed, and makes of bytes what JSON has.
async function plain(v) {
  if (typeof v !== "object" || v === null) return v;
  if (v.transformToByteArray) return digest(Buffer.from(await v.transformToByteArray()));
  if (v instanceof Uint8Array) return digest(Buffer.from(v));
  if (v instanceof Date) return v.toISOString();
  if (v[Symbol.asyncIterator]) {
    const all = [];
    for await (const event of v) all.push(await plain(event));
    return all;
  }
  if (Array.isArray(v)) return Promise.all(v.map(plain));
  const all = {};
  for (const [name, member] of Object.entries(v)) {
    if (name !== "$metadata") all[name] = await plain(member);
  }
  return all;
}

function make({ service, operation, input, how }) {
  const [, p] = packages[service];
  input = Object.fromEntries(Object.entries(input).map(([name, v]) => [name, bytes(v)]));
  if (how === "stream") {
    const body = new PassThrough();
    Readable.from([input.Body.subarray(0, 1000), input.Body.subarray(1000)]).pipe(body);
    input.Body = body;
  }
  return client(service).send(new p[operation + "Command"](input));
}

// received receives a message, and deletes it by its handle.
async function received(one) {
  const output = await make(one);
  const { QueueUrl } = one.input;
  const [{ ReceiptHandle }] = output.Messages;
  await client("sqs").send(new packages.sqs[1].DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return output;
}

async function parts({ input: { Bucket, Key, Body } }) {
  const params = { Bucket, Key, Body: Readable.from([bytes(Body)]) };
  await new Upload({ client: client("s3"), params, partSize: 5 << 20, queueSize: 4 }).done();
  const { Body: back } = await client("s3").send(new packages.s3[1].GetObjectCommand({ Bucket, Key }));
  return digest(Buffer.from(await back.transformToByteArray()));
}

async function presigned({ service, operation, input }) {
  const url = await getSignedUrl(client(service), new packages[service][1][operation + "Command"](input));
  const answer = await new Promise((resolve, reject) => {
    (url.startsWith("https:") ? https : http).get(url, resolve).on("error", reject);
  });
  const pieces = [];
  for await (const piece of answer) pieces.push(piece);
  return { status: answer.statusCode, headers: answer.headers, output: digest(Buffer.concat(pieces)) };
}

// converse says a thing only once what it said before is answered.
async function converse({ input }) {
  const [, p] = packages["bedrock-runtime"];
  let heard;
  const heardAll = [];
  async function* say() {
    for (const size of [1, 1000, 100000]) {
      const answered = new Promise((resolve) => (heard = resolve));
      yield { chunk: { bytes: Buffer.alloc(size) } };
      await answered;
    }
  }
  const answer = await client("bedrock-runtime").send(new p.InvokeModelWithBidirectionalStreamCommand({ ...input, body: say() }));
  for await (const event of answer.body) {
    heardAll.push(await plain(event));
    heard();
  }
  return { status: answer.$metadata.httpStatusCode, output: heardAll };
}

async function run(one) {
  const result = { name: one.name };
  try {
    if (one.how === "parts") return { ...result, status: 200, output: await parts(one) };
    if (one.how === "presign") return { ...result, ...(await presigned(one)) };
    if (one.how === "converse") return { ...result, ...(await converse(one)) };
    if (one.times > 1) {
      const all = await Promise.all(Array.from({ length: one.times }, async () => JSON.stringify(await plain((await make(one)).Body))));
      return { ...result, status: 200, output: { different: [...new Set(all)].sort(), times: all.length } };
    }
    const output = await (one.how === "receive" ? received : make)(one);
    result.headers = output[shown]?.headers;
    result.status = output.$metadata.httpStatusCode;
    result.attempts = output.$metadata.attempts;
    result.output = await plain(output);
  } catch (e) {
    result.error = e.name;
    result.message = String(e.message);
    result.type = e.constructor.name;
    result.status = e.$metadata?.httpStatusCode;
    result.attempts = e.$metadata?.attempts;
    result.headers = e.$response?.headers;
    if (!result.status) console.error(one.name, e);
  }
  return result;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
  }
  process.exit(0);
})();
