// Presigns with the AWS SDK for JavaScript v2 as it does by default, and fetches its
// own URLs: as presigned.py.
"use strict";

const { createHash } = require("node:crypto");
const https = require("node:https");
const readline = require("node:readline");
const AWS = require("aws-sdk");

const methods = { Put: "PUT", Get: "GET", Head: "HEAD", List: "GET", Copy: "PUT", Delete: "DELETE", Upload: "PUT", Create: "POST", Complete: "POST" };

async function send(method, url, headers, body) {
  if (!url.includes("AWSAccessKeyId=")) throw new Error("not presigned by version 2: " + url);
  const answer = await new Promise((resolve, reject) => {
    const length = body || method !== "GET" ? { "Content-Length": Buffer.byteLength(body ?? "") } : {};
    https.request(url, { method, headers: { ...length, ...headers } }, resolve).on("error", reject).end(body);
  });
  const pieces = [];
  for await (const piece of answer) pieces.push(piece);
  return { status: answer.statusCode, headers: answer.headers, content: Buffer.concat(pieces) };
}

async function make(s3, operation, input, seconds, headers, body, change) {
  let url = await s3.getSignedUrlPromise(operation[0].toLowerCase() + operation.slice(1), { ...input, Expires: seconds });
  if (change) url = url.replace(...change);
  return send(methods[/[A-Z][a-z]+/.exec(operation)[0]], url, headers, body);
}

async function parts(s3, input, seconds, body) {
  const begun = await make(s3, "CreateMultipartUpload", input, seconds);
  const UploadId = /<UploadId>(.*?)<\/UploadId>/.exec(begun.content)[1];
  const part = await make(s3, "UploadPart", { ...input, UploadId, PartNumber: 1 }, seconds, {}, body);
  const done = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`;
  return make(s3, "CompleteMultipartUpload", { ...input, UploadId }, seconds, {}, done);
}

async function run(one) {
  const { $send: sent, $how: how, ...input } = one.input;
  const s3 = new AWS.S3(how.style ? { s3ForcePathStyle: how.style === "path" } : {});
  const answer = one.how === "parts" ? await parts(s3, input, how.seconds, sent.body) : await make(s3, one.operation, input, how.seconds, sent.headers, sent.body || undefined, how.change);
  const result = { name: one.name, status: answer.status };
  if (answer.status < 300 && how.shown) {
    result.headers = answer.headers;
    result.output = createHash("sha256").update(answer.content).digest("hex");
  }
  if (answer.content.includes("(remit d-")) {
    result.error = /<Code>(.*?)<\/Code>/.exec(answer.content)[1];
    result.message = /<Message>(.*?)<\/Message>/.exec(answer.content)[1];
  }
  return result;
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const one = JSON.parse(line);
    const result = await run(one).catch((e) => ({ name: one.name, error: e.name, message: String(e.message) }));
    console.log(JSON.stringify(result));
  }
})();
