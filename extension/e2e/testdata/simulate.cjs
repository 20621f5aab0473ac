// Asks an independent simulator of IAM: one question a line in, one answer a
// line out, both JSON.
//
// A question is {name, session, role, action, resource, account, context}: may
// a session of a role in the account do that? session and role are the texts of
// policies; a role without one may do everything. An answer is {name, result},
// the result being "Allowed", "ExplicitlyDenied", "ImplicitlyDenied", or what the
// simulator finds wrong with the policy or with the question.
"use strict";

const readline = require("node:readline");
const { runSimulation } = require("@cloud-copilot/iam-simulate");

const policy = (statement) => ({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });

async function answer({ session, role, action, resource, account, context }) {
  const found = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/calls/session`,
        action,
        resource: { resource, accountId: account },
        contextVariables: Object.fromEntries(Object.entries(context).map(([key, v]) => [key, v.length === 1 ? v[0] : v])),
      },
      sessionPolicy: session ? JSON.parse(session) : undefined,
      identityPolicies: [{ name: "role", policy: role ? JSON.parse(role) : policy({ Action: "*", Resource: "*" }) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      // A key has a policy of its own, which leaves the decision to IAM here.
      resourcePolicy: action.startsWith("kms:")
        ? policy({ Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" })
        : undefined,
    },
    {},
  );
  return found.resultType === "error" ? JSON.stringify(found.errors) : found.overallResult;
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const question = JSON.parse(line);
    process.stdout.write(JSON.stringify({ name: question.name, result: await answer(question) }) + "\n");
  }
}

main();
