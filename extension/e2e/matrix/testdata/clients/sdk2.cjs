// Makes the matrix's calls with the AWS SDK for JavaScript v2. As boto.py.
"use strict";

const { createHash } = require("node:crypto");
const { PassThrough, Readable } = require("node:stream");
const https = require("node:https");
const readline = require("node:readline");
const AWS = require("aws-sdk");

const names = {
  dynamodb: "DynamoDB",
  events: "EventBridge",
  "bedrock-runtime": "BedrockRuntime",
  kinesis: "Kinesis",
  kms: "KMS",
  lambda: "Lambda",
  s3: "S3",
  secretsmanager: "SecretsManager",
  sns: "SNS",
  sqs: "SQS",
  ssm: "SSM",
  stepfunctions: "StepFunctions",
  sts: "STS",
};

// Its calls are as many at once as an agent has connections: 50, if nobody says
// otherwise.
const clients = {};
const client = (service) => (clients[service] ??= new AWS[names[service]]());

const bytes = (v) => {
  if (v?.zeros !== undefined) return Buffer.alloc(v.zeros);
  if (v?.bytes !== undefined) return Buffer.from(v.bytes);
  if (v?.base64 !== undefined) return Buffer.from(v.base64, "base64");
  return v;
};
const digest = (b) => ({ length: b.length, sha256: createHash("sha256").update(b).digest("hex") });

// plain makes of bytes what JSON has, and reads a stream of events.
async function plain(v) {
  if (typeof v !== "object" || v === null) return v;
  if (Buffer.isBuffer(v) || v instanceof Uint8Array) return digest(Buffer.from(v));
  if (v instanceof Date) return v.toISOString();
  if (typeof v.on === "function") {
    const all = [];
    for await (const event of v) all.push(await plain(event));
    return all;
  }
  if (Array.isArray(v)) return Promise.all(v.map(plain));
  const all = {};
  for (const [name, member] of Object.entries(v)) {
    if (name !== "$response") all[name] = await plain(member);
  }
  return all;
}

function make({ service, operation, input, how }) {
  input = Object.fromEntries(Object.entries(input).map(([name, v]) => [name, bytes(v)]));
  if (how === "stream") {
    const body = new PassThrough();
    Readable.from([input.Body.subarray(0, 1000), input.Body.subarray(1000)]).pipe(body);
    input.Body = body;
  }
  const method = operation[0].toLowerCase() + operation.slice(1);
  return client(service)[method](input);
}

// sent sends a request, and resolves to its answer whether it failed or not.
const sent = (request) => new Promise((resolve) => request.on("complete", resolve).send());

async function parts({ input: { Bucket, Key, Body } }) {
  const s3 = client("s3");
  await s3.upload({ Bucket, Key, Body: Readable.from([bytes(Body)]) }, { partSize: 5 << 20, queueSize: 4 }).promise();
  const { Body: back } = await s3.getObject({ Bucket, Key }).promise();
  return digest(back);
}

async function presigned({ service, operation, input }) {
  const url = await client(service).getSignedUrlPromise(operation[0].toLowerCase() + operation.slice(1), input);
  const answer = await new Promise((resolve, reject) => https.get(url, resolve).on("error", reject));
  const pieces = [];
  for await (const piece of answer) pieces.push(piece);
  return { status: answer.statusCode, headers: answer.headers, output: digest(Buffer.concat(pieces)) };
}

async function run(one) {
  const result = { name: one.name };
  const method = one.operation[0].toLowerCase() + one.operation.slice(1);
  if (!client(one.service)[method]) return { ...result, lacks: "no such operation" };
  try {
    if (one.how === "parts") return { ...result, status: 200, output: await parts(one) };
    if (one.how === "presign") return { ...result, ...(await presigned(one)) };
    if (one.times > 1) {
      const all = await Promise.all(Array.from({ length: one.times }, async () => JSON.stringify(await plain((await make(one).promise()).Body))));
      return { ...result, status: 200, output: { different: [...new Set(all)].sort(), times: all.length } };
    }
    const response = await sent(make(one));
    result.status = response.httpResponse.statusCode;
    result.headers = response.httpResponse.headers;
    result.attempts = response.retryCount + 1;
    if (response.error) throw response.error;
    if (one.how === "receive") {
      const [{ ReceiptHandle }] = response.data.Messages;
      await client("sqs").deleteMessage({ QueueUrl: one.input.QueueUrl, ReceiptHandle }).promise();
    }
    result.output = await plain(response.data);
  } catch (e) {
    result.error = e.code ?? e.name;
    result.message = String(e.message);
    if (!result.status) {
      result.status = e.statusCode;
      console.error(one.name, e);
    }
  }
  return result;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await run(JSON.parse(line))) + "\n");
  }
  process.exit(0);
})();
