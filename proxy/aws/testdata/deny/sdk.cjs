// Makes calls with the AWS SDK for JavaScript v3 that are all denied: see
// denysdk_test.go. As boto.py, with the error's name for its code.
"use strict";

const { Agent } = require("node:http");

const packages = {
  "bedrock-runtime": "bedrock-runtime", cloudfront: "cloudfront", cloudwatch: "cloudwatch", dynamodb: "dynamodb", ec2: "ec2",
  events: "eventbridge", kinesis: "kinesis", kms: "kms", lambda: "lambda", route53: "route-53", s3: "s3",
  s3control: "s3-control", secretsmanager: "secrets-manager", sns: "sns", sqs: "sqs", ssm: "ssm",
};

async function call({ endpoint, service, operation, input }) {
  if (!packages[service]) return { skipped: true };
  const sdk = require("@aws-sdk/client-" + packages[service]);
  const Client = sdk[Object.keys(sdk).find((name) => /^[A-Z].*Client$/.test(name))];
  const config = { endpoint, maxAttempts: 2, disableHostPrefix: true, forcePathStyle: true, useQueueUrlAsEndpoint: false };
  if (service === "s3control") {
    // Its host begins with the account, and such a name nobody resolves here.
    config.endpoint = endpoint.replace("127.0.0.1", "localhost");
    const lookup = (host, options, done) => (options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4));
    config.requestHandler = { httpAgent: new Agent({ lookup }) };
  }
  const client = new Client(config);
  try {
    await client.send(new sdk[operation + "Command"](input ?? {}));
  } catch (e) {
    return { code: e.name, message: String(e.message), type: e.constructor.name };
  } finally {
    client.destroy();
  }
  return { code: "", message: "no error", type: "" };
}

async function main() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  const outcomes = await Promise.all(JSON.parse(text).map(call));
  process.stdout.write(JSON.stringify(outcomes));
}

main();
