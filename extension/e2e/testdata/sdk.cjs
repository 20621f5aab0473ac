// Makes calls with the AWS SDK for JavaScript v3: one JSON object a line in,
// one a line out. As boto.py; error is the error's name.
"use strict";

const { createReadStream, createWriteStream } = require("node:fs");
const { createHash } = require("node:crypto");
const { pipeline } = require("node:stream/promises");
const readline = require("node:readline");

const packages = {
  dynamodb: require("@aws-sdk/client-dynamodb"),
  kms: require("@aws-sdk/client-kms"),
  lambda: require("@aws-sdk/client-lambda"),
  s3: require("@aws-sdk/client-s3"),
  secretsmanager: require("@aws-sdk/client-secrets-manager"),
  sns: require("@aws-sdk/client-sns"),
  sqs: require("@aws-sdk/client-sqs"),
  ssm: require("@aws-sdk/client-ssm"),
  sts: require("@aws-sdk/nested-clients/sts"), // which fromTemporaryCredentials asks
};
const { Upload } = require("@aws-sdk/lib-storage");

const clients = {
  dynamodb: new packages.dynamodb.DynamoDBClient({}),
  kms: new packages.kms.KMSClient({}),
  lambda: new packages.lambda.LambdaClient({}),
  s3: new packages.s3.S3Client({}),
  secretsmanager: new packages.secretsmanager.SecretsManagerClient({}),
  sns: new packages.sns.SNSClient({}),
  // Without this it calls the queue's URL, whatever AWS_ENDPOINT_URL says.
  sqs: new packages.sqs.SQSClient({ useQueueUrlAsEndpoint: process.env.USE_QUEUE_URL === "true" }),
  ssm: new packages.ssm.SSMClient({}),
  sts: new packages.sts.STSClient({ credentials: require("@aws-sdk/credential-provider-node").defaultProvider() }),
};

const outputs = {};

function value(v) {
  if (typeof v !== "object" || v === null) return v;
  if (Array.isArray(v)) return v.map(value);
  if ("zeros" in v) return Buffer.alloc(v.zeros);
  if ("bytes" in v) return Buffer.from(v.bytes);
  if ("from" in v) return v.from.reduce((at, member) => at[member], outputs);
  if ("bytesFrom" in v) return Buffer.from(value({ from: v.bytesFrom }), "base64");
  return Object.fromEntries(Object.entries(v).map(([name, member]) => [name, value(member)]));
}

// under is a client for S3 under the credentials that a call was answered with.
function under(name) {
  const issued = outputs[name].Credentials;
  const credentials = { accessKeyId: issued.AccessKeyId, secretAccessKey: issued.SecretAccessKey, sessionToken: issued.SessionToken };
  return new packages.s3.S3Client({ credentials });
}

async function call({ service, operation, input, as }) {
  if (operation === "Transfer") return transfer(input);
  const client = as ? under(as) : clients[service];
  const output = await client.send(new packages[service][operation + "Command"](value(input)));
  for (const name of ["Body", "Payload"]) {
    if (output[name]) output[name] = await output[name].transformToString();
  }
  for (const [name, v] of Object.entries(output)) {
    if (v instanceof Uint8Array) output[name] = Buffer.from(v).toString("base64");
  }
  delete output.$metadata;
  return output;
}

async function digest(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function transfer({ Bucket, Key, Path }) {
  const params = { Bucket, Key, Body: createReadStream(Path) };
  await new Upload({ client: clients.s3, params, partSize: 16 << 20, queueSize: 4 }).done();
  const { Body } = await clients.s3.send(new packages.s3.GetObjectCommand({ Bucket, Key }));
  await pipeline(Body, createWriteStream(Path + ".back"));
  return { Same: (await digest(Path)) === (await digest(Path + ".back")) };
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const test = JSON.parse(line);
    const result = { name: test.name };
    try {
      result.output = outputs[test.name] = await call(test);
    } catch (e) {
      result.error = e.name;
      result.message = String(e.message);
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  }
}

main();
