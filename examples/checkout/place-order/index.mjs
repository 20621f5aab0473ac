// Places an order: the shop's API calls it with a cart.
import { createHash } from "node:crypto";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

const table = new DynamoDBClient();

export async function handler(event) {
  const { customer, email, lines } = event;
  const total = lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0);
  // The same cart sent twice is one order.
  const id = createHash("sha256").update(JSON.stringify([event.cart, customer, lines])).digest("hex").slice(0, 16);
  try {
    await table.send(new PutItemCommand({
      TableName: "orders",
      Item: {
        id: { S: id },
        customer: { S: customer },
        email: { S: email },
        total: { N: String(total) },
        lines: { S: JSON.stringify(lines) },
      },
      ConditionExpression: "attribute_not_exists(id)",
    }));
  } catch (e) {
    if (e.name !== "ConditionalCheckFailedException") throw e;
  }
  return { id, total };
}
