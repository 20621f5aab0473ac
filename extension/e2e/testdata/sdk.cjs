// Makes calls with the AWS SDK for JavaScript v3: one JSON object a line in,
// one a line out. As boto.py; error is the error's name.
"use strict";

const { createReadStream, createWriteStream } = require("node:fs");
const { createHash } = require("node:crypto");
const { pipeline } = require("node:stream/promises");
const readline = require("node:readline");

const packages = {
  s3: require("@aws-sdk/client-s3"),
  sns: require("@aws-sdk/client-sns"),
  secretsmanager: require("@aws-sdk/client-secrets-manager"),
};
const { Upload } = require("@aws-sdk/lib-storage");

const clients = {
  s3: new packages.s3.S3Client({}),
  sns: new packages.sns.SNSClient({}),
  secretsmanager: new packages.secretsmanager.SecretsManagerClient({}),
};

async function call({ service, operation, input }) {
  if (operation === "Transfer") return transfer(input);
  if (input.Body?.zeros) input.Body = Buffer.alloc(input.Body.zeros);
  const output = await clients[service].send(new packages[service][operation + "Command"](input));
  if (output.Body) output.Body = await output.Body.transformToString();
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
      result.output = await call(test);
    } catch (e) {
      result.error = e.name;
      result.message = String(e.message);
    }
    process.stdout.write(JSON.stringify(result) + "\n");
  }
}

main();
